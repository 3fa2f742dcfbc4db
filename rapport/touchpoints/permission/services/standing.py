"""Tells where permissions stand, for lists and conditions: the gate's rule for each channel, address and purpose named."""

# ruff: noqa: S608 (the text is ours alone; values are parameters)
from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from rapport.foundation.lib import clock
from rapport.stores.customers.models import CustomerAlias, Merge
from rapport.stores.customers.queries.customers import surviving_ids
from rapport.touchpoints.permission.models import Consent, ConsentsTold
from rapport.touchpoints.permission.queries.bulk import STANDING
from rapport.touchpoints.permission.queries.settings import all_purposes
from rapport.touchpoints.permission.rules.gate import STANDING_BASES

AT_ONCE = 10_000

_TELL = f"""
with asked as (select unnest(%(ids)s::uuid[]) as id),
aliases as materialized (
    select a.absorbed_id, a.surviving_id, a.created_at from customers_customeralias a
    where a.surviving_id in (select id from asked)
),
ids as (select id as customer, id as one from asked union all select surviving_id, absorbed_id from aliases),
merged as (select surviving_id as customer, max(created_at) as at from aliases group by surviving_id),
mine as materialized (
    select i.customer, e.id, e.at, e.status, e.basis, e.source, e.expires_at, e.customer_id, e.channel, e.purpose, e.point_key,
        (m.at is null or e.at > m.at) as since, (e.expires_at is not null and e.expires_at <= %(now)s) as is_over
    from permission_evidence e
    join ids i on i.one = e.customer_id
    left join merged m on m.customer = i.customer
    where e.status in ('granted', 'refused', 'withdrawn', 'expired') and {STANDING}
),
named as (select distinct customer, channel, purpose, point_key from mine),
fitting as (
    select n.channel as to_channel, n.purpose as to_purpose, n.point_key as to_point, m.*
    from named n join mine m on m.customer = n.customer and m.channel in (n.channel, '')
        and (m.purpose = n.purpose or (m.purpose = '' and not n.purpose = any(%(service)s)))
        and (m.point_key is null or m.point_key is not distinct from n.point_key)
),
latest as (
    select distinct on (customer, to_channel, to_purpose, to_point, is_over, since, case when since then null else customer_id end) *
    from fitting
    order by customer, to_channel, to_purpose, to_point, is_over, since, case when since then null else customer_id end,
        at desc, id desc
),
told as (
    select distinct on (customer, to_channel, to_purpose, to_point) *
    from latest
    order by customer, to_channel, to_purpose, to_point, is_over, since desc, (status = 'granted'), at desc, id desc
)
insert into permission_consent (id, customer_id, channel, purpose, point_key, status, basis, source, since, until, evidence_id)
select gen_random_uuid(), t.customer, t.to_channel, t.to_purpose, t.to_point,
    case when t.is_over then 'expired'
         when t.status = 'granted' and exists (
            select 1 from permission_evidence e
            where e.status = 'stopped' and e.point_key = t.to_point and e.channel in (t.to_channel, '')
              and e.purpose in (t.to_purpose, '') and (e.expires_at is null or e.expires_at > %(now)s) and {STANDING}
              and (e.cause = 'bounce' or not (t.to_purpose = any(%(service)s) and t.basis = any(%(standing_bases)s)))
              and not exists (
                select 1 from permission_evidence l
                where l.status = 'lifted' and l.point_key = e.point_key and (l.at, l.id) > (e.at, e.id)
                  and l.cause in ('', e.cause) and l.channel in ('', e.channel) and l.purpose in ('', e.purpose)
                  and not exists (
                    select 1 from permission_evidence r where r.status = 'retracted' and r.parent_id = l.id)))
         then 'stopped' else t.status end,
    t.basis, t.source, t.at, t.expires_at, t.id
from told t
"""


@transaction.atomic
def tell(customer_ids: Iterable[UUID]) -> None:
    """Tell the consents of these customers anew, merged ids resolved."""
    standing = sorted(set(surviving_ids(customer_ids).values()))
    service = [purpose.name for purpose in all_purposes(retired=True) if purpose.is_service]
    for start in range(0, len(standing), AT_ONCE):
        _tell(standing[start : start + AT_ONCE], service)


def tell_point(point_key: UUID) -> None:
    """A stop reaches everybody who has the address."""
    tell(Consent.objects.filter(point_key=point_key).values_list("customer_id", flat=True))


def tell_due() -> int:
    """Take up what time and merging changed since the last time; returns how many customers that were."""
    now = clock.now()
    last, _ = ConsentsTold.objects.get_or_create(pk=1, defaults={"told_at": now})
    due = set(Consent.objects.filter(until__lte=now).exclude(status="expired").values_list("customer_id", flat=True))
    merged = CustomerAlias.objects.filter(created_at__gte=last.told_at).values_list("absorbed_id", "surviving_id")
    parted = Merge.objects.filter(undone_at__gte=last.told_at).values_list("absorbed_id", "surviving_id")
    for pair in (*merged, *parted):
        due.update(pair)
    tell(due)
    ConsentsTold.objects.filter(pk=1).update(told_at=now)
    return len(due)


def _tell(standing: list[UUID], service: list[str]) -> None:
    absorbed = CustomerAlias.objects.filter(surviving_id__in=standing).values_list("absorbed_id", flat=True)
    with connection.cursor() as cursor:
        # Two who tell the same customer would both write the same row.
        cursor.execute(
            "select pg_advisory_xact_lock(hashtext(current_schema() || 'consents'), stripe)"
            " from (select stripe from unnest(%s::int[]) as s (stripe) order by stripe offset 0) ordered",
            [sorted({one.int % 256 for one in standing})],
        )
        cursor.execute("delete from permission_consent where customer_id = any(%s)", [[*standing, *absorbed]])
        params: dict[str, list[UUID] | list[str] | datetime] = {
            "ids": standing,
            "now": clock.now(),
            "service": service,
            "standing_bases": sorted(basis.value for basis in STANDING_BASES),
        }
        cursor.execute(_TELL, params)
