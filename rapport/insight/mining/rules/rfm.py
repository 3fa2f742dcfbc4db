"""The names of the parts of the RFM grid."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from rapport.foundation.records.types import Label


@dataclass(frozen=True)
class Segment:
    """A part of the grid: recency from-to, frequency from-to (5 is best)."""

    name: str
    label: Label
    advice: Label
    r: tuple[int, int]
    f: tuple[int, int]


# Every cell of the grid lies in exactly one segment; a test says so.
SEGMENTS = (
    Segment("champions", _("Champions"), _("Thank them, ask them for referrals."), (4, 5), (4, 5)),
    Segment("loyal", _("Loyal"), _("Offer what goes with what they have."), (3, 3), (4, 5)),
    Segment("promising", _("Promising"), _("Help them to a second and third purchase."), (4, 5), (2, 3)),
    Segment("new", _("New"), _("Make the first weeks good."), (4, 5), (1, 1)),
    Segment("wavering", _("Wavering"), _("Remind them before the habit fades."), (3, 3), (1, 3)),
    Segment("at_risk", _("At risk"), _("Call or write in person; they bought often."), (1, 2), (4, 5)),
    Segment("sleeping", _("Sleeping"), _("One good offer, then leave them in peace."), (1, 2), (1, 3)),
)
_BY_NAME = {segment.name: segment for segment in SEGMENTS}


def segment_of(r: int, f: int) -> Segment:
    return next(s for s in SEGMENTS if s.r[0] <= r <= s.r[1] and s.f[0] <= f <= s.f[1])


def segment_named(name: str) -> Segment | None:
    return _BY_NAME.get(name)


# What "slipped" and "rose" mean: from being among the best to not having bought for long, and back up.
BEST, ASLEEP = frozenset({"champions", "loyal"}), frozenset({"at_risk", "sleeping"})
