"""When a message is tried again, and how its state reads. Reads no clock and no rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from rapport.touchpoints.conversations.types import Cause, Label, State

# After a "not now" of the other side: its usual reason is greylisting, which wants some minutes; then ever longer.
_WAITS = [timedelta(minutes=minutes) for minutes in (2, 5, 15, 30, 60, 120, 240, 480, 720)]
GIVE_UP_AFTER = len(_WAITS)
MINUTE, DAY = timedelta(minutes=1), timedelta(hours=24)

WORDS: dict[str, Label] = {
    Cause.WORKER_DIED: _(
        "Rapport was stopped while handing it over, so nobody knows whether it left. It is not sent again by itself."
    ),
    Cause.TOO_OFTEN: _("The recipient's server said “not now” each time, for more than a day."),
    Cause.SENDER_GONE: _("The mailbox it was to leave from was removed."),
    Cause.PERMIT_ENDED: _("It waited longer than its permission held. Write it again to have permission checked anew."),
    Cause.PERMIT_RELEASED: _("Its permission was given back."),
    Cause.CUSTOMER_GONE: _("The customer is no longer there."),
    Cause.CANNOT_COMPOSE: _("It could not be put into the form of a message."),
    Cause.SETTLED_ARRIVED: _("Settled by a colleague: it arrived."),
    Cause.SETTLED_NOT_SENT: _("Settled by a colleague: it did not leave."),
    "line_broke": _(
        "The line broke after the message was handed over, before the server answered. Nobody knows whether it took it."
    ),
    "no_answer": _("The server did not say whether it took the message."),
    "try_later": _("The recipient's server said “not now”; it is tried again."),
    "refused": _("The recipient's server refused it."),
    "no_such_address": _("There is no such address."),
    "address_not_taken": _("The server cannot send to this address."),
    "too_large": _("It is too large: with its files a mail may have 25 MB."),
}


def next_try(attempts: int, now: datetime) -> datetime | None:
    """When to try again after so many attempts; None: give up."""
    return now + _WAITS[attempts - 1] if attempts <= GIVE_UP_AFTER else None


def free_at(handed: Sequence[datetime], *, per_minute: int, per_day: int, now: datetime) -> datetime | None:
    """When the rates let another message go: None means now. `handed`: times of the last day, the newest first."""
    waits = []
    for most, window in ((per_minute, MINUTE), (per_day, DAY)):
        within = [at for at in handed[:most] if at > now - window]
        if len(within) >= most:
            waits.append(within[-1] + window)
    return max(waits, default=None)


def words(state: State, reason: str, said: str) -> Label:
    """Why a message is where it is, as people say it. What the gate said stands in `said`."""
    if reason in WORDS:
        return WORDS[reason]
    if state is State.REFUSED and said:
        return said
    return ""
