"""Reading the permission ledger. What was taken back is left out of everything but the history."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from rapport.touchpoints.permission.models import Evidence
from rapport.touchpoints.permission.rules.gate import STOPPING, Row
from rapport.touchpoints.permission.types import Status


def standing(rows: QuerySet[Evidence]) -> QuerySet[Evidence]:
    """Without rows that were taken back, and without what took them back."""
    taken_back = Evidence.objects.filter(status=Status.RETRACTED)
    return rows.exclude(status=Status.RETRACTED).filter(
        ~Exists(taken_back.filter(parent_id=OuterRef("pk"))),
        Q(batch_id=None) | ~Exists(taken_back.filter(parent_id=None, batch_id=OuterRef("batch_id"))),
    )


def rows_about(ids: Iterable[UUID], point_keys: Iterable[UUID | None]) -> list[Row]:
    """All that stands about a customer (over all ids) and stops of these contact points, whoever's."""
    keys = [key for key in point_keys if key]
    of_customer = Q(customer_id__in=list(ids))
    of_point = Q(point_key__in=keys, status__in=list(STOPPING))
    wanted = of_customer | of_point if keys else of_customer
    return [as_row(row) for row in standing(Evidence.objects.filter(wanted))]


def as_row(row: Evidence) -> Row:
    return Row(
        id=row.id,
        at=row.at,
        status=row.status,
        customer_id=row.customer_id,
        point_key=row.point_key,
        channel=row.channel,
        purpose=row.purpose,
        basis=row.basis,
        cause=row.cause,
        expires_at=row.expires_at,
        limit_days=row.limit_days,
    )
