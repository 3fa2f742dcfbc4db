"""How deals stand against the rhythm of their customers: who has gone quiet. Told from the ledger, stored on the deal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from rapport.applications.sales.rules.ageing import LAST_TOUCHES, quiet_from, usual_gap
from rapport.applications.sales.types import CHANNEL

BATCH = 2000
# LATERAL looks at the newest touch points of each id alone, however long their timelines are. What sales itself tells of a
# deal is no word from or to the customer. A deal may name a customer who was merged since.
_LATEST = """
    select d.id, d.created_at, t.moments
    from (
        select id, customer_id, created_at from sales_deal
        where state = 'open' and deleted_at is null and id > %(after)s
          and (%(customers)s::uuid[] is null or customer_id = any(%(customers)s))
        order by id limit %(batch)s
    ) d
    left join customers_customeralias s on s.absorbed_id = d.customer_id
    cross join lateral (
        select array_agg(n.occurred_at) as moments
        from (
            select coalesce(s.surviving_id, d.customer_id) as id
            union all
            select a.absorbed_id from customers_customeralias a
                where a.surviving_id = coalesce(s.surviving_id, d.customer_id)
        ) i
        cross join lateral (
            select t.occurred_at from touchpoint t
            where t.customer_id = i.id and t.channel <> %(channel)s
              and not exists (select 1 from ledger_retraction r where r.touchpoint_id = t.id)
              and (t.batch_id is null or not exists (select 1 from ledger_retraction r where r.batch_id = t.batch_id))
            order by t.occurred_at desc limit %(most)s
        ) n
    ) t
    order by d.id
"""
_STORE = """
    update sales_deal d set last_touch_at = n.last_at, usual_gap = n.gap, quiet_from = n.quiet
    from unnest(%s::uuid[], %s::timestamptz[], %s::float8[], %s::timestamptz[]) as n (id, last_at, gap, quiet)
    where d.id = n.id and (d.last_touch_at, d.usual_gap, d.quiet_from) is distinct from (n.last_at, n.gap, n.quiet)
"""
_Row = tuple[UUID, datetime, list[datetime] | None]


def tell_rhythm(customer_ids: Sequence[UUID] | None = None) -> int:
    """Of open deals of these customers, or of all of them. Returns how many were looked at. Two statements a batch."""
    looked_at, after = 0, UUID(int=0)
    while True:
        rows = _latest(after, None if customer_ids is None else list(customer_ids))
        if rows:
            _store(rows)
            looked_at, after = looked_at + len(rows), rows[-1][0]
        if len(rows) < BATCH:
            return looked_at


def _latest(after: UUID, customers: list[UUID] | None) -> list[_Row]:
    given = {"after": after, "customers": customers, "batch": BATCH, "channel": CHANNEL, "most": LAST_TOUCHES}
    with connection.cursor() as cursor:
        cursor.execute(_LATEST, given)
        return cursor.fetchall()


def _store(rows: Sequence[_Row]) -> None:
    found = []
    for pk, created_at, moments in rows:
        gap = usual_gap(moments or [])
        last_at = max(moments or [], default=None)
        found.append((pk, last_at, gap, quiet_from(max(last_at or created_at, created_at), gap)))
    with connection.cursor() as cursor:
        cursor.execute(_STORE, [list(part) for part in zip(*found, strict=True)])
