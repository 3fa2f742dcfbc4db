"""Association rules, exactly: a bitset a frequent item, an AND a candidate, and whole numbers compared with whole numbers.

Eclat (Zaki 2000) depth first over the items from rare to common. Shares as floats lose rules that lie on a bound
(support 3/10 at a least support of .3), so bounds are counts and fractions here. NumPy; for the worker.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

import numpy as np
import numpy.typing as npt

from rapport.insight.mining.rules.significance import benjamini_hochberg, fisher_greater

Items = tuple[int, ...]
Bits = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class AssociationRule:
    """Who has `having` also has `also`. Of `baskets`, `n` have both, `n_having` and `n_also` have each side."""

    having: Items
    also: int
    n: int
    n_having: int
    n_also: int
    baskets: int
    p: float = 1.0
    q: float = 1.0  # p after Benjamini and Hochberg, over all rules that were looked at

    @property
    def support(self) -> float:
        return self.n / self.baskets

    @property
    def confidence(self) -> float:
        return self.n / self.n_having

    @property
    def lift(self) -> float:
        return self.n * self.baskets / (self.n_having * self.n_also)


def frequent_sets(
    baskets: npt.NDArray[np.int64], items: npt.NDArray[np.int64], *, least: int, largest: int = 3
) -> dict[Items, int]:
    """Every set of up to `largest` items that at least `least` baskets hold, with its count; items within a set ascend.

    Shapes: baskets and items are of one length, a row for each item in a basket; repetitions do not count.
    """
    if least < 1:
        raise ValueError("A set that no basket holds is not frequent.")
    if not len(baskets):
        return {}
    _, rows = np.unique(baskets, return_inverse=True)
    width = int(rows.max()) + 1
    tidsets: list[tuple[int, int, Bits]] = []
    order = np.argsort(items, kind="stable")
    items, rows = items[order], rows[order]
    starts = np.flatnonzero(np.r_[True, items[1:] != items[:-1]])
    for begin, end in zip(starts, np.r_[starts[1:], len(items)], strict=True):
        held = np.zeros(width, dtype=bool)
        held[rows[begin:end]] = True
        count = int(held.sum())
        if count >= least:
            tidsets.append((int(items[begin]), count, np.packbits(held)))
    tidsets.sort(key=lambda one: (one[1], one[0]))
    found: dict[Items, int] = {}
    _grow((), tidsets, found, least, largest)
    return found


def _grow(prefix: Items, tail: list[tuple[int, int, Bits]], found: dict[Items, int], least: int, largest: int) -> None:
    for place, (item, count, bits) in enumerate(tail):
        named = (*prefix, item)
        found[tuple(sorted(named))] = count
        if len(named) == largest:
            continue
        longer = []
        for other, _, more in tail[place + 1 :]:
            both = bits & more
            number = int(np.bitwise_count(both).sum())
            if number >= least:
                longer.append((other, number, both))
        if longer:
            _grow(named, longer, found, least, largest)


def rules_of(
    sets: Mapping[Items, int], baskets: int, *, confidence: Fraction = Fraction(0), most_q: float = 0.05
) -> list[AssociationRule]:
    """Rules with one item at the end that hold more often than by chance, the strongest first.

    Every rule the frequent sets can make is tested and counted in the correction, also those that confidence leaves out.
    """
    candidates = list(_candidates(sets, baskets))
    if not candidates:
        return []
    numbers = np.array([(r.n, r.n_having, r.n_also) for r in candidates], dtype=np.int64)
    p = fisher_greater(numbers[:, 0], numbers[:, 1], numbers[:, 2], baskets)
    q = benjamini_hochberg(p)
    kept = [
        AssociationRule(r.having, r.also, r.n, r.n_having, r.n_also, baskets, float(p[i]), float(q[i]))
        for i, r in enumerate(candidates)
        if q[i] <= most_q
        and r.n * baskets > r.n_having * r.n_also
        and r.n * confidence.denominator >= confidence.numerator * r.n_having
    ]
    return sorted(kept, key=lambda r: (-r.lift, r.q, r.having, r.also))


def _candidates(sets: Mapping[Items, int], baskets: int) -> Iterator[AssociationRule]:
    for items, n in sets.items():
        for having in combinations(items, len(items) - 1):
            if having:
                (also,) = set(items) - set(having)
                yield AssociationRule(having, also, n, sets[having], sets[(also,)], baskets)


def without_echoes(rules: Sequence[AssociationRule]) -> list[AssociationRule]:
    """Leaves out a rule with two items before it when one of them alone says as much (as high a confidence)."""
    alone = {(r.having[0], r.also): r for r in rules if len(r.having) == 1}
    return [
        r
        for r in rules
        if len(r.having) == 1
        or not any(
            (short := alone.get((item, r.also))) and short.n * r.n_having >= r.n * short.n_having for item in r.having
        )
    ]
