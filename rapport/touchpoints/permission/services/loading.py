"""Bringing in much evidence at once as one batch, and taking the batch back with one row that names it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from rapport.foundation.lib import clock, ids
from rapport.foundation.workspace.types import Action, Actor
from rapport.touchpoints.permission import policies
from rapport.touchpoints.permission.extension_points import channels
from rapport.touchpoints.permission.models import Evidence, EvidenceProof
from rapport.touchpoints.permission.rules.points import point_key
from rapport.touchpoints.permission.services.standing import tell
from rapport.touchpoints.permission.types import PointKind, Source, Status

BATCH = 5_000


class NewEvidence(NamedTuple):
    """As the model, without its cost: there are thousands. `contact_point` is normalised."""

    customer_id: UUID
    status: str
    at: datetime
    channel: str = ""
    purpose: str = ""
    contact_point: str = ""
    basis: str = ""
    cause: str = ""
    source: str = Source.IMPORT
    proof: str = ""
    note: str = ""
    limit_days: int | None = None
    expires_at: datetime | None = None


@transaction.atomic
def load_evidence(*, actor: Actor, batch_id: UUID, rows: Iterable[NewEvidence]) -> int:
    """Append all of it; returns how many rows that were. The caller has checked whose it is. Errors: NotAllowed."""
    policies.require(actor, Action.CREATE)
    now = clock.now()
    evidence: list[Evidence] = []
    proofs: list[EvidenceProof] = []
    for row in rows:
        kind = channels[row.channel].point if row.channel in channels else PointKind.NONE
        made = Evidence(
            id=ids.new_id(row.at), customer_id=row.customer_id, point_key=point_key(kind, row.contact_point),
            channel=row.channel, purpose=row.purpose, status=row.status, basis=row.basis, cause=row.cause, source=row.source,
            batch_id=batch_id, limit_days=row.limit_days, at=row.at, recorded_at=now, expires_at=row.expires_at,
            member_id=actor.member_id, actor_name=actor.name[:150],
        )  # fmt: skip
        evidence.append(made)
        if row.contact_point or row.proof or row.note:
            proofs.append(
                EvidenceProof(
                    evidence_id=made.pk, customer_id=row.customer_id, contact_point=row.contact_point,
                    proof=row.proof[:500], note=row.note[:1000],
                )
            )  # fmt: skip
    Evidence.objects.bulk_create(evidence, batch_size=BATCH)
    EvidenceProof.objects.bulk_create(proofs, batch_size=BATCH)
    tell({row.customer_id for row in evidence if row.customer_id})
    return len(evidence)


@transaction.atomic
def unload_evidence(*, actor: Actor, batch_id: UUID) -> int:
    """Counter the whole batch; its addresses and notes go. Returns how many rows no longer count."""
    rows = Evidence.objects.filter(batch_id=batch_id).exclude(status=Status.RETRACTED)
    customers = set(rows.values_list("customer_id", flat=True))
    if not customers:
        return 0
    now = clock.now()
    Evidence.objects.create(
        status=Status.RETRACTED,
        batch_id=batch_id,
        at=now,
        recorded_at=now,
        member_id=actor.member_id,
        actor_name=actor.name[:150],
    )
    EvidenceProof.objects.filter(evidence_id__in=rows.values("pk")).delete()
    tell({customer for customer in customers if customer})
    return rows.count()
