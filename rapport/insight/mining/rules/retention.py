"""Cohort tables and retention curves from the periods in which each customer was there (NumPy; for the worker)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class CohortTable:
    """`came[i][k]` of the `size[i]` customers of cohort i came in the k-th period after their first, `later` then or
    after. Rows end where the time does."""

    sizes: list[int]
    came: list[list[int]]
    later: list[list[int]]


def cohort_table(first: Whole, bits: Sequence[Whole], *, periods: int, word: int) -> CohortTable:
    """Shapes: first and each of bits hold one number a customer; bit b of bits[i] is period i·word + b."""
    known = (first >= 0) & (first < periods)
    first, bits = first[known], [part[known] for part in bits]
    sizes = np.bincount(first, minlength=periods)
    came = np.zeros((periods, periods), dtype=np.int64)
    later = np.zeros((periods, periods), dtype=np.int64)
    since = np.zeros(len(first), dtype=bool)
    for period in range(periods - 1, -1, -1):
        there = (bits[period // word] >> (period % word)) & 1 == 1
        since |= there
        begun = first <= period
        for counted, table in ((there & begun, came), (since & begun, later)):
            for cohort, number in enumerate(np.bincount(first[counted], minlength=period + 1)[: period + 1]):
                table[cohort, period - cohort] = number
    return CohortTable(
        [int(size) for size in sizes],
        [[int(n) for n in came[i, : periods - i]] for i in range(periods)],
        [[int(n) for n in later[i, : periods - i]] for i in range(periods)],
    )
