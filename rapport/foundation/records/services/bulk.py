"""One act on many records: at once for as many as a request has time for, by the worker for more. Both can be undone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from rapport.foundation.lib import clock
from rapport.foundation.records import policies
from rapport.foundation.records.extension_points import bulk_deferrers, list_pages
from rapport.foundation.records.models import BulkRun, Operation
from rapport.foundation.records.queries.lists import matching_rows
from rapport.foundation.records.queries.vocabulary import Words, readable_type
from rapport.foundation.records.rules.bulk import Act, Selection, act_of, selection_of
from rapport.foundation.records.rules.conditions import ConditionError
from rapport.foundation.records.services import records
from rapport.foundation.records.services.operations import count, open_operation
from rapport.foundation.records.services.undo import require_undoable, undo
from rapport.foundation.records.types import RecordType
from rapport.foundation.workspace.errors import Conflict, Invalid, NotAllowed, NotFound, RapportError
from rapport.foundation.workspace.types import Action, Actor

AT_ONCE = 500  # rows that are changed within the request
BATCH = 500
UNDONE_AT_ONCE = 5000
MOST_IDS = 1000  # chosen one by one
_OPERATION_KIND = {
    "edit": "bulk_edit",
    "tag": "bulk_edit",
    "untag": "bulk_edit",
    "delete": "delete",
    "restore": "restore",
}


@dataclass(frozen=True)
class Started:
    """What a bulk act came to: done (operation_id; None when nothing differed), or handed to the worker (run_id)."""

    operation_id: UUID | None = None
    run_id: UUID | None = None
    changed: int = 0
    refused: int = 0


def bulk_act(*, actor: Actor, selection: Selection, act: Act) -> Started:
    """Do it to all chosen records. Errors: NotAllowed, Invalid, ConditionError."""
    page = list_pages[selection.page]
    policies.require(actor, _action(act), page.record_type)
    words = Words(readable_type(page.record_type, actor=actor), actor)
    _check(actor, words.record_type, act)
    if not selection.all_matching:
        if len(selection.ids) > MOST_IDS:
            raise Invalid({"ids": _("Choose at most %(n)d at a time, or all that match.") % {"n": MOST_IDS}})
        return _at_once(actor, words.record_type, [_id(one) for one in selection.ids], act)
    rows = _chosen(selection, words, Action.READ)
    ids = list(rows.order_by("pk").values_list("pk", flat=True)[: AT_ONCE + 1])
    if len(ids) <= AT_ONCE:
        return _at_once(actor, words.record_type, ids, act)
    return Started(run_id=_hand_over(actor, words.record_type, selection, act, total=rows.order_by().count()))


def continue_run(*, actor: Actor, run_id: UUID) -> bool:
    """Do the next batch of a run; whether there is more to do. Safe to call twice: a batch and its mark are one commit.

    What goes wrong ends the run and is told in it; what was done by then stays and can be undone.
    """
    try:
        return _next_batch(actor, run_id)
    except (RapportError, ConditionError) as error:
        BulkRun.objects.filter(pk=run_id).update(
            state=BulkRun.State.FAILED, problem=str(error)[:300], finished_at=clock.now()
        )
        return False


@transaction.atomic
def cancel_run(*, actor: Actor, run_id: UUID) -> BulkRun:
    """Stop after the batch at work. What was done stays, and can be undone. Errors: NotFound, Conflict."""
    run = BulkRun.objects.select_for_update().filter(pk=run_id).first()
    if run is None or run.member_id != actor.member_id:
        raise NotFound(_("There is no such run."))
    if run.is_over:
        raise Conflict(_("This is finished already."))
    run.state, run.finished_at = BulkRun.State.CANCELLED, clock.now()
    run.save(update_fields=["state", "finished_at"])
    return run


@transaction.atomic
def undo_operation(*, actor: Actor, operation_id: UUID) -> Started:
    """Take back any operation; a run that is still at work is stopped first. Large ones are left to the worker.

    Errors: NotFound, NotAllowed, Conflict.
    """
    for run in BulkRun.objects.select_for_update().filter(operation_id=operation_id):
        if run.act.get("kind") == "undo" and not run.is_over:
            raise Conflict(_("This is being undone already."))
        if not run.is_over:
            run.state, run.finished_at = BulkRun.State.CANCELLED, clock.now()
            run.save(update_fields=["state", "finished_at"])
    operation = Operation.objects.filter(pk=operation_id).first()
    if operation is None:
        raise NotFound(_("There is no such operation."))
    size = sum(number for number in operation.counts.values() if isinstance(number, int))
    if size > UNDONE_AT_ONCE and actor.member_id is not None:
        require_undoable(actor, operation)
        run = BulkRun.objects.create(
            operation_id=operation_id,
            record_type=operation.record_type,
            member_id=actor.member_id,
            act=_plain(Act("undo")),
            selection={},
            total=size,
            created_at=clock.now(),
        )
        bulk_deferrers["worker"](run.id)
        return Started(run_id=run.id)
    undone = undo(actor=actor, operation_id=operation_id)
    return Started(operation_id=undone.operation_id, changed=undone.restored + undone.removed, refused=undone.kept)


def _at_once(actor: Actor, record_type: RecordType, ids: Sequence[UUID], act: Act) -> Started:
    with transaction.atomic():
        operation = _apply(actor, record_type, ids, act, None)
    if operation is None:
        return Started()
    counts = operation.counts
    changed = sum(counts.get(name, 0) for name in ("updated", "deleted", "restored"))
    return Started(operation.id, changed=changed, refused=counts.get("refused", 0))


def _apply(
    actor: Actor, record_type: RecordType, ids: Sequence[UUID], act: Act, operation: Operation | None
) -> Operation | None:
    name = record_type.name
    edits: dict[str, dict[str, Any]] = {
        "edit": {"values": act.values},
        "tag": {"add_tags": act.tags},
        "untag": {"remove_tags": act.tags},
    }
    if act.kind in edits:
        label = _label(record_type, act)
        return records.update_records(
            actor=actor, record_type=name, ids=ids, operation=operation, label=label, **edits[act.kind]
        )
    if act.kind == "delete":
        return records.bin_records(actor=actor, record_type=name, ids=ids, operation=operation)
    if act.kind == "restore":
        return records.restore_records(actor=actor, record_type=name, ids=ids, operation=operation)
    return operation


@transaction.atomic
def _hand_over(actor: Actor, record_type: RecordType, selection: Selection, act: Act, *, total: int) -> UUID:
    if actor.member_id is None:
        raise NotAllowed(_("Only people can start this."))
    operation = open_operation(actor, _OPERATION_KIND[act.kind], record_type.name, label=_label(record_type, act))
    run = BulkRun.objects.create(
        operation_id=operation.id,
        page=selection.page,
        record_type=record_type.name,
        member_id=actor.member_id,
        act=_plain(act),
        selection=_plain(selection),
        total=total,
        created_at=clock.now(),
    )
    bulk_deferrers["worker"](run.id)
    return run.id


@transaction.atomic
def _next_batch(actor: Actor, run_id: UUID) -> bool:
    run = BulkRun.objects.select_for_update().filter(pk=run_id).first()
    if run is None or run.is_over:
        return False
    act = act_of(run.act)
    if act.kind == "undo":
        undone = undo(actor=actor, operation_id=run.operation_id) if run.operation_id else None
        run.done = undone.restored + undone.removed if undone else 0
        run.state, run.finished_at, run.total = BulkRun.State.DONE, clock.now(), run.done
        run.save(update_fields=["state", "done", "total", "finished_at"])
        return False
    selection = selection_of(run.selection)
    words = Words(readable_type(run.record_type, actor=actor), actor)
    rows = _chosen(selection, words, Action.READ).order_by("pk")
    if run.reached:
        rows = rows.filter(pk__gt=run.reached)
    ids = list(rows.values_list("pk", flat=True)[:BATCH])
    operation = Operation.objects.filter(pk=run.operation_id).first() if run.operation_id else None
    if operation is None or operation.undone_at:
        run.state = BulkRun.State.CANCELLED
    elif ids:
        _apply(actor, words.record_type, ids, act, operation)
        run.state, run.done, run.reached = BulkRun.State.RUNNING, run.done + len(ids), ids[-1]
    else:
        run.state = BulkRun.State.DONE
        run.total = run.done
        count(operation, matched=run.done)
    run.finished_at = clock.now() if run.is_over else None
    run.save(update_fields=["state", "done", "total", "reached", "finished_at"])
    return not run.is_over


def _chosen(selection: Selection, words: Words, action: Action) -> QuerySet[Any]:
    page = list_pages[selection.page]
    tree = words.checked(selection.tree)
    return matching_rows(page, tree, words=words, said=selection.words, action=action, binned=selection.in_bin)


def _action(act: Act) -> Action:
    return Action.DELETE if act.kind in ("delete", "restore") else Action.UPDATE


def _check(actor: Actor, record_type: RecordType, act: Act) -> None:
    """Refuse before anything is handed over what would be refused in every batch."""
    if act.kind == "edit":
        if not act.values:
            raise Invalid({"field": _("Choose what to change.")})
        records.decoded_values(actor, record_type, act.values)
    elif act.kind in ("tag", "untag"):
        if not act.tags:
            raise Invalid({"tags": _("Write at least one tag.")})
        records.decoded_values(actor, record_type, {"tags": list(act.tags)})


def _label(record_type: RecordType, act: Act) -> str:
    if act.kind == "edit":
        fields = [field for name in act.values if (field := record_type.field(name))]
        return _("%(fields)s changed") % {"fields": ", ".join(str(field.label) for field in fields)}
    if act.kind in ("tag", "untag"):
        text = _("Tagged %(tags)s") if act.kind == "tag" else _("Tag %(tags)s taken off")
        return text % {"tags": ", ".join(act.tags)}
    return ""


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid({"ids": _("This is not the id of a record.")}) from None


def _plain(struct: msgspec.Struct) -> Any:
    return json.loads(msgspec.json.encode(struct))
