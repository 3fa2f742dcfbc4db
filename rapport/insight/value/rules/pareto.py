"""Pareto/NBD: buying while alive is Poisson with gamma rates, lifetimes are exponential with gamma rates.

Schmittlein, Morrison & Colombo (1987), Management Science 33(1):1-24; likelihood as in Fader & Hardie (2005), "A Note on
Deriving the Pareto/NBD Model", equation 12. There the hard part is a difference of two 2F1. Here it is kept as the integral
it stands for,

    J(x, t) = integral from t to infinity of (alpha+u)^-(r+x) (beta+u)^-(s+1) du,

taken by double-exponential quadrature: every term is positive, nothing overflows, and gradient and Hessian are moments of
the same integrand. It hangs on (x, t_x) and (x, T) alone, of which there are few.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import digamma, gammaln, polygamma

from rapport.insight.value.rules.histories import Floats, Histories
from rapport.insight.value.rules.newton import Fit, NoFit, highest

PARETO_NBD = "pareto_nbd"
NAMES = ("r", "alpha", "s", "beta")
_SAMPLE_ABOVE = 10_000
_AT_ONCE = 1_500  # integrals worked on together, so that they stay in the processor's cache


def _quadrature() -> tuple[Floats, Floats]:
    """Places and weights for integrals of e^-y f(y) over y > 0."""
    step = 0.1625
    u = np.arange(-4.5, 3.85, step)
    y = np.exp(u - np.exp(-u))
    weight = step * y * (1.0 + np.exp(-u)) * np.exp(-y)
    keep = weight > 1e-18
    return y[keep], weight[keep]


_Y, _W = _quadrature()


def fit(histories: Histories, *, start: Sequence[float] | None = None) -> Fit:
    """Errors: NoFit."""
    if not histories.groups:
        raise NoFit("There are no histories.")
    if start is None:
        mean_age = max(float(histories.customers @ histories.age) / histories.total / histories.unit, 1e-3)
        start = (0.6, max(mean_age / 3, 1e-2), 0.6, max(mean_age / 3, 1e-2))
        if histories.groups > _SAMPLE_ABOVE:
            part = histories.every(max(histories.groups // 3_000, 2))
            first = highest(PARETO_NBD, NAMES, _Likelihood(part), start, enough=1e-3, most=60)
            start = [float(each) for each in np.clip(first.values, 1e-3, 1e5)]
    return highest(PARETO_NBD, NAMES, _Likelihood(histories), start)


def log_likelihood(histories: Histories, parameters: Sequence[float]) -> float:
    return _Likelihood(histories)(np.asarray(parameters, dtype=np.float64))[0]


def p_alive(parameters: Sequence[float], histories: Histories) -> Floats:
    """One number a group; equation 11 of Schmittlein, Morrison & Colombo (1987)."""
    likelihood = _Likelihood(histories)
    log_alive, log_ended = likelihood.parts(np.asarray(parameters, dtype=np.float64))
    return np.exp(-np.logaddexp(0.0, log_ended - log_alive))


def purchases_while_alive(parameters: Sequence[float], frequency: Floats, age: Floats, ahead: Floats) -> Floats:
    """Purchases expected within `ahead` of a customer who has not ended yet; s = 1 is a point like any other."""
    r, alpha, s, beta = parameters
    ahead = np.asarray(ahead, dtype=np.float64)
    left = -np.log1p(ahead / (beta + age))  # ln((beta+T)/(beta+T+t))
    e = s - 1.0
    span = -left if abs(e) < 1e-12 else -np.expm1(e * left) / e
    return (r + frequency) * (beta + age) / (alpha + age) * span


def expected_purchases(parameters: Sequence[float], histories: Histories, ahead: float) -> Floats:
    x, age = histories.frequency.astype(np.float64), histories.age / histories.unit
    return p_alive(parameters, histories) * purchases_while_alive(parameters, x, age, np.full(len(x), float(ahead)))


class _Likelihood:
    def __init__(self, histories: Histories) -> None:
        x, n = histories.frequency, histories.customers
        self.unit = histories.unit
        self.n = n
        self.total = float(n.sum())
        counts = np.bincount(x, weights=n)
        self.x_values = np.flatnonzero(counts)
        self.x_counts = counts[counts > 0]
        self.x, self.age, self.recency = x, histories.age, histories.recency
        width = int(histories.age.max()) + 1
        keys = np.concatenate((x * width + histories.recency, x * width + histories.age))
        distinct, place = np.unique(keys, return_inverse=True)
        self.at_last, self.at_end = place[: len(x)], place[len(x) :]
        pair_x, pair_day = np.divmod(distinct, width)
        self.pair_row = np.searchsorted(self.x_values, pair_x)
        self.pair_x, self.pair_t = pair_x.astype(np.float64), pair_day / self.unit
        self.days = np.arange(width) / self.unit

    def parts(self, parameters: Floats) -> tuple[Floats, Floats]:
        """ln of the two ways a history comes about, alive and ended, but for what both share."""
        r, alpha, s, beta = parameters
        log_j, _, _ = self._integrals(parameters, moments=False)
        log_alive = -(r + self.x) * np.log(alpha + self.days)[self.age] - s * np.log(beta + self.days)[self.age]
        first, second = log_j[self.at_last], log_j[self.at_end]
        with np.errstate(divide="ignore"):
            return log_alive, np.log(s) + first + np.log(-np.expm1(np.minimum(second - first, 0.0)))

    def __call__(self, parameters: Floats) -> tuple[float, Floats, Floats]:
        r, alpha, s, beta = parameters
        n = self.n
        log_a, log_b = np.log(alpha + self.days), np.log(beta + self.days)
        per_a, per_b = 1.0 / (alpha + self.days), 1.0 / (beta + self.days)
        log_j, slopes, bends = self._integrals(parameters, moments=True)
        m = r + self.x
        alive = -m * log_a[self.age] - s * log_b[self.age]
        first = np.log(s) + log_j[self.at_last]
        second = np.log(s) + log_j[self.at_end]
        top = np.maximum(alive, first)
        w_alive, w_first, w_second = np.exp(alive - top), np.exp(first - top), np.exp(second - top)
        sum_ = w_alive + w_first - w_second
        value = float(n @ (top + np.log(sum_)))
        w_alive, w_first, w_second = w_alive / sum_, w_first / sum_, -w_second / sum_
        # gradients of the logarithms of the three terms, one row a parameter
        mine = np.empty((4, len(n)))
        mine[0], mine[2] = -log_a[self.age], -log_b[self.age]
        mine[1], mine[3] = -m * per_a[self.age], -s * per_b[self.age]
        g_first, g_second = slopes[:, self.at_last], slopes[:, self.at_end]
        whole = w_alive * mine + w_first * g_first + w_second * g_second
        gradient = whole @ n
        hessian = -(whole * n) @ whole.T
        weighted = n * w_alive
        hessian += (mine * weighted) @ mine.T
        hessian[0, 1] -= weighted @ per_a[self.age]
        hessian[1, 1] += weighted @ (m * per_a[self.age] ** 2)
        hessian[2, 3] -= weighted @ per_b[self.age]
        hessian[3, 3] += weighted @ (s * per_b[self.age] ** 2)
        # the bends of J are summed per pair: as many as there are pairs, whatever the number of groups
        per_pair = np.bincount(self.at_last, weights=n * w_first, minlength=len(log_j))
        per_pair += np.bincount(self.at_end, weights=n * w_second, minlength=len(log_j))
        for k, (i, j) in enumerate(_PAIRS):
            hessian[i, j] += per_pair @ bends[k]
            if i != j:
                hessian[j, i] = 0.0
        hessian[1, 0] = hessian[3, 2] = 0.0
        hessian = np.triu(hessian) + np.triu(hessian, 1).T
        value += self._shared(parameters, gradient, hessian)
        return value, gradient, hessian

    def _shared(self, parameters: Floats, gradient: Floats, hessian: Floats) -> float:
        """ln of Gamma(r+x) alpha^r beta^s / Gamma(r), and the derivatives of ln s in the ended terms are in the slopes."""
        r, alpha, s, beta = parameters
        x, n = self.x_values, self.x_counts
        gradient[0] += n @ (digamma(r + x) - digamma(r)) + self.total * np.log(alpha)
        gradient[1] += self.total * r / alpha
        gradient[2] += self.total * np.log(beta)
        gradient[3] += self.total * s / beta
        hessian[0, 0] += n @ (polygamma(1, r + x) - polygamma(1, r))
        for i, j, bend in ((0, 1, 1 / alpha), (2, 3, 1 / beta)):
            hessian[i, j] += self.total * bend
            hessian[j, i] += self.total * bend
        hessian[1, 1] -= self.total * r / alpha**2
        hessian[3, 3] -= self.total * s / beta**2
        return float(n @ (gammaln(r + x) - gammaln(r)) + self.total * (r * np.log(alpha) + s * np.log(beta)))

    def _integrals(self, parameters: Floats, *, moments: bool) -> tuple[Floats, Floats, Floats]:
        """ln J for each pair; with `moments` the gradient of ln(s J) and (s J)''/(s J), the latter by _PAIRS.

        With v = (alpha+t)/(alpha+u) = e^(-y/k), k = r+s+x:
        J = (alpha+t)^-k / k * integral of e^-y (1 - z v)^-(s+1) dy,  z = (alpha-beta)/(alpha+t).
        """
        r, alpha, s, beta = parameters
        k_values = r + s + self.x_values
        shrink = -_Y / k_values[:, None]  # ln v for each frequency and place
        shrunk = np.exp(shrink)
        count = len(self.pair_x)
        log_j = np.empty(count)
        slopes = np.empty((4, count)) if moments else np.empty((0, 0))
        bends = np.empty((len(_PAIRS), count)) if moments else np.empty((0, 0))
        for begin in range(0, count, _AT_ONCE):
            part = slice(begin, begin + _AT_ONCE)
            row, x, t = self.pair_row[part], self.pair_x[part], self.pair_t[part]
            away = alpha + t
            v, log_v = shrunk[row], shrink[row]
            # 1 - z v, written so that it loses nothing when v is near 1 and beta small
            rest = -np.expm1(log_v) + ((beta + t) / away)[:, None] * v
            log_rest = np.log(rest)
            power = -(s + 1.0) * log_rest
            top = power.max(axis=1)
            mass = _W * np.exp(power - top[:, None])
            m0 = mass.sum(axis=1)
            k = k_values[row]
            log_away = np.log(away)
            log_j[part] = np.log(m0) + top - np.log(k) - k * log_away
            if not moments:
                continue
            mass /= m0[:, None]
            log_a = log_away[:, None] - log_v  # ln(alpha+u)
            log_b = log_a + log_rest  # ln(beta+u)
            v /= away[:, None]  # 1/(alpha+u)
            per_b = v / rest  # 1/(beta+u)
            m = r + x
            by = (log_a, v, log_b, per_b)
            first = [np.einsum("ij,ij->i", mass, each) for each in by]
            scale = (-1.0, -m, -1.0, -(s + 1.0))
            for i in range(4):
                slopes[i, part] = scale[i] * first[i]
            slopes[2, part] += 1.0 / s
            for index, (i, j) in enumerate(_PAIRS):
                bends[index, part] = scale[i] * scale[j] * np.einsum("ij,ij,ij->i", mass, by[i], by[j])
            bends[_AT[0, 1], part] -= first[1]
            bends[_AT[1, 1], part] += bends[_AT[1, 1], part] / m
            bends[_AT[2, 3], part] -= first[3]
            bends[_AT[3, 3], part] += bends[_AT[3, 3], part] / (s + 1.0)
            # from J to s J: s J'' + (e J' + J' e)
            for i in range(4):
                low, high = min(i, 2), max(i, 2)
                bends[_AT[low, high], part] += (2.0 if i == 2 else 1.0) * scale[i] * first[i] / s
        return log_j, slopes, bends


_PAIRS = tuple((i, j) for i in range(4) for j in range(i, 4))
_AT = {pair: place for place, pair in enumerate(_PAIRS)}
