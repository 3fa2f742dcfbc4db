"""Businesses of occasions, where each period is used or not: the model BG/BB."""

from __future__ import annotations

from typing import Any

import numpy as np

from rapport.insight.value.queries.settings import ValueRules
from rapport.insight.value.rules import calibration, gates, outlook, spend
from rapport.insight.value.rules import occasions as model
from rapport.insight.value.rules.buyers import Attendance, Buyers
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


def fit_occasions(buyers: Buyers, attendance: Attendance, rules: ValueRules, beat: Beat) -> Result:
    records, place = model.grouped(attendance.used, attendance.last, attendance.offered)
    result = Result(business=Business.OCCASIONS, place=place, groups=len(records.used))
    result.repeaters, result.purchases = int((attendance.used > 0).sum()), int(buyers.days.sum())
    result.inputs_hash = hash_of(rules, attendance.used, attendance.last, attendance.offered)
    before = gates.of_occasions(records.total, float(result.repeaters), int(attendance.offered.max(initial=0)))
    usable = (attendance.used > 0) & (np.nan_to_num(attendance.mean) > 0)
    without = int((attendance.used > 0).sum() - usable.sum())
    result.gates = before + gates.of_spending(
        attendance.used[usable].astype(np.float64), attendance.mean[usable], buyers_without=without
    )
    if gates.first_closed(before):
        return result
    beat(35, "fit_bg_bb")
    fit = fit_only_model(result, model.BG_BB, lambda: model.fit(records), lambda: _hold_out(attendance, rules))
    if fit is None:
        return result
    beat(65, "score")
    result.outlook = outlook.outlook_of_occasions(
        fit, records, period_days=PERIOD_DAYS[rules.period], horizon=horizon_of(rules)
    )
    margin = _margin(result, attendance, usable)
    if not result.reason and margin is not None:
        set_values(result, margin)
    return result


def values_of_occasions(result: Result, attendance: Attendance, rules: ValueRules) -> tuple[Floats, Floats]:
    records, place = model.grouped(attendance.used, attendance.last, attendance.offered)
    told = outlook.outlook_of_occasions(
        fitted(result), records, period_days=PERIOD_DAYS[rules.period], horizon=horizon_of(rules)
    )
    if result.spend is not None:
        margin = spend.expected_spend(result.spend.values, attendance.used, attendance.mean)
    else:
        margin = np.full(len(attendance.used), result.flat_margin or 0.0)
    return told.discounted[place] * margin, told.p_alive[place]


def _margin(result: Result, attendance: Attendance, usable: Any) -> Floats | None:
    if not usable.any():
        return None
    means = attendance.mean[usable]
    try:
        result.spend = spend.fit(attendance.used[usable], means)
    except NoFit:
        result.flat_margin = float(means.mean())
        return np.full(len(attendance.used), result.flat_margin)
    if result.spend.at_bound or result.spend.parameters["q"] <= 1:
        result.gates.append(Gate(gates.AT_BOUND, is_open=False))
        return None
    return spend.expected_spend(result.spend.values, attendance.used, attendance.mean)


def _hold_out(attendance: Attendance, rules: ValueRules) -> calibration.Calibration | None:
    known = attendance.offered >= attendance.held
    offered = attendance.offered[known] - attendance.held
    if int(known.sum()) < gates.BUYERS or int(offered.max(initial=0)) < 2:
        return None
    records, place = model.grouped(attendance.used_cut[known], attendance.last_cut[known], offered)
    try:
        fit = model.fit(records)
    except NoFit:
        return None
    days = PERIOD_DAYS[rules.period] * attendance.held
    told = outlook.outlook_of_occasions(
        fit, records, period_days=PERIOD_DAYS[rules.period],
        horizon=outlook.Horizon(months=1, discount=0.0, step_days=days * 1.001),
    )  # fmt: skip
    naive = (attendance.used_cut[known] + 1) / (offered + 1) * attendance.held
    return calibration.calibrate(
        told.purchases[place], attendance.after[known].astype(np.float64), naive,
        days=round(days), least=told.least[place], most=told.most[place],
    )  # fmt: skip
