"""Asking: a question becomes a row, the worker works it out, pages read what it stored."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from rapport.foundation.lib import clock
from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.types import Actor
from rapport.insight.mining import policies
from rapport.insight.mining.errors import NotEnough
from rapport.insight.mining.extension_points import deferrers
from rapport.insight.mining.models import Answer, State
from rapport.insight.mining.rules import questions
from rapport.insight.mining.types import Question, Reason
from rapport.stores.warehouse.errors import NotWritten

_log = logging.getLogger(__name__)
FORGOTTEN = timedelta(minutes=30)  # a worker that was killed does not hold a question for ever
KEPT = timedelta(days=120)  # since somebody asked


def ask(*, actor: Actor, question: Question, again: bool = True) -> Answer:
    """The answer's row, with the worker called. Errors: NotAllowed, Invalid.

    With `again` an answer that is there is worked out anew; a question at work is not asked twice.
    """
    policies.require_asking(actor)
    if not questions.is_sound(question):
        raise Invalid({"question": _("This can't be asked.")})
    with transaction.atomic():
        answer, _created = Answer.objects.select_for_update().get_or_create(
            digest=questions.digest(question),
            defaults={"kind": questions.kind_of(question), "question": questions.to_json(question)},
        )
        now = clock.now()
        is_stuck = answer.is_busy and answer.asked_at < now - FORGOTTEN
        if _created or is_stuck or (again and not answer.is_busy):
            answer.state, answer.progress, answer.asked_at = State.WAITING, 0, now
            answer.save(update_fields=["state", "progress", "asked_at"])
            deferrers["answer"](answer.pk)
    return answer


def work_on_answer(answer_id: UUID) -> Answer | None:
    """Work it out and store it; safe to do twice. Called in the worker."""
    answer = Answer.objects.filter(pk=answer_id).first()
    if answer is None:
        return None
    Answer.objects.filter(pk=answer_id).update(state=State.WORKING, progress=5)
    try:
        _work_out(answer, lambda share: _report(answer_id, share))
    except NotEnough as error:
        _nothing(answer, error.reason, error.have, error.need)
    except NotWritten:
        _nothing(answer, Reason.NO_WAREHOUSE)
    except Exception:  # noqa: BLE001 (see below)
        # Whatever an engine can die of (memory, disk, a bug): the page must not wait for ever, and the log has it all.
        _log.exception("The question %s could not be answered.", answer.pk)
        _nothing(answer, Reason.BROKEN)
    return answer


def answered(question: Question) -> Answer:
    """Work a question out here and now, in the worker, with its row."""
    answer, _created = Answer.objects.get_or_create(
        digest=questions.digest(question),
        defaults={"kind": questions.kind_of(question), "question": questions.to_json(question)},
    )
    return work_on_answer(answer.pk) or answer


def forget_old() -> None:
    """Answers nobody asked for in months."""
    Answer.objects.filter(asked_at__lt=clock.now() - KEPT).delete()


def _work_out(answer: Answer, report: Callable[[int], None]) -> None:
    # The engine and its libraries are loaded in the worker only.
    from rapport.insight.mining.services import answering
    from rapport.stores.warehouse.queries.engine import open_engine

    with open_engine() as engine:
        now = clock.now()
        result = answering.result_of(questions.question_of(answer.question), engine, now, report)
        answer.state, answer.progress, answer.result = State.DONE, 100, result
        answer.answered_at, answer.data_until = now, engine.freshness.newest_occurred_at
    answer.reason, answer.have, answer.need = "", 0, 0
    answer.save()


def _nothing(answer: Answer, reason: Reason, have: int = 0, need: int = 0) -> None:
    answer.state, answer.reason, answer.have, answer.need = State.NOTHING, reason, have, need
    if reason not in (Reason.BROKEN, Reason.NO_WAREHOUSE):
        # What was true of other data is not kept beside "not enough data"; after a failure it is.
        answer.result, answer.answered_at = None, clock.now()
    answer.save()


def _report(answer_id: UUID, progress: int) -> None:
    Answer.objects.filter(pk=answer_id).update(progress=progress)
