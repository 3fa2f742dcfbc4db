"""Published data sets as they ship in the test dependency `lifetimes`, and tables typed in from the papers."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rapport.insight.value.rules import occasions
from rapport.insight.value.rules.histories import Histories, grouped


class Spending(NamedTuple):
    frequency: np.ndarray
    mean: np.ndarray


# Fader & Hardie (2007), table 1: customers left after each year, in percent; the last five years are the hold-out.
HIGH_END = (100.0, 86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1)
HIGH_END_LATER = (46.8, 44.5, 42.7, 40.9, 39.4)
REGULAR = (100.0, 63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1)
REGULAR_LATER = (22.3, 20.7, 19.4, 18.3, 17.3)
CDNOW_END = date(1997, 9, 30)


def folder() -> Path:
    spec = find_spec("lifetimes")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "datasets"


def cdnow_days() -> dict[str, dict[date, float]]:
    """CDNOW's tenth: what each of 2,357 customers spent, by day."""
    days: dict[str, dict[date, float]] = defaultdict(lambda: defaultdict(float))
    for line in (folder() / "CDNOW_sample.txt").read_text().splitlines():
        if line.strip():
            _, customer, day, _, spent = line.split()
            days[customer][datetime.strptime(day, "%Y%m%d").date()] += float(spent)
    return days


def cdnow(*, end: date = CDNOW_END) -> Histories:
    return grouped(*cdnow_columns(end=end))


def cdnow_columns(*, end: date = CDNOW_END) -> tuple[list[int], list[int], list[int]]:
    frequency, recency, age = [], [], []
    for bought in cdnow_days().values():
        known = sorted(day for day in bought if day <= end)
        frequency.append(len(known) - 1)
        recency.append((known[-1] - known[0]).days)
        age.append((end - known[0]).days)
    return frequency, recency, age


def cdnow_spending() -> Spending:
    """Of those who came back within 39 weeks, repeat orders only."""
    frequency, mean = [], []
    for bought in cdnow_days().values():
        spent = [bought[day] for day in sorted(bought) if day <= CDNOW_END][1:]
        if spent and sum(spent) > 0:
            frequency.append(len(spent))
            mean.append(sum(spent) / len(spent))
    return Spending(np.array(frequency), np.array(mean))


def donations() -> occasions.Occasions:
    """11,104 people whose first donation was in 1995, and six yearly appeals since."""
    with (folder() / "donations.csv").open() as file:
        rows = np.array([[int(each) for each in row] for row in list(csv.reader(file))[1:]])
    found, _ = occasions.grouped(rows[:, 0], rows[:, 1], rows[:, 2], customers=rows[:, 3])
    return found
