"""How well a model foretold a time it had not seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rapport.insight.value.rules.histories import Floats, Ints

TENTHS = 10


@dataclass(frozen=True)
class Tenth:
    """Customers of one tenth, ordered by what was expected of them; 1 is the best."""

    number: int
    customers: int
    expected: float  # purchases of one customer, on average
    actual: float


@dataclass(frozen=True)
class Calibration:
    """Purchases per customer in the hold-out, as told beforehand and as they came."""

    customers: int
    days: int
    expected: float  # of all together
    actual: float
    error: float  # mean absolute error of one customer
    naive_error: float  # of foretelling everyone the purchases of the time before, in proportion
    captured: float  # share of the purchases of the truly best tenth that the foretold best tenth made
    within: float  # share of customers whose purchases fell within the range of 8 in 10
    tenths: tuple[Tenth, ...]

    @property
    def bias(self) -> float:
        """Share by which all together was foretold too high (above zero) or too low."""
        return self.expected / self.actual - 1.0 if self.actual else 0.0


def calibrate(
    expected: Floats,
    actual: Floats,
    naive: Floats,
    *,
    days: int,
    least: Floats | Ints | None = None,
    most: Floats | Ints | None = None,
) -> Calibration:
    """Of customers known when the hold-out began, one number each."""
    order = np.argsort(-expected, kind="stable")
    edges = np.linspace(0, len(order), TENTHS + 1).round().astype(int)
    tenths = []
    for number in range(TENTHS):
        part = order[edges[number] : edges[number + 1]]
        if len(part):
            tenths.append(Tenth(number + 1, len(part), float(expected[part].mean()), float(actual[part].mean())))
    best = max(len(order) // TENTHS, 1)
    truly = float(np.sort(actual)[::-1][:best].sum())
    if least is None or most is None:
        within = 0.0
    else:
        within = float(((actual >= least) & (actual <= most)).mean())
    return Calibration(
        customers=len(order),
        days=days,
        expected=float(expected.sum()),
        actual=float(actual.sum()),
        error=float(np.abs(expected - actual).mean()),
        naive_error=float(np.abs(naive - actual).mean()),
        captured=float(actual[order[:best]].sum()) / truly if truly else 0.0,
        within=within,
        tenths=tuple(tenths),
    )
