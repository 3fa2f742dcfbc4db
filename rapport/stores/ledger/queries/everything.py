"""All touch points of one customer: for an export of what is known of them, and how many there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.extension_points import Holding
from rapport.stores.ledger.models import Touchpoint
from rapport.stores.ledger.queries.timeline import Timeline, timeline
from rapport.stores.ledger.queries.touchpoints import standing

PAGE = 500


def everything(actor: Actor, ids: Sequence[UUID]) -> Iterator[dict[str, Any]]:
    """Rows in JSON form, newest first, a page at a time."""
    page: Timeline | None = None
    while page is None or page.earlier:
        page = timeline(actor=actor, customer_id=ids[0], ids=ids, before=page.earlier if page else None, limit=PAGE)
        for entry in page.entries:
            yield {
                "id": str(entry.id),
                "occurred_at": entry.occurred_at.isoformat(),
                "recorded_at": entry.recorded_at.isoformat(),
                "channel": entry.channel,
                "kind": entry.kind,
                "direction": entry.direction,
                "source": entry.source,
                "subject": entry.subject,
                "amount": None if entry.amount is None else format(entry.amount, "f"),
                "currency": entry.currency,
                "properties": dict(entry.properties),
                "content": entry.content,
                "member": entry.member_name,
            }


def holding(actor: Actor, ids: Sequence[UUID]) -> Holding:
    return Holding(_("touch points"), standing(Touchpoint.objects.filter(customer_id__in=ids)).count())
