"""The summit of a log-likelihood over positive parameters, by damped Newton steps in their logarithms.

With gradient and Hessian in closed form a fit takes six to ten evaluations, and its standard errors come with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from rapport.insight.value.rules.histories import Floats

# value, gradient and Hessian, by the parameters themselves
Likelihood = Callable[[Floats], tuple[float, Floats, Floats]]

LOWEST, HIGHEST = 1e-6, 1e7  # beyond them the data say nothing of a parameter any more
_LONGEST_STEP = 1.5  # in logarithms: a factor of four and a half
_ENOUGH = 1e-9  # of log-likelihood still to be gained


class NoFit(ValueError):
    """No parameters explain the data: it is empty, all equal, or pulls a parameter without end."""


@dataclass(frozen=True)
class Fit:
    """Parameters of a model with all that is known of how well they are known."""

    model: str
    names: tuple[str, ...]
    values: tuple[float, ...]
    log_likelihood: float
    covariance: tuple[tuple[float, ...], ...]  # of the logarithms of the parameters; empty when it cannot be known
    evaluations: int
    converged: bool
    at_bound: tuple[str, ...]

    @property
    def parameters(self) -> dict[str, float]:
        return dict(zip(self.names, self.values, strict=True))

    @property
    def standard_errors(self) -> dict[str, float]:
        """Empty when the likelihood is flat in some direction."""
        if not self.covariance:
            return {}
        errors = np.sqrt(np.diag(np.array(self.covariance))) * np.array(self.values)
        return dict(zip(self.names, (float(each) for each in errors), strict=True))

    def draws(self, count: int, *, seed: int) -> Floats:
        """Parameters as they might also be (Laplace), one a row; the fitted ones alone when nothing is known."""
        centre = np.log(np.array(self.values))
        if not self.covariance:
            return np.exp(centre)[None, :]
        generator = np.random.default_rng(seed)
        spread = np.array(self.covariance)
        return np.exp(generator.multivariate_normal(centre, spread, size=count, method="eigh"))


def highest(
    model: str,
    names: Sequence[str],
    likelihood: Likelihood,
    start: Sequence[float],
    *,
    most: int = 80,
    enough: float = _ENOUGH,
) -> Fit:
    """Where the likelihood is highest. Errors: NoFit when it cannot be evaluated where the search begins."""
    at = np.log(np.asarray(start, dtype=np.float64))
    value, gradient, hessian = _in_logs(likelihood, at)
    if not np.isfinite(value):
        raise NoFit("The likelihood of these data is not a number.")
    evaluations, converged, damping = 1, False, 0.0
    while evaluations < most:
        step, gain, damping = _step(gradient, hessian, damping)
        if gain < enough:
            converged = True
            break
        nxt = np.clip(at + step, np.log(LOWEST), np.log(HIGHEST))
        found = _in_logs(likelihood, nxt)
        evaluations += 1
        if np.isfinite(found[0]) and found[0] >= value - 1e-12 * abs(value):
            stuck = bool((nxt == at).all()) or found[0] - value < 1e-13 * abs(value)
            at, (value, gradient, hessian) = nxt, found
            damping = damping / 10 if damping > 1e-8 else 0.0
            if stuck:
                converged = True
                break
        else:
            damping = max(damping * 10, 1e-3 * float(np.abs(np.diag(hessian)).max()))
    bounds = tuple(
        name
        for name, each in zip(names, at, strict=True)
        if each <= np.log(LOWEST * 10) or each >= np.log(HIGHEST / 10)
    )
    return Fit(
        model=model,
        names=tuple(names),
        values=tuple(float(each) for each in np.exp(at)),
        log_likelihood=float(value),
        covariance=_covariance(hessian),
        evaluations=evaluations,
        converged=converged,
        at_bound=bounds,
    )


def _in_logs(likelihood: Likelihood, at: Floats) -> tuple[float, Floats, Floats]:
    here = np.exp(at)
    value, gradient, hessian = likelihood(here)
    slope = gradient * here
    return value, slope, hessian * np.outer(here, here) + np.diag(slope)


def _step(gradient: Floats, hessian: Floats, damping: float) -> tuple[Floats, float, float]:
    """Where to go next, what it should gain, and the damping that made it an ascent."""
    curvature = -hessian
    lift = damping
    for _ in range(60):
        try:
            np.linalg.cholesky(curvature + lift * np.eye(len(gradient)))
        except np.linalg.LinAlgError:
            lift = max(lift * 4, 1e-6 * float(np.abs(np.diag(curvature)).max()) + 1e-12)
            continue
        break
    step = np.asarray(np.linalg.solve(curvature + lift * np.eye(len(gradient)), gradient), dtype=np.float64)
    gain = float(gradient @ step) / 2
    length = float(np.abs(step).max())
    if length > _LONGEST_STEP:
        step = step * (_LONGEST_STEP / length)
    return step, gain, damping


def _covariance(hessian: Floats) -> tuple[tuple[float, ...], ...]:
    try:
        np.linalg.cholesky(-hessian)
        inverse = np.linalg.inv(-hessian)
    except np.linalg.LinAlgError:
        return ()
    if not np.isfinite(inverse).all():
        return ()
    return tuple(tuple(float(each) for each in row) for row in inverse)
