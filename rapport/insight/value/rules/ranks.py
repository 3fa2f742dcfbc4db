"""Customers beside each other: tiers by value, and the three digits of recency, frequency and monetary value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rapport.insight.value.rules.histories import Floats

TIERS = ("platinum", "gold", "silver", "bronze")
TIER_SHARES = (0.05, 0.20, 0.50)  # of customers with a value, from the top: where platinum, gold and silver end


def tiers(values: Floats, shares: Sequence[float] = TIER_SHARES) -> npt.NDArray[np.str_]:
    """A tier for each value; those worth the same are in the same one, the higher. Not a number: none."""
    known = np.isfinite(values)
    found = np.full(len(values), "", dtype="<U10")
    count = int(known.sum())
    if not count:
        return found
    ordered = np.sort(values[known])[::-1]
    found[known] = TIERS[-1]
    for tier, share in list(zip(TIERS, shares, strict=False))[::-1]:
        last = ordered[min(max(int(np.ceil(share * count)), 1), count) - 1]
        found[known & (values >= last) & (values > 0)] = tier
    return found


def fifths(values: Floats, *, high_is_good: bool = True) -> npt.NDArray[np.int64]:
    """1 to 5, a fifth of the customers each; equal values are in the same fifth."""
    if not len(values):
        return np.empty(0, dtype=np.int64)
    signed = values if high_is_good else -values
    ordered = np.sort(signed)
    below = np.searchsorted(ordered, signed, side="left") / len(values)
    return np.minimum((below * 5).astype(np.int64) + 1, 5)


def rfm(recency_days: Floats, purchases: Floats, margin: Floats) -> npt.NDArray[np.str_]:
    """Three digits, 5 the best: "545" bought lately, rather often, and brings most."""
    r, f, m = fifths(recency_days, high_is_good=False), fifths(purchases), fifths(margin)
    return np.char.mod("%d", 100 * r + 10 * f + m)
