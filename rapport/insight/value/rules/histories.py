"""Purchase histories as the models need them: customers with the same history are counted, not listed.

A history is three whole numbers: `frequency`, the days with a purchase after the first; `recency`, days from the first
purchase to the last; `age`, days from the first purchase to the end of the data. Days are kept as they are: rounding to
weeks makes five times fewer groups and moves the parameters by many standard errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

WEEK = 7.0


class Impossible(ValueError):
    """The numbers cannot be a history of purchases."""


@dataclass(frozen=True, eq=False)
class Histories:
    """Distinct histories and how many customers have each. `unit` is how many days one unit of time of a model has."""

    frequency: Ints
    recency: Ints
    age: Ints
    customers: Floats
    unit: float = WEEK

    @property
    def groups(self) -> int:
        return len(self.frequency)

    @property
    def total(self) -> float:
        return float(self.customers.sum())

    @property
    def repeaters(self) -> float:
        return float(self.customers[self.frequency > 0].sum())

    @property
    def purchases(self) -> float:
        """Repeat purchases of everyone."""
        return float(self.customers @ self.frequency)

    def every(self, step: int) -> Histories:
        """A share of the groups, from which a fit starts near its end."""
        part = slice(None, None, step)
        return Histories(self.frequency[part], self.recency[part], self.age[part], self.customers[part], self.unit)


def listed(frequency: Any, recency: Any, age: Any, *, customers: Any = None, unit: float = WEEK) -> Histories:
    """Histories as given, one group each. Errors: Impossible."""
    x, last, end = (_whole(each) for each in (frequency, recency, age))
    counted = np.ones(len(x)) if customers is None else np.asarray(customers, dtype=np.float64)
    _check(x, last, end, counted)
    return Histories(x, last, end, counted, unit)


def grouped(frequency: Any, recency: Any, age: Any, *, unit: float = WEEK) -> Histories:
    """Equal histories counted. Errors: Impossible."""
    histories, _ = grouped_with_index(frequency, recency, age, unit=unit, index=False)
    return histories


def grouped_with_index(
    frequency: Any, recency: Any, age: Any, *, unit: float = WEEK, index: bool = True
) -> tuple[Histories, Ints]:
    """Equal histories counted, and for every customer the group it is in."""
    x, last, end = (_whole(each) for each in (frequency, recency, age))
    _check(x, last, end, None)
    width = int(end.max(initial=0)) + 1
    if float(x.max(initial=0)) * width * width > 2**62:
        raise Impossible("These histories are too long to be counted.")
    key = (x * width + end) * width + last
    place: Ints = np.empty(0, dtype=np.int64)
    if index:
        distinct, place, count = np.unique(key, return_inverse=True, return_counts=True)
    else:
        distinct, count = np.unique(key, return_counts=True)
    rest, last = np.divmod(distinct, width)
    x, end = np.divmod(rest, width)
    return Histories(x, last, end, count.astype(np.float64), unit), place


def _whole(values: Any) -> Ints:
    numbers = np.asarray(values)
    if numbers.ndim != 1:
        raise Impossible("Histories are columns of numbers.")
    if numbers.dtype.kind in "iu":
        return numbers.astype(np.int64, copy=False)
    if not np.isfinite(numbers).all():
        raise Impossible("A history holds a number that is none.")
    whole = numbers.astype(np.int64)
    if (whole != numbers).any():
        raise Impossible("Histories are counted in whole days.")
    return whole


def _check(x: Ints, last: Ints, end: Ints, customers: Floats | None) -> None:
    if not len(x) == len(last) == len(end) or (customers is not None and len(customers) != len(x)):
        raise Impossible("The columns of histories differ in length.")
    if (x < 0).any() or (last < 0).any():
        raise Impossible("Counts and days are not below zero.")
    if (last > end).any():
        raise Impossible("A last purchase lies after the end of the data.")
    if ((x == 0) != (last == 0)).any():
        raise Impossible("A repeat purchase comes after the first, on another day; without one there is no last.")
    if ((x > last) & (x > 0)).any():
        raise Impossible("There cannot be more days with a purchase than days.")
    if customers is not None and ((customers < 0).any() or not np.isfinite(customers).all()):
        raise Impossible("Nobody can be counted less than never.")
