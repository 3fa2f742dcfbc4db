"""The last touch point of each of a page of customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from rapport.foundation.records.types import Field, FieldKind
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.ledger.policies import RECORD_TYPE

# LATERAL looks at the newest row of each id alone, however long their timelines are; grouping would read all of them.
# It does not run on a table that is distributed over servers: there this query becomes a rollup, and only here.
_LAST = """
    select distinct on (i.customer) i.customer, t.occurred_at, t.channel, t.kind
    from (
        select c.id as customer, c.id from unnest(%(ids)s::uuid[]) as c (id)
        union all
        select a.surviving_id, a.absorbed_id from customers_customeralias a where a.surviving_id = any(%(ids)s)
    ) i
    cross join lateral (
        select t.occurred_at, t.channel, t.kind from touchpoint t
        where t.customer_id = i.id
          and not exists (select 1 from ledger_retraction r where r.touchpoint_id = t.id)
          and (t.batch_id is null or not exists (select 1 from ledger_retraction r where r.batch_id = t.batch_id))
        order by t.occurred_at desc limit 1
    ) t
    order by i.customer, t.occurred_at desc
"""


@dataclass(frozen=True)
class Activity:
    """When and how somebody was last in touch."""

    occurred_at: datetime
    channel: str
    kind: str


def activity(*, actor: Actor, customer_ids: Sequence[UUID]) -> dict[UUID, Activity]:
    """By customer id, over all ids merged into each; one statement. The caller has checked that they are visible."""
    if not customer_ids or not actor.may(Action.READ, RECORD_TYPE):
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_LAST, {"ids": list(customer_ids)})
        return {customer: Activity(*rest) for customer, *rest in cursor.fetchall()}


class LastTouch:
    """The list column "Last touch point" of customers."""

    field = Field(
        name="last_touch_at",
        label=_("Last touch point"),
        kind=FieldKind.INSTANT,
        editable=False,
        importable=False,
        filterable=False,
        default_column=True,
    )

    def values(self, actor: Actor, ids: Sequence[UUID]) -> Mapping[UUID, Any]:
        return {customer: last.occurred_at for customer, last in activity(actor=actor, customer_ids=ids).items()}
