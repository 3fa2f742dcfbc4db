"""What drives customer equity: the model of Rust, Lemon & Zeithaml (2004), Journal of Marketing 68(1):109-127.

A respondent i who bought brand j last finds in brand k the utility

    U_ijk = b0 LAST_ijk + x_ik' b

with x_ik the ratings of k, reduced to principal components because ratings go together, and LAST_ijk = 1 where k = j: inertia.
A multinomial logit turns utilities into i's own switching matrix A_i[j, k]. From the brand bought last, B_i0, the chance that
purchase t (t = 0 is the next one) is of each brand is B_i0 A_i^(t+1), and with f purchases a year of volume v and margin p

    CLV_ij = sum over t = 0..T_i of (1 + d)^(-t / f_i) v_i p B_ijt        T_i = the purchases within the horizon
    CLV_i. = v_i p B_i0 A_i (I - D A_i)^-1, D = (1 + d)^(-1 / f_i)        without end

and the equity of a brand is the mean over respondents times the customers in the market. An improvement moves ratings of one
brand, which moves every A_i, and so equity; its return is (gain - cost) / cost.

One b0 for everybody takes steady differences of taste for inertia, so it makes customers look stickier than they are (the
equity of a leader is overstated); the page says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rapport.insight.value.rules.survey import Driver, Survey

VERSION = "rlz-2"
KEPT_VARIANCE = 0.9  # of the ratings, by the components that stay
DRAWS = 100
STEPS = 100
LARGEST = 20.0  # of an effect on utility; beyond, chances differ from 0 and 1 by less than one in a hundred million
Floats = npt.NDArray[np.float64]


class NoModel(ValueError):
    """The survey says nothing about switching; the text says why (a key of NO_MODEL_WORDS)."""


@dataclass(frozen=True)
class Reduction:
    """Ratings to components: (ratings - mean) / deviation @ weights."""

    mean: Floats
    deviation: Floats
    weights: Floats  # attributes by components
    explained: float

    def of(self, ratings: Floats) -> Floats:
        result: Floats = (ratings - self.mean) / self.deviation @ self.weights
        return result


@dataclass(frozen=True)
class Model:
    """`values`: LAST first, then one for each component; `covariance` is robust, by respondent."""

    values: Floats
    covariance: Floats
    log_likelihood: float
    null_log_likelihood: float
    reduction: Reduction

    @property
    def inertia(self) -> float:
        return float(self.values[0])

    @property
    def errors(self) -> Floats:
        result: Floats = np.sqrt(np.diag(self.covariance))
        return result

    @property
    def attribute_effects(self) -> Floats:
        """Effect of one deviation of each attribute on utility."""
        result: Floats = self.reduction.weights @ self.values[1:]
        return result

    @property
    def attribute_errors(self) -> Floats:
        weights = self.reduction.weights
        result: Floats = np.sqrt(np.einsum("sc,cd,sd->s", weights, self.covariance[1:, 1:], weights))
        return result


@dataclass(frozen=True)
class Market:
    """What a survey says as arrays, and what equity is made of."""

    ratings: Floats  # respondents by brands by attributes
    last: npt.NDArray[np.int64]
    next: Floats
    volume: Floats  # contribution of a purchase
    frequency: Floats
    population: float
    discount: float
    years: float | None  # None: without end


def market_of(survey: Survey, *, population: int, discount: float, years: int | None, margin: float) -> Market:
    return Market(
        np.array(survey.ratings, dtype=np.float64),
        np.array(survey.last, dtype=np.int64),
        np.array(survey.next, dtype=np.float64),
        np.array(survey.spend, dtype=np.float64) * margin,
        np.array(survey.frequency, dtype=np.float64),
        float(population),
        discount,
        years,
    )


def reduced(ratings: Floats, *, keep: float = KEPT_VARIANCE) -> Reduction:
    """Principal components of the correlations, as many as carry `keep` of the variance. Errors: NoModel."""
    flat = ratings.reshape(-1, ratings.shape[-1])
    mean, deviation = flat.mean(axis=0), flat.std(axis=0)
    if np.any(deviation < 1e-9):
        raise NoModel("flat_ratings")
    scaled = (flat - mean) / deviation
    sizes, vectors = np.linalg.eigh(scaled.T @ scaled / len(scaled))
    order = np.argsort(sizes)[::-1]
    sizes, vectors = np.clip(sizes[order], 0, None), vectors[:, order]
    shares = np.cumsum(sizes) / sizes.sum()
    count = min(int(np.searchsorted(shares, keep - 1e-12)) + 1, int(np.sum(sizes > 1e-9)))
    kept = vectors[:, :count]
    kept = kept * np.where(kept.sum(axis=0) < 0, -1.0, 1.0)  # a sign of our choice, so that the same data give the same
    return Reduction(mean, deviation, kept, float(shares[count - 1]))


def fit(market: Market, *, keep: float = KEPT_VARIANCE) -> Model:
    """By maximum likelihood; chances of the next brand count as shares of a choice. Errors: NoModel."""
    reduction = reduced(market.ratings, keep=keep)
    people, brands, _ = market.ratings.shape
    last = np.zeros((people, brands, 1))
    last[np.arange(people), market.last, 0] = 1.0
    features = np.concatenate([last, reduction.of(market.ratings)], axis=2)
    values = np.zeros(features.shape[2])
    height, slope, curve = _likelihood(values, features, market.next)
    null = height
    for _ in range(STEPS):
        try:
            step = np.linalg.solve(curve, slope.sum(axis=0))
        except np.linalg.LinAlgError:
            raise NoModel("not_identified") from None
        size = 1.0
        while True:
            tried = values + size * step
            found = _likelihood(tried, features, market.next)
            if found[0] >= height or size < 1e-8:
                break
            size /= 2
        moved = float(np.max(np.abs(tried - values)))
        values, (height, slope, curve) = tried, found
        if np.max(np.abs(values)) > LARGEST or height > -1e-4 * people:
            raise NoModel("separated")  # the answers foretell every choice: no finite effect is the best
        if moved < 1e-9:
            break
    if np.linalg.cond(curve) > 1e12:
        raise NoModel("not_identified")
    bread = np.linalg.inv(curve)
    covariance = bread @ (slope.T @ slope) @ bread * people / max(people - 1, 1)
    return Model(values, covariance, float(height), float(null), reduction)


def _likelihood(values: Floats, features: Floats, chosen: Floats) -> tuple[float, Floats, Floats]:
    """Log-likelihood, its slope by respondent, and minus its curvature."""
    utility = features @ values
    utility -= utility.max(axis=1, keepdims=True)
    chance = np.exp(utility)
    total = chance.sum(axis=1, keepdims=True)
    chance /= total
    height = float(np.sum(chosen * (utility - np.log(total))))
    slope = np.einsum("ij,ijc->ic", chosen - chance, features)
    mean = np.einsum("ij,ijc->ic", chance, features)
    curve = np.einsum("ij,ijc,ijd->cd", chance, features, features) - mean.T @ mean
    return height, slope, curve


def switching(values: Floats, components: Floats) -> Floats:
    """Everyone's own matrix: from the brand in the row to the brand in the column; rows add up to one."""
    brands = components.shape[1]
    utility = np.repeat((components @ values[1:])[:, None, :], brands, axis=1)
    utility += np.eye(brands) * values[0]
    utility -= utility.max(axis=2, keepdims=True)
    chance = np.exp(utility)
    result: Floats = chance / chance.sum(axis=2, keepdims=True)
    return result


def lifetime_values(market: Market, matrices: Floats) -> Floats:
    """Respondents by brands: what each respondent's purchases are worth to each brand."""
    people, brands, _ = matrices.shape
    rate = (1.0 + market.discount) ** (-1.0 / market.frequency)
    first = matrices[np.arange(people), market.last]  # B_i0 A_i
    if market.years is None:
        left = np.eye(brands) - rate[:, None, None] * matrices
        found = np.linalg.solve(np.swapaxes(left, 1, 2), first[:, :, None])[:, :, 0]
        result: Floats = market.volume[:, None] * found
        return result
    purchases = np.floor(market.frequency * market.years + 1e-9).astype(np.int64)  # T_i
    total = np.zeros((people, brands))
    chance, weight = first.copy(), np.ones(people)
    going = np.arange(people)
    for t in range(int(purchases.max()) + 1):
        going = going[purchases[going] >= t]
        total[going] += weight[going, None] * chance[going]
        chance[going] = np.einsum("ij,ijk->ik", chance[going], matrices[going])
        weight[going] *= rate[going]
    return market.volume[:, None] * total


def equity(
    market: Market,
    model: Model,
    values: Floats | None = None,
    *,
    lift: Floats | None = None,
    brand: int = 0,
    shares: Floats | None = None,
) -> Floats:
    """Equity of each brand; with `lift` added to what one brand is given, by attribute or by respondent and attribute.

    `shares`: how much each respondent counts, adding up to one; everybody the same unless told.
    """
    ratings = market.ratings
    if lift is not None:
        ratings = ratings.copy()
        ratings[:, brand, :] += lift
    matrices = switching(model.values if values is None else values, model.reduction.of(ratings))
    worth = lifetime_values(market, matrices)
    result: Floats = (worth.mean(axis=0) if shares is None else shares @ worth) * market.population
    return result


def capped(market: Market, brand: int, lift: Floats, highest: float) -> Floats:
    """What a lift comes to for each respondent on a scale with an end: nobody gives more than the best mark."""
    given = market.ratings[:, brand, :]
    result: Floats = np.minimum(given + lift, np.maximum(highest, given)) - given
    return result


def return_on(gain: float, cost: float) -> float | None:
    """(gain - cost) / cost; nothing can be said of what costs nothing."""
    return (gain - cost) / cost if cost > 0 else None


def draws(model: Model, *, count: int = DRAWS, seed: int = 7) -> Floats:
    """Parameters as they might also be, by the spread of the estimate."""
    size = len(model.values)
    root = np.linalg.cholesky(model.covariance + np.eye(size) * 1e-12)
    noise = np.random.default_rng(seed).standard_normal((count, size))
    result: Floats = model.values + noise @ root.T
    return result


def shares_of_respondents(people: int, *, count: int, seed: int = 11) -> Floats:
    """How much each respondent might also count, had others of the market been asked: the Bayesian bootstrap, one a row."""
    drawn = np.random.default_rng(seed).standard_exponential((count, people))
    result: Floats = drawn / drawn.sum(axis=1, keepdims=True)
    return result


def weights(model: Model, survey: Survey) -> dict[str, float]:
    """Share of each driver in the sum of the sizes of all standardised effects."""
    effects = np.abs(model.attribute_effects)
    total = float(effects.sum())
    found = dict.fromkeys((driver.value for driver in Driver), 0.0)
    for attribute, effect in zip(survey.attributes, effects, strict=True):
        found[attribute.driver.value] += float(effect) / total if total > 0 else 0.0
    return found


def scores(survey: Survey, brand: int) -> dict[str, float | None]:
    """Mean rating of the brand by driver on a scale from 0 to 100; None where nothing was asked."""
    low, high = survey.scale
    ratings = np.array(survey.ratings)[:, brand, :].mean(axis=0)
    found: dict[str, float | None] = {}
    for driver in Driver:
        own = [float(ratings[s]) for s, each in enumerate(survey.attributes) if each.driver is driver]
        found[driver.value] = (sum(own) / len(own) - low) / (high - low) * 100 if own and high > low else None
    return found


@dataclass(frozen=True)
class Improvement:
    """More points on one attribute (a heading) or on all of a driver, and what that costs now."""

    target: str
    points: float
    cost: float


def lift_of(survey: Survey, improvement: Improvement) -> Floats:
    return np.array(
        [
            improvement.points if improvement.target in (each.heading, each.driver.value) else 0.0
            for each in survey.attributes
        ]
    )


@dataclass(frozen=True)
class _Outcomes:
    """Equity of every brand as the model has it, and as each of its draws has it."""

    survey: Survey
    market: Market
    model: Model
    drawn: list[tuple[Floats, Floats]]  # parameters with shares of respondents
    base: Floats
    spread: Floats

    def gain(self, brand: int, target: str, points: float) -> dict[str, float]:
        """What a brand gains when its ratings rise: eight of ten draws lie between low and high."""
        lift = capped(self.market, brand, lift_of(self.survey, Improvement(target, points, 0)), self.survey.scale[1])
        more = equity(self.market, self.model, lift=lift, brand=brand)[brand] - self.base[brand]
        each = [
            equity(self.market, self.model, values, lift=lift, brand=brand, shares=shares)[brand] - total[brand]
            for (values, shares), total in zip(self.drawn, self.spread, strict=True)
        ]
        low, high = np.quantile(each, [0.1, 0.9])
        return {
            "gain": float(more),
            "low": float(low),
            "high": float(high),
            "points": float(lift.mean(axis=0).max(initial=0.0)),
        }


def study(
    survey: Survey, market: Market, *, brand: int, improvement: Improvement | None = None, count: int = DRAWS
) -> dict[str, Any]:
    """Everything a page shows of a survey, as plain values. Errors: NoModel."""
    model = fit(market)
    drawn = list(zip(draws(model, count=count), shares_of_respondents(len(market.last), count=count), strict=True))
    base = equity(market, model)
    spread = np.array([equity(market, model, values, shares=shares) for values, shares in drawn])
    low, high = np.quantile(spread, [0.1, 0.9], axis=0)
    outcomes = _Outcomes(survey, market, model, drawn, base, spread)
    asked = {driver.value for driver in Driver if any(each.driver is driver for each in survey.attributes)}
    found: dict[str, Any] = {
        "respondents": len(survey.respondents),
        "brands": list(survey.brands),
        "components": int(model.reduction.weights.shape[1]),
        "explained": model.reduction.explained,
        "log_likelihood": model.log_likelihood,
        "fit": 1 - model.log_likelihood / model.null_log_likelihood if model.null_log_likelihood else 0.0,
        "inertia": [model.inertia, float(model.errors[0])],
        "attributes": _attributes(survey, market, model, brand),
        "switching": switching(model.values, model.reduction.of(market.ratings)).mean(axis=0).tolist(),
        "bought_last": np.bincount(market.last, minlength=len(survey.brands)).tolist(),
        "equity": [
            {"brand": name, "value": float(base[k]), "low": float(low[k]), "high": float(high[k])}
            for k, name in enumerate(survey.brands)
        ],
        "weights": weights(model, survey),
        "scores": scores(survey, brand),
        "point": {driver: outcomes.gain(brand, driver, 1.0) for driver in asked},
    }
    if improvement is not None:
        found["improvement"] = _improved(improvement, outcomes.gain(brand, improvement.target, improvement.points))
    return found


def _attributes(survey: Survey, market: Market, model: Model, brand: int) -> list[dict[str, Any]]:
    """How much each attribute sways a purchase, how the brand is rated for it, and the best of the others."""
    return [
        {
            "driver": each.driver.value,
            "name": each.name,
            "effect": float(effect),
            "error": float(error),
            "mean": float(mean),
            "best_other": float(other),
        }
        for each, effect, error, mean, other in zip(
            survey.attributes,
            model.attribute_effects,
            model.attribute_errors,
            market.ratings[:, brand].mean(axis=0),
            np.delete(market.ratings, brand, axis=1).mean(axis=0).max(axis=0),
            strict=True,
        )
    ]


def _improved(improvement: Improvement, gain: dict[str, float]) -> dict[str, Any]:
    return {
        "target": improvement.target,
        "asked": improvement.points,
        "cost": improvement.cost,
        **gain,
        "return": return_on(gain["gain"], improvement.cost),
        "return_low": return_on(gain["low"], improvement.cost),
        "return_high": return_on(gain["high"], improvement.cost),
    }
