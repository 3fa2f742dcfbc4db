"""Reading the life cycle: the workspace's rules, one customer's life, what sources cost and bring."""

# ruff: noqa: S608 (column names are those of declared fields; whatever a user wrote is a parameter)
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.utils.translation import gettext_lazy as _

from rapport.foundation.lib import clock
from rapport.foundation.records.extension_points import record_types
from rapport.foundation.records.queries.fields import custom_fields
from rapport.foundation.records.types import Field, FieldKind, Label
from rapport.foundation.workspace import policies as workspace_policies
from rapport.foundation.workspace.types import Action, Actor, FieldAccess, Power, Rows
from rapport.stores.customers.models import (
    Customer,
    CustomerPhase,
    Lifecycle,
    PhaseByHand,
    PhaseSettings,
)
from rapport.stores.customers.policies import RECORD_TYPE
from rapport.stores.customers.queries.customers import get_customer
from rapport.stores.customers.rules.phases import PhaseRules
from rapport.stores.customers.types import Cause, CostBasis, Phase

PROBLEMS: Mapping[str, Label] = {
    "empty": _("Name at least one kind of touch point."),
    "both": _("A touch point can't be a purchase and an ending."),
    "order": _("A lapse can't come before the risk of one."),
}
_DEFAULT = PhaseRules()
_STEP = ("phase", "since", "until", "cause", "by", "reason")
_LIFE = (
    "phase", "since", "next_change_at", "recruited_at", "recruited_through", "recruited_campaign", "occasions",
    "first_products", "extensions", "spells", "lapsed", "regained", "ended_at",
)  # fmt: skip
SOURCE_FIELD = "source"  # until a workspace chooses another


@dataclass(frozen=True)
class Settings:
    rules: PhaseRules
    version: int
    source_field: str


def settings() -> Settings:
    """The workspace's rules, or those everybody begins with. One query."""
    row = PhaseSettings.objects.filter(id=1).first()
    if row is None:
        return Settings(_DEFAULT, 1, SOURCE_FIELD)
    return Settings(rules_from_json(row.rules), row.version, row.source_field)


def rules_to_json(rules: PhaseRules) -> dict[str, Any]:
    return {
        name: list(value) if isinstance(value, tuple) else str(value) if isinstance(value, Decimal) else value
        for name, value in vars(rules).items()
    }


def rules_from_json(stored: Mapping[str, Any]) -> PhaseRules:
    """What a newer version does not know any more is left out; what it added has its default."""
    known = {name: value for name, value in stored.items() if hasattr(_DEFAULT, name)}
    for name, value in known.items():
        default = getattr(_DEFAULT, name)
        known[name] = (
            tuple(value) if isinstance(default, tuple) else Decimal(value) if isinstance(default, Decimal) else value
        )
    return replace(_DEFAULT, **known)


def source_fields() -> dict[str, Field]:
    """Fields of customers that can say through what they were recruited."""
    kinds = (FieldKind.TEXT, FieldKind.CHOICE)
    built_in = record_types[RECORD_TYPE].field(SOURCE_FIELD)
    fields = [*((built_in,) if built_in else ()), *custom_fields(RECORD_TYPE)]
    return {field.name: field for field in fields if field.kind in kinds}


def told_by_other_rules(version: int, after: UUID) -> QuerySet[Any, UUID]:
    """Standing customers whose life was told by other rules than these, or never, in the order of their ids."""
    told = Lifecycle.objects.filter(customer_id=OuterRef("pk"), rules_version=version)
    rows = Customer.objects.filter(~Exists(told), merged_into=None, pk__gt=after)
    return rows.order_by("pk").values_list("pk", flat=True)


# One customer


@dataclass(frozen=True)
class Extension:
    product: str
    at: datetime


@dataclass(frozen=True)
class Spell:
    start: datetime
    end: datetime | None
    days: int


@dataclass(frozen=True)
class Recruited:
    at: datetime
    through: str
    campaign: str
    source: str
    source_label: str
    cost: Decimal | None  # None: nobody wrote down what the source costs


@dataclass(frozen=True)
class StepOf:
    """One phase, from when to when and why."""

    phase: Phase
    since: datetime
    until: datetime | None
    cause: Cause
    by: str
    reason: str


@dataclass(frozen=True)
class LifeOf:
    """One customer's life as pages and the API tell it."""

    customer_id: UUID
    phase: Phase
    since: datetime
    steps: tuple[StepOf, ...]  # the newest first
    recruited: Recruited | None = None
    spells: tuple[Spell, ...] = ()
    first_products: tuple[str, ...] = ()
    extensions: tuple[Extension, ...] = ()
    lapsed: tuple[datetime, ...] = ()
    regained: tuple[datetime, ...] = ()
    ended_at: datetime | None = None
    next_change_at: datetime | None = None
    occasions: int = 0
    is_due: bool = False  # nothing was told yet; what stands here is what is known without evidence

    @property
    def retained_days(self) -> int:
        return sum(spell.days for spell in self.spells)

    @property
    def is_by_hand(self) -> bool:
        return bool(self.steps) and self.steps[0].cause is Cause.BY_HAND


def may_read(actor: Actor) -> bool:
    return actor.field_access(RECORD_TYPE, "phase") is not FieldAccess.HIDDEN


def life_by_id(*, actor: Actor, customer_id: UUID) -> LifeOf:
    """Errors: NotFound, NotAllowed."""
    return life_of(get_customer(actor=actor, customer_id=customer_id), actor=actor)


def life_columns(customer_id: UUID) -> dict[str, Any]:
    """Columns for a statement on customers that hold the life of the one with this id: the customer's page asks with its
    own statement.
    """
    of_customer = CustomerPhase.objects.filter(customer_id=customer_id).order_by("-position")
    row = Lifecycle.objects.filter(customer_id=customer_id)
    return {
        "d_life": ArraySubquery(row.values(json=JSONObject(**{name: name for name in _LIFE}))),
        "d_phases": ArraySubquery(of_customer.values(json=JSONObject(**{name: name for name in _STEP}))),
        "d_source_field": Subquery(PhaseSettings.objects.filter(id=1).values("source_field")),
    }


def life_of(customer: Any, *, actor: Actor) -> LifeOf:
    """A visible customer's life. One query, none when the customer came with `life_columns`; up to two more for what
    recruiting cost.
    """
    if not hasattr(customer, "d_life"):
        found = Customer.objects.filter(pk=customer.pk).annotate(**life_columns(customer.pk))
        customer = found.get()
    if not customer.d_life:
        return LifeOf(customer.pk, Phase.PROSPECT, customer.created_at, (), is_due=True)
    row = _json(customer.d_life[0])
    return LifeOf(
        customer_id=customer.pk,
        phase=Phase(row["phase"]),
        since=datetime.fromisoformat(row["since"]),
        steps=tuple(_step(_json(each)) for each in customer.d_phases),
        recruited=_recruited(row, customer, actor) if row["recruited_at"] else None,
        spells=tuple(_spell(each) for each in row["spells"]),
        first_products=tuple(row["first_products"]),
        extensions=tuple(Extension(each["product"], datetime.fromisoformat(each["at"])) for each in row["extensions"]),
        lapsed=tuple(datetime.fromisoformat(at) for at in row["lapsed"]),
        regained=tuple(datetime.fromisoformat(at) for at in row["regained"]),
        ended_at=_instant(row["ended_at"]),
        next_change_at=_instant(row["next_change_at"]),
        occasions=row["occasions"],
    )


def _json(raw: Any) -> Any:
    """A raw statement gives text where the ORM gives what it stands for."""
    return json.loads(raw) if isinstance(raw, str) else raw


def _instant(raw: str | None) -> datetime | None:
    return datetime.fromisoformat(raw) if raw else None


def by_hand_of(customer_ids: Sequence[UUID]) -> list[PhaseByHand]:
    return list(PhaseByHand.objects.filter(customer_id__in=customer_ids).order_by("-decided_at"))


def _spell(stored: Mapping[str, Any]) -> Spell:
    start = datetime.fromisoformat(stored["from"])
    end = _instant(stored["until"])
    return Spell(start, end, ((end or clock.now()) - start).days)


def _recruited(row: Mapping[str, Any], customer: Any, actor: Actor) -> Recruited:
    name = customer.d_source_field or SOURCE_FIELD
    field = record_types[RECORD_TYPE].field(SOURCE_FIELD) if name == SOURCE_FIELD else source_fields().get(name)
    source = ""
    if field is not None and actor.field_access(RECORD_TYPE, field.name) is not FieldAccess.HIDDEN:
        source = str((customer.custom.get(field.name) if field.custom else getattr(customer, field.path)) or "")
    at, campaign = datetime.fromisoformat(row["recruited_at"]), row["recruited_campaign"]
    source = source or campaign
    cost = cost_of(source, at.date(), field) if source else None
    return Recruited(at, row["recruited_through"], campaign, source, _label(field, source), cost)


def _step(stored: Mapping[str, Any]) -> StepOf:
    return StepOf(
        phase=Phase(stored["phase"]),
        since=datetime.fromisoformat(stored["since"]),
        until=_instant(stored["until"]),
        cause=Cause(stored["cause"]),
        by=stored["by"],
        reason=stored["reason"],
    )


def _label(field: Field | None, source: str) -> str:
    choice = field.choice(source) if field else None
    return str(choice.label) if choice else source


# Sources and what they cost


@dataclass(frozen=True)
class CostLine:
    """What somebody wrote down about a source, with the customers it was spent on."""

    id: UUID
    source: str
    label: str
    basis: CostBasis
    amount: Decimal
    since: date
    until: date | None
    recruited: int

    @property
    def spent(self) -> Decimal:
        return self.amount * self.recruited if self.basis is CostBasis.EACH else self.amount

    @property
    def each(self) -> Decimal | None:
        if self.basis is CostBasis.EACH:
            return self.amount
        return self.amount / self.recruited if self.recruited else None


@dataclass(frozen=True)
class SourceLine:
    """One source: whom it recruited, and what each of them cost as far as costs are known."""

    source: str
    label: str
    recruited: int
    recent: int  # in the last twelve months
    active: int  # of all: customers now
    spent: Decimal | None
    each: Decimal | None
    where: Mapping[str, Any] | None  # the customers, as a condition; None where a list cannot ask for them


@dataclass(frozen=True)
class SourcesPage:
    lines: tuple[SourceLine, ...]
    costs: tuple[CostLine, ...]
    field: Field | None
    sees_all: bool


def sources_page(*, actor: Actor) -> SourcesPage:
    """Sources with those they recruited, the largest first. A fixed number of queries. Errors: NotAllowed."""
    workspace_policies.require(actor, Power.MANAGE_FIELDS)
    found = settings()
    field = source_fields().get(found.source_field)
    costs = tuple(_cost_lines(field))
    sees_all = actor.row_rule(Action.READ, RECORD_TYPE).rows is Rows.ALL
    if not sees_all:
        return SourcesPage((), costs, field, sees_all)
    spent: dict[str, list[CostLine]] = {}
    for cost in costs:
        spent.setdefault(cost.source, []).append(cost)
    lines = []
    for source, recruited, recent, active in _recruits_by_source(field):
        own = spent.get(source, [])
        total = sum((cost.spent for cost in own), Decimal(0)) if own else None
        of = sum(cost.recruited for cost in own)
        where = _where(field, source)
        lines.append(
            SourceLine(
                source,
                _label(field, source),
                recruited,
                recent,
                active,
                total,
                total / of if total is not None and of else None,
                where,
            )
        )
    return SourcesPage(tuple(lines), costs, field, sees_all)


def cost_of(source: str, day: date, field: Field | None = None) -> Decimal | None:
    """What recruiting one customer on that day through the source cost; None where nothing is known of it."""
    lines = [
        line
        for line in _cost_lines(field, source=source)
        if line.since <= day and (line.until is None or day <= line.until)
    ]
    known = [line.each for line in lines if line.each is not None]
    return sum(known, Decimal(0)) if known else None


def _where(field: Field | None, source: str) -> Mapping[str, Any] | None:
    if field is None:
        return None
    named = {"field": field.name, "op": "is", "value": source} if source else {"field": field.name, "op": "is_empty"}
    return {"all": [named, {"field": "recruited_on", "op": "is_not_empty"}]}


def _source_sql(field: Field | None) -> tuple[str, list[Any]]:
    if field is None:
        return "''", []
    if field.custom:
        return "coalesce(c.custom ->> %s, '')", [field.name]
    return f"c.{connection.ops.quote_name(field.path)}", []


def _recruits_by_source(field: Field | None) -> list[tuple[str, int, int, int]]:
    source, params = _source_sql(field)
    year_ago = clock.now().date().replace(day=1)
    year_ago = year_ago.replace(year=year_ago.year - 1)
    active = [phase.value for phase in Phase if phase not in (Phase.PROSPECT, Phase.LAPSED, Phase.ENDED)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"select {source} as source, count(*), count(*) filter (where c.recruited_on >= %s),"
            " count(*) filter (where c.phase = any(%s))"
            " from customers_customer c where c.recruited_on is not null and c.deleted_at is null"
            " and c.merged_into_id is null group by 1 order by 2 desc, 1 limit 200",
            [*params, year_ago, active],
        )
        return list(cursor.fetchall())


def _cost_lines(field: Field | None, source: str | None = None) -> list[CostLine]:
    """Each cost with how many it was spent on; one query."""
    column, params = _source_sql(field)
    only = "where k.source = %s" if source is not None else ""
    with connection.cursor() as cursor:
        cursor.execute(
            "select k.id, k.source, k.basis, k.amount, k.since, k.until,"
            " (select count(*) from customers_customer c where c.recruited_on >= k.since"
            "   and (k.until is null or c.recruited_on <= k.until)"
            f"  and {column} = k.source and c.deleted_at is null and c.merged_into_id is null)"
            f" from customers_sourcecost k {only} order by k.source, k.since desc, k.id",
            [*params, *([source] if source is not None else [])],
        )
        rows = cursor.fetchall()
    return [
        CostLine(id_, name, _label(field, name), CostBasis(basis), amount, since, until, recruited)
        for id_, name, basis, amount, since, until, recruited in rows
    ]
