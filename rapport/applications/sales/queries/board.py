"""The board of a pipeline: sums of all its columns from one statement, and as many cards of each as fit a screen.

Sums never come from loaded cards, and a column is paged on by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from rapport.applications.sales.models import Deal
from rapport.applications.sales.queries.pipelines import pipelines
from rapport.applications.sales.rules.ageing import Age, age
from rapport.applications.sales.rules.stages import Pipeline, Stage
from rapport.applications.sales.rules.worth import Worth, worth
from rapport.applications.sales.types import DEAL, State
from rapport.foundation.records import policies
from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import Action, Actor, FieldAccess
from rapport.stores.commerce.queries.rates import rates
from rapport.stores.commerce.rules.rates import Rates
from rapport.stores.customers.queries.customers import names_of
from rapport.stores.customers.queries.followups import NextStep, next_steps

CARDS = 20  # of each column to begin with, and for each further page


@dataclass(frozen=True)
class Card:
    """A deal on the board."""

    deal: Deal
    customer_name: str
    owner_name: str
    next_step: NextStep | None
    age: Age
    days_here: int
    days_expected: int | None
    quiet_days: int | None  # None: it is not quiet

    @property
    def is_open(self) -> bool:
        return self.deal.state == State.OPEN


@dataclass(frozen=True)
class Column:
    stage: Stage
    number: int
    worth: Worth
    weighted: Decimal
    cards: tuple[Card, ...] = ()
    following: str = ""  # the cursor of the next page

    @property
    def percent(self) -> int:
        return int(self.stage.probability * 100)


@dataclass(frozen=True)
class Board:
    pipeline: Pipeline
    columns: tuple[Column, ...]
    open: Worth
    open_number: int
    quiet: Worth
    quiet_number: int
    sees_amounts: bool = True


def quarter_start(day: date) -> date:
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


def board(
    *, actor: Actor, pipeline: str = "", owner: UUID | None = None, now: datetime, with_cards: bool = True
) -> Board:
    """Its open columns, and what was won this quarter. Six queries, two without cards. Errors: NotAllowed, NotFound."""
    policies.require(actor, Action.READ, DEAL)
    found = _pipeline(pipeline)
    rows = _rows(actor, owner)
    stages = [stage for stage in found.in_use() if stage.kind is not State.LOST]
    sums = _sums(rows, stages, now)
    known, today = rates(), now.date()
    first = _first_cards(rows, stages, today) if with_cards else {}
    cards = _cards(actor, first, found, now)
    columns = []
    for stage in stages:
        mine = [cards[pk] for pk in first.get(stage.key, ()) if pk in cards]
        columns.append(_column(stage, sums.get(stage.key, []), known, today, mine))
    open_sums = [row for stage in stages if stage.kind is State.OPEN for row in sums.get(stage.key, [])]
    return Board(
        pipeline=found,
        columns=tuple(columns),
        open=worth([(row["sum"], row["currency"], row["n"]) for row in open_sums], known, today),
        open_number=sum(row["n"] for row in open_sums),
        quiet=worth([(row["quiet_sum"], row["currency"], row["quiet"]) for row in open_sums], known, today),
        quiet_number=sum(row["quiet"] for row in open_sums),
        sees_amounts=sees_amounts(actor),
    )


def column(
    *, actor: Actor, stage: str, owner: UUID | None = None, after: str = "", now: datetime
) -> tuple[tuple[Card, ...], str]:
    """The next cards of a column and the cursor of those after them. Errors: NotAllowed, NotFound."""
    policies.require(actor, Action.READ, DEAL)
    known = pipelines()
    found = known.stage(stage)
    pipeline = known.pipeline(found.pipeline) if found else None
    if found is None or pipeline is None:
        raise NotFound("There is no such stage.")
    rows = _in_order(_rows(actor, owner), found, now.date())
    rows = _after(rows, found, after)
    ids = list(rows.values_list("pk", flat=True)[: CARDS + 1])
    cards = _cards(actor, {stage: ids[:CARDS]}, pipeline, now)
    shown = tuple(cards[pk] for pk in ids[:CARDS] if pk in cards)
    return shown, _cursor(shown[-1].deal) if len(ids) > CARDS and shown else ""


def one_card(*, actor: Actor, deal: Deal, now: datetime) -> Card:
    pipeline = _pipeline(deal.pipeline)
    return _cards(actor, {deal.stage: [deal.pk]}, pipeline, now)[deal.pk]


def _pipeline(key: str) -> Pipeline:
    known = pipelines()
    found = known.pipeline(key) if key else known.first()
    if found is None:
        raise NotFound("There is no such pipeline.")
    return found


def sees_amounts(actor: Actor) -> bool:
    return actor.field_access(DEAL, "amount") is not FieldAccess.HIDDEN


def _rows(actor: Actor, owner: UUID | None) -> QuerySet[Deal]:
    rows = policies.visible(actor, DEAL)
    return rows.filter(owner_id=owner) if owner else rows


def _sums(rows: QuerySet[Deal], stages: Sequence[Stage], now: datetime) -> dict[str, list[dict[str, Any]]]:
    """By stage, one row for each currency. One statement."""
    open_keys = [stage.key for stage in stages if stage.kind is State.OPEN]
    won_keys = [stage.key for stage in stages if stage.kind is State.WON]
    quiet = Q(quiet_from__lte=now, state=State.OPEN)
    counted = (
        rows.filter(Q(stage__in=open_keys) | Q(stage__in=won_keys, closed_on__gte=quarter_start(now.date())))
        .values("stage", "currency")
        .annotate(
            n=Count("pk"), sum=Sum("amount"), quiet=Count("pk", filter=quiet), quiet_sum=Sum("amount", filter=quiet)
        )
        .order_by()
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in counted:
        found.setdefault(row["stage"], []).append(dict(row))
    return found


def _column(
    stage: Stage, sums: Sequence[Mapping[str, Any]], known: Rates, today: date, cards: Sequence[Card]
) -> Column:
    number = sum(row["n"] for row in sums)
    total = worth([(row["sum"], row["currency"], row["n"]) for row in sums], known, today)
    more = number > len(cards) and len(cards) > 0
    return Column(
        stage=stage,
        number=number,
        worth=total,
        weighted=total.amount * stage.probability,
        cards=tuple(cards),
        following=_cursor(cards[-1].deal) if more else "",
    )


def _first_cards(rows: QuerySet[Deal], stages: Sequence[Stage], today: date) -> dict[str, list[UUID]]:
    """Ids of the first cards of every column, in one statement."""
    parts = [_in_order(rows, stage, today).values_list("stage", "pk")[:CARDS] for stage in stages]
    found: dict[str, list[UUID]] = {}
    if parts:
        for stage, pk in parts[0].union(*parts[1:], all=True):
            found.setdefault(stage, []).append(pk)
    return found


def _in_order(rows: QuerySet[Deal], stage: Stage, today: date) -> QuerySet[Deal]:
    """Open deals by when they should close; won ones of this quarter, the latest first."""
    if stage.kind is State.OPEN:
        return rows.filter(stage=stage.key).order_by("expected_close_on", "pk")
    return rows.filter(stage=stage.key, closed_on__gte=quarter_start(today)).order_by("-closed_on", "pk")


def _after(rows: QuerySet[Deal], stage: Stage, cursor: str) -> QuerySet[Deal]:
    day_text, _tilde, id_text = cursor.partition("~")
    try:
        day, pk = date.fromisoformat(day_text) if day_text else None, UUID(id_text)
    except ValueError:
        return rows
    if stage.kind is not State.OPEN:
        return rows.filter(Q(closed_on__lt=day) | Q(closed_on=day, pk__gt=pk)) if day else rows
    if day is None:
        return rows.filter(expected_close_on=None, pk__gt=pk)
    later = Q(expected_close_on__gt=day) | Q(expected_close_on=day, pk__gt=pk) | Q(expected_close_on=None)
    return rows.filter(later)


def _cursor(deal: Deal) -> str:
    day = deal.expected_close_on if deal.state == State.OPEN else deal.closed_on
    return f"{day.isoformat() if day else ''}~{deal.pk}"


def _cards(actor: Actor, ids: Mapping[str, Sequence[UUID]], pipeline: Pipeline, now: datetime) -> dict[UUID, Card]:
    """Whole cards by id: deals with their owners, names of customers, next steps. Three queries."""
    wanted = [pk for several in ids.values() for pk in several]
    if not wanted:
        return {}
    deals = list(
        Deal.objects.filter(pk__in=wanted).select_related("owner").defer("notes", "custom", "search", "lost_note")
    )
    names = names_of(actor=actor, customer_ids=[deal.customer_id for deal in deals])
    steps = next_steps([deal.pk for deal in deals if deal.state == State.OPEN])
    stages = {stage.key: stage for stage in pipeline.stages}
    return {
        deal.pk: _card(deal, names.get(deal.customer_id, ""), steps.get(deal.pk), stages.get(deal.stage), now)
        for deal in deals
    }


def _card(deal: Deal, customer: str, step: NextStep | None, stage: Stage | None, now: datetime) -> Card:
    expected = stage.days_expected if stage and stage.kind is State.OPEN else None
    is_quiet = deal.state == State.OPEN and deal.quiet_from is not None and deal.quiet_from <= now
    silent_since = deal.last_touch_at or deal.created_at
    return Card(
        deal=deal,
        customer_name=customer,
        owner_name=deal.owner.name if deal.owner else "",
        next_step=step,
        age=age(deal.stage_since, now, expected),
        days_here=max(0, (now - deal.stage_since) // timedelta(days=1)),
        days_expected=expected,
        quiet_days=max(0, (now.astimezone(UTC) - silent_since) // timedelta(days=1)) if is_quiet else None,
    )
