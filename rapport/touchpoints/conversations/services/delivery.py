"""Handing over what is due. Runs in workers, several at a time; killed at any point it sends nothing twice and loses nothing.

1. Claim one row: its sender is locked, the rates are asked, the row is taken with SKIP LOCKED, marked, and committed.
2. In a second transaction lock the row again, ask the permit again, hand over, and write down what came of it.

A worker that dies in step 2 leaves a claimed row whose lock is gone. Whoever looks next finds it so and marks it uncertain:
the other side may have taken it, so nobody sends it again but a person who writes it anew. Should a worker lose its
database in step 2 and live, it knows what came of it, and says so once the database is back.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import DatabaseError, connection, transaction

from rapport.foundation.lib import clock, ids
from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import SYSTEM
from rapport.touchpoints.channels.messages import Adapter, File, Handing, Outgoing
from rapport.touchpoints.channels.outcomes import Accepted, Closed, Deferred, Failed, Outcome, Unknown
from rapport.touchpoints.conversations.extension_points import adapters
from rapport.touchpoints.conversations.models import MessageContent, MessageFile, OutboxRow
from rapport.touchpoints.conversations.rules import outbox as rules
from rapport.touchpoints.conversations.services.ending import end, give_back, tell
from rapport.touchpoints.conversations.types import Cause, State
from rapport.touchpoints.permission.queries.gate import still_holds
from rapport.touchpoints.permission.queries.settings import find_purpose
from rapport.touchpoints.permission.services import evidence, links
from rapport.touchpoints.permission.types import PASSING, Source, Status
from rapport.touchpoints.permission.types import Cause as StopCause

_log = logging.getLogger(__name__)
TURN_SECONDS, MOST_IN_A_TURN = 10.0, 100  # then the next sender has its turn
# Between the claim and the lock of step 2 a living worker holds nothing; it takes far less than this.
GAP = timedelta(seconds=5)
MOST_UNTOLD = 200


@dataclass(frozen=True)
class _Claim:
    row_id: UUID
    claim: UUID


@dataclass(frozen=True)
class _Wait:
    """Nothing to do for a sender before this time; None: until something changes."""

    until: datetime | None


def deliver(*, seconds: float = 50.0) -> datetime | None:
    """Hand over what is due for at most so long. Answers when there will be something to do again, if it is known."""
    find_orphans()
    deadline = time.monotonic() + seconds
    waits: dict[tuple[str, UUID], datetime | None] = {}
    while time.monotonic() < deadline:
        due = [key for key in _due() if key not in waits]
        if not due:
            break
        for channel, sender_id in due:
            turn = min(deadline, time.monotonic() + TURN_SECONDS)
            waited = _serve(channel, adapters[channel], sender_id, turn)
            if waited is not None:
                waits[channel, sender_id] = waited.until
    tell_untold()
    return _next(waits, over=time.monotonic() >= deadline)


def find_orphans() -> int:
    """Claimed rows whose worker is gone become uncertain. A living worker holds the lock of its row."""
    now = clock.now()
    orphans = (
        OutboxRow.objects.select_for_update(skip_locked=True)
        .filter(state=State.CLAIMED, claimed_at__lt=now - GAP)
        .values_list("pk", flat=True)
    )
    with transaction.atomic():
        found = list(orphans)
        OutboxRow.objects.filter(pk__in=found).update(state=State.UNCERTAIN, reason=Cause.WORKER_DIED)
    if found:
        _log.warning("Messages whose worker died, now uncertain: %s", len(found))
    return len(found)


def tell_untold() -> None:
    """Touch points that could not be written when their messages left."""
    for row in OutboxRow.objects.filter(state=State.SENT, touchpoint_id=None).order_by("pk")[:MOST_UNTOLD]:
        tell(row)


def _due() -> list[tuple[str, UUID]]:
    waiting = OutboxRow.objects.filter(state=State.PENDING, paused_at=None, next_at__lte=clock.now())
    found = waiting.order_by().values_list("channel", "sender_id").distinct()
    return [(channel, sender_id) for channel, sender_id in found if channel in adapters]


def _next(waits: dict[tuple[str, UUID], datetime | None], *, over: bool) -> datetime | None:
    now = clock.now()
    times = [at for at in waits.values() if at is not None]
    later = OutboxRow.objects.filter(state=State.PENDING, paused_at=None, next_at__gt=now).order_by("next_at")
    if (first := later.values_list("next_at", flat=True).first()) is not None:
        times.append(first)
    if over:
        times.append(now)
    return min(times, default=None)


def _serve(channel: str, adapter: Adapter, sender_id: UUID, deadline: float) -> _Wait | None:
    """One sender's turn. Answers why it ended, or None when there is more to do."""
    with ExitStack() as line:
        handing: Handing | None = None
        for _ in range(MOST_IN_A_TURN):
            if time.monotonic() >= deadline:
                return None
            claimed = _claim(channel, adapter, sender_id)
            if isinstance(claimed, _Wait):
                return claimed
            if handing is None:
                handing = line.enter_context(adapter.opened(sender_id))
            outcome = _hand(handing, claimed)
            if outcome is not None:
                adapter.note(sender_id, outcome)
    return None


@transaction.atomic
def _claim(channel: str, adapter: Adapter, sender_id: UUID) -> _Claim | _Wait:
    sender = adapter.lock_sender(sender_id)
    now = clock.now()
    due = OutboxRow.objects.filter(
        state=State.PENDING, paused_at=None, channel=channel, sender_id=sender_id, next_at__lte=now
    )
    if sender.gone:
        for orphan in due.select_for_update(skip_locked=True):
            end(orphan, State.REFUSED, Cause.SENDER_GONE)
            give_back(orphan)
        return _Wait(None)
    row = due.order_by("next_at", "id").select_for_update(skip_locked=True).first()
    if row is None:
        return _Wait(None)
    if not sender.is_open:
        return _Wait(sender.closed_until)
    handed = OutboxRow.objects.filter(sender_id=sender_id, claimed_at__gt=now - rules.DAY).order_by("-claimed_at")
    latest = handed.values_list("claimed_at", flat=True)[: max(sender.per_minute, sender.per_day)]
    times = [at for at in latest if at is not None]
    free_at = rules.free_at(times, per_minute=sender.per_minute, per_day=sender.per_day, now=now)
    if free_at is not None:
        return _Wait(free_at)
    row.state, row.claim, row.claimed_at, row.attempts = State.CLAIMED, ids.new_id(), now, row.attempts + 1
    row.save(update_fields=["state", "claim", "claimed_at", "attempts"])
    return _Claim(row.pk, row.claim)


def _hand(handing: Handing, claimed: _Claim) -> Outcome | None:
    """Step 2. Answers what came of it where something was handed over."""
    outcome: Outcome | None = None
    try:
        with transaction.atomic():
            row = _mine(claimed)
            if row is None or _kept_back(row):
                return None
            outcome = _handed_over(handing, row)
            _write_down(row, outcome)
    except DatabaseError:
        if outcome is None:
            raise
        _log.exception("What came of message %s could not be written down; trying once more.", claimed.row_id)
        connection.close()
        with transaction.atomic():
            row = _mine(claimed)
            if row is not None:
                _write_down(row, outcome)
    return outcome


def _mine(claimed: _Claim) -> OutboxRow | None:
    """The row, locked, as long as nobody settled it. Uncertain is mine too: somebody took this worker for dead."""
    return (
        OutboxRow.objects.select_for_update()
        .filter(pk=claimed.row_id, claim=claimed.claim, state__in=[State.CLAIMED, State.UNCERTAIN])
        .first()
    )


def _kept_back(row: OutboxRow) -> bool:
    """Ask the permit again, now that it would leave. What speaks against it for good refuses it; what passes lets it wait."""
    now = clock.now()
    if row.permit_until <= now:
        return _refuse(row, Cause.PERMIT_ENDED)
    try:
        decision = still_holds(permit_id=row.permit_id, contact_point=row.contact_point, at=now)
    except NotFound:
        return _refuse(row, Cause.CUSTOMER_GONE)
    if decision.allowed:
        return False
    if decision.reason in PASSING and decision.until is not None and now < decision.until < row.permit_until:
        row.claimed_at = None
        _wait(row, decision.until, decision.reason, said="", attempts=row.attempts - 1)
        return True
    return _refuse(row, decision.reason)


def _refuse(row: OutboxRow, reason: str) -> bool:
    row.attempts, row.claimed_at = row.attempts - 1, None
    end(row, State.REFUSED, reason)
    give_back(row)
    return True


def _handed_over(handing: Handing, row: OutboxRow) -> Outcome:
    content = MessageContent.objects.filter(pk=row.pk, erased_at=None).first()
    if content is None:
        return Failed(Cause.CANNOT_COMPOSE)
    files = MessageFile.objects.filter(message_id=row.pk).order_by("pk")
    message = Outgoing(
        id=row.pk,
        reference=row.reference,
        to_name=row.to_name,
        contact_point=row.contact_point,
        subject=row.subject,
        text=content.text,
        html=content.html,
        at=clock.now(),
        in_reply_to=row.in_reply_to,
        references=tuple(row.references),
        files=tuple(File(file.name, file.content_type, _reader(file.storage_key)) for file in files),
        unsubscribe_url=_unsubscribe_url(row),
        is_automatic=row.is_automatic,
    )
    try:
        return handing.hand_over(message)
    except Exception as error:  # noqa: BLE001 - whatever it was, the message may be in the other side's hands
        _log.exception("Handing over message %s ended unexpectedly.", row.pk)
        return Unknown("line_broke", type(error).__name__)


def _unsubscribe_url(row: OutboxRow) -> str:
    """What is not service can be stopped with one click (RFC 8058)."""
    if find_purpose(row.purpose).is_service:
        return ""
    return links.unsubscribe_url(
        customer_id=row.customer_id, channel=row.channel, contact_point=row.contact_point, purpose=row.purpose
    )


def _write_down(row: OutboxRow, outcome: Outcome) -> None:
    now = clock.now()
    if isinstance(outcome, Accepted):
        end(row, State.SENT, "", said=outcome.said)
        tell(row)
    elif isinstance(outcome, Failed):
        end(row, State.FAILED, outcome.reason, said=outcome.said)
        give_back(row)
        if outcome.reason == "no_such_address":
            _stop(row, outcome.said)
    elif isinstance(outcome, Unknown):
        row.state, row.reason, row.said = State.UNCERTAIN, outcome.reason, outcome.said
        row.save(update_fields=["state", "reason", "said"])
    elif isinstance(outcome, Closed):
        # Nothing was handed over: the row counts neither as tried nor against the rates.
        row.claimed_at = None
        _wait(row, row.next_at, outcome.reason, said=outcome.said, attempts=row.attempts - 1)
    elif isinstance(outcome, Deferred):
        again = outcome.retry_at or rules.next_try(row.attempts, now)
        if again is None:
            end(row, State.FAILED, Cause.TOO_OFTEN, said=outcome.said)
            give_back(row)
        else:
            _wait(row, again, outcome.reason, said=outcome.said, attempts=row.attempts)


def _wait(row: OutboxRow, until: datetime, reason: str, *, said: str, attempts: int) -> None:
    row.state, row.next_at, row.reason, row.said, row.attempts = State.PENDING, until, reason, said, attempts
    row.save(update_fields=["state", "next_at", "reason", "said", "attempts", "claimed_at"])


def _stop(row: OutboxRow, said: str) -> None:
    """Nobody is at this address: nothing more is sent there, whoever writes."""
    try:
        with transaction.atomic():
            evidence.record(
                actor=SYSTEM,
                customer_id=row.customer_id,
                contact_point=row.contact_point,
                channel=row.channel,
                purpose="",
                status=Status.STOPPED,
                cause=StopCause.BOUNCE,
                source=Source.PROVIDER,
                note=said,
            )
    except (DatabaseError, NotFound):
        _log.exception("The stop of the address of message %s could not be written down.", row.pk)


def _reader(key: str) -> Callable[[], bytes]:
    def read() -> bytes:
        with default_storage.open(key) as file:
            return bytes(file.read())

    return read
