"""Groups of customers that are alike, as many as stay together when some customers are left out (for the worker).

For each number of groups and each method the sample is drawn anew with replacement, grouped again, and both groupings
compared by the adjusted Rand index (Hubert and Arabie 1985): 1 when they agree, about 0 by chance. The number of groups
is chosen by that, and a grouping that does not hold is not shown at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rapport.insight.mining.errors import NotEnough
from rapport.insight.mining.types import Reason

Numbers = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
FEWEST = 100  # customers
LEAST_STABILITY = 0.8
SAMPLE = 1_500  # customers that groupings are compared on
FITTED = 20_000  # customers the chosen grouping is fitted on
DRAWS = 8
GROUPS = range(2, 7)
CLOSE = 0.03  # stabilities this near are taken as equal, and more groups say more
SKEWED = ("recency_days", "orders", "margin", "visits", "answers", "cases")
_SEED = 11


@dataclass(frozen=True)
class Scale:
    """How features become comparable numbers: logarithms of what is skewed, then deviations from the mean."""

    names: tuple[str, ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...]

    def applied(self, columns: dict[str, Numbers]) -> Numbers:
        scaled = [
            (_unskewed(name, columns[name]) - mean) / deviation
            for name, mean, deviation in zip(self.names, self.means, self.deviations, strict=True)
        ]
        return np.column_stack(scaled)


@dataclass(frozen=True)
class Trial:
    """How well one way of grouping holds: the mean and the lowest adjusted Rand index of its draws."""

    method: str
    groups: int
    stability: float
    lowest: float


@dataclass(frozen=True)
class Grouping:
    """The chosen grouping, enough to place a customer again later. `centres` are in scaled features."""

    scale: Scale
    method: str
    centres: list[list[float]]
    variances: list[list[float]]  # of the mixture; empty for k-means
    weights: list[float]
    trials: list[Trial]
    stability: float

    def placed(self, columns: dict[str, Numbers]) -> Whole:
        """The group of each customer."""
        points, centres = self.scale.applied(columns), np.array(self.centres)
        if self.method == "kmeans":
            scores = np.stack([((points - centre) ** 2).sum(axis=1) for centre in centres], axis=1)
            return scores.argmin(axis=1)
        likelihoods = [
            np.log(weight) - 0.5 * (np.log(2 * np.pi * spread) + (points - centre) ** 2 / spread).sum(axis=1)
            for centre, spread, weight in zip(centres, np.array(self.variances), self.weights, strict=True)
        ]
        return np.stack(likelihoods, axis=1).argmax(axis=1)


def scale_of(columns: dict[str, Numbers]) -> Scale:
    """Features that do not tell customers apart are left out. Errors: NotEnough."""
    kept = []
    for name, values in columns.items():
        flat = _unskewed(name, values)
        deviation = float(flat.std())
        if deviation > 1e-9:
            kept.append((name, float(flat.mean()), deviation))
    if len(kept) < 2:
        raise NotEnough(Reason.ALL_ALIKE)
    names, means, deviations = zip(*kept, strict=True)
    return Scale(names, means, deviations)


def grouped(columns: dict[str, Numbers], *, groups: range = GROUPS, draws: int = DRAWS) -> Grouping:
    """The grouping that holds best. Errors: NotEnough (few customers, all alike, nothing stable)."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it comes without types

    count = len(next(iter(columns.values())))
    if count < FEWEST:
        raise NotEnough(Reason.FEW_CUSTOMERS, have=count, need=FEWEST)
    scale = scale_of(columns)
    rng = np.random.default_rng(_SEED)
    points = scale.applied(columns)
    if len(np.unique(points, axis=0)) < 2 * groups.stop:
        raise NotEnough(Reason.ALL_ALIKE)
    fitted = points[_drawn(rng, count, FITTED)]
    sample = fitted[:SAMPLE]
    with threadpool_limits(1):  # threads make small fits slower
        trials = [
            _trial(method, k, sample, draws, np.random.default_rng(_SEED + k))
            for method in ("kmeans", "mixture")
            for k in groups
        ]
        best = max(trial.stability for trial in trials)
        if best < LEAST_STABILITY:
            raise NotEnough(Reason.NOT_STABLE, have=round(best * 100), need=round(LEAST_STABILITY * 100))
        good = [t for t in trials if t.stability >= max(best - CLOSE, LEAST_STABILITY)]
        chosen = max(good, key=lambda t: (t.groups, t.method == "kmeans", t.stability))
        model = _fit(chosen.method, chosen.groups, fitted, _SEED)
    if chosen.method == "kmeans":
        centres, variances, weights = model.cluster_centers_, np.empty((0, 0)), np.empty(0)
    else:
        centres, variances, weights = model.means_, model.covariances_, model.weights_
    return Grouping(
        scale, chosen.method, centres.tolist(), variances.tolist(), weights.tolist(), trials, chosen.stability
    )


def _trial(method: str, groups: int, sample: Numbers, draws: int, rng: np.random.Generator) -> Trial:
    from sklearn.metrics import adjusted_rand_score

    whole = _fit(method, groups, sample, _SEED).predict(sample)
    scores = []
    for draw in range(draws):
        again = sample[rng.integers(0, len(sample), len(sample))]
        scores.append(float(adjusted_rand_score(whole, _fit(method, groups, again, _SEED + draw).predict(sample))))
    return Trial(method, groups, float(np.mean(scores)), min(scores))


def _fit(method: str, groups: int, points: Numbers, seed: int) -> Any:
    import warnings

    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # what does not settle does not hold, and is not chosen
        if method == "kmeans":
            return KMeans(groups, n_init=1, random_state=seed).fit(points)
        mixture = GaussianMixture(groups, covariance_type="diag", n_init=1, reg_covar=1e-3, random_state=seed)
        return mixture.fit(points)


def _drawn(rng: np.random.Generator, count: int, most: int) -> Whole:
    return rng.permutation(count)[:most]


def _unskewed(name: str, values: Numbers) -> Numbers:
    flat = np.nan_to_num(values.astype(np.float64))
    return np.sign(flat) * np.log1p(np.abs(flat)) if name in SKEWED else flat
