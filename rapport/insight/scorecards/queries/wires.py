"""Who trips which wire now. One statement for each wire, whatever the number of customers."""

# ruff: noqa: S608 (the pieces are ours; whatever a workspace set is a parameter)
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q

from rapport.foundation.lib import ids
from rapport.foundation.records import policies as record_policies
from rapport.foundation.records.extension_points import record_types
from rapport.foundation.records.queries.fragments import Fragment, id_in
from rapport.foundation.workspace.types import Actor
from rapport.insight.scorecards import policies
from rapport.insight.scorecards.models import Trip, WireSetting
from rapport.insight.scorecards.rules.wires import DEFAULTS, LEAST_MARGIN_DAYS, WORDS, Wire, WireRule
from rapport.stores.customers.policies import RECORD_TYPE
from rapport.stores.customers.queries.customers import names_of
from rapport.stores.customers.queries.followups import follow_up_states
from rapport.stores.customers.types import ACTIVE_PHASES

_STANDING = "c.deleted_at is null and c.merged_into_id is null and c.phase = any(%(active)s)"
_DAYS = "extract(epoch from %(now)s::timestamptz - l.last_purchase_at) / 86400.0"
# The last month that had closed before this one began: what a fall is measured against.
_BEFORE = (
    "join customers_scoresnapshot b on b.customer_id = c.id and b.period ="
    " (select max(period) from customers_scoresnapshot where period < date_trunc('month', %(now)s::timestamptz at time zone 'UTC'))"
)
_STATEMENTS: Mapping[Wire, str] = {
    Wire.GAP: f"""
        select c.id, c.owner_id, coalesce(s.lifetime_value, 0),
            jsonb_build_object('days', {_DAYS}, 'median', l.median_gap_days, 'spread', l.gap_spread_days)
        from customers_lifecycle l join customers_customer c on c.id = l.customer_id
        left join customers_score s on s.customer_id = c.id
        where {_STANDING} and l.gap_spread_days is not null and l.last_purchase_at is not null
          and {_DAYS} > l.median_gap_days + greatest(%(threshold)s * l.gap_spread_days, {LEAST_MARGIN_DAYS})""",
    Wire.ALIVE_DROP: f"""
        select c.id, c.owner_id, coalesce(s.lifetime_value, 0), jsonb_build_object('before', b.p_alive, 'now', s.p_alive)
        from customers_score s join customers_customer c on c.id = s.customer_id {_BEFORE}
        where {_STANDING} and b.p_alive is not null and s.p_alive is not null and b.p_alive - s.p_alive > %(threshold)s""",
    Wire.VALUE_FALLS: f"""
        select c.id, c.owner_id, s.lifetime_value,
            jsonb_build_object('before', b.lifetime_value, 'now', s.lifetime_value)
        from customers_score s join customers_customer c on c.id = s.customer_id {_BEFORE}
        where {_STANDING} and b.lifetime_value > 0 and s.lifetime_value < b.lifetime_value * (1 - %(threshold)s)""",
    # The newest word from them is looked for customer by customer, over all their ids; only among the valuable ones.
    Wire.SILENCE: f"""
        select q.id, q.owner_id, q.worth, jsonb_build_object('days', q.days) from (
            select c.id, c.owner_id, s.lifetime_value as worth,
                extract(epoch from %(now)s::timestamptz - coalesce(max(t.occurred_at), c.created_at)) / 86400.0 as days
            from customers_score s join customers_customer c on c.id = s.customer_id
            cross join lateral (
                select c.id as known_as union all
                select a.absorbed_id from customers_customeralias a where a.surviving_id = c.id) i
            left join lateral (
                select t.occurred_at from touchpoint t
                where t.customer_id = i.known_as and t.direction = 'in' and t.occurred_at <= %(now)s
                  and not exists (select 1 from ledger_retraction r where r.touchpoint_id = t.id)
                  and (t.batch_id is null or not exists (select 1 from ledger_retraction r where r.batch_id = t.batch_id))
                order by t.occurred_at desc limit 1) t on true
            where {_STANDING} and s.tier in ('platinum', 'gold')
            group by c.id, c.owner_id, s.lifetime_value, c.created_at) q
        where q.days > %(threshold)s""",
}  # fmt: skip


@dataclass(frozen=True)
class Tripping:
    """A customer who trips a wire at this moment, and the numbers that say so."""

    customer_id: UUID
    owner_id: UUID | None
    worth: Decimal
    facts: Mapping[str, Any]


def rules() -> dict[Wire, WireRule]:
    """Every wire as the workspace has it; one query."""
    found = dict(DEFAULTS)
    for row in WireSetting.objects.all():
        if row.wire in found:
            wire = Wire(row.wire)
            found[wire] = WireRule(
                wire=wire,
                is_on=row.is_on,
                threshold=row.threshold,
                due_days=row.due_days,
                most_a_day=row.most_a_day,
                owner_id=row.owner_id,
            )
    return found


def tripping(rule: WireRule, now: datetime) -> list[Tripping]:
    """Everyone who trips it now, in the order of their ids; nobody while it is off."""
    if not rule.is_on:
        return []
    params: dict[str, Any] = {
        "now": now,
        "threshold": float(rule.threshold),
        "active": [phase.value for phase in ACTIVE_PHASES],
    }
    with connection.cursor() as cursor:
        cursor.execute(_STATEMENTS[rule.wire] + " order by 1", params)
        return [Tripping(customer, owner, worth, _facts(facts)) for customer, owner, worth, facts in cursor.fetchall()]


def _facts(raw: Any) -> Mapping[str, Any]:
    return json.loads(raw) if isinstance(raw, str) else raw


@dataclass(frozen=True)
class WireCount:
    standing: int
    waiting: int  # tripped, and no follow-up opened yet


def counts() -> dict[str, WireCount]:
    """How many stand over each wire; one query."""
    rows = Trip.objects.filter(recovered_at=None).values("wire").order_by()
    found = rows.annotate(n=Count("pk"), waiting=Count("pk", filter=Q(opened_at=None)))
    return {row["wire"]: WireCount(row["n"], row["waiting"]) for row in found}


@dataclass(frozen=True)
class TripLine:
    """A customer over a wire, with what came of it."""

    customer_id: UUID
    name: str
    tripped_at: datetime
    worth: Decimal
    facts: Mapping[str, Any]
    follow_up: str  # open, closed, waiting


def standing(*, actor: Actor, wire: Wire, limit: int = 100) -> list[TripLine]:
    """Those over the wire now whom the actor may see, the most valuable first. Three queries."""
    rows = Trip.objects.filter(wire=wire.value, recovered_at=None).order_by("-worth", "id")
    if not policies.sees_everyone(actor):
        rows = rows.filter(customer_id__in=record_policies.visible(actor, RECORD_TYPE).values("pk"))
    found = list(rows[:limit])
    names = names_of(actor=actor, customer_ids=[row.customer_id for row in found])
    states = follow_up_states([f"{wire}:{row.pk}" for row in found if row.opened_at])
    return [
        TripLine(
            row.customer_id, names[row.customer_id], row.tripped_at, row.worth, row.facts,
            states.get(f"{wire}:{row.pk}", "waiting"),
        )
        for row in found
        if row.customer_id in names
    ]  # fmt: skip


def set_id(wire: Wire) -> UUID:
    """What conditions know those over a wire by."""
    return ids.key_id("scorecards.wire", wire.value)


def compile_wire_set(set_id_: UUID, record_type: str, *, actor: Actor, now: datetime, negated: bool) -> Q:
    """Customers who stand over a wire. Whoever may not see values learns nothing of them this way."""
    wire = next((each for each in Wire if set_id(each) == set_id_), None)
    select = Fragment("select null::uuid where false")
    if wire is not None and record_type == RECORD_TYPE and policies.may_see_values(actor):
        select = Fragment(
            "select customer_id from scorecards_trip where wire = %s and recovered_at is null", (wire.value,)
        )
    return id_in(select, record_types[RECORD_TYPE].model(), negated=negated)


def names_of_wires(actor: Actor, ids_: Sequence[UUID]) -> dict[UUID, str]:
    """How conditions say them."""
    return {set_id(wire): str(WORDS[wire].label) for wire in Wire if set_id(wire) in set(ids_)}
