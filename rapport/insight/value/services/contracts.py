"""Businesses of contracts, which are renewed or end: the model sBG."""

from __future__ import annotations

import numpy as np

from rapport.insight.value.queries.histories import day_number
from rapport.insight.value.queries.settings import ValueRules
from rapport.insight.value.rules import calibration, gates, outlook
from rapport.insight.value.rules import contracts as model
from rapport.insight.value.rules.buyers import ContractLives
from rapport.insight.value.rules.choice import Business
from rapport.insight.value.rules.gates import Gate
from rapport.insight.value.rules.histories import Floats
from rapport.insight.value.rules.newton import NoFit
from rapport.insight.value.services.fits import (
    PERIOD_DAYS,
    Beat,
    Result,
    fit_only_model,
    fitted,
    hash_of,
    horizon_of,
    set_values,
)


def fit_contracts(lives: ContractLives, rules: ValueRules, beat: Beat) -> Result:
    reached = lives.renewals + lives.has_ended.astype(np.int64)  # one that ended reached one renewal more
    counted = model.counted(reached, lives.has_ended)
    result = Result(business=Business.CONTRACTS)
    result.repeaters, result.purchases = int((lives.renewals > 0).sum()), int(lives.renewals.sum()) + lives.count
    result.inputs_hash = hash_of(rules, lives.renewals, lives.has_ended)
    result.gates = gates.of_contracts(counted.total, float(counted.ended.sum()))
    paid = np.nan_to_num(lives.margin) > 0
    again = lives.renewals > 0
    result.gates.append(
        gates.of_pace((lives.last - lives.begun)[again] / lives.renewals[again], PERIOD_DAYS[rules.period])
    )
    result.gates.append(Gate(gates.NO_MARGIN, bool(paid.mean() > 0.5) if lives.count else False, float(paid.sum())))
    if gates.first_closed(result.gates[:3]):
        return result
    beat(35, "fit_sbg")
    fit = fit_only_model(result, model.SBG, lambda: model.fit(counted), lambda: _hold_out(lives, rules))
    if fit is None:
        return result
    beat(65, "score")
    distinct, place = np.unique(lives.renewals, return_inverse=True)
    result.groups, result.place = len(distinct), place
    result.outlook = outlook.outlook_of_contracts(
        fit, distinct, period_days=PERIOD_DAYS[rules.period], horizon=horizon_of(rules)
    )
    if not result.reason:
        set_values(result, np.where(paid, lives.margin, float(lives.margin[paid].mean())))
        running = ~lives.has_ended
        for name in ("values", "low", "high"):
            setattr(result, name, np.where(running, getattr(result, name), 0.0))
    return result


def values_of_contracts(result: Result, lives: ContractLives, rules: ValueRules) -> tuple[Floats, Floats]:
    distinct, place = np.unique(lives.renewals, return_inverse=True)
    told = outlook.outlook_of_contracts(
        fitted(result), distinct, period_days=PERIOD_DAYS[rules.period], horizon=horizon_of(rules)
    )
    paid = np.nan_to_num(lives.margin) > 0
    margin = np.where(paid, lives.margin, float(lives.margin[paid].mean()) if paid.any() else 0.0)
    runs = (~lives.has_ended).astype(np.float64)
    return told.discounted[place] * margin * runs, runs


def _hold_out(lives: ContractLives, rules: ValueRules) -> calibration.Calibration | None:
    """Contracts as they stood one period ago: who of those that ran then runs today?"""
    days = PERIOD_DAYS[rules.period]
    cut = day_number(lives.until) - round(days)
    there = lives.begun <= cut
    gone = there & lives.has_ended & (lives.ended <= cut)
    renewals = np.maximum(lives.renewals - (lives.last > cut), 0)
    asked = there & ~gone
    if int(asked.sum()) < gates.BUYERS:
        return None
    try:
        fit = model.fit(model.counted((renewals + gone)[there], gone[there]))
    except NoFit:
        return None
    told = model.survival_ahead(fit.values, renewals[asked], 1)[:, 0]
    actual = (~lives.has_ended[asked]).astype(np.float64)
    before = 1.0 - float(gone.sum()) / max(float(renewals[there].sum() + gone.sum()), 1.0)  # share that renewed so far
    return calibration.calibrate(
        told, actual, np.full(len(told), before), days=round(days),
        least=(told >= outlook.HIGH).astype(np.float64), most=(told > outlook.LOW).astype(np.float64),
    )  # fmt: skip
