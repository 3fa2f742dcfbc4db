"""BG/BB: customers who could buy at fixed occasions (a yearly appeal, a season), and may end between any two.

Fader, Hardie & Shang (2010), Marketing Science 29(6):1086-1108; equation 8 is the likelihood, 11 the chance to be alive,
13 the expectation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import betaln, digamma, polygamma

from rapport.insight.value.rules.histories import Floats, Impossible, Ints
from rapport.insight.value.rules.newton import Fit, NoFit, highest

BG_BB = "bg_bb"
NAMES = ("alpha", "beta", "gamma", "delta")


@dataclass(frozen=True, eq=False)
class Occasions:
    """Distinct records: occasions used after the first, the last one used, occasions there were, and how many have it."""

    used: Ints
    last: Ints
    offered: Ints
    customers: Floats

    @property
    def total(self) -> float:
        return float(self.customers.sum())


def grouped(used: Any, last: Any, offered: Any, *, customers: Any = None) -> tuple[Occasions, Ints]:
    """Equal records counted, and the group of each row. Errors: Impossible."""
    x, t, n = (np.asarray(each).astype(np.int64) for each in (used, last, offered))
    counted = np.ones(len(x)) if customers is None else np.asarray(customers, dtype=np.float64)
    if (x < 0).any() or (t < x).any() or (t > n).any() or ((x == 0) != (t == 0)).any():
        raise Impossible("Occasions used, the last of them and those offered contradict each other.")
    distinct, index = np.unique(np.stack((n, x, t)), axis=1, return_inverse=True)
    place: Ints = index.ravel()
    totals = np.bincount(place, weights=counted, minlength=distinct.shape[1]).astype(np.float64)
    return Occasions(used=distinct[1], last=distinct[2], offered=distinct[0], customers=totals), place


def fit(occasions: Occasions) -> Fit:
    """Errors: NoFit."""
    if not len(occasions.used) or int(occasions.offered.max()) < 2:
        raise NoFit("There were too few occasions.")
    return highest(BG_BB, NAMES, _Likelihood(occasions), (1.0, 1.0, 1.0, 2.0))


def log_likelihood(occasions: Occasions, parameters: Sequence[float]) -> float:
    return _Likelihood(occasions)(np.asarray(parameters, dtype=np.float64))[0]


def p_alive(parameters: Sequence[float], occasions: Occasions, *, ahead: int = 0) -> Floats:
    """The chance to be there still at the occasion `ahead` of the last: 1 is the next one."""
    a, b, c, d = parameters
    x, n = occasions.used, occasions.offered
    log = betaln(a + x, b + n - x) - betaln(a, b) + betaln(c, d + n + ahead) - betaln(c, d)
    return np.exp(log - _Likelihood(occasions).each(np.asarray(parameters)))


def chances_ahead(parameters: Sequence[float], occasions: Occasions, ahead: int) -> Floats:
    """The chance that each of the next `ahead` occasions is used: a row a group, a column an occasion."""
    a, b, c, d = parameters
    x, n = occasions.used[:, None], occasions.offered[:, None]
    steps = np.arange(1, ahead + 1)[None, :]
    log = betaln(a + x + 1, b + n - x) - betaln(a, b) + betaln(c, d + n + steps) - betaln(c, d)
    return np.exp(log - _Likelihood(occasions).each(np.asarray(parameters))[:, None])


def expected_purchases(parameters: Sequence[float], occasions: Occasions, ahead: int) -> Floats:
    """Occasions expected to be used out of the next `ahead`. A sum of positive terms: gamma = 1 is no special case."""
    return chances_ahead(parameters, occasions, ahead).sum(axis=1)


def p_some(parameters: Sequence[float], occasions: Occasions, ahead: int) -> Floats:
    """The chance that at least one of the next `ahead` occasions is used."""
    a, b, c, d = parameters
    x, n = occasions.used[:, None], occasions.offered[:, None]
    steps = np.arange(ahead)[None, :]
    # used for the first time at step k+1: there still at n+k+1, and passed over k times before
    log = betaln(a + x + 1, b + n - x + steps) - betaln(a, b) + betaln(c, d + n + steps + 1) - betaln(c, d)
    return np.minimum(np.exp(log - _Likelihood(occasions).each(np.asarray(parameters))[:, None]).sum(axis=1), 1.0)


class _Likelihood:
    """Every way a record comes about is one row: still there, or ended after the last use or one of the silences since."""

    def __init__(self, occasions: Occasions) -> None:
        x, t, n = occasions.used, occasions.last, occasions.offered
        ways = n - t + 1
        self.group = np.repeat(np.arange(len(x)), ways)
        self.begins = np.concatenate(([0], np.cumsum(ways)[:-1]))
        step = np.arange(int(ways.sum())) - self.begins[self.group]  # 0 is being there still
        alive = step == 0
        silence = np.maximum(step - 1, 0)
        self.p = x[self.group].astype(np.float64)
        self.q = np.where(alive, (n - x)[self.group], (t - x)[self.group] + silence).astype(np.float64)
        self.e = np.where(alive, 0.0, 1.0)
        self.f = np.where(alive, n[self.group], t[self.group] + silence).astype(np.float64)
        self.n = occasions.customers

    def each(self, parameters: Floats) -> Floats:
        a, b, c, d = parameters
        logs = betaln(a + self.p, b + self.q) - betaln(a, b) + betaln(c + self.e, d + self.f) - betaln(c, d)
        top = np.maximum.reduceat(logs, self.begins)
        return top + np.log(np.add.reduceat(np.exp(logs - top[self.group]), self.begins))

    def __call__(self, parameters: Floats) -> tuple[float, Floats, Floats]:
        a, b, c, d = parameters
        logs = betaln(a + self.p, b + self.q) - betaln(a, b) + betaln(c + self.e, d + self.f) - betaln(c, d)
        top = np.maximum.reduceat(logs, self.begins)
        mass = np.exp(logs - top[self.group])
        total = np.add.reduceat(mass, self.begins)
        share = mass / total[self.group]
        weight = share * self.n[self.group]
        slopes = np.stack((*_slope(a, b, self.p, self.q), *_slope(c, d, self.e, self.f)))
        whole = np.add.reduceat(slopes * share, self.begins, axis=1)
        hessian = (slopes * weight) @ slopes.T - (whole * self.n) @ whole.T
        for at, (u, w, up, down) in ((0, (a, b, self.p, self.q)), (2, (c, d, self.e, self.f))):
            uu, uw, ww = _bend(u, w, up, down)
            hessian[at, at] += weight @ uu
            hessian[at, at + 1] += weight @ uw
            hessian[at + 1, at] += weight @ uw
            hessian[at + 1, at + 1] += weight @ ww
        return float(self.n @ (top + np.log(total))), whole @ self.n, hessian


def _slope(u: float, w: float, up: Floats, down: Floats) -> tuple[Floats, Floats]:
    """Of ln B(u+up, w+down) - ln B(u, w), by u and by w."""
    both = digamma(u + w) - digamma(u + w + up + down)
    return digamma(u + up) - digamma(u) + both, digamma(w + down) - digamma(w) + both


def _bend(u: float, w: float, up: Floats, down: Floats) -> tuple[Floats, Floats, Floats]:
    both = polygamma(1, u + w) - polygamma(1, u + w + up + down)
    return (
        polygamma(1, u + up) - polygamma(1, u) + both,
        both,
        polygamma(1, w + down) - polygamma(1, w) + both,
    )
