"""How sure a fit and what follows from it are: by the curvature of the likelihood, and by drawing the customers anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rapport.insight.value.rules import beta_geometric, pareto
from rapport.insight.value.rules.histories import Floats, Histories
from rapport.insight.value.rules.newton import Fit, NoFit
from rapport.insight.value.rules.outlook import Horizon, discounted_purchases
from rapport.insight.value.rules.pareto import PARETO_NBD


def refitted(fit: Fit, histories: Histories, *, count: int, seed: int) -> Floats:
    """Bootstrap: parameters fitted to samples of the customers, one a row. Each fit begins where the first one ended.

    A sample of customers is a Poisson number of each group, so that it costs no more than the groups.
    """
    generator = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        drawn = generator.poisson(histories.customers).astype(np.float64)
        there = drawn > 0
        sample = Histories(
            histories.frequency[there], histories.recency[there], histories.age[there], drawn[there], histories.unit
        )
        try:
            rows.append(fit_model(fit.model, sample, start=fit.values).values)
        except NoFit:
            continue
    return np.array(rows).reshape(-1, len(fit.values))


def fit_model(model: str, histories: Histories, *, start: tuple[float, ...] | None = None) -> Fit:
    """A model of purchases at any time, by its name. Errors: NoFit."""
    if model == PARETO_NBD:
        return pareto.fit(histories, start=start)
    return beta_geometric.fit(histories, modified=model == beta_geometric.MBG_NBD, start=start)


def totals(
    fit: Fit,
    spend: Fit | None,
    histories: Histories,
    repeat_margin: Floats,
    horizon: Horizon,
    *,
    count: int,
    seed: int,
    flat_margin: float = 0.0,
) -> list[float]:
    """The value of everyone together under parameters as they might also be.

    `repeat_margin` is the margin of all repeat purchases of each group; with no model of spending every purchase brings
    `flat_margin`. Drawn by Laplace, or by bootstrap where the curvature says nothing.
    """  # fmt: skip
    rows = fit.draws(count, seed=seed) if fit.covariance else refitted(fit, histories, count=count, seed=seed)
    spends = spend.draws(len(rows), seed=seed + 1) if spend else np.empty((0, 3))
    if spend and len(spends) == 1:
        spends = np.repeat(spends, len(rows), axis=0)
    found = []
    for index, row in enumerate(rows):
        drawn = replace(fit, values=tuple(float(each) for each in row))
        purchases = discounted_purchases(drawn, histories, horizon)
        if spend:
            p, q, v = spends[index]
            if q <= 1:
                continue
            margin = p * (v * histories.customers + repeat_margin) / (p * histories.frequency + q - 1.0)
            total = float(purchases @ np.maximum(margin, 0.0))
        else:
            total = float(purchases @ histories.customers) * flat_margin
        if np.isfinite(total):
            found.append(total)
    return found
