"""What a customer allowed and forbade: in one glance, and entry by entry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from rapport.foundation.lib import clock
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.customers.extension_points import Holding
from rapport.stores.customers.models import Customer, CustomerAlias
from rapport.touchpoints.permission import policies
from rapport.touchpoints.permission.extension_points import channels
from rapport.touchpoints.permission.models import Consent, Evidence, EvidenceProof, Wording
from rapport.touchpoints.permission.queries import settings
from rapport.touchpoints.permission.queries.evidence import rows_about, standing
from rapport.touchpoints.permission.rules.gate import House, Question, Row, decide
from rapport.touchpoints.permission.rules.overview import Answer, ChannelReach, Reach, reach_of
from rapport.touchpoints.permission.rules.points import normalised, point_key
from rapport.touchpoints.permission.types import (
    RECORD_TYPE,
    Basis,
    Cause,
    Channel,
    Label,
    PointKind,
    Purpose,
    PurposeKind,
    Source,
    Status,
)

# Always shown; others only where something is known of them.
USUAL = ("email", "sms", "phone", "letter")
_UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class Standing:
    """Everything the panel of a customer says."""

    channels: Sequence[ChannelReach]
    rows: Mapping[UUID, Row]
    profiling: Answer | None
    paused_until: datetime | None
    limit_days: int | None
    is_paused: bool = False


@dataclass
class Entry:
    """One row of evidence with its words. Filled once."""

    id: UUID
    at: datetime
    recorded_at: datetime
    status: str
    channel: str
    purpose: str
    basis: str
    cause: str
    source: str
    actor_name: str
    expires_at: datetime | None
    touchpoint_id: UUID | None
    limit_days: int | None
    purpose_label: Label = ""
    contact_point: str = ""
    address: str = ""
    proof: str = ""
    note: str = ""
    wording: str = ""
    wording_version: int | None = None
    taken_back_by: str = ""
    words: Mapping[str, Label] = field(default_factory=dict)

    @property
    def status_label(self) -> Label:
        return Status(self.status).label

    @property
    def channel_label(self) -> Label:
        found = channels.get(self.channel)
        return found.by if found else _("by every channel")

    @property
    def icon(self) -> str:
        found = channels.get(self.channel)
        return found.icon if found else "shield"

    @property
    def basis_label(self) -> Label:
        return Basis(self.basis).label if self.basis else ""

    @property
    def cause_label(self) -> Label:
        return Cause(self.cause).label if self.cause else ""

    @property
    def source_label(self) -> Label:
        return Source(self.source).label if self.source in Source.values else self.source


def may_read(actor: Actor) -> bool:
    return actor.may(Action.READ, RECORD_TYPE)


def standing_of(customer: Customer, ids: Sequence[UUID]) -> Standing:
    """How a visible customer may be reached at their first address and number. Two queries, three for a merged customer."""
    now = clock.now()
    points = points_of(customer)
    rows = rows_about(ids, points.values())
    purposes = settings.all_purposes()
    merged_at = None
    if len(ids) > 1:
        merged_at = CustomerAlias.objects.filter(surviving_id=customer.pk).aggregate(last=Max("created_at"))["last"]

    def answer(purpose: Purpose, channel: Channel | None) -> Answer:
        asked = Question(
            purpose=purpose, channel=channel, at=now, ids=frozenset(ids), merged_at=merged_at, zone=_UTC,
            point_key=points[channel.point] if channel else None,
        )  # fmt: skip
        return Answer(purpose, decide(asked, rows, [], House()))

    named = {row.channel for row in rows}
    contact = [purpose for purpose in purposes if purpose.kind != PurposeKind.PROFILING]
    reaches = [
        reach_of(channel, [answer(purpose, channel) for purpose in contact])
        for channel in channels.values()
        if channel.name in USUAL or channel.name in named
    ]
    profiling = next((purpose for purpose in purposes if purpose.kind == PurposeKind.PROFILING), None)
    pauses = [row for row in rows if row.status in (Status.PAUSED, Status.RESUMED) and row.at <= now]
    pause = max(pauses, key=lambda row: (row.at, row.id), default=None)
    is_paused = bool(pause and pause.status == Status.PAUSED and (pause.expires_at is None or pause.expires_at > now))
    limits = [row for row in rows if row.status == Status.LIMITED and row.at <= now]
    limit = max(limits, key=lambda row: (row.at, row.id), default=None)
    return Standing(
        reaches,
        {row.id: row for row in rows},
        answer(profiling, None) if profiling else None,
        pause.expires_at if pause and is_paused else None,
        limit.limit_days if limit and limit.limit_days else None,
        is_paused,
    )


def points_of(customer: Any) -> dict[PointKind, UUID | None]:
    """The keys of a customer's first address and number."""
    region = customer.country or settings.house_region()
    texts = {PointKind.EMAIL: customer.email, PointKind.PHONE: customer.phone}
    found = {kind: point_key(kind, normalised(kind, text, region) or "") for kind, text in texts.items()}
    return {**found, PointKind.NONE: None}


def entries_of(*, actor: Actor, ids: Sequence[UUID], limit: int = 500) -> list[Entry]:
    """The evidence of a visible customer, newest first, taken-back entries marked. Four queries."""
    policies.require(actor, Action.READ)
    rows = list(Evidence.objects.filter(customer_id__in=list(ids)).order_by("-at", "-id")[:limit])
    proofs = {proof.evidence_id: proof for proof in EvidenceProof.objects.filter(pk__in=[row.pk for row in rows])}
    wordings = Wording.objects.in_bulk([row.wording_id for row in rows if row.wording_id])
    labels = {purpose.name: purpose.label for purpose in settings.all_purposes(retired=True)}
    countered = {row.parent_id: row.actor_name for row in rows if row.status == Status.RETRACTED}
    batches = {row.batch_id for row in rows if row.batch_id}
    undone = {}
    if batches:
        undone = dict(
            Evidence.objects.filter(status=Status.RETRACTED, parent_id=None, batch_id__in=batches).values_list(
                "batch_id", "actor_name"
            )
        )
    entries = []
    for row in rows:
        if row.status == Status.RETRACTED:
            continue
        kind = channels[row.channel].point if row.channel in channels else PointKind.EMAIL
        proof = proofs.get(row.pk)
        wording = wordings.get(row.wording_id) if row.wording_id else None
        entries.append(
            Entry(
                id=row.pk, at=row.at, recorded_at=row.recorded_at, status=row.status, channel=row.channel,
                purpose=row.purpose, basis=row.basis, cause=row.cause, source=row.source, actor_name=row.actor_name,
                expires_at=row.expires_at, touchpoint_id=row.touchpoint_id, limit_days=row.limit_days,
                purpose_label=labels.get(row.purpose, row.purpose) if row.purpose else _("Everything but service"),
                contact_point=proof.contact_point if proof and policies.may_see_points(actor, kind) else "",
                address=proof.address if proof else "",
                proof=proof.proof if proof else "",
                note=proof.note if proof else "",
                wording=wording.text if wording else "",
                wording_version=wording.version if wording else None,
                taken_back_by=countered.get(row.pk, "") or (undone.get(row.batch_id, "") if row.batch_id else ""),
            )
        )  # fmt: skip
    return entries


def everything(actor: Actor, ids: Sequence[UUID]) -> Iterator[dict[str, Any]]:
    """Rows in JSON form for an export of all that is known of somebody."""
    if not may_read(actor):
        return
    for entry in entries_of(actor=actor, ids=ids, limit=100_000):
        yield as_data(entry)


def as_data(entry: Entry) -> dict[str, Any]:
    """An entry in JSON form."""
    return {
        "id": str(entry.id),
        "at": entry.at.isoformat(),
        "recorded_at": entry.recorded_at.isoformat(),
        "status": entry.status,
        "channel": entry.channel,
        "purpose": entry.purpose,
        "contact_point": entry.contact_point,
        "basis": entry.basis,
        "cause": entry.cause,
        "source": entry.source,
        "by": entry.actor_name,
        "address": entry.address,
        "proof": entry.proof,
        "note": entry.note,
        "wording": entry.wording,
        "wording_version": entry.wording_version,
        "limit_days": entry.limit_days,
        "expires_at": entry.expires_at.isoformat() if entry.expires_at else None,
        "touchpoint_id": str(entry.touchpoint_id) if entry.touchpoint_id else None,
        "taken_back_by": entry.taken_back_by,
    }


def holding(actor: Actor, ids: Sequence[UUID]) -> Holding:
    return Holding(_("permissions and refusals"), standing(Evidence.objects.filter(customer_id__in=list(ids))).count())


def reaches_of(*, actor: Actor, customer_ids: Iterable[UUID]) -> dict[UUID, dict[str, Reach]]:
    """For a page of a list: by customer and channel. The caller has checked that they are visible. Two queries at most."""
    wanted = list(customer_ids)
    if not wanted or not may_read(actor):
        return {}
    service = {purpose.name for purpose in settings.all_purposes(retired=True) if purpose.is_service}
    found: dict[UUID, dict[str, Reach]] = {one: dict.fromkeys(USUAL, Reach.ASK) for one in wanted}
    rows = Consent.objects.filter(customer_id__in=wanted).values_list("customer_id", "channel", "purpose", "status")
    for customer, channel, purpose, status in rows:
        for name in [channel] if channel else USUAL:
            if name not in USUAL or (purpose not in service and purpose != "" and status == Status.EXPIRED):
                continue
            said = _said(status, is_service=purpose in service)
            if _WEIGHT[said] > _WEIGHT[found[customer][name]]:
                found[customer][name] = said
    return found


def _said(status: str, *, is_service: bool) -> Reach:
    if is_service:
        return Reach.SERVICE if status == Status.GRANTED else Reach.ASK
    return Reach.YES if status == Status.GRANTED else Reach.NO


_WEIGHT = {Reach.ASK: 0, Reach.NO: 1, Reach.SERVICE: 2, Reach.YES: 3}
