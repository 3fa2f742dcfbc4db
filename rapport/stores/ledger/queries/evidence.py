"""What the ledger knows about the life cycle of customers: purchases, cancellations and endings that stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from rapport.stores.customers.types import Evidence

# An order has a number that its cancellation and its repetition share; a subscription's number says nothing of the kind,
# since each renewal carries it again. Categories tell what is new to somebody; names do where there are none.
_EVIDENCE = """
    select t.customer_id, t.id, t.occurred_at, t.kind, t.channel,
        case when t.kind like 'order%%' then
            coalesce(t.properties ->> 'number', t.properties ->> 'order_number', t.properties ->> 'order', '') else '' end,
        coalesce(
            case when jsonb_typeof(t.properties -> 'lines') = 'array' then
                (select array_agg(l.product order by l.place) from (
                    select coalesce(nullif(line ->> 'category', ''), line ->> 'name', line ->> 'sku') as product, place
                    from jsonb_array_elements(t.properties -> 'lines') with ordinality as e (line, place)
                    where jsonb_typeof(line) = 'object') l
                where l.product <> '')
            end,
            array_remove(array[coalesce(
                nullif(t.properties ->> 'category', ''), nullif(t.properties ->> 'product', ''), nullif(t.properties ->> 'plan', ''))],
                null)),
        coalesce(nullif(t.properties ->> 'campaign', ''), t.properties ->> 'utm_campaign', '')
    from touchpoint t
    where t.customer_id = any(%(ids)s) and t.kind = any(%(kinds)s)
      and not exists (select 1 from ledger_retraction r where r.touchpoint_id = t.id)
      and (t.batch_id is null or not exists (select 1 from ledger_retraction r where r.batch_id = t.batch_id))
"""
# Recorded lately: by the BRIN index. Taken back lately, one by one or whole batches: by the retractions.
_TOUCHED = """
    select t.customer_id from touchpoint t where t.recorded_at >= %(at)s and t.kind = any(%(kinds)s)
    union
    select r.customer_id from ledger_retraction r where r.at >= %(at)s and r.customer_id is not null
    union
    select t.customer_id from touchpoint t join ledger_retraction r on r.batch_id = t.batch_id
    where r.at >= %(at)s and t.kind = any(%(kinds)s)
"""
LONGEST = 200


class LedgerEvidence:
    def evidence(self, ids: Sequence[UUID], kinds: Sequence[str]) -> Iterable[tuple[UUID, Evidence]]:
        with connection.cursor() as cursor:
            cursor.execute(_EVIDENCE, {"ids": list(ids), "kinds": list(kinds)})
            rows = cursor.fetchall()
        for customer_id, id_, at, kind, channel, reference, products, campaign in rows:
            known = tuple(dict.fromkeys(one[:LONGEST] for one in products))
            yield (
                customer_id,
                Evidence(
                    id=id_,
                    at=at,
                    kind=kind,
                    channel=channel,
                    reference=reference,
                    products=known,
                    campaign=campaign[:LONGEST],
                ),
            )

    def touched_since(self, at: datetime, kinds: Sequence[str]) -> Iterable[UUID]:
        with connection.cursor() as cursor:
            cursor.execute(_TOUCHED, {"at": at, "kinds": list(kinds)})
            return [customer_id for (customer_id,) in cursor.fetchall()]
