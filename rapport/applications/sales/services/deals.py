"""What writing a deal does beside storing its fields: the rules of its pipeline, its stretches, its touch points.

Pages, the board, the API, bulk edits, imports and undo all write through foundation.records, and all of it comes here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from rapport.applications.sales.models import Deal, DealLine, DealPerson, DealStage
from rapport.applications.sales.queries.pipelines import pipelines
from rapport.applications.sales.rules.stages import Pipelines, Stage, Standing, refusals
from rapport.applications.sales.services import stretches
from rapport.applications.sales.services.rhythm import tell_rhythm
from rapport.applications.sales.types import DEAL, State
from rapport.foundation.lib import clock
from rapport.foundation.lib.text import folded
from rapport.foundation.records.extension_points import record_types
from rapport.foundation.records.models import Change
from rapport.foundation.records.queries.own_fields import custom_fields
from rapport.foundation.records.services.copying import delete_at_once
from rapport.stores.commerce.queries.rates import home_currency, rates
from rapport.stores.commerce.rules.money import LARGEST, is_currency
from rapport.stores.customers.services.followups import remove_about

_BUILT_IN = (
    "name", "customer", "amount", "currency", "expected_close_on", "owner", "source", "lost_reason", "lost_note",
    "competitors", "closed_on", "tags", "notes",
)  # fmt: skip
_COLUMNS = {"customer": "customer_id", "owner": "owner_id"}
_MOST = {"name": 240, "source": 80}
SEARCHED = frozenset({"name", "source", "competitors"})


class DealWrites:
    """Fills records.extension_points.write_hooks."""

    def check(self, values: Mapping[str, Any], instance: Any) -> dict[str, str]:
        problems = self._unreadable(values)
        if instance is not None and "stage" in values and not values["stage"]:
            problems["stage"] = _("A deal always is in a stage.")
        if problems:
            return problems
        if instance is not None and not set(values) & _deciding(pipelines()):
            return {}
        known = pipelines()
        after = self._after(values, instance, known)
        before = standing_of(instance) if instance is not None else None
        if instance is not None:
            instance.left_stage = instance.stage  # it is gone once the new value is set
        labels = {field.name: str(field.label) for field in record_types[DEAL].fields}
        return refusals(before, after, known, today=clock.now().date(), labels=labels | _own_labels(known))

    def before_save(self, instance: Any, changed: set[str]) -> set[str]:
        deal: Deal = instance
        known, derived = pipelines(), set[str]()
        is_new = deal._state.adding
        stage = known.stage(deal.stage)
        if is_new and stage is None:
            stage = _first(known)
            if stage:
                deal.stage = stage.key
        if stage and (is_new or "stage" in changed):
            derived |= self._enter(deal, stage, is_new=is_new)
        if deal.amount is not None and not deal.currency:
            deal.currency = home_currency()
            derived.add("currency")
        if deal.currency != deal.currency.upper():
            deal.currency = deal.currency.upper()
            derived.add("currency")
        if SEARCHED & changed or not deal.search:
            deal.search = folded(deal.name, deal.source, *deal.competitors)
            derived.add("search")
        return derived

    def after_save(self, instances: Sequence[Any], changed: set[str], operation_id: UUID) -> None:
        stretches.follow(instances, operation_id)
        unknown = {deal.customer_id for deal in instances if deal.quiet_from is None and deal.state == State.OPEN}
        if unknown or "customer" in changed:
            tell_rhythm([deal.customer_id for deal in instances])

    def undo_created(self, operation_id: UUID) -> dict[str, int]:
        """Remove what the operation created; what somebody worked on since goes to the bin."""
        created = Deal.objects.filter(operation_id=operation_id)
        standing = Change.objects.filter(record_id=OuterRef("pk"), operation__undone_at=None)
        others = standing.exclude(operation_id=operation_id).exclude(operation__kind="undo")
        kept_ids = list(created.filter(Exists(others)).values_list("pk", flat=True))
        kept = created.filter(pk__in=kept_ids, deleted_at=None).update(deleted_at=clock.now())
        return {
            "removed": remove_deals(list(created.exclude(pk__in=kept_ids).values_list("pk", flat=True))),
            "kept": kept,
        }

    def _unreadable(self, values: Mapping[str, Any]) -> dict[str, str]:
        problems: dict[str, str] = {}
        amount, currency = values.get("amount"), values.get("currency")
        if amount is not None and amount < 0:
            problems["amount"] = _("An amount can't be negative.")
        elif amount is not None and (amount >= LARGEST or amount != round(amount, 4)):
            problems["amount"] = _("At most 13 digits before and four after the point.")
        if currency and not is_currency(str(currency).upper()):
            problems["currency"] = _("“%(code)s” is not a currency in use. Write three letters, such as EUR.") % {
                "code": str(currency)[:12]
            }
        for name, most in _MOST.items():
            if len(str(values.get(name) or "")) > most:
                problems[name] = _("At most %(n)s characters.") % {"n": most}
        return problems

    def _after(self, values: Mapping[str, Any], instance: Any, known: Pipelines) -> Standing:
        """What the deal would be, with what is filled in for who leaves it out."""
        stage_key = str(values.get("stage") or (instance.stage if instance is not None else ""))
        stage = known.stage(stage_key)
        if not stage_key and (first := _first(known)):
            stage_key, stage = first.key, first
        merged = {**(values_of(instance) if instance is not None else {}), **values}
        if merged.get("amount") is not None and not merged.get("currency"):
            merged["currency"] = home_currency()
        if stage and stage.kind is State.OPEN and "closed_on" not in values:
            merged["closed_on"] = None
        base = standing_of(instance) if instance is not None else Standing(stage="")
        return Standing(
            stage=stage_key,
            closed_from=base.closed_from,
            values=merged,
            home_amount=_worth(merged, stage, known),
            approved=base.approved,
            approved_currency=base.approved_currency,
        )

    def _enter(self, deal: Deal, stage: Stage, *, is_new: bool) -> set[str]:
        was = State(deal.state)
        if stage.kind is State.OPEN:
            deal.closed_on, deal.closed_from = None, ""
        else:
            deal.closed_on = deal.closed_on or clock.now().date()
            if was is State.OPEN and not is_new:
                deal.closed_from = deal.left_stage if hasattr(deal, "left_stage") else ""
        deal.pipeline, deal.state = stage.pipeline, stage.kind
        deal.stage_since = min(deal.created_at, clock.now()) if is_new else clock.now()
        return {"pipeline", "state", "stage_since", "closed_on", "closed_from"}


def standing_of(deal: Deal) -> Standing:
    """The deal as it is, as rules.stages sees it."""
    return Standing(
        stage=deal.stage,
        closed_from=deal.closed_from,
        values=values_of(deal),
        approved=deal.approved_amount,
        approved_currency=deal.approved_currency,
    )


def values_of(deal: Deal) -> dict[str, Any]:
    return {name: getattr(deal, _COLUMNS.get(name, name)) for name in _BUILT_IN} | dict(deal.custom)


def remove_deals(ids: list[Any]) -> int:
    """Rows and all that hangs on them; their touch points are taken back."""
    for start in range(0, len(ids), 1000):
        part = ids[start : start + 1000]
        rows = DealStage.objects.filter(deal_id__in=part)
        stretches.withdraw(list(rows))
        remove_about(part)
        for model in (DealStage, DealPerson, DealLine):
            delete_at_once(model._default_manager.filter(deal_id__in=part))
        delete_at_once(Deal.objects.filter(pk__in=part))
    return len(ids)


def _first(known: Pipelines) -> Stage | None:
    wanted = known.first()
    return wanted.first() if wanted else None


def _deciding(known: Pipelines) -> frozenset[str]:
    """Fields whose change the rules want to see."""
    always = {"stage", "amount", "currency", "closed_on", "lost_reason"}
    return frozenset(always.union(*(stage.required for stage in known.stages()))) if known.all else frozenset(always)


def _own_labels(known: Pipelines) -> dict[str, str]:
    built_in = {field.name for field in record_types[DEAL].fields}
    if all(name in built_in for stage in known.stages() for name in stage.required):
        return {}
    return {field.name: str(field.label) for field in custom_fields(DEAL)}


def _worth(values: Mapping[str, Any], stage: Stage | None, known: Pipelines) -> Decimal | None:
    """In the workspace's currency, where somebody will ask; None: no amount, or no rate."""
    pipeline = known.pipeline(stage.pipeline) if stage else None
    amount = values.get("amount")
    if amount is None or pipeline is None or pipeline.approval_above is None:
        return None
    return rates().home_amount(amount, str(values.get("currency") or "").upper(), clock.now().date())
