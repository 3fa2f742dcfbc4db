"""What a fit finds out, and what shops, occasions and contracts have in common. Numbers in and out: no database, no engine."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from rapport.insight.value.queries.settings import ValueRules
from rapport.insight.value.rules import gates, outlook
from rapport.insight.value.rules.calibration import Calibration
from rapport.insight.value.rules.gates import Gate
from rapport.insight.value.rules.histories import Floats, Ints
from rapport.insight.value.rules.newton import Fit, NoFit

PERIOD_DAYS = {"month": outlook.MONTH_DAYS, "quarter": 3 * outlook.MONTH_DAYS, "year": 365.25}
Beat = Callable[[int, str], None]  # says how far it is; raises when somebody asked to stop


@dataclass
class Result:
    """What a run found out. Arrays are in the order of the buyers."""

    business: str
    model: str = ""
    because: str = ""
    fit: Fit | None = None
    spend: Fit | None = None
    flat_margin: float | None = None  # where every order brings the same
    gates: list[Gate] = field(default_factory=list)
    candidates: list[dict[str, Any]] = field(default_factory=list)
    calibration: dict[str, Any] = field(default_factory=dict)
    outlook: outlook.Outlook | None = None  # by group
    place: Ints | None = None  # the group of each buyer
    groups: int = 0
    repeaters: int = 0
    purchases: int = 0
    values: Floats | None = None
    low: Floats | None = None
    high: Floats | None = None
    totals: list[float] = field(default_factory=list)
    inputs_hash: str = ""

    @property
    def reason(self) -> str:
        return gates.first_closed(self.gates)


def horizon_of(rules: ValueRules) -> outlook.Horizon:
    return outlook.Horizon(months=rules.horizon_months, discount=rules.discount_rate)


def fit_only_model(
    result: Result, name: str, fit: Callable[[], Fit], hold_out: Callable[[], Calibration | None]
) -> Fit | None:
    """For a business with one model to choose from: the fit and its calibration into the result, or why there is none."""
    said: dict[str, Any] = {"model": name}
    result.candidates = [said]
    try:
        result.fit = fit()
    except NoFit as why:
        said["problem"] = str(why)
    result.gates.append(gates.of_fit(result.fit))
    if result.fit is None:
        return None
    result.model, result.because = name, "only"
    said |= estimates(result.fit)
    checked = hold_out()
    if checked is not None:
        said["calibration"] = result.calibration = calibration_json(checked)
    return result.fit


def set_values(result: Result, margin: Floats) -> None:
    """Purchases to come, discounted, times the margin of each; the range is that of how many there will be."""
    told, place = result.outlook, result.place
    if told is None or place is None:
        return
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = np.where(told.purchases > 0, told.discounted / told.purchases, 1.0)
    result.values = told.discounted[place] * margin
    result.low = told.least[place] * weight[place] * margin
    result.high = told.most[place] * weight[place] * margin


def fitted(result: Result) -> Fit:
    if result.fit is None:
        raise NoFit("There is no fit.")
    return result.fit


def estimates(fit: Fit) -> dict[str, Any]:
    return {
        "parameters": fit.parameters,
        "standard_errors": fit.standard_errors,
        "log_likelihood": fit.log_likelihood,
        "evaluations": fit.evaluations,
    }


def spend_json(result: Result) -> dict[str, Any]:
    if result.spend is not None:
        return estimates(result.spend)
    return {} if result.flat_margin is None else {"flat": result.flat_margin}


def calibration_json(checked: Calibration) -> dict[str, Any]:
    return asdict(checked) | {"bias": checked.bias, "tenths": [asdict(each) for each in checked.tenths]}


def hash_of(rules: ValueRules, *arrays: Any) -> str:
    digest = hashlib.sha256(repr(sorted(rules.as_json().items())).encode())
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
