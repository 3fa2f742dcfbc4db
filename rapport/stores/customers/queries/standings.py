"""Where every customer stands, as SQL for insight to store elsewhere: a million rows that never travel through Python."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count

from rapport.foundation.records.queries.fragments import Fragment
from rapport.stores.customers.models import Score

# customer_id, value and spread in hundredths, p_alive, purchases, products, phase, tier, source, kind, recruited_at
_NOW = """
    select s.customer_id, round(s.lifetime_value * 100)::bigint as value,
        coalesce(round((s.high - s.low) * 100), 0)::bigint as spread, s.p_alive::float8 as p_alive,
        case when s.last_order_on is null then 0 else s.frequency + 1 end as purchases,
        coalesce(cardinality(l.first_products) + jsonb_array_length(l.extensions), 0) as products,
        coalesce(l.phase, '') as phase, s.tier, c.source, c.kind, l.recruited_at
    from customers_score s
    join customers_customer c on c.id = s.customer_id and c.deleted_at is null and c.merged_into_id is null
    left join customers_lifecycle l on l.customer_id = s.customer_id
    where s.lifetime_value is not null
"""
# customer_id, products, phase, source, kind, recruited_at
_THEN = """
    select c.id as customer_id,
        case when l.recruited_at <= %s then cardinality(l.first_products) + (
            select count(*) from jsonb_array_elements(l.extensions) e where (e ->> 'at')::timestamptz <= %s
        ) else 0 end as products,
        coalesce(p.phase, '') as phase, c.source, c.kind, l.recruited_at
    from customers_customer c
    left join customers_lifecycle l on l.customer_id = c.id
    left join lateral (
        select phase from customers_customerphase p
        where p.customer_id = c.id and p.since <= %s and (p.until is null or p.until > %s)
        order by p.position desc limit 1
    ) p on true
    where c.deleted_at is null and c.merged_into_id is null
"""
# customer_id, since, until: when somebody was a customer
_TIMES = """
    select customer_id, since, coalesce(until, 'infinity') as until
    from customers_customerphase where phase in ('onboarding', 'loyal', 'growing', 'at_risk', 'won_back')
"""


def standings() -> Fragment:
    """Everyone who has a value, now."""
    return Fragment(_NOW)


def lives_at(at: datetime) -> Fragment:
    """Phase and products of everyone at an instant, by what is known now; their value is told by others."""
    return Fragment(_THEN, (at,) * 4)


def times_as_customer() -> Fragment:
    """From when until when somebody was a customer; one customer's times do not overlap."""
    return Fragment(_TIMES)


def aliases() -> Fragment:
    """absorbed_id, surviving_id"""
    return Fragment("select absorbed_id, surviving_id from customers_customeralias")


def reasons_without_value() -> list[tuple[str, int]]:
    """Why customers who bought have no value, and how many each; the most first. One query."""
    rows = Score.objects.filter(lifetime_value=None).values_list("reason").annotate(count=Count("pk"))
    return [(reason, count) for reason, count in rows.order_by("-count")]
