"""Saved funnels."""

from __future__ import annotations

from uuid import UUID

import msgspec

from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import Actor
from rapport.insight.mining import policies
from rapport.insight.mining.models import Answer, SavedFunnel
from rapport.insight.mining.rules import questions
from rapport.insight.mining.types import Funnel


def get_funnel(funnel_id: UUID, *, actor: Actor) -> SavedFunnel:
    """Errors: NotAllowed, NotFound."""
    policies.require_reading(actor)
    funnel = SavedFunnel.objects.filter(pk=funnel_id).first()
    if funnel is None:
        raise NotFound("There is no such funnel.")
    return funnel


def question_of(funnel: SavedFunnel) -> Funnel:
    return msgspec.convert(funnel.question, Funnel)


def saved_funnels(*, actor: Actor) -> list[tuple[SavedFunnel, Funnel, Answer | None]]:
    """Every funnel with its latest answer. Two queries."""
    policies.require_reading(actor)
    rows = [(funnel, question_of(funnel)) for funnel in SavedFunnel.objects.order_by("name")]
    digests = [questions.digest(question) for _, question in rows]
    answers = {answer.digest: answer for answer in Answer.objects.filter(digest__in=digests)}
    return [(funnel, question, answers.get(digest)) for (funnel, question), digest in zip(rows, digests, strict=True)]
