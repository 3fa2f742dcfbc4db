"""What is to be expected of customers with a history: the same questions put to each of the models.

Everything about the future hangs on (frequency, age) alone while a customer is alive, and the chance to be alive on the whole
history. So the costly part is worked out for the few different pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rapport.insight.value.rules import beta_geometric, contracts, occasions, pareto
from rapport.insight.value.rules.beta_geometric import BG_NBD, MBG_NBD, distinct_pairs
from rapport.insight.value.rules.histories import Floats, Histories, Ints
from rapport.insight.value.rules.newton import Fit
from rapport.insight.value.rules.pareto import PARETO_NBD

MONTH_DAYS = 365.25 / 12
LOW, HIGH = 0.1, 0.9  # the range that holds in 8 cases of 10
_MOST_COUNTED = 5_000
CONTINUOUS = (BG_NBD, MBG_NBD, PARETO_NBD)


@dataclass(frozen=True)
class Horizon:
    """How far value is counted, and what money later is worth less a year."""

    months: int = 36
    discount: float = 0.10  # a year
    step_days: float = MONTH_DAYS

    @property
    def days(self) -> float:
        return self.months * self.step_days

    @property
    def weights(self) -> Floats:
        """What one unit of money at the end of each month is worth today."""
        years = np.arange(1, self.months + 1) * self.step_days / 365.25
        return np.asarray((1.0 + self.discount) ** -years)


@dataclass(frozen=True, eq=False)
class Outlook:
    """One number a group, in the order of the groups."""

    p_alive: Floats
    purchases: Floats  # expected within the horizon, undiscounted
    discounted: Floats  # the same, each month by its weight: times margin per purchase it is the value
    year: Floats  # expected within twelve months
    p_none: Floats  # that there is none within the horizon
    wait_days: Floats  # in half of all cases the next purchase comes before, if the customer is still there
    least: Ints  # purchases within the horizon, in 8 cases of 10 from ...
    most: Ints  # ... to


def outlook(fit: Fit, histories: Histories, horizon: Horizon) -> Outlook:
    """Errors: KeyError for models of occasions and contracts, which have their own below."""
    alive = p_alive(fit, histories)
    (x, days), place = distinct_pairs(histories)
    age = days / histories.unit
    steps = np.arange(1, horizon.months + 1) * horizon.step_days / histories.unit
    purchases, discounted = np.zeros(len(x)), np.zeros(len(x))
    for step, weight in zip(steps, horizon.weights, strict=True):
        upto = while_alive(fit, x, age, step)
        discounted += weight * (upto - purchases)
        purchases = upto
    year = while_alive(fit, x, age, 365.25 / histories.unit)
    count = _Counts(fit, x, age, horizon.days / histories.unit)
    least, most, p_some = _quantiles(count, alive, place)
    return Outlook(
        p_alive=alive,
        purchases=alive * purchases[place],
        discounted=alive * discounted[place],
        year=alive * year[place],
        p_none=1.0 - p_some,
        wait_days=_wait(fit, x, age)[place] * histories.unit,
        least=least,
        most=most,
    )


def discounted_purchases(fit: Fit, histories: Histories, horizon: Horizon) -> Floats:
    """Only that part of the outlook: for totals under many parameters."""
    (x, days), place = distinct_pairs(histories)
    age = days / histories.unit
    before, discounted = np.zeros(len(x)), np.zeros(len(x))
    for month, weight in enumerate(horizon.weights, start=1):
        upto = while_alive(fit, x, age, month * horizon.step_days / histories.unit)
        discounted += weight * (upto - before)
        before = upto
    return p_alive(fit, histories) * discounted[place]


def expected_purchases(fit: Fit, histories: Histories, days: float) -> Floats:
    (x, age_days), place = distinct_pairs(histories)
    ahead = while_alive(fit, x, age_days / histories.unit, days / histories.unit)
    return p_alive(fit, histories) * ahead[place]


def p_alive(fit: Fit, histories: Histories) -> Floats:
    if fit.model == PARETO_NBD:
        return pareto.p_alive(fit.values, histories)
    return beta_geometric.p_alive(fit.values, histories, modified=_is_modified(fit))


def while_alive(fit: Fit, frequency: Floats, age: Floats, ahead: float) -> Floats:
    """Purchases expected of those who have not ended, in units of the fit."""
    times = np.full(len(frequency), float(ahead))
    if fit.model == PARETO_NBD:
        return pareto.purchases_while_alive(fit.values, frequency, age, times)
    return beta_geometric.purchases_while_alive(fit.values, frequency, age, times, modified=_is_modified(fit))


def _is_modified(fit: Fit) -> bool:
    if fit.model not in CONTINUOUS:
        raise KeyError(fit.model)
    return fit.model == MBG_NBD


def _wait(fit: Fit, x: Floats, age: Floats) -> Floats:
    """The rate is gamma with r + x and alpha + T: half of the waits are over when ((alpha+T)/(alpha+T+t))^(r+x) is 1/2."""
    r, alpha = fit.values[:2]
    return (alpha + age) * np.expm1(np.minimum(np.log(2.0) / (r + x), 50.0))


class _Counts:
    """The chance of at least n purchases within a time of a customer who is alive, n = 1, 2, ... one array after another.

    BG/NBD: the n-th purchase needs a rate that brings it in time, and not to have left after any of the n-1 before; rate
    and chance to leave are independent while alive. Pareto/NBD: an integral over when the n-th purchase comes.
    """

    def __init__(self, fit: Fit, x: Floats, age: Floats, ahead: float) -> None:
        self.rate = fit.values[0] + x
        self.scale = fit.values[1] + age
        if fit.model == PARETO_NBD:
            s, beta = fit.values[2:]
            nodes, weights = _legendre(48)
            top = np.log1p(ahead / self.scale)[:, None]
            self.u = self.scale[:, None] * np.expm1(top * nodes)
            jacobian = top * weights * (self.scale[:, None] + self.u)
            stay = np.exp(-s * np.log1p(self.u / (beta + age)[:, None]))
            log_first = np.log(self.rate)[:, None] - np.log(self.scale)[:, None]
            self.now = np.exp(log_first - (self.rate + 1.0)[:, None] * np.log1p(self.u / self.scale[:, None]))
            self.now *= jacobian * stay
            self.grow = self.u / (self.scale[:, None] + self.u)
        else:
            a, b = fit.values[2:]
            self.a, self.b = a, b + x + (1.0 if fit.model == MBG_NBD else 0.0)
            self.q = ahead / (self.scale + ahead)
            self.pmf = np.exp(self.rate * np.log1p(-self.q))
            self.tail = -np.expm1(self.rate * np.log1p(-self.q))
            self.stay = np.ones(len(x))
        self.is_pareto = fit.model == PARETO_NBD
        self.n = 1

    def at_least(self) -> Floats:
        """For the n at hand; the next call is for the next n."""
        n = self.n
        self.n += 1
        if self.is_pareto:
            chance: Floats = self.now.sum(axis=1)
            self.now *= self.grow * ((self.rate + n) / n)[:, None]
            return chance
        chance = self.tail * self.stay
        self.pmf = self.pmf * (self.rate + n - 1.0) / n * self.q
        self.tail = np.maximum(self.tail - self.pmf, 0.0)
        self.stay = self.stay * (self.b + n - 1.0) / (self.a + self.b + n - 1.0)
        return chance


@lru_cache(maxsize=4)
def _legendre(count: int) -> tuple[Floats, Floats]:
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return (nodes + 1.0) / 2.0, weights / 2.0


def _quantiles(count: _Counts, alive: Floats, place: Ints) -> tuple[Ints, Ints, Floats]:
    """Counts at the ends of the range, and the chance of any."""
    least, most = np.zeros(len(alive), dtype=np.int64), np.zeros(len(alive), dtype=np.int64)
    some = alive * count.at_least()[place]
    open_, chance = np.arange(len(alive)), some
    for _ in range(_MOST_COUNTED):
        reached = chance > LOW
        open_, chance = open_[reached], chance[reached]
        if not len(open_):
            break
        most[open_] += 1
        least[open_[chance >= HIGH]] += 1
        chance = alive[open_] * count.at_least()[place[open_]]
    return least, most, np.clip(some, 0.0, 1.0)


# Occasions and contracts


def outlook_of_occasions(
    fit: Fit, records: occasions.Occasions, *, period_days: float, horizon: Horizon, seed: int = 1
) -> Outlook:
    """`period_days` is how far apart occasions are."""
    ahead = max(int(horizon.days // period_days), 1)
    year = max(round(365.25 / period_days), 1)
    chances = occasions.chances_ahead(fit.values, records, max(ahead, year))
    weights = (1.0 + horizon.discount) ** -(np.arange(1, ahead + 1) * period_days / 365.25)
    least, most = _occasions_used(fit, records, ahead, seed)
    # until the first use: how many occasions pass in half of the cases, among those who use any
    some = occasions.p_some(fit.values, records, ahead)
    wait = np.full(len(some), np.inf)
    for step in range(ahead, 0, -1):
        reached = occasions.p_some(fit.values, records, step) >= 0.5 * np.maximum(some, 1e-300)
        wait[reached] = step * period_days
    return Outlook(
        p_alive=occasions.p_alive(fit.values, records, ahead=1),
        purchases=chances[:, :ahead].sum(axis=1),
        discounted=chances[:, :ahead] @ weights,
        year=chances[:, :year].sum(axis=1),
        p_none=1.0 - some,
        wait_days=wait,
        least=least,
        most=most,
    )


def _occasions_used(fit: Fit, records: occasions.Occasions, ahead: int, seed: int) -> tuple[Ints, Ints]:
    """By playing it through: there are few groups."""
    a, b, c, d = fit.values
    x, n = records.used, records.offered
    generator = np.random.default_rng(seed)
    alive = occasions.p_alive(fit.values, records)
    plays = 2_000
    least, most = np.zeros(len(x), dtype=np.int64), np.zeros(len(x), dtype=np.int64)
    for group in range(len(x)):
        p = generator.beta(a + x[group], b + n[group] - x[group], plays)
        theta = generator.beta(c, d + n[group], plays)
        stays = generator.geometric(np.maximum(theta, 1e-12)) - 1
        left = np.where(generator.random(plays) < alive[group], np.minimum(stays, ahead), 0)
        used = generator.binomial(left, p)
        least[group], most[group] = (int(each) for each in np.quantile(used, (LOW, HIGH), method="inverted_cdf"))
    return least, most


def outlook_of_contracts(fit: Fit, renewals: Ints, *, period_days: float, horizon: Horizon) -> Outlook:
    """Of running contracts, by how often each was renewed. A purchase is a renewal."""
    ahead = max(int(horizon.days // period_days), 1)
    year = max(round(365.25 / period_days), 1)
    reach = contracts.survival_ahead(fit.values, renewals, max(ahead, year))
    weights = (1.0 + horizon.discount) ** -(np.arange(1, ahead + 1) * period_days / 365.25)
    return Outlook(
        p_alive=np.ones(len(renewals)),
        purchases=reach[:, :ahead].sum(axis=1),
        discounted=reach[:, :ahead] @ weights,
        year=reach[:, :year].sum(axis=1),
        p_none=1.0 - reach[:, 0],
        wait_days=np.full(len(renewals), period_days),
        least=(reach[:, :ahead] >= HIGH).sum(axis=1),
        most=(reach[:, :ahead] > LOW).sum(axis=1),
    )
