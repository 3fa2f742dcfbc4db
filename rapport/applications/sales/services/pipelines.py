"""Setting up pipelines and their stages. The first change makes the preset pipeline the workspace's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.text import slugify
from django.utils.translation import gettext as _

from rapport.applications.sales import policies
from rapport.applications.sales.models import Deal, Pipeline, Stage
from rapport.applications.sales.queries.pipelines import forget, pipelines
from rapport.applications.sales.rules.presets import preset
from rapport.applications.sales.services.deals import DealWrites
from rapport.applications.sales.types import DEAL, State
from rapport.foundation.lib import clock
from rapport.foundation.records.models import Operation
from rapport.foundation.records.services.operations import count, open_operation, record_changes
from rapport.foundation.records.services.undo import undo_changes
from rapport.foundation.workspace.errors import Invalid, NotFound
from rapport.foundation.workspace.services import audit
from rapport.foundation.workspace.types import Actor

RETIRED = "stage_retired"
MOST_PIPELINES, MOST_STAGES = 40, 30
BATCH = 500


@transaction.atomic
def save_pipeline(
    *,
    actor: Actor,
    key: str = "",
    label: str,
    may_skip: bool = True,
    may_go_back: bool = True,
    approval_above: Decimal | None = None,
) -> Pipeline:
    """A new pipeline with the stages of the preset, or other rules for one. Errors: NotAllowed, NotFound, Invalid."""
    _begin(actor)
    label = " ".join(label.split())
    problems = _label_problems(label)
    if approval_above is not None and approval_above < 0:
        problems["approval_above"] = _("An amount can't be negative.")
    if not key and Pipeline.objects.count() >= MOST_PIPELINES:
        problems["label"] = _("At most %(n)s pipelines.") % {"n": MOST_PIPELINES}
    if problems:
        raise Invalid(problems)
    row = _pipeline(key) if key else Pipeline(key=_free_key(Pipeline, label), position=_next(Pipeline.objects.all()))
    row.label, row.may_skip, row.may_go_back, row.approval_above = label, may_skip, may_go_back, approval_above
    row.save()
    if not key:
        (built_in,) = preset().all
        for position, stage in enumerate(built_in.stages):
            _store(row, stage, _free_key(Stage, f"{row.key}-{stage.key}"), position)
    return _done(actor, row, row.label)


@transaction.atomic
def save_stage(*, actor: Actor, pipeline: str, key: str = "", values: Mapping[str, Any]) -> Stage:
    """A new open stage, before won and lost, or another setting of one. Errors: NotAllowed, NotFound, Invalid."""
    _begin(actor)
    owner = _pipeline(pipeline)
    row = _stage(key) if key else Stage(key="", pipeline=owner)
    for name in ("label", "probability", "days_expected", "required", "may_begin", "needs_approval"):
        if name in values:
            setattr(row, name, values[name])
    row.label = " ".join(row.label.split())
    problems = _label_problems(row.label)
    if not 0 <= row.probability <= 1:
        problems["probability"] = _("Write per cent from 0 to 100.")
    if not key and owner.stages.count() >= MOST_STAGES:
        problems["label"] = _("At most %(n)s stages.") % {"n": MOST_STAGES}
    if problems:
        raise Invalid(problems)
    if not key:
        row.key = _free_key(Stage, f"{owner.key}-{row.label}")
        open_ones = owner.stages.filter(kind=State.OPEN)
        row.position = _next(open_ones)
        row.save(force_insert=True)
    else:
        row.save()
    _renumber(owner)
    return _done(actor, row, row.label)


@transaction.atomic
def order_stage(*, actor: Actor, key: str, by: int) -> None:
    """One place up or down among the open stages. Errors: NotAllowed, NotFound."""
    _begin(actor)
    row = _stage(key)
    keys = list(
        row.pipeline.stages.filter(kind=State.OPEN, retired_at=None).order_by("position").values_list("key", flat=True)
    )
    if key not in keys:
        return
    at = keys.index(key)
    to = min(max(0, at + by), len(keys) - 1)
    keys.insert(to, keys.pop(at))
    for position, each in enumerate(keys):
        Stage.objects.filter(key=each).update(position=position)
    _renumber(row.pipeline)
    _done(actor, row, row.label)


@transaction.atomic
def retire_stage(*, actor: Actor, key: str, into: str = "") -> Operation:
    """Take a stage out of use; deals that are in it go `into` another of its kind. Errors: NotAllowed, NotFound, Invalid."""
    _begin(actor)
    row = _stage(key)
    goal = pipelines().stage(into) if into else None
    others = row.pipeline.stages.filter(kind=row.kind, retired_at=None).exclude(key=key)
    if not others.exists():
        raise Invalid({"into": _("A pipeline needs this stage: it is the only one of its kind.")})
    deals = Deal.objects.filter(stage=key)
    if deals.exists() and (goal is None or goal.retired or goal.kind != row.kind or goal.key == key):
        raise Invalid({"into": _("Deals are in this stage. Say where they go.")})
    operation = open_operation(actor, RETIRED, DEAL, label=row.label)
    row.retired_at, row.retired_by = clock.now(), operation.id
    row.save(update_fields=["retired_at", "retired_by"])
    forget()
    moved = _move_all(deals, goal.key, operation) if goal else 0
    count(operation, updated=moved)
    _done(actor, row, row.label)
    return operation


@transaction.atomic
def reinstate_stage(*, actor: Actor, key: str) -> None:
    """Take a stage into use again. Errors: NotAllowed, NotFound."""
    _begin(actor)
    row = _stage(key)
    row.retired_at, row.retired_by = None, None
    row.save(update_fields=["retired_at", "retired_by"])
    _done(actor, row, row.label)


def undo_retired(*, actor: Actor, operation: Operation, reverse: Operation) -> dict[str, int]:
    """The undo handler: the stage is in use again, and its deals go back unless somebody moved them since."""
    policies.require_set_up(actor)
    Stage.objects.filter(retired_by=operation.id).update(retired_at=None, retired_by=None)
    forget()
    return undo_changes(operation, reverse)


def _move_all(rows: Any, into: str, operation: Operation) -> int:
    """Whatever the rules for moves say: the stage goes, not the deals."""
    writes, moved = DealWrites(), 0
    while batch := list(rows.select_for_update(of=("self",)).order_by("pk")[:BATCH]):
        changes, columns = [], {"stage", "updated_at", "version"}
        for deal in batch:
            changes.append((deal.pk, {"stage": deal.stage}, {"stage": into}))
            since = deal.stage_since
            deal.left_stage, deal.stage = deal.stage, into
            columns |= writes.before_save(deal, {"stage"})
            deal.stage_since = since  # another name of the place where it stands
            deal.updated_at, deal.version = clock.now(), deal.version + 1
        Deal.objects.bulk_update(batch, sorted(columns), batch_size=BATCH)
        writes.after_save(batch, {"stage"}, operation.id)
        record_changes(operation, "updated", changes)
        moved += len(batch)
    return moved


def _begin(actor: Actor) -> None:
    policies.require_set_up(actor)
    if not Pipeline.objects.exists():  # what is remembered of the visit may have been rolled back since
        for position, each in enumerate(preset().all):
            row = Pipeline.objects.create(key=each.key, label=each.label, position=position)
            for place, stage in enumerate(each.stages):
                _store(row, stage, stage.key, place)
        forget()


def _store(row: Pipeline, stage: Any, key: str, position: int) -> None:
    Stage.objects.create(
        key=key, pipeline=row, label=stage.label, position=position, kind=stage.kind, probability=stage.probability,
        days_expected=stage.days_expected,
    )  # fmt: skip


def _renumber(pipeline: Pipeline) -> None:
    """Open stages first, then won, then lost."""
    order = {State.OPEN: 0, State.WON: 1, State.LOST: 2}
    rows: Sequence[Stage] = sorted(
        pipeline.stages.all(), key=lambda stage: (order[State(stage.kind)], stage.position, stage.created_at)
    )
    for position, stage in enumerate(rows):
        stage.position = position
    Stage.objects.bulk_update(rows, ["position"])


def _done(actor: Actor, row: Any, subject: str) -> Any:
    forget()
    audit.record("sales.pipeline_changed", actor=actor, subject=subject, subject_type="pipeline")
    return row


def _pipeline(key: str) -> Pipeline:
    row = Pipeline.objects.select_for_update().filter(key=key).first()
    if row is None:
        raise NotFound(_("There is no such pipeline."))
    return row


def _stage(key: str) -> Stage:
    row = Stage.objects.select_for_update().select_related("pipeline").filter(key=key).first()
    if row is None:
        raise NotFound(_("There is no such stage."))
    return row


def _next(rows: Any) -> int:
    return int((rows.aggregate(most=Max("position"))["most"] or 0) + 1)


def _free_key(model: Any, label: str) -> str:
    stem = slugify(label)[:32] or "stage"
    taken = set(model.objects.filter(key__startswith=stem).values_list("key", flat=True))
    return next(key for n in range(1, 1000) if (key := stem if n == 1 else f"{stem}-{n}") not in taken)


def _label_problems(label: str) -> dict[str, str]:
    if not label:
        return {"label": _("Give it a name.")}
    return {"label": _("At most %(n)s characters.") % {"n": 80}} if len(label) > 80 else {}
