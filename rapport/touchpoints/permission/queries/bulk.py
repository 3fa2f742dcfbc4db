"""The gate for many customers at once: one statement says what `rules.gate` says of each, held equal by a property test.

Caps alone are decided by the rule itself, for those customers who had a message within their windows.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from rapport.foundation.lib import clock
from rapport.foundation.records.policies import visible
from rapport.foundation.records.queries.fragments import Fragment, of_queryset
from rapport.foundation.workspace.types import Action, Actor
from rapport.touchpoints.permission import policies
from rapport.touchpoints.permission.queries import settings
from rapport.touchpoints.permission.rules.caps import Slot
from rapport.touchpoints.permission.rules.gate import (
    CAUSES,
    STANDING_BASES,
    House,
    Verdict,
    within_caps,
)
from rapport.touchpoints.permission.rules.points import KEY_SQL
from rapport.touchpoints.permission.rules.quiet import covering, quiet_until, zone_of
from rapport.touchpoints.permission.rules.words import SENTENCES
from rapport.touchpoints.permission.types import (
    LONGEST_LIMIT_DAYS,
    STOP_REASONS,
    Channel,
    Decision,
    PointKind,
    Purpose,
    Reason,
)

FETCHED = 20_000
_REASONS = {reason.value: reason for reason in Reason}
_COLUMNS = {PointKind.EMAIL: "email", PointKind.PHONE: "phone"}

# Rows that were taken back, by themselves or with the import they came with, are left out.
STANDING = """
    not exists (select 1 from permission_evidence r where r.status = 'retracted' and r.parent_id = e.id)
    and (e.batch_id is null or not exists (
        select 1 from permission_evidence r
        where r.status = 'retracted' and r.parent_id is null and r.batch_id = e.batch_id))
"""

_STATEMENT = """
with asked as materialized (
    select c.id, c.timezone, c.country, {key} as point_key from customers_customer c where c.id in ({customers})
),
aliases as materialized (
    select a.absorbed_id, a.surviving_id, a.created_at from customers_customeralias a
    where a.surviving_id in (select id from asked)
),
ids as (
    select id as customer, id as one from asked
    union all
    select surviving_id, absorbed_id from aliases
),
merged as (select surviving_id as customer, max(created_at) as at from aliases group by surviving_id),
mine as (
    select a.id as customer, e.id, e.at, e.status, e.basis, e.expires_at, e.limit_days, e.customer_id,
        (m.at is null or e.at > m.at) as since,
        case when e.status in ('granted', 'refused', 'withdrawn', 'expired') then 'answer'
             when e.status in ('paused', 'resumed') then 'pause' else e.status end as family
    from permission_evidence e
    join ids i on i.one = e.customer_id
    join asked a on a.id = i.customer
    left join merged m on m.customer = i.customer
    where e.status in ('granted', 'refused', 'withdrawn', 'expired', 'pending', 'paused', 'resumed', 'limited')
      and e.purpose = any(%(purposes)s) and e.channel = any(%(channels)s) and e.at <= %(at)s
      and (e.point_key is null or e.point_key = a.point_key)
      and (e.expires_at is null or e.expires_at > %(at)s or e.status in ('paused', 'resumed', 'limited'))
      and {standing}
),
latest as (
    select distinct on (customer, family, since, case when since then null else customer_id end) *
    from mine
    order by customer, family, since, case when since then null else customer_id end, at desc, id desc
),
answers as (
    select distinct on (customer) customer, id, status, basis, expires_at from latest l where family = 'answer'
    order by customer, since desc, (status = 'granted'), at desc, id desc
),
pending as (select distinct on (customer) customer, id from mine where family = 'pending' order by customer, at desc, id desc),
current as (
    select l.* from latest l where l.family in ('pause', 'limited')
      and (l.since or not exists (
          select 1 from latest o where o.customer = l.customer and o.family = l.family and o.since))
),
pauses as (
    select customer, (array_agg(id order by at desc, id desc))[1] as id,
        case when bool_or(expires_at is null) then null else max(expires_at) end as until
    from current where status = 'paused' and (expires_at is null or expires_at > %(at)s) group by customer
),
limits as (select customer, max(limit_days) as days from current where status = 'limited' group by customer),
stopping as materialized (
    select e.id, e.at, e.status, e.cause, e.channel, e.purpose, e.point_key, e.customer_id, e.expires_at
    from permission_evidence e
    where e.status in ('stopped', 'lifted') and e.purpose = any(%(stop_purposes)s) and e.channel = any(%(channels)s)
      and e.at <= %(at)s and (e.expires_at is null or e.expires_at > %(at)s) and {standing}
),
hits as (
    select a.id as customer, s.* from asked a join stopping s on s.point_key = a.point_key
    union all
    select i.customer, s.* from ids i join stopping s on s.customer_id = i.one and s.point_key is null
),
stops as (
    select h.* from hits h
    where h.status = 'stopped' and not exists (
        select 1 from hits l
        where l.customer = h.customer and l.status = 'lifted' and (l.at, l.id) > (h.at, h.id)
          and l.cause in ('', h.cause) and l.channel in ('', h.channel) and l.purpose in ('', h.purpose)
          and l.point_key is not distinct from h.point_key)
),
stop as (
    select distinct on (s.customer) s.customer, s.id, s.cause, s.expires_at
    from stops s left join answers w on w.customer = s.customer
    where s.cause = 'bounce' or w.customer is null or not (%(is_service)s and w.basis = any(%(standing_bases)s))
    order by s.customer, coalesce(array_position(%(causes)s, s.cause::text), 99), s.at desc, s.id
),
quiet as (
    select * from unnest(%(zones)s::text[], %(countries)s::text[], %(quiet)s::timestamptz[]) as q (timezone, country, until)
),
used as (
    select i.customer, array_agg(p.at) as at, array_agg(p.purpose::text) as purpose, array_agg(p.channel::text) as channel,
        array_agg(p.is_service) as is_service
    from permission_issuedpermit p join ids i on i.one = p.customer_id
    where p.released_at is null and p.at > %(at)s - %(window)s and p.at < %(at)s + %(window)s
    group by i.customer
)
select a.id, d.reason, d.evidence_id, a.point_key, d.until, l.days, u.at, u.purpose, u.channel, u.is_service
from asked a
left join answers w on w.customer = a.id
left join stop s on s.customer = a.id
left join pending n on n.customer = a.id
left join pauses p on p.customer = a.id
left join quiet q on q.timezone = a.timezone and q.country = a.country
left join limits l on l.customer = a.id
left join used u on u.customer = a.id
cross join lateral (
    select
        case when %(needs_point)s and a.point_key is null then 'no_contact_point'
             when s.id is not null then coalesce(%(stop_reasons)s::jsonb ->> s.cause::text, 'stopped_by_hand')
             when w.id is null then case when n.id is null then 'not_asked' else 'pending' end
             when w.status <> 'granted' then w.status
             when %(no_contact)s then 'granted'
             when p.customer is not null and not %(is_service)s then 'paused'
             when q.until is not null then 'quiet_hours'
             else 'granted' end as reason,
        case when %(needs_point)s and a.point_key is null then null
             when s.id is not null then s.id
             when w.id is null then n.id
             when w.status <> 'granted' or %(no_contact)s then w.id
             when p.customer is not null and not %(is_service)s then p.id
             else w.id end as evidence_id,
        case when %(needs_point)s and a.point_key is null then null
             when s.id is not null then s.expires_at
             when w.id is null or w.status <> 'granted' then null
             when %(no_contact)s then w.expires_at
             when p.customer is not null and not %(is_service)s then p.until
             else coalesce(q.until, w.expires_at) end as until
) d
"""


@dataclass(frozen=True)
class _Asked:
    purpose: Purpose
    channel: Channel | None
    at: datetime
    house: House

    @property
    def channel_name(self) -> str:
        return self.channel.name if self.channel else ""


def may_contact_many(
    *, actor: Actor, customers: QuerySet[Any] | Iterable[UUID], purpose: str, channel: str, at: datetime | None = None
) -> dict[UUID, Decision]:
    """The decision for each customer the actor sees, at their first contact point. A fixed number of statements.

    `customers`: ids of standing customers, or a queryset of them. Errors: NotAllowed, Invalid.
    """
    policies.require(actor, Action.READ)
    purpose_meant = settings.find_purpose(purpose)
    way = settings.find_channel(channel, purpose_meant)
    asked = _Asked(purpose_meant, way, at or clock.now(), settings.house())
    rows = visible(actor, "customer")
    rows = rows.filter(pk__in=customers.values("pk") if isinstance(customers, QuerySet) else list(customers))
    words = {reason: str(sentence) for reason, sentence in SENTENCES.items()}
    granted = Reason.GRANTED
    return {
        customer: Decision(
            verdict.reason is granted, verdict.reason, words[verdict.reason], verdict.evidence_id, verdict.until
        )
        for customer, verdict, _key in _verdicts(asked, rows)
    }


def contact_counts(
    *, actor: Actor, customers: QuerySet[Any] | Iterable[UUID], purpose: str, channel: str, at: datetime | None = None
) -> Mapping[Reason, int]:
    """How many customers there are for each answer: "2 of 3 may be contacted"."""
    answers = may_contact_many(actor=actor, customers=customers, purpose=purpose, channel=channel, at=at)
    return Counter(decision.reason for decision in answers.values())


def verdicts(
    *, purpose: str, channel: str, rows: QuerySet[Any], at: datetime
) -> Iterator[tuple[UUID, Verdict, UUID | None]]:
    """For services: each customer of `rows` with the verdict and the key of the contact point. Errors: Invalid."""
    purpose_meant = settings.find_purpose(purpose)
    asked = _Asked(purpose_meant, settings.find_channel(channel, purpose_meant), at, settings.house())
    yield from _verdicts(asked, rows)


def _verdicts(asked: _Asked, rows: QuerySet[Any]) -> Iterator[tuple[UUID, Verdict, UUID | None]]:
    if asked.purpose.is_retired:
        yield from ((pk, Verdict(Reason.PURPOSE_RETIRED), None) for pk in rows.values_list("pk", flat=True))
        return
    customers = of_queryset(rows.order_by().values("pk"))
    text, named = _named(customers)
    kind = asked.channel.point if asked.channel else PointKind.NONE
    column = _COLUMNS.get(kind)
    key = KEY_SQL.format(kind=kind.value, column=f"nullif(lower(c.{column}), '')") if column else "null::uuid"
    statement = _STATEMENT.format(key=key, customers=text, standing=STANDING)
    with transaction.atomic(), connection.cursor() as setting:
        # All of it is read: a plan made for the first rows would lose.
        setting.execute("set local cursor_tuple_fraction = 1")
        with connection.chunked_cursor() as cursor:
            cursor.execute(statement, {**_params(asked, rows), **named})
            while found := cursor.fetchmany(FETCHED):
                for row in found:
                    yield row[0], _verdict(asked, row), row[3]


def _verdict(asked: _Asked, row: tuple[Any, ...]) -> Verdict:
    _customer, reason, evidence_id, _key, until, limit_days, at, *used = row
    if reason == Reason.GRANTED and at and asked.channel:
        slots = [Slot(*values) for values in zip(at, *used, strict=True)]
        return within_caps(
            asked.purpose, asked.channel.name, asked.at, evidence_id, until, slots, limit_days, asked.house.caps
        )
    return Verdict(_REASONS[reason], evidence_id, until)


def _params(asked: _Asked, rows: QuerySet[Any]) -> dict[str, Any]:
    purpose, channel, house = asked.purpose, asked.channel, asked.house
    quiets = covering(house.quiet, purpose, channel.name) if channel else []
    zones: list[tuple[str, str]] = []
    if quiets:
        zones = list(rows.order_by().values_list("timezone", "country").distinct())
    home = settings.house_zone()
    windows = [cap.window for cap in house.caps if cap.covers(purpose, asked.channel_name)]
    if not purpose.is_service:
        windows.append(timedelta(days=LONGEST_LIMIT_DAYS))
    return {
        "at": asked.at,
        "purposes": [purpose.name] if purpose.is_service else [purpose.name, ""],
        "stop_purposes": [purpose.name, ""],
        "channels": [asked.channel_name, ""],
        "is_service": purpose.is_service,
        "standing_bases": sorted(STANDING_BASES),
        "causes": [str(cause) for cause in CAUSES],
        "stop_reasons": json.dumps(STOP_REASONS),
        "needs_point": channel is not None and channel.point is not PointKind.NONE,
        "no_contact": channel is None,
        "zones": [zone for zone, _ in zones],
        "countries": [country for _, country in zones],
        "quiet": [quiet_until(asked.at, zone_of(zone, country, home), quiets) for zone, country in zones],
        "window": max(windows, default=timedelta(0)),
    }


def _named(fragment: Fragment) -> tuple[str, dict[str, Any]]:
    """The same fragment with named parameters, to stand in a statement that has them."""
    first, *others = fragment.text.split("%s")
    text = first + "".join(f"%(asked_{place})s{part}" for place, part in enumerate(others))
    return text, {f"asked_{place}": value for place, value in enumerate(fragment.params)}
