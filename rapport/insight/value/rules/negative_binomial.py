"""NBD: nobody ever ends. The baseline that shows what a model of ending adds.

Ehrenberg (1959); the likelihood is that of the two others above without the chance to end, less the same constant.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import digamma, gammaln, polygamma

from rapport.insight.value.rules.histories import Floats, Histories
from rapport.insight.value.rules.newton import Fit, NoFit, highest

NBD = "nbd"
NAMES = ("r", "alpha")


def fit(histories: Histories) -> Fit:
    """Errors: NoFit."""
    if not histories.groups:
        raise NoFit("There are no histories.")
    mean_age = max(float(histories.customers @ histories.age) / histories.total / histories.unit, 1e-3)
    return highest(NBD, NAMES, _Likelihood(histories), (0.5, mean_age))


def log_likelihood(histories: Histories, parameters: Sequence[float]) -> float:
    return _Likelihood(histories)(np.asarray(parameters, dtype=np.float64))[0]


def expected_purchases(parameters: Sequence[float], histories: Histories, ahead: float) -> Floats:
    r, alpha = parameters
    return (r + histories.frequency) / (alpha + histories.age / histories.unit) * ahead


class _Likelihood:
    def __init__(self, histories: Histories) -> None:
        counts = np.bincount(histories.frequency, weights=histories.customers)
        self.x = np.flatnonzero(counts).astype(np.float64)
        self.n = counts[counts > 0]
        self.total = histories.total
        width = int(histories.age.max()) + 1
        self.days = np.arange(width) / histories.unit
        self.by_day = np.bincount(histories.age, weights=histories.customers, minlength=width)
        self.orders_by_day = np.bincount(
            histories.age, weights=histories.customers * histories.frequency, minlength=width
        )

    def __call__(self, parameters: Floats) -> tuple[float, Floats, Floats]:
        r, alpha = parameters
        logs, per = np.log(alpha + self.days), 1.0 / (alpha + self.days)
        weight = r * self.by_day + self.orders_by_day
        value = self.n @ (gammaln(r + self.x) - gammaln(r)) + self.total * r * np.log(alpha) - weight @ logs
        gradient = np.array(
            [
                self.n @ (digamma(r + self.x) - digamma(r)) + self.total * np.log(alpha) - self.by_day @ logs,
                self.total * r / alpha - weight @ per,
            ]
        )
        mixed = self.total / alpha - self.by_day @ per
        hessian = np.array(
            [
                [self.n @ (polygamma(1, r + self.x) - polygamma(1, r)), mixed],
                [mixed, -self.total * r / alpha**2 + weight @ per**2],
            ]
        )
        return float(value), gradient, hessian
