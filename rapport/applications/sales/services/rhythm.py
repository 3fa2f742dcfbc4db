"""How deals stand against the rhythm of their customers: who has gone quiet. Told from the ledger, stored on the deal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from rapport.applications.sales.models import Deal
from rapport.applications.sales.rules.ageing import LAST_TOUCHES, quiet_from, usual_gap
from rapport.applications.sales.types import SOURCE, State
from rapport.stores.customers.queries.customers import surviving_ids

BATCH = 1000
# LATERAL looks at the newest touch points of each id alone, however long their timelines are. What sales itself tells of a
# deal is no word from or to the customer.
_LATEST = """
    select i.customer, array_agg(t.occurred_at)
    from (
        select c.id as customer, c.id from unnest(%(ids)s::uuid[]) as c (id)
        union all
        select s.id, a.absorbed_id from unnest(%(ids)s::uuid[]) as s (id)
            join customers_customeralias a on a.surviving_id = s.id
    ) i
    cross join lateral (
        select t.occurred_at from touchpoint t
        where t.customer_id = i.id and t.source <> %(source)s
          and not exists (select 1 from ledger_retraction r where r.touchpoint_id = t.id)
          and (t.batch_id is null or not exists (select 1 from ledger_retraction r where r.batch_id = t.batch_id))
        order by t.occurred_at desc limit %(most)s
    ) t
    group by i.customer
"""
_STORE = """
    update sales_deal d set last_touch_at = n.last_at, usual_gap = n.gap, quiet_from = n.quiet
    from unnest(%s::uuid[], %s::timestamptz[], %s::float8[], %s::timestamptz[]) as n (id, last_at, gap, quiet)
    where d.id = n.id and (d.last_touch_at, d.usual_gap, d.quiet_from) is distinct from (n.last_at, n.gap, n.quiet)
"""


def tell_rhythm(customer_ids: Sequence[UUID] | None = None) -> int:
    """Of open deals of these customers, or of all of them. Returns how many were looked at."""
    rows = Deal.objects.filter(state=State.OPEN, deleted_at=None)
    if customer_ids is not None:
        rows = rows.filter(customer_id__in=list(customer_ids))
    deals = list(rows.order_by("customer_id").values_list("pk", "customer_id", "created_at"))
    for start in range(0, len(deals), BATCH):
        _tell(deals[start : start + BATCH])
    return len(deals)


def _tell(deals: Sequence[tuple[UUID, UUID, datetime]]) -> None:
    standing = surviving_ids({customer for _pk, customer, _at in deals})
    touches = _latest(set(standing.values()))
    found = []
    for pk, customer, created_at in deals:
        mine = touches.get(standing[customer], [])
        gap = usual_gap(mine)
        last_at = max(mine, default=None)
        found.append((pk, last_at, gap, quiet_from(max(last_at or created_at, created_at), gap)))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_STORE, [list(part) for part in zip(*found, strict=True)])


def _latest(customers: set[UUID]) -> dict[UUID, list[datetime]]:
    with connection.cursor() as cursor:
        cursor.execute(_LATEST, {"ids": list(customers), "source": SOURCE, "most": LAST_TOUCHES})
        return {customer: list(moments) for customer, moments in cursor.fetchall()}
