# ruff: noqa: S608 (only names of columns of ours are put together; values are parameters)
"""Touch points of the ledger that tell of orders and subscriptions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from rapport.stores.commerce.models import TakenTouchpoint
from rapport.stores.commerce.rules import reading
from rapport.stores.commerce.rules.reading import Heard
from rapport.stores.commerce.types import SOURCE

BATCH = 4000

_COLUMNS = "t.id, t.customer_id, t.occurred_at, t.channel, t.kind, t.source, t.source_id, t.amount, t.currency, t.properties, t.batch_id"
_STANDING = (
    "not exists (select 1 from ledger_retraction r where r.touchpoint_id = t.id)"
    " and (t.batch_id is null or not exists (select 1 from ledger_retraction r where r.batch_id = t.batch_id))"
)
_NEWS = (
    f"select {_COLUMNS} from touchpoint t where t.kind = any(%(kinds)s) and t.source <> %(own)s"
    " and (%(since)s::timestamptz is null or t.recorded_at >= %(since)s)"
    " and case when t.kind = 'order_placed' then jsonb_typeof(t.properties -> 'lines') = 'array'"
    "  when t.kind = 'subscription_started' then true"
    "  else jsonb_exists_any(t.properties, array['number', 'order_number', 'order', 'order_id', 'subscription']) end"
    " and not exists (select 1 from commerce_taken k where k.touchpoint_id = t.id)"
    f" and {_STANDING} order by t.occurred_at, t.id limit %(limit)s"
)


def news(since: datetime | None) -> list[Heard]:
    """The oldest that were recorded since and not dealt with yet, at most BATCH."""
    with connection.cursor() as cursor:
        cursor.execute(_NEWS, {"kinds": sorted(reading.KINDS), "own": SOURCE, "since": since, "limit": BATCH})
        return _heard(cursor.fetchall())


def again(rows: Iterable[TakenTouchpoint]) -> list[Heard]:
    """The touch points of rows that were left waiting, or taken back and restored since."""
    rows = list(rows)
    if not rows:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            f"select {_COLUMNS} from touchpoint t where t.customer_id = any(%s) and t.id = any(%s) and {_STANDING}",
            [list({row.customer_id for row in rows}), [row.touchpoint_id for row in rows]],
        )
        return _heard(cursor.fetchall())


def _heard(rows: Iterable[Sequence[Any]]) -> list[Heard]:
    return [
        Heard(
            id=id_, customer_id=customer_id, occurred_at=occurred_at, channel=channel, kind=kind, source=source,
            source_id=source_id, amount=amount, currency=currency, batch_id=batch_id,
            properties=json.loads(properties) if isinstance(properties, str) else properties,
        )
        for id_, customer_id, occurred_at, channel, kind, source, source_id, amount, currency, properties, batch_id in rows
    ]  # fmt: skip
