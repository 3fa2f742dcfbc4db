"""Cohort tables and retention curves from the periods in which each customer was there (NumPy; for the worker)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class CohortTable:
    """Of the `sizes[i]` customers of cohort i, `came[i][k]` came in the k-th period after their first, `later[i][k]` then
    or after, and `by[i][k]` at least once after their first and by then. Rows end where the time does."""

    sizes: list[int]
    came: list[list[int]]
    later: list[list[int]]
    by: list[list[int]]


def cohort_table(first: Whole, bits: Sequence[Whole], *, periods: int, word: int) -> CohortTable:
    """Shapes: first and each of bits hold one number a customer; bit b of bits[i] is period i·word + b."""
    known = (first >= 0) & (first < periods)
    first, bits = first[known], [part[known] for part in bits]
    sizes = np.bincount(first, minlength=periods)
    came, later, by = (np.zeros((periods, periods), dtype=np.int64) for _ in range(3))
    there = [(bits[period // word] >> (period % word)) & 1 == 1 for period in range(periods)]
    since = np.zeros(len(first), dtype=bool)
    until = np.zeros(len(first), dtype=bool)
    for period in range(periods):
        until |= there[period] & (first < period)
        _count(came, first, there[period] & (first <= period), period)
        _count(by, first, until, period)
    for period in range(periods - 1, -1, -1):
        since |= there[period]
        _count(later, first, since & (first <= period), period)
    return CohortTable(
        [int(size) for size in sizes],
        *([[int(n) for n in table[i, : periods - i]] for i in range(periods)] for table in (came, later, by)),
    )


def _count(table: Whole, first: Whole, counted: npt.NDArray[np.bool_], period: int) -> None:
    cohorts = np.bincount(first[counted], minlength=period + 1)
    for cohort in range(period + 1):
        table[cohort, period - cohort] = cohorts[cohort]
