"""Answers for pages: what was found for a question, and how far the worker is with it."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import msgspec

from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import Actor
from rapport.insight.mining import policies
from rapport.insight.mining.models import Answer
from rapport.insight.mining.queries.wording import WORDING
from rapport.insight.mining.rules import questions
from rapport.insight.mining.rules.questions import part_of
from rapport.insight.mining.rules.sentences import reason_text
from rapport.insight.mining.types import Cohorts, Part, Question


def answer_to(question: Question, *, actor: Actor) -> Answer | None:
    """None: nobody asked yet. Errors: NotAllowed. One query."""
    policies.require_reading(actor)
    return Answer.objects.filter(digest=questions.digest(question)).first()


def get_answer(answer_id: UUID, *, actor: Actor) -> Answer:
    """Errors: NotAllowed, NotFound."""
    policies.require_reading(actor)
    answer = Answer.objects.filter(pk=answer_id).first()
    if answer is None:
        raise NotFound("There is no such answer.")
    return answer


def why_not(answer: Answer) -> str:
    """Why there is no (newer) answer, in words; nothing when there is."""
    return reason_text(answer.reason, answer.have, answer.need, WORDING) if answer.reason else ""


def read_part(text: str) -> Part:
    """Errors: NotFound for anything that is not a part of an answer."""
    try:
        return part_of(msgspec.json.decode(text))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotFound("There is no such part.") from error


def read_question(text: str) -> Question:
    """Errors: NotFound for anything that is not a question."""
    try:
        return questions.question_of(msgspec.json.decode(text))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotFound("There is no such question.") from error


def pinned(answer: Answer) -> Question:
    """The question with its first day, so that its parts keep meaning the same days when time goes on."""
    question = questions.question_of(answer.question)
    if isinstance(question, Cohorts) and answer.result:
        first = date.fromisoformat(answer.result["first"])
        return msgspec.structs.replace(question, since=first)
    return question
