"""Pipelines, their stages, and which moves between them are allowed. One set of rules for pages, API, bulk and imports.

An open stage has a place in its pipeline; won comes after the last of them, and a deal may be lost from anywhere. A closed
deal stands where it was closed from: reopening it is no way around the rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from rapport.applications.sales.types import State

EMPTY: tuple[object, ...] = (None, "", [], ())


@dataclass(frozen=True, kw_only=True)
class Stage:
    key: str
    pipeline: str
    label: str
    kind: State = State.OPEN
    probability: Decimal = Decimal(0)  # 0 to 1: of being won from here
    days_expected: int | None = None
    required: tuple[str, ...] = ()  # names of fields
    may_begin: bool = True
    needs_approval: bool = False
    retired: bool = False


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    key: str
    label: str
    stages: tuple[Stage, ...] = ()
    may_skip: bool = True
    may_go_back: bool = True
    approval_above: Decimal | None = None  # in the workspace's currency
    retired: bool = False

    def in_use(self) -> tuple[Stage, ...]:
        return tuple(stage for stage in self.stages if not stage.retired)

    def open_stages(self) -> tuple[Stage, ...]:
        return tuple(stage for stage in self.in_use() if stage.kind is State.OPEN)

    def first(self) -> Stage | None:
        """Where a deal begins when nobody says otherwise."""
        return next((stage for stage in self.open_stages() if stage.may_begin), None)

    def place(self, key: str) -> int | None:
        """Among the open stages; that of a retired one is before the next in use. None: not an open stage of this."""
        count = 0
        for stage in self.stages:
            if stage.key == key and stage.kind is State.OPEN:
                return count
            count += stage.kind is State.OPEN and not stage.retired
        return None


@dataclass(frozen=True)
class Pipelines:
    """All of a workspace, in their order."""

    all: tuple[Pipeline, ...] = ()

    def in_use(self) -> tuple[Pipeline, ...]:
        return tuple(each for each in self.all if not each.retired)

    def pipeline(self, key: str) -> Pipeline | None:
        return next((each for each in self.all if each.key == key), None)

    def stage(self, key: str) -> Stage | None:
        return next((stage for each in self.all for stage in each.stages if stage.key == key), None)

    def first(self) -> Pipeline | None:
        return next(iter(self.in_use()), None)

    def stages(self) -> tuple[Stage, ...]:
        return tuple(stage for each in self.all for stage in each.stages)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What of a deal decides where it may go."""

    stage: str
    closed_from: str = ""  # the stage a closed deal was in before
    values: Mapping[str, Any] = field(default_factory=dict)  # by field
    home_amount: Decimal | None = None  # None: no amount, or no rate of its currency
    approved: Decimal | None = None  # up to this amount
    approved_currency: str = ""

    def is_approved(self) -> bool:
        amount, currency = self.values.get("amount"), self.values.get("currency") or ""
        return (
            self.approved is not None
            and amount is not None
            and amount <= self.approved
            and currency == self.approved_currency
        )


def refusals(
    before: Standing | None,
    after: Standing,
    pipelines: Pipelines,
    *,
    today: date,
    labels: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Why a deal may not become like this, by field. Empty: it may. `labels` are names of fields for the sentences."""
    stage = pipelines.stage(after.stage)
    pipeline = pipelines.pipeline(stage.pipeline) if stage else None
    if stage is None or pipeline is None:
        return {"stage": _("There is no such stage.")}
    problems: dict[str, str] = {}
    if (before is None or before.stage != stage.key) and (why := move_refused(before, stage, pipelines)):
        problems["stage"] = why
    if before is None or before.stage != stage.key or _touched(before, after, stage.required):
        problems |= _missing(after, stage, labels or {})
    problems |= _closing(after, stage, today)
    if why := approval_missing(before, after, stage, pipeline):
        problems.setdefault("stage" if before is None or before.stage != stage.key else "amount", why)
    return problems


def move_refused(before: Standing | None, stage: Stage, pipelines: Pipelines) -> str:
    """Why a deal may not go to this stage, whatever else is known of it. Empty: it may."""
    pipeline = pipelines.pipeline(stage.pipeline)
    was = pipelines.stage(before.stage) if before else None
    if pipeline is None:
        return _("There is no such stage.")
    if was is None or was.pipeline != stage.pipeline:
        if stage.may_begin:
            return ""
        return _("Deals don’t begin in “%(stage)s” in this pipeline.") % {"stage": stage.label}
    if stage.kind is State.LOST:
        return ""
    from_key = was.key if was.kind is State.OPEN else (before.closed_from if before else "")
    here = pipeline.place(from_key)
    there = len(pipeline.open_stages()) if stage.kind is State.WON else pipeline.place(stage.key)
    if there is None:
        return _("There is no such stage.")
    if here is None:  # closed before anybody kept its stages: it begins again
        return (
            ""
            if stage.may_begin or stage.kind is State.WON
            else _("Deals don’t begin in “%(stage)s” in this pipeline.") % {"stage": stage.label}
        )
    if there < here and not pipeline.may_go_back:
        return _("Deals don’t move back in this pipeline, and “%(stage)s” comes before “%(here)s”.") % {
            "stage": stage.label,
            "here": _label(pipelines, from_key),
        }
    if there > here + 1 and not pipeline.may_skip:
        following = pipeline.open_stages()[here + 1]
        return _("No stage is skipped in this pipeline: after “%(here)s” comes “%(next)s”.") % {
            "here": _label(pipelines, from_key),
            "next": following.label,
        }
    return ""


def approval_missing(before: Standing | None, after: Standing, stage: Stage, pipeline: Pipeline) -> str:
    """Why somebody has to approve this first. Empty: nobody has to, or somebody has."""
    amount = after.values.get("amount")
    if not stage.needs_approval or pipeline.approval_above is None or amount is None or after.is_approved():
        return ""
    if before and before.stage == stage.key and not _touched(before, after, ("amount", "currency")):
        return ""
    if after.home_amount is None:
        return _(
            "There is no rate for %(currency)s, so it can’t be told whether this deal needs approval. Add one in the settings."
        ) % {"currency": after.values.get("currency") or "?"}
    if after.home_amount <= pipeline.approval_above:
        return ""
    return _("Deals of this size need approval before “%(stage)s”. Ask a manager to approve it.") % {
        "stage": stage.label
    }


def _closing(after: Standing, stage: Stage, today: date) -> dict[str, str]:
    problems: dict[str, str] = {}
    if stage.kind is State.WON and after.values.get("amount") is None:
        problems["amount"] = _("A won deal has an amount. Say what it is worth.")
    if stage.kind is State.LOST and not after.values.get("lost_reason"):
        problems["lost_reason"] = _("Say why it was lost.")
    closed_on = after.values.get("closed_on")
    if closed_on and stage.kind is State.OPEN:
        problems["closed_on"] = _("This deal is still open. Move it to won or lost first.")
    elif closed_on and closed_on > today:
        problems["closed_on"] = _("This lies in the future. Say when it was closed.")
    return problems


def _missing(after: Standing, stage: Stage, labels: Mapping[str, str]) -> dict[str, str]:
    return {
        name: _("“%(stage)s” needs this: %(field)s.") % {"stage": stage.label, "field": labels.get(name, name)}
        for name in stage.required
        if after.values.get(name) in EMPTY
    }


def _touched(before: Standing, after: Standing, names: tuple[str, ...]) -> bool:
    return any(before.values.get(name) != after.values.get(name) for name in names)


def _label(pipelines: Pipelines, key: str) -> str:
    stage = pipelines.stage(key)
    return stage.label if stage else key
