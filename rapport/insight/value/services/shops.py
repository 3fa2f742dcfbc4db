"""Shops, where people buy at any time: of several models the one that foretells the hold-out best."""

from __future__ import annotations

from typing import Any

import numpy as np

from rapport.insight.value.queries.histories import day_number
from rapport.insight.value.queries.settings import ValueRules
from rapport.insight.value.rules import calibration, gates, outlook, spend, uncertainty
from rapport.insight.value.rules.buyers import Buyers
from rapport.insight.value.rules.choice import CANDIDATES, Business, chosen
from rapport.insight.value.rules.gates import Gate
from rapport.insight.value.rules.histories import Floats, Histories, Ints, grouped_with_index
from rapport.insight.value.rules.newton import Fit, NoFit
from rapport.insight.value.services.fits import (
    Beat,
    Result,
    calibration_json,
    estimates,
    fitted,
    hash_of,
    horizon_of,
    set_values,
)

DRAWS = 40
_SEED = 20_050_401
_BEFORE_FIT = frozenset(
    {gates.TOO_FEW_BUYERS, gates.TOO_FEW_REPEATERS, gates.SHORT_HISTORY, gates.NOBODY_CAME_BACK, gates.ALL_EQUAL}
)


def histories_of(buyers: Buyers) -> tuple[Histories, Ints]:
    return grouped_with_index(buyers.days - 1, buyers.last - buyers.first, day_number(buyers.until) - buyers.first)


def fit_shop(buyers: Buyers, rules: ValueRules, beat: Beat) -> Result:
    histories, place = histories_of(buyers)
    result = Result(business=Business.SHOP, place=place, groups=histories.groups)
    result.repeaters, result.purchases = int(histories.repeaters), int(buyers.days.sum())
    result.inputs_hash = hash_of(rules, histories.frequency, histories.recency, histories.age, histories.customers)
    result.gates = gates.of_histories(histories)
    _fit_spending(result, buyers)
    if any(not gate.is_open and gate.name in _BEFORE_FIT for gate in result.gates):
        return result
    _fit_best(result, histories, buyers, beat)
    if result.fit is None:
        return result
    beat(65, "score")
    result.outlook = outlook.outlook(result.fit, histories, horizon_of(rules))
    if not result.reason:
        set_values(result, _margin(result, buyers))
        repeat = np.where(buyers.days > 1, buyers.spent - buyers.first_spent, 0.0)
        by_group = np.bincount(place, weights=repeat, minlength=histories.groups).astype(np.float64)
        result.totals = uncertainty.totals(
            result.fit, result.spend, histories, by_group, horizon_of(rules),
            count=DRAWS, seed=_SEED, flat_margin=result.flat_margin or 0.0,
        )  # fmt: skip
    return result


def values_of_shop(result: Result, buyers: Buyers, rules: ValueRules) -> tuple[Floats, Floats]:
    """Values and chances to be alive of each buyer, by the parameters of the result."""
    fit = fitted(result)
    histories, place = histories_of(buyers)
    purchases = outlook.discounted_purchases(fit, histories, horizon_of(rules))
    return purchases[place] * _margin(result, buyers), outlook.p_alive(fit, histories)[place]


def _fit_best(result: Result, histories: Histories, buyers: Buyers, beat: Beat) -> None:
    """Of the candidates that can be fitted, the one that foretells the hold-out best."""
    fits: dict[str, Fit] = {}
    foretold: dict[str, calibration.Calibration] = {}
    for step, name in enumerate(CANDIDATES[Business.SHOP]):
        beat(25 + 12 * step, f"fit_{name}")
        said: dict[str, Any] = {"model": name}
        result.candidates.append(said)
        try:
            fit = uncertainty.fit_model(name, histories)
        except NoFit as why:
            said["problem"] = str(why)
            continue
        said |= estimates(fit)
        if not gates.of_fit(fit).is_open:
            said["at_bound"] = list(fit.at_bound) or ["flat"]
            continue
        fits[name] = fit
        checked = _hold_out(name, buyers)
        if checked is not None:
            foretold[name] = checked
            said["calibration"] = calibration_json(checked)
    choice = chosen(Business.SHOP, foretold)
    if choice is not None:
        result.model, result.because = choice.model, choice.why
        result.calibration = calibration_json(foretold[choice.model])
    elif fits:  # the past is too short to hold part of it out
        result.model, result.because = next(iter(fits)), "left"
    result.fit = fits.get(result.model)
    result.gates.append(gates.of_fit(result.fit))


def _fit_spending(result: Result, buyers: Buyers) -> None:
    """Gamma-Gamma on those who came back. Where every order brings the same, that is the margin of an order."""
    mean = buyers.repeat_mean
    back = buyers.days > 1
    usable = back & (np.nan_to_num(mean) > 0)
    result.gates += gates.of_spending(
        (buyers.days - 1)[usable].astype(np.float64), mean[usable], buyers_without=int(back.sum() - usable.sum())
    )
    if not usable.any():
        return
    means = mean[usable]
    if float(means.max() - means.min()) <= 1e-9 * float(means.max()):
        result.flat_margin = float(means.mean())
        return
    try:
        result.spend = spend.fit((buyers.days - 1)[usable], means)
    except NoFit:
        result.gates.append(Gate(gates.NO_FIT, is_open=False))
        return
    if result.spend.at_bound or result.spend.parameters["q"] <= 1:
        result.gates.append(Gate(gates.AT_BOUND, is_open=False))


def _margin(result: Result, buyers: Buyers) -> Floats:
    """Margin to be expected of each further order."""
    if result.spend is None:
        return np.full(buyers.count, result.flat_margin or 0.0)
    return spend.expected_spend(result.spend.values, buyers.days - 1, buyers.repeat_mean)


def _hold_out(name: str, buyers: Buyers) -> calibration.Calibration | None:
    """Fitted to what was known on the day of the cut, held against what came after."""
    known = buyers.days_cut > 0
    cut, days = day_number(buyers.cut), (buyers.until - buyers.cut).days
    if days < 14 or int(known.sum()) < gates.BUYERS:
        return None
    x = (buyers.days_cut - 1)[known]
    histories, place = grouped_with_index(x, (buyers.last_cut - buyers.first)[known], (cut - buyers.first)[known])
    if gates.first_closed([gate for gate in gates.of_histories(histories) if gate.name != gates.SHORT_HISTORY]):
        return None
    try:
        fit = uncertainty.fit_model(name, histories)
    except NoFit:
        return None
    if not gates.of_fit(fit).is_open:
        return None
    told = outlook.outlook(fit, histories, outlook.Horizon(months=1, discount=0.0, step_days=float(days)))
    actual = (buyers.days - buyers.days_cut)[known].astype(np.float64)
    age = np.maximum((cut - buyers.first)[known], 1)
    naive = (x + 1) / age * days  # as often as until now
    return calibration.calibrate(
        told.purchases[place], actual, naive, days=days, least=told.least[place], most=told.most[place]
    )
