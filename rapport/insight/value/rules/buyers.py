"""What the engine counted, one number a customer: of buyers, of what was used on occasions, of contracts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from rapport.insight.value.rules.histories import Floats, Ints

HOLD_OUT = 0.25  # of the window
OVERDUE = 0.5  # of a period, after which a contract that nobody renewed or ended is taken for ended


@dataclass(frozen=True, eq=False)
class Buyers:
    """One number a customer. Days are counted from 1970; sums are margin in the workspace's currency."""

    customer_id: Any  # an Arrow array of ids as text
    first: Ints
    last: Ints
    days: Ints
    spent: Floats
    first_spent: Floats
    told: Ints
    last_cut: Ints
    days_cut: Ints
    latency: Floats
    until: date
    cut: date

    @property
    def count(self) -> int:
        return len(self.first)

    @property
    def repeat_mean(self) -> Floats:
        """Mean margin of a day with a purchase after the first; not a number for those who never came back."""
        again = self.days - 1
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(again > 0, (self.spent - self.first_spent) / again, np.nan)


@dataclass(frozen=True, eq=False)
class Attendance:
    """Of each buyer, in the order of the buyers: occasions used after the first, the last used, those there were.

    Those with `_cut` leave out the last `held` occasions; `after` is how many of those were used.
    """

    used: Ints
    last: Ints
    offered: Ints
    used_cut: Ints
    last_cut: Ints
    held: int
    after: Ints
    mean: Floats  # margin of an occasion after the first


def attendance_of(customer: Ints, period: Ints, margin: Floats, *, count: int, newest: int) -> Attendance:
    """From one row a customer and period, up to the newest period that is over."""
    over = period <= newest
    customer, period, margin = customer[over], period[over], margin[over]
    far = np.iinfo(np.int64).max
    first = np.full(count, far)
    np.minimum.at(first, customer, period)
    known = first < far
    first = np.where(known, first, newest)
    offered = newest - first
    held = max(round(float(offered.max(initial=0)) * HOLD_OUT), 1)

    def upto(end: int) -> tuple[Ints, Ints]:
        part = period <= end
        last = first.copy()
        np.maximum.at(last, customer[part], period[part])
        times = np.bincount(customer[part], minlength=count)
        return np.maximum(times - 1, 0), last - first

    used, last = upto(newest)
    used_cut, last_cut = upto(newest - held)
    again = period > first[customer]
    spent = np.bincount(customer[again], weights=margin[again], minlength=count)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(used > 0, spent / used, np.nan)
    return Attendance(used, last, offered, used_cut, last_cut, held, used - used_cut, mean)


@dataclass(frozen=True, eq=False)
class ContractLives:
    """Of each customer with a contract."""

    customer_id: Any
    begun: Ints
    last: Ints  # day of the last payment
    renewals: Ints
    ended: Ints  # the day, -1 while it runs
    margin: Floats  # of a payment
    spent: Floats
    until: date

    @property
    def count(self) -> int:
        return len(self.begun)

    @property
    def has_ended(self) -> Any:
        return self.ended >= 0


def lapsed(last: Ints, ended: Ints, *, today: int, period_days: float) -> Ints:
    """The days on which contracts ended, also those of which nobody said so: they ended when they were due. -1: it runs."""
    silent = (ended < 0) & (today - last > (1 + OVERDUE) * period_days)
    return np.where(silent, last + round(period_days), ended)


@dataclass(frozen=True, eq=False)
class ContractBuyers(Buyers):
    """Contracts in the shape of buyers, for their rows: a payment is a purchase."""

    has_ended: Any = None


def as_buyers(lives: ContractLives) -> ContractBuyers:
    none = np.full(lives.count, np.nan)
    days = lives.renewals + 1
    return ContractBuyers(
        customer_id=lives.customer_id, first=lives.begun, last=lives.last, days=days,
        spent=np.nan_to_num(lives.spent), first_spent=np.nan_to_num(lives.margin), told=days,
        last_cut=lives.last, days_cut=days, latency=none, until=lives.until, cut=lives.until,
        has_ended=lives.has_ended,
    )  # fmt: skip
