"""Customer equity in whole cents: where its change comes from, how it is spread, and how certain it is.

The waterfall compares two positions of every customer. Two things change a value: what the customer did, and what we think
of the same behaviour. The second is told first, where it can be: `restated` is the opening position again, by what is known
and by the parameters used now. Then

    closing - opening = (restated - opening) + (closing - restated)

and each bracket goes to exactly one part, so the parts of a customer, and so those of all customers, add up to the change.
Where nothing was restated the first bracket is missing, and this rule stands in for it: of a customer who bought nothing the
value can only fall, so what rises without a purchase is a re-estimate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import sqrt
from typing import NamedTuple
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

EIGHT_IN_TEN = 1.2815515655446004  # half the width of the middle 80 % of a normal distribution, in standard deviations
TENTHS = 10


class Part(StrEnum):
    """Where a change of equity comes from, in the order of the waterfall."""

    RECRUITED = "recruited"
    EXTENDED = "extended"
    KEPT = "kept"
    REGAINED = "regained"
    LOST = "lost"
    WEAKER = "weaker"
    CORRECTED = "corrected"
    MERGED = "merged"
    ERASED = "erased"
    RE_ESTIMATE = "re_estimate"


PART_LABELS = {
    Part.RECRUITED: pgettext_lazy("part of equity", "Recruited"),
    Part.EXTENDED: pgettext_lazy("part of equity", "Extended"),
    Part.KEPT: pgettext_lazy("part of equity", "Kept longer"),
    Part.REGAINED: pgettext_lazy("part of equity", "Won back"),
    Part.LOST: pgettext_lazy("part of equity", "Lost"),
    Part.WEAKER: pgettext_lazy("part of equity", "Weaker"),
    Part.CORRECTED: pgettext_lazy("part of equity", "Corrected"),
    Part.MERGED: pgettext_lazy("part of equity", "Merged"),
    Part.ERASED: pgettext_lazy("part of equity", "Erased"),
    Part.RE_ESTIMATE: pgettext_lazy("part of equity", "Re-estimate"),
}
PART_WORDS = {
    Part.RECRUITED: _("Bought for the first time."),
    Part.EXTENDED: _("Bought something they had not bought before, and are worth more."),
    Part.KEPT: _("Went on buying, and are worth more."),
    Part.REGAINED: _("Had lapsed or ended, and bought again."),
    Part.LOST: _("Lapsed or ended."),
    Part.WEAKER: _("Are worth less, but are not lost: they bought less or later than before."),
    Part.CORRECTED: _("What was known of the time before changed: late data, retractions, customers taken apart."),
    Part.MERGED: _("Two or more customers became one."),
    Part.ERASED: _("Erased, or taken back."),
    Part.RE_ESTIMATE: _("Same behaviour, valued by newer parameters or settings."),
}
# Parts that everyone asks about are shown even when they are nothing.
ALWAYS_SHOWN = (Part.RECRUITED, Part.EXTENDED, Part.KEPT, Part.REGAINED, Part.LOST, Part.WEAKER, Part.RE_ESTIMATE)
GONE_PHASES = frozenset({"lapsed", "ended"})
ALIVE_AT_LEAST = 0.5  # without a phase, somebody below is taken as lapsed


class Position(NamedTuple):
    """A customer at an instant. `value` in cents; `purchases` and `products` are counts up to then."""

    value: int
    purchases: int
    products: int
    is_gone: bool


class Restated(NamedTuple):
    """The opening position again, from what is known and by the parameters used now."""

    value: int
    purchases: int


class Share(NamedTuple):
    """What one customer adds to one part."""

    part: Part
    cents: int


def is_gone(phase: str, p_alive: float | None) -> bool:
    """Whether somebody is a customer no more: by the phase, and where there is none by the odds of being alive."""
    if phase:
        return phase in GONE_PHASES
    return p_alive is not None and p_alive < ALIVE_AT_LEAST


def together(positions: Sequence[Position]) -> Position:
    """Opening positions of customers who are one now."""
    return Position(
        sum(each.value for each in positions),
        sum(each.purchases for each in positions),
        max((each.products for each in positions), default=0),
        all(each.is_gone for each in positions),
    )


def shares(
    opening: Position | None,
    closing: Position | None,
    restated: Restated | None = None,
    *,
    of: int = 1,
    had_bought_by_then: bool = False,
) -> list[Share]:
    """How the change of one customer falls into parts; they add up to closing minus opening, to the cent.

    `of`: how many opening customers with purchases are this one now. `had_bought_by_then`: of a customer who has no opening
    position, whether by what is known now there should be one.
    """
    before = opening.value if opening else 0
    if closing is None:
        return _without_nothing([Share(Part.ERASED, -before)])
    change = closing.value - before
    if of > 1 and restated is None:
        return _without_nothing([Share(Part.MERGED, change)])
    if opening is None and restated is None:
        return _without_nothing([Share(Part.CORRECTED if had_bought_by_then else Part.RECRUITED, change)])
    found = []
    base = before
    if restated is not None:
        found.append(Share(_why_restated(opening, restated, of), restated.value - before))
        base = restated.value
    bought_then = restated.purchases if restated else opening.purchases if opening else 0
    found.append(
        Share(_why_changed(opening, closing, closing.value - base, bought_then, restated), closing.value - base)
    )
    return _without_nothing(found)


def _why_restated(opening: Position | None, restated: Restated, of: int) -> Part:
    if of > 1:
        return Part.MERGED
    if opening is None or opening.purchases != restated.purchases:
        return Part.CORRECTED
    return Part.RE_ESTIMATE


def _why_changed(
    opening: Position | None, closing: Position, change: int, bought_then: int, restated: Restated | None
) -> Part:
    bought = closing.purchases > bought_then
    if bought and bought_then == 0:
        return Part.RECRUITED
    if bought and opening is not None and opening.is_gone and not closing.is_gone:
        return Part.REGAINED
    if closing.is_gone and (opening is None or not opening.is_gone) and change < 0:
        return Part.LOST
    if change < 0:
        return Part.WEAKER
    if bought and opening is not None and closing.products > opening.products:
        return Part.EXTENDED
    if closing.purchases < bought_then:
        return Part.CORRECTED
    if not bought and restated is None:
        return Part.RE_ESTIMATE
    return Part.KEPT


def _without_nothing(found: list[Share]) -> list[Share]:
    return [share for share in found if share.cents]


class Pair(NamedTuple):
    """One customer of today (or the last who stood for it) with all opening positions that belong to it."""

    customer_id: UUID
    opening: tuple[Position, ...]
    closing: Position | None
    restated: Restated | None
    had_bought_by_then: bool = False


class Entry(NamedTuple):
    customer_id: UUID
    part: Part
    cents: int


@dataclass
class Waterfall:
    """The sums of a comparison, filled while its entries stream by."""

    opening: int = 0
    closing: int = 0
    cents: dict[Part, int] = field(default_factory=dict)
    customers: dict[Part, int] = field(default_factory=dict)

    @property
    def ties_out(self) -> bool:
        return self.opening + sum(self.cents.values()) == self.closing

    def of(self, pairs: Iterable[Pair]) -> Iterator[Entry]:
        """The entries of these customers, counted as they are taken."""
        for pair in pairs:
            one = together(pair.opening) if pair.opening else None
            self.opening += one.value if one else 0
            self.closing += pair.closing.value if pair.closing else 0
            of = sum(1 for each in pair.opening if each.purchases)
            for part, cents in shares(
                one, pair.closing, pair.restated, of=of, had_bought_by_then=pair.had_bought_by_then
            ):
                self.cents[part] = self.cents.get(part, 0) + cents
                self.customers[part] = self.customers.get(part, 0) + 1
                yield Entry(pair.customer_id, part, cents)


@dataclass(frozen=True, slots=True)
class Span:
    """Eight in ten chance to lie between `low` and `high`; cents."""

    low: int
    high: int


def span_of_total(total: int, variance: float, draws: Sequence[int] = ()) -> Span | None:
    """How certain a sum of many lifetime values is.

    What single customers will do is independent and evens out: `variance` is the sum of their variances. That the parameters
    may be wrong hits all of them at once and does not even out: `draws` are totals under draws of the parameters. The two
    are independent of each other, so their variances add. None where neither is known.
    """
    spread = 0.0
    if len(draws) > 1:
        mean = sum(draws) / len(draws)
        spread = sum((each - mean) ** 2 for each in draws) / (len(draws) - 1)
    if variance <= 0 and spread <= 0:
        return None
    half = round(EIGHT_IN_TEN * sqrt(max(variance, 0.0) + spread))
    return Span(total - half, total + half)


def concentration(tenths: Sequence[int]) -> list[float]:
    """Share of each tenth, the best first, in the whole; empty where there is nothing to share."""
    total = sum(tenths)
    return [cents / total for cents in tenths] if total > 0 else []


def running_shares(tenths: Sequence[int]) -> list[float]:
    """What the best tenth, fifth, … carry together."""
    found, run = [], 0.0
    for share in concentration(tenths):
        run += share
        found.append(run)
    return found


def best_that_carry(tenths: Sequence[int], share: float) -> int | None:
    """How many tenths, from the best down, carry at least this share of the whole."""
    for index, carried in enumerate(running_shares(tenths), 1):
        if carried >= share:
            return index
    return None


def gini(tenths: Sequence[int]) -> float | None:
    """0: everyone is worth the same; towards 1: few carry all. From tenths, so a little below that of single customers."""
    curve = running_shares(tenths)
    if not curve or min(tenths) < 0:
        return None
    area = sum((low + high) / 2 for low, high in zip([0.0, *curve], curve, strict=False)) / len(curve)
    return 2 * area - 1
