"""BG/NBD: buying while alive is Poisson with gamma rates, and after each purchase a customer may end for good.

Fader, Hardie & Lee (2005), Marketing Science 24(2):275-284; equation 6 is the likelihood, equation 10 the expectation.
MBG/NBD (Batislam, Denizel & Filiztekin 2007) lets customers end after the first purchase as well: the same with one more
chance to leave. Time is counted in units of the histories, weeks unless told otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import digamma, gammaln, hyp2f1, polygamma

from rapport.insight.value.rules.histories import Floats, Histories
from rapport.insight.value.rules.newton import Fit, NoFit, highest

BG_NBD, MBG_NBD = "bg_nbd", "mbg_nbd"
NAMES = ("r", "alpha", "a", "b")
_SAMPLE_ABOVE = 20_000  # groups, from which on a share of them shows the fit where to begin
_TERMS = 3_000


def fit(histories: Histories, *, modified: bool = False, start: Sequence[float] | None = None) -> Fit:
    """Errors: NoFit."""
    if not histories.groups:
        raise NoFit("There are no histories.")
    begin: Sequence[float] = start if start is not None else _first_guess(histories)
    name = MBG_NBD if modified else BG_NBD
    if start is None and histories.groups > _SAMPLE_ABOVE:
        part = histories.every(max(histories.groups // 8_000, 2))
        first = highest(name, NAMES, _Likelihood(part, modified=modified), begin, enough=1e-3, most=40)
        begin = [min(max(each, 1e-3), 1e4) for each in first.values]
    return highest(name, NAMES, _Likelihood(histories, modified=modified), begin)


def log_likelihood(histories: Histories, parameters: Sequence[float], *, modified: bool = False) -> float:
    return _Likelihood(histories, modified=modified)(np.asarray(parameters, dtype=np.float64))[0]


def _first_guess(histories: Histories) -> tuple[float, ...]:
    """A scale of the right order is all that is needed: the mean wait between purchases of those who come back."""
    mean_age = max(float(histories.customers @ histories.age) / histories.total / histories.unit, 1e-3)
    return 0.5, max(mean_age / 4, 1e-2), 1.0, 2.0


class _Likelihood:
    """What does not depend on the parameters is worked out once: histograms of frequency and day, differences of rows."""

    def __init__(self, histories: Histories, *, modified: bool) -> None:
        self.modified = modified
        self.unit = histories.unit
        x, n = histories.frequency, histories.customers
        self.total = float(n.sum())
        counts = np.bincount(x, weights=n)
        self.x_values = np.flatnonzero(counts).astype(np.float64)
        self.x_counts = counts[counts > 0]
        self.purchases = float(n @ x)
        self.days = np.arange(int(histories.age.max()) + 1) / self.unit
        again = np.ones(len(x), dtype=bool) if modified else x > 0
        by_age = np.bincount(histories.age[~again], weights=n[~again], minlength=len(self.days))
        self.single_ages = np.flatnonzero(by_age)
        self.single_counts = by_age[self.single_ages]
        self.n = n[again]
        self.x = x[again]
        self.age = histories.age[again]
        self.recency = histories.recency[again]

    def __call__(self, parameters: Floats) -> tuple[float, Floats, Floats]:
        r, alpha, a, b = parameters
        gradient, hessian = np.zeros(4), np.zeros((4, 4))
        log_day, per_day = np.log(alpha + self.days), 1.0 / (alpha + self.days)
        value = self._of_frequencies(r, alpha, a, b, gradient, hessian)
        value += self._of_singles(r, log_day, per_day, gradient, hessian)
        value += self._of_repeats(r, a, b, log_day, per_day, gradient, hessian)
        return value, gradient, hessian + np.triu(hessian, 1).T

    def _of_frequencies(self, r: float, alpha: float, a: float, b: float, g: Floats, h: Floats) -> float:
        """All that hangs on x alone: as many terms as there are different frequencies."""
        x, n = self.x_values, self.x_counts
        used = x + 1 if self.modified else x  # chances to leave that were not taken
        value = n @ (gammaln(r + x) - gammaln(r) + gammaln(b + used) - gammaln(a + b + used)) + self.total * (
            r * np.log(alpha) + gammaln(a + b) - gammaln(b)
        )
        g[0] = n @ (digamma(r + x) - digamma(r)) + self.total * np.log(alpha)
        g[1] = self.total * r / alpha
        both = self.total * digamma(a + b) - n @ digamma(a + b + used)
        g[2] = both
        g[3] = both + n @ digamma(b + used) - self.total * digamma(b)
        h[0, 0] = n @ (polygamma(1, r + x) - polygamma(1, r))
        h[0, 1] = self.total / alpha
        h[1, 1] = -self.total * r / alpha**2
        both = self.total * polygamma(1, a + b) - n @ polygamma(1, a + b + used)
        h[2, 2] = h[2, 3] = both
        h[3, 3] = both + n @ polygamma(1, b + used) - self.total * polygamma(1, b)
        return float(value)

    def _of_singles(self, r: float, log_day: Floats, per_day: Floats, g: Floats, h: Floats) -> float:
        """Those who bought once and cannot have ended: ln of (alpha + T)^-r."""
        n, logs, per = self.single_counts, log_day[self.single_ages], per_day[self.single_ages]
        g[0] -= n @ logs
        g[1] -= r * (n @ per)
        h[0, 1] -= n @ per
        h[1, 1] += r * (n @ (per * per))
        return -r * float(n @ logs)

    def _of_repeats(
        self, r: float, a: float, b: float, log_day: Floats, per_day: Floats, g: Floats, h: Floats
    ) -> float:
        """ln of (alpha+T)^-(r+x) + a/(b+x-1) (alpha+t)^-(r+x); `ended` is the share of the second term."""
        n = self.n
        if not len(n):
            return 0.0
        m = self.x + r
        last_chance = b + self.x - (0.0 if self.modified else 1.0)
        log_age, per_age, per_last = log_day[self.age], per_day[self.age], per_day[self.recency]
        gap = log_age - log_day[self.recency]
        odds = np.log(a / last_chance)
        odds += m * gap
        ended = np.exp(-np.abs(odds))
        value = float(n @ (np.maximum(odds, 0) + np.log1p(ended) - m * log_age))
        ended = np.where(odds >= 0, 1.0, ended) / (1.0 + ended)
        n_ended = n * ended
        n_alive = n - n_ended
        n_both = n_ended * (1.0 - ended)
        per_chance = 1.0 / last_chance
        closer = m * (per_age - per_last)  # how the odds move with alpha
        alive_per, ended_per = n_alive * per_age, n_ended * per_last
        per = alive_per + ended_per
        g[0] += float(n_ended @ gap - n @ log_age)
        g[1] -= float(per @ m)
        g[2] += float(n_ended.sum()) / a
        g[3] -= float(n_ended @ per_chance)
        weighted = n_both * closer
        h[0, 0] += float((n_both * gap) @ gap)
        h[0, 1] += float(weighted @ gap - per.sum())
        h[0, 2] += float(n_both @ gap) / a
        h[0, 3] -= float((n_both * gap) @ per_chance)
        h[1, 1] += float(weighted @ closer + (alive_per * per_age + ended_per * per_last) @ m)
        h[1, 2] += float(weighted.sum()) / a
        h[1, 3] -= float(weighted @ per_chance)
        h[2, 2] += float(n_both.sum() - n_ended.sum()) / a**2
        h[2, 3] -= float(n_both @ per_chance) / a
        h[3, 3] += float((n_both + n_ended) @ (per_chance * per_chance))
        return value


def p_alive(parameters: Sequence[float], histories: Histories, *, modified: bool = False) -> Floats:
    """The chance that a customer has not ended, one number a group. Fader, Hardie & Lee (2008), note 'P(Alive)'."""
    return 1.0 / (1.0 + np.exp(np.minimum(_log_odds_ended(parameters, histories, modified=modified), 700.0)))


def _log_odds_ended(parameters: Sequence[float], histories: Histories, *, modified: bool) -> Floats:
    r, alpha, a, b = parameters
    x = histories.frequency
    log_day = np.log(alpha + np.arange(int(histories.age.max(initial=0)) + 1) / histories.unit)
    last_chance = b + x - (0.0 if modified else 1.0)
    again = np.full(len(x), True) if modified else x > 0
    odds = np.full(len(x), -np.inf)
    odds[again] = np.log(a / last_chance[again]) + (
        (r + x[again]) * (log_day[histories.age[again]] - log_day[histories.recency[again]])
    )
    return odds


def purchases_while_alive(
    parameters: Sequence[float], frequency: Floats, age: Floats, ahead: Floats, *, modified: bool = False
) -> Floats:
    """Purchases expected within `ahead` of a customer who has not ended yet. Units of time, one number a row.

    Equation 10 without its denominator, after Euler's transformation: nothing overflows at high frequencies, and the
    factor 1/(a-1) is divided out beforehand, so that a = 1 is a point like any other.
    """
    r, alpha, a, b = parameters
    x = np.asarray(frequency, dtype=np.float64) + (1.0 if modified else 0.0)
    rate = r + np.asarray(frequency, dtype=np.float64)
    ahead = np.asarray(ahead, dtype=np.float64)
    z = ahead / (alpha + age + ahead)
    left = np.log1p(-z)
    e = a - 1.0
    chances = a + b + x - 1.0
    # 2F1(a-1, a+b+x-1-(r+x); a+b+x-1; z) = 1 + (a-1) * tail
    tail = _tail(e, chances - rate, chances, z)
    power = -left if abs(e) < 1e-12 else -np.expm1(e * left) / e
    return np.maximum(chances * (power - np.exp(e * left) * tail), 0.0)


def _tail(e: float, other: Floats, below: Floats, z: Floats) -> Floats:
    """(2F1(e, other; below; z) - 1) / e, summed term by term; far out, where that takes long, by SciPy."""
    other, below, z = np.broadcast_arrays(other, below, z)
    total = np.zeros(z.shape)
    far = z > 0.97
    if far.any():
        total[far] = _far_tail(e, other[far], below[far], z[far])
    near = np.flatnonzero(~far.ravel())
    near = near[np.argsort(z.ravel()[near])]
    o, c, y = other.ravel()[near], below.ravel()[near], z.ravel()[near]
    term = o / c * y
    done = term.copy()
    begin = 0
    for j in range(1, _TERMS):
        term[begin:] *= (e + j) * (o[begin:] + j) / ((c[begin:] + j) * (j + 1.0)) * y[begin:]
        done[begin:] += term[begin:]
        if j % 8 == 0:  # sorted by z: the first ones are finished first
            open_ = np.abs(term[begin:]) > 1e-17 * (np.abs(done[begin:]) + 1e-300)
            if not open_.any():
                break
            begin += int(np.argmax(open_))
    flat = total.ravel()
    flat[near] = done
    return flat.reshape(z.shape)


def _far_tail(e: float, other: Floats, below: Floats, z: Floats) -> Floats:
    if abs(e) > 1e-3:
        return (hyp2f1(e, other, below, z) - 1.0) / e
    # Too near to zero to divide by: from four neighbours, the error being of the fourth order in their distance.
    means = [sum((hyp2f1(e + side, other, below, z) - 1.0) / (e + side) for side in (h, -h)) / 2 for h in (4e-3, 8e-3)]
    return (4.0 * means[0] - means[1]) / 3.0


def expected_purchases(
    parameters: Sequence[float], histories: Histories, ahead: float, *, modified: bool = False
) -> Floats:
    """Purchases expected within `ahead` units, one number a group."""
    alive = p_alive(parameters, histories, modified=modified)
    key, place = distinct_pairs(histories)
    per_pair = purchases_while_alive(
        parameters, key[0], key[1] / histories.unit, np.full(len(key[0]), float(ahead)), modified=modified
    )
    return alive * per_pair[place]


def distinct_pairs(histories: Histories) -> tuple[tuple[Floats, Floats], np.ndarray]:
    """Different (frequency, age in days) and the one each group has: what happens from now on hangs on them alone."""
    width = int(histories.age.max(initial=0)) + 1
    distinct, place = np.unique(histories.frequency * width + histories.age, return_inverse=True)
    x, age = np.divmod(distinct, width)
    return (x.astype(np.float64), age.astype(np.float64)), place
