"""Gamma-Gamma: what one order brings varies around a customer's own mean, and means differ between customers.

Fader, Hardie & Lee (2005), J. Marketing Research 42(4):415-430; Fader & Hardie (2013), note 025 "The Gamma-Gamma Model of
Monetary Value", equation 1a is the likelihood, equation 5 the conditional mean. Mean and number of orders must not hang
together: see the gates.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import digamma, gammaln, polygamma

from rapport.insight.value.rules.histories import Floats, Impossible
from rapport.insight.value.rules.newton import Fit, NoFit, highest

GAMMA_GAMMA = "gamma_gamma"
NAMES = ("p", "q", "gamma")
_SAMPLE_ABOVE = 40_000  # customers


def fit(frequency: Any, mean: Any, *, customers: Any = None) -> Fit:
    """From repeat orders of a customer and their mean, both above zero. Errors: NoFit, Impossible."""
    likelihood = _Likelihood(frequency, mean, customers)
    start: Sequence[float] = (2.0, 3.0, 2.0 * likelihood.middle)
    if customers is None and len(likelihood.x) > _SAMPLE_ABOVE:  # a share of them shows where to begin
        step = slice(None, None, len(likelihood.x) // 10_000)
        part = _Likelihood(np.asarray(frequency)[step], np.asarray(mean)[step], None)
        start = [min(max(each, 1e-3), 1e6) for each in highest(GAMMA_GAMMA, NAMES, part, start, enough=1e-3).values]
    return highest(GAMMA_GAMMA, NAMES, likelihood, start)


def log_likelihood(frequency: Any, mean: Any, parameters: Sequence[float]) -> float:
    return _Likelihood(frequency, mean, None)(np.asarray(parameters, dtype=np.float64))[0]


def expected_spend(parameters: Sequence[float], frequency: Any, mean: Any) -> Floats:
    """The mean of future orders: the customer's own mean and everyone's, weighed by how often the customer bought.

    Who never came back has everyone's mean. Never below zero, though a mean of returns may be.
    """
    p, q, v = parameters
    if q <= 1:
        raise NoFit("With q at or below one the mean of everyone is not finite.")
    x = np.asarray(frequency, dtype=np.float64)
    total = np.where(x > 0, x * np.nan_to_num(np.asarray(mean, dtype=np.float64)), 0.0)
    return np.maximum(p * (v + total) / (p * x + q - 1.0), 0.0)


class _Likelihood:
    """The terms of x alone are counted once per frequency; what is left are sums of a logarithm and a quotient."""

    def __init__(self, frequency: Any, mean: Any, customers: Any) -> None:
        x, z = np.asarray(frequency, dtype=np.float64), np.asarray(mean, dtype=np.float64)
        if len(x) != len(z):
            raise Impossible("Orders and means differ in length.")
        if not len(x):
            raise NoFit("Nobody came back to buy again.")
        if not np.isfinite(z).all() or (z <= 0).any() or (x < 1).any():
            raise Impossible("Spending is of customers with repeat orders and a mean above zero.")
        if float(z.min()) == float(z.max()):
            raise NoFit("Every customer spends the same.")
        n = np.ones(len(x)) if customers is None else np.asarray(customers, dtype=np.float64)
        whole = x.astype(np.int64)
        counts = np.bincount(whole, weights=n)
        self.x_values = np.flatnonzero(counts).astype(np.float64)
        self.x_counts = counts[counts > 0]
        self.n = None if customers is None else n
        self.total, self.orders = float(n.sum()), float(n @ x)
        self.x, self.spent = x, x * z
        self.room = np.empty_like(z), np.empty_like(z), np.empty_like(z)
        self.middle = float(np.median(z[:10_000]))
        logs = np.log(z)
        self.of_means = float(n @ logs)
        self.of_spent = float((n * x) @ logs) + float((self.x_counts * self.x_values) @ np.log(self.x_values))

    def __call__(self, parameters: Floats) -> tuple[float, Floats, Floats]:
        p, q, v = parameters
        x, n = self.x_values, self.x_counts
        logs, per, square = self.room  # written over each time: fetching fresh memory costs as much as the logarithms
        np.add(self.spent, v, out=per)
        np.log(per, out=logs)
        np.reciprocal(per, out=per)
        np.multiply(per, per, out=square)
        if self.n is not None:
            logs, per, square = logs * self.n, per * self.n, square * self.n
        logs_sum, logs_x = float(logs.sum()), float(logs @ self.x)
        per_sum, per_x = float(per.sum()), float(per @ self.x)
        square_sum, square_x = float(square.sum()), float(square @ self.x)
        value = (
            n @ (gammaln(p * x + q) - gammaln(p * x))
            + self.total * (q * np.log(v) - gammaln(q))
            + p * self.of_spent
            - self.of_means
            - p * logs_x
            - q * logs_sum
        )
        both, one = digamma(p * x + q), digamma(p * x)
        gradient = np.array(
            [
                (n * x) @ (both - one) + self.of_spent - logs_x,
                n @ both + self.total * (np.log(v) - digamma(q)) - logs_sum,
                self.total * q / v - p * per_x - q * per_sum,
            ]
        )
        both, one = polygamma(1, p * x + q), polygamma(1, p * x)
        hessian = np.empty((3, 3))
        hessian[0, 0] = (n * x * x) @ (both - one)
        hessian[0, 1] = hessian[1, 0] = (n * x) @ both
        hessian[0, 2] = hessian[2, 0] = -per_x
        hessian[1, 1] = n @ both - self.total * polygamma(1, q)
        hessian[1, 2] = hessian[2, 1] = self.total / v - per_sum
        hessian[2, 2] = -self.total * q / v**2 + p * square_x + q * square_sum
        return float(value), gradient, hessian
