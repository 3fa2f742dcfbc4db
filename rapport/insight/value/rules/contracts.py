"""sBG: contracts renewed or ended once a period; those likely to leave do so first, so retention rises with tenure.

Fader & Hardie (2007), "How to Project Customer Retention", J. Interactive Marketing 21(1):76-90, equations 5 to 7; residual
value after Fader & Hardie (2010), "Customer-Base Valuation in a Contractual Setting", Marketing Science 29(1):85-93.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import betaln, digamma, polygamma

from rapport.insight.value.rules.histories import Floats, Impossible
from rapport.insight.value.rules.newton import Fit, NoFit, highest

SBG = "sbg"
NAMES = ("alpha", "beta")


@dataclass(frozen=True, eq=False)
class Contracts:
    """How many ended at their n-th renewal, and how many have been renewed n times and run; place 0 is n = 0."""

    ended: Floats  # ended[0] is nobody
    running: Floats

    @property
    def total(self) -> float:
        return float(self.ended.sum() + self.running.sum())


def cohort(left: Sequence[float]) -> Contracts:
    """From how many of one cohort were left after each period, the first number being those who began."""
    survivors = np.asarray(left, dtype=np.float64)
    if len(survivors) < 2 or (np.diff(survivors) > 0).any() or (survivors < 0).any():
        raise Impossible("A cohort does not grow.")
    running = np.zeros(len(survivors))
    running[-1] = survivors[-1]
    return Contracts(np.concatenate(([0.0], -np.diff(survivors))), running)


def counted(renewals: Any, has_ended: Any) -> Contracts:
    """From renewals that a contract reached and whether it ended there. One that ended reached at least one."""
    n, gone = np.asarray(renewals).astype(np.int64), np.asarray(has_ended, dtype=bool)
    if (n < 0).any() or (n[gone] < 1).any():
        raise Impossible("A contract ends at a renewal.")
    width = int(n.max(initial=0)) + 1
    return Contracts(
        np.bincount(n[gone], minlength=width).astype(np.float64),
        np.bincount(n[~gone], minlength=width).astype(np.float64),
    )


def fit(contracts: Contracts) -> Fit:
    """Errors: NoFit."""
    if not contracts.ended.sum():
        raise NoFit("No contract has ended yet.")
    if not len(contracts.ended) > 1 or not (contracts.running.sum() or len(np.flatnonzero(contracts.ended)) > 1):
        raise NoFit("All contracts ended together.")
    return highest(SBG, NAMES, lambda at: _likelihood(contracts, at), (1.0, 1.0))


def log_likelihood(contracts: Contracts, parameters: Sequence[float]) -> float:
    return _likelihood(contracts, np.asarray(parameters, dtype=np.float64))[0]


def survival(parameters: Sequence[float], periods: Any) -> Floats:
    a, b = parameters
    return np.exp(betaln(a, b + np.asarray(periods, dtype=np.float64)) - betaln(a, b))


def retention(parameters: Sequence[float], period: Any) -> Floats:
    """Of those who reached a period, the share that renews at its end; rises with the period."""
    a, b = parameters
    return (b + np.asarray(period, dtype=np.float64) - 1.0) / (a + b + np.asarray(period, dtype=np.float64) - 1.0)


def survival_ahead(parameters: Sequence[float], renewals: Any, ahead: int) -> Floats:
    """The chance that contracts renewed so often reach each of the next `ahead` renewals: a row each."""
    a, b = parameters
    n = np.asarray(renewals, dtype=np.float64)[:, None]
    steps = np.arange(1, ahead + 1)[None, :]
    return np.exp(betaln(a, b + n + steps) - betaln(a, b + n))


def _likelihood(contracts: Contracts, at: Floats) -> tuple[float, Floats, Floats]:
    a, b = at
    t = np.arange(len(contracts.ended), dtype=np.float64)
    ended, running = contracts.ended, contracts.running
    end = np.maximum(t - 1.0, 0.0)
    # ended at t: B(a+1, b+t-1)/B(a,b); running after t: B(a, b+t)/B(a,b)
    value = ended @ (betaln(a + 1, b + end) - betaln(a, b)) + running @ (betaln(a, b + t) - betaln(a, b))
    gradient, hessian = np.zeros(2), np.zeros((2, 2))
    for weight, up, down in ((ended, 1.0, end), (running, 0.0, t)):
        both = digamma(a + b) - digamma(a + b + up + down)
        gradient += weight @ (digamma(a + up) - digamma(a) + both), weight @ (digamma(b + down) - digamma(b) + both)
        both = polygamma(1, a + b) - polygamma(1, a + b + up + down)
        hessian[0, 0] += weight @ (polygamma(1, a + up) - polygamma(1, a) + both)
        hessian[1, 1] += weight @ (polygamma(1, b + down) - polygamma(1, b) + both)
        hessian[0, 1] += weight @ both
    hessian[1, 0] = hessian[0, 1]
    return float(value), gradient, hessian
