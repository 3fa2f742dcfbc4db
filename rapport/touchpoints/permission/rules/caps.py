"""Frequency caps: at most so many messages in any window of so many hours, however the windows are laid."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rapport.touchpoints.permission.types import ANY, Purpose


@dataclass(frozen=True, slots=True)
class Slot:
    """A permit that was given and counts against caps."""

    at: datetime
    purpose: str
    channel: str
    is_service: bool


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `most` messages within `hours`. Without a purpose it is for every one but service."""

    purpose: str
    channel: str
    most: int
    hours: int
    is_own: bool = False  # the customer's own wish

    @property
    def window(self) -> timedelta:
        return timedelta(hours=self.hours)

    def covers(self, purpose: Purpose, channel: str) -> bool:
        return self._in_scope(purpose.name, channel, is_service=purpose.is_service)

    def counts(self, slot: Slot) -> bool:
        return self._in_scope(slot.purpose, slot.channel, is_service=slot.is_service)

    def _in_scope(self, purpose: str, channel: str, *, is_service: bool) -> bool:
        fits = not is_service if self.purpose == ANY else self.purpose == purpose
        return fits and self.channel in (ANY, channel)


def own_cap(limit_days: int) -> Cap:
    """What "at most once in so many days" comes to."""
    return Cap(ANY, ANY, 1, limit_days * 24, is_own=True)


def free_at(cap: Cap, slots: Iterable[Slot], at: datetime) -> datetime:
    """The first instant from `at` on at which one more message keeps the cap."""
    taken = sorted(slot.at for slot in slots if cap.counts(slot))
    reached = at
    while (later := _crowded_until(taken, reached, cap)) is not None:
        reached = later
    return reached


def _crowded_until(taken: Sequence[datetime], at: datetime, cap: Cap) -> datetime | None:
    """When the fullest window around `at` gives up its first message; None while one more fits into every window."""
    near = [one for one in taken if at - cap.window < one < at + cap.window]
    if len(near) < cap.most:
        return None
    ends = [at, *(one for one in near if one > at)]
    for end in ends:
        within = [one for one in near if end - cap.window < one <= end]
        if len(within) + 1 > cap.most:
            return within[0] + cap.window
    return None
