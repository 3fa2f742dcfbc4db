"""Whether somebody may be contacted: the one rule, without a database. `queries.bulk` says the same as one statement.

Asked in this order, the first that speaks decides:

1. A purpose that was retired, a channel without an address to reach: no.
2. Stops of the contact point, whoever they were recorded for. What does not arrive is not sent, whatever it is for.
   Complaints, unsubscribing and stops by hand hold for everything but service on a basis that does not need the
   customer's leave: contract, legal obligation, vital interest. Service on consent or on legitimate interest stops with
   the rest, because consent was taken back and the interest was objected to (GDPR articles 7(3) and 21).
3. The latest row of evidence that has not expired, for this contact point (or for all) and this purpose (or for all but
   service). Only a grant lets through. Nothing was ever asked: no.
4. A pause the customer took; quiet hours by the customer's clock; caps, the customer's own among them.

Merged customers: what was recorded before the merge counts for each former customer by itself, and the stricter answer
wins; what was recorded since counts alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from rapport.touchpoints.permission.rules.caps import Cap, Slot, free_at, own_cap
from rapport.touchpoints.permission.rules.quiet import Quiet, covering, quiet_until
from rapport.touchpoints.permission.types import (
    ANY,
    STOP_REASONS,
    Basis,
    Cause,
    Channel,
    PointKind,
    Purpose,
    Reason,
    Status,
)

DECIDING = frozenset({Status.GRANTED, Status.REFUSED, Status.WITHDRAWN, Status.EXPIRED})
STOPPING = frozenset({Status.STOPPED, Status.LIFTED})
PAUSING = frozenset({Status.PAUSED, Status.RESUMED})
# Service on these goes on although somebody complained or unsubscribed.
STANDING_BASES = frozenset({Basis.CONTRACT, Basis.LEGAL_OBLIGATION, Basis.VITAL_INTEREST})
# The gravest first: what is said where several stops stand.
CAUSES = (Cause.BOUNCE, Cause.COMPLAINT, Cause.UNSUBSCRIBE, Cause.BY_HAND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of evidence that was not taken back."""

    id: UUID
    at: datetime
    status: str
    customer_id: UUID | None = None  # as it was recorded, merged or not
    point_key: UUID | None = None  # None: every contact point
    channel: str = ANY
    purpose: str = ANY
    basis: str = ""
    cause: str = ANY
    expires_at: datetime | None = None
    limit_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    purpose: Purpose
    channel: Channel | None  # None: of what is done with data, no contact is made
    at: datetime
    ids: Set[UUID]  # of the customer, merged ones too
    point_key: UUID | None
    merged_at: datetime | None = None  # the last merge
    zone: ZoneInfo

    @property
    def channel_name(self) -> str:
        return self.channel.name if self.channel else ANY


@dataclass(frozen=True, slots=True)
class House:
    """What the workspace has set."""

    quiet: tuple[Quiet, ...] = ()
    caps: tuple[Cap, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    reason: Reason
    evidence_id: UUID | None = None
    until: datetime | None = None

    @property
    def allowed(self) -> bool:
        return self.reason is Reason.GRANTED


def decide(question: Question, rows: Sequence[Row], slots: Sequence[Slot], house: House) -> Verdict:
    """The answer. `rows` may hold more than concerns the question; what concerns it must be there."""
    asked = question
    if asked.purpose.is_retired:
        return Verdict(Reason.PURPOSE_RETIRED)
    if asked.channel and asked.channel.point is not PointKind.NONE and asked.point_key is None:
        return Verdict(Reason.NO_CONTACT_POINT)
    answer = _answer(asked, rows)
    stop = _stop(asked, rows, stands=bool(answer) and may_stand(asked.purpose, answer.basis if answer else ""))
    if stop:
        return Verdict(STOP_REASONS.get(stop.cause, Reason.STOPPED), stop.id, stop.expires_at)
    if answer is None:
        pending = _newest(row for row in rows if row.status == Status.PENDING and _counts(row, asked))
        return Verdict(Reason.PENDING if pending else Reason.NOT_ASKED, pending.id if pending else None)
    if answer.status != Status.GRANTED:
        return Verdict(Reason(answer.status), answer.id)
    if asked.channel is None:
        return Verdict(Reason.GRANTED, answer.id, answer.expires_at)
    if not asked.purpose.is_service:
        pauses = [row for row in _of_each(asked, rows, lambda row: row.status in PAUSING) if _pauses(row, asked.at)]
        if newest := _newest(pauses):
            ends = [row.expires_at for row in pauses]
            return Verdict(Reason.PAUSED, newest.id, None if None in ends else max(end for end in ends if end))
    quiet = quiet_until(asked.at, asked.zone, covering(house.quiet, asked.purpose, asked.channel.name))
    if quiet:
        return Verdict(Reason.QUIET_HOURS, answer.id, quiet)
    return within_caps(
        asked.purpose,
        asked.channel.name,
        asked.at,
        answer.id,
        answer.expires_at,
        slots,
        own_limit(asked, rows),
        house.caps,
    )


def within_caps(
    purpose: Purpose,
    channel: str,
    at: datetime,
    evidence_id: UUID,
    expires_at: datetime | None,
    slots: Sequence[Slot],
    limit_days: int | None,
    caps: Iterable[Cap],
) -> Verdict:
    """The last step: everything else lets the message through."""
    own = [own_cap(limit_days)] if limit_days and not purpose.is_service else []
    crowded: Verdict | None = None
    for cap in (*own, *(cap for cap in caps if cap.covers(purpose, channel))):
        free = free_at(cap, slots, at)
        if free > at and (crowded is None or crowded.until is None or free > crowded.until):
            crowded = Verdict(Reason.OWN_LIMIT if cap.is_own else Reason.CAP_REACHED, evidence_id, free)
    return crowded or Verdict(Reason.GRANTED, evidence_id, expires_at)


def may_stand(purpose: Purpose, basis: str) -> bool:
    """Whether what was granted on this basis goes on after a complaint, unsubscribing or a stop by hand."""
    return purpose.is_service and basis in STANDING_BASES


def own_limit(asked: Question, rows: Sequence[Row]) -> int | None:
    """At most once in so many days, as the customer wishes; the strictest of merged customers."""
    wishes = [row.limit_days for row in _of_each(asked, rows, lambda row: row.status == Status.LIMITED)]
    return max((days for days in wishes if days), default=None)


def _answer(asked: Question, rows: Sequence[Row]) -> Row | None:
    found = _of_each(asked, rows, lambda row: row.status in DECIDING and not _is_over(row, asked.at))
    return _newest(row for row in found if row.status != Status.GRANTED) or _newest(found)


def _stop(asked: Question, rows: Sequence[Row], *, stands: bool) -> Row | None:
    about = [row for row in rows if row.status in STOPPING and _hits(row, asked) and not _is_over(row, asked.at)]
    lifts = [row for row in about if row.status == Status.LIFTED]
    standing = [
        row
        for row in about
        if row.status == Status.STOPPED
        and (row.cause == Cause.BOUNCE or not stands)
        and not any(_lifts(lift, row) for lift in lifts)
    ]
    return min(standing, key=lambda row: (_gravity(row.cause), -row.at.timestamp(), row.id), default=None)


def _gravity(cause: str) -> int:
    return next((place for place, known in enumerate(CAUSES) if known == cause), len(CAUSES))


def _lifts(lift: Row, stop: Row) -> bool:
    """A lift reaches the stops within its own scope that are older."""
    return (
        (lift.at, lift.id) > (stop.at, stop.id)
        and lift.cause in (ANY, stop.cause)
        and lift.channel in (ANY, stop.channel)
        and lift.purpose in (ANY, stop.purpose)
        and lift.point_key == stop.point_key
    )


def _hits(row: Row, asked: Question) -> bool:
    """Whether a stop (or its lift) concerns the question: by the point, whoever's; or by the customer."""
    if (
        row.at > asked.at
        or row.channel not in (ANY, asked.channel_name)
        or row.purpose not in (ANY, asked.purpose.name)
    ):
        return False
    if row.point_key is not None:
        return row.point_key == asked.point_key
    return row.customer_id in asked.ids


def _counts(row: Row, asked: Question) -> bool:
    """Whether a row speaks of the customer, the channel, the contact point and the purpose, and did so already."""
    return (
        row.customer_id in asked.ids
        and row.at <= asked.at
        and row.channel in (ANY, asked.channel_name)
        and row.point_key in (None, asked.point_key)
        and (row.purpose == asked.purpose.name or (row.purpose == ANY and not asked.purpose.is_service))
        and not (row.status == Status.PENDING and _is_over(row, asked.at))
    )


def _of_each(asked: Question, rows: Sequence[Row], wanted: Callable[[Row], bool]) -> list[Row]:
    """The latest row since the last merge; where there is none, the latest of each former customer."""
    latest: dict[UUID | None, Row] = {}
    for row in rows:
        if wanted(row) and _counts(row, asked):
            since = asked.merged_at is None or row.at > asked.merged_at
            former = None if since else row.customer_id
            if former not in latest or (row.at, row.id) > (latest[former].at, latest[former].id):
                latest[former] = row
    return [latest[None]] if None in latest else list(latest.values())


def _pauses(row: Row, at: datetime) -> bool:
    return row.status == Status.PAUSED and not _is_over(row, at)


def _is_over(row: Row, at: datetime) -> bool:
    return row.expires_at is not None and row.expires_at <= at


def _newest(rows: Iterable[Row]) -> Row | None:
    return max(rows, key=lambda row: (row.at, row.id), default=None)
