"""Stopped addresses: all of them newest first, or what is known of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rapport.foundation.lib import clock
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.queries.customers import names_of
from rapport.touchpoints.permission import policies
from rapport.touchpoints.permission.models import Evidence, EvidenceProof
from rapport.touchpoints.permission.queries.evidence import standing
from rapport.touchpoints.permission.queries.settings import house_region
from rapport.touchpoints.permission.rules.points import normalised, point_key
from rapport.touchpoints.permission.types import Cause, Label, PointKind, Source, Status

PAGE = 50


@dataclass(frozen=True)
class Stop:
    id: UUID
    at: datetime
    contact_point: str
    cause: Label
    source: Label
    actor_name: str
    note: str
    customer_id: UUID | None
    customer_name: str
    lifted_at: datetime | None
    lifted_by: str
    is_over: bool

    @property
    def holds(self) -> bool:
        return self.lifted_at is None and not self.is_over


def stops(*, actor: Actor, said: str = "", before: datetime | None = None) -> tuple[list[Stop], bool, datetime | None]:
    """A page of stops, newest first; with words, those of that very address. Returns also whether the words are an
    address, and where the next page begins. Errors: NotAllowed."""
    policies.require_settings(actor)
    rows = standing(Evidence.objects.filter(status=Status.STOPPED, point_key__isnull=False)).order_by("-at", "-id")
    keys = keys_of(said) if said else []
    if said:
        rows = rows.filter(point_key__in=keys)
    if before:
        rows = rows.filter(at__lt=before)
    found = list(rows[: PAGE + 1])
    shown = found[:PAGE]
    return _as_stops(actor, shown), bool(keys) or not said, shown[-1].at if len(found) > PAGE else None


def keys_of(said: str) -> list[UUID]:
    """The keys an address or number would have."""
    pairs = ((kind, normalised(kind, said, house_region())) for kind in (PointKind.EMAIL, PointKind.PHONE))
    return [key for kind, point in pairs if point and (key := point_key(kind, point))]


def _as_stops(actor: Actor, rows: Sequence[Evidence]) -> list[Stop]:
    proofs = {row.evidence_id: row for row in EvidenceProof.objects.filter(pk__in=[row.pk for row in rows])}
    keys = {row.point_key for row in rows if row.point_key}
    lifts = list(standing(Evidence.objects.filter(status=Status.LIFTED, point_key__in=keys)).order_by("at"))
    names = names_of(actor=actor, customer_ids=[row.customer_id for row in rows if row.customer_id])
    now = clock.now()
    found = []
    for row in rows:
        lift = next((one for one in lifts if _lifts(one, row)), None)
        proof = proofs.get(row.pk)
        found.append(
            Stop(
                id=row.pk, at=row.at, contact_point=proof.contact_point if proof else "", cause=Cause(row.cause).label if row.cause else "",
                source=Source(row.source).label, actor_name=row.actor_name, note=proof.note if proof else "",
                customer_id=row.customer_id if row.customer_id in names else None,
                customer_name=names.get(row.customer_id, "") if row.customer_id else "",
                lifted_at=lift.at if lift else None, lifted_by=lift.actor_name if lift else "",
                is_over=row.expires_at is not None and row.expires_at <= now,
            )
        )  # fmt: skip
    return found


def _lifts(lift: Evidence, stop: Evidence) -> bool:
    return (
        lift.point_key == stop.point_key
        and (lift.at, lift.pk) > (stop.at, stop.pk)
        and lift.cause in ("", stop.cause)
        and lift.channel in ("", stop.channel)
        and lift.purpose in ("", stop.purpose)
    )
