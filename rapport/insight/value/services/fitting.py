"""From counted histories to a fitted model and to scores: no database, no engine, only numbers in and out.

Called by the worker. NumPy is imported here and nowhere that a web process begins with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np

from rapport.insight.value.queries.histories import EPOCH, day_number
from rapport.insight.value.queries.settings import ValueRules
from rapport.insight.value.rules import calibration, contracts, gates, occasions, outlook, ranks, spend, uncertainty
from rapport.insight.value.rules.choice import CANDIDATES, Business, chosen
from rapport.insight.value.rules.gates import Gate
from rapport.insight.value.rules.histories import Floats, Histories, Ints, grouped_with_index
from rapport.insight.value.rules.newton import Fit, NoFit
from rapport.stores.customers.rules.scores import ScoreRow

HOLD_OUT = 0.25  # of the window
DRAWS = 40
_SEED = 20_050_401
_AT_ONCE = 25_000
_PERIOD_DAYS = {"month": outlook.MONTH_DAYS, "quarter": 3 * outlook.MONTH_DAYS, "year": 365.25}
Beat = Callable[[int, str], None]  # says how far it is; raises when somebody asked to stop


@dataclass(frozen=True, eq=False)
class Buyers:
    """One number a customer. Days are counted from 1970; sums are margin in the workspace's currency."""

    customer_id: Any  # an Arrow array of ids as text
    first: Ints
    last: Ints
    days: Ints
    spent: Floats
    first_spent: Floats
    told: Ints
    last_cut: Ints
    days_cut: Ints
    latency: Floats
    until: date
    cut: date

    @property
    def count(self) -> int:
        return len(self.first)

    @property
    def repeat_mean(self) -> Floats:
        """Mean margin of a day with a purchase after the first; not a number for those who never came back."""
        again = self.days - 1
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(again > 0, (self.spent - self.first_spent) / again, np.nan)


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


# Shops: purchases at any time


def histories_of(buyers: Buyers) -> tuple[Histories, Ints]:
    return grouped_with_index(buyers.days - 1, buyers.last - buyers.first, day_number(buyers.until) - buyers.first)


def fit_shop(buyers: Buyers, rules: ValueRules, beat: Beat) -> Result:
    histories, place = histories_of(buyers)
    result = Result(business=Business.SHOP, place=place, groups=histories.groups)
    result.repeaters, result.purchases = int(histories.repeaters), int(buyers.days.sum())
    result.inputs_hash = _hash(histories, rules)
    result.gates = gates.of_histories(histories)
    _fit_spending(result, buyers)
    blocking = [gate for gate in result.gates if not gate.is_open and gate.name in _BEFORE_FIT]
    if blocking:
        return result
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
        said |= _told(fit)
        if not gates.of_fit(fit).is_open:
            said["at_bound"] = list(fit.at_bound) or ["flat"]
            continue
        fits[name] = fit
        checked = _hold_out(name, buyers)
        if checked is not None:
            foretold[name] = checked
            said["calibration"] = _calibration_json(checked)
    choice = chosen(Business.SHOP, foretold)
    if choice is None and fits:  # the past is too short to hold part of it out
        result.model, result.because = next(iter(fits)), "left"
    elif choice is not None:
        result.model, result.because = choice.model, choice.why
    result.fit = fits.get(result.model)
    result.gates.append(gates.of_fit(result.fit))
    if result.fit is None:
        return result
    result.calibration = _calibration_json(foretold[result.model]) if result.model in foretold else {}
    beat(65, "score")
    result.outlook = outlook.outlook(result.fit, histories, horizon_of(rules))
    if not result.reason:
        _value(result, _margin(result, buyers))
        repeat = np.where(buyers.days > 1, buyers.spent - buyers.first_spent, 0.0)
        by_group = np.bincount(place, weights=repeat, minlength=histories.groups).astype(np.float64)
        result.totals = uncertainty.totals(
            result.fit, result.spend, histories, by_group, horizon_of(rules),
            count=DRAWS, seed=_SEED, flat_margin=result.flat_margin or 0.0,
        )  # fmt: skip
    return result


_BEFORE_FIT = frozenset(
    {gates.TOO_FEW_BUYERS, gates.TOO_FEW_REPEATERS, gates.SHORT_HISTORY, gates.NOBODY_CAME_BACK, gates.ALL_EQUAL}
)


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


def _value(result: Result, margin: Floats) -> None:
    """Purchases to come, discounted, times the margin of each; the range is that of how many there will be."""
    told, place = result.outlook, result.place
    if told is None or place is None:
        return
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = np.where(told.purchases > 0, told.discounted / told.purchases, 1.0)
    result.values = told.discounted[place] * margin
    result.low = told.least[place] * weight[place] * margin
    result.high = told.most[place] * weight[place] * margin


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


# Occasions


@dataclass(frozen=True, eq=False)
class Attendance:
    """Of each buyer, in the order of the buyers: occasions used after the first, the last used, those there were.

    Those with `_cut` leave out the last `held` occasions; `after` is how many of those were used.
    """

    used: Ints
    last: Ints
    offered: Ints
    used_cut: Ints
    last_cut: Ints
    held: int
    after: Ints
    mean: Floats  # margin of an occasion after the first


def attendance_of(customer: Ints, period: Ints, margin: Floats, *, count: int, newest: int) -> Attendance:
    """From one row a customer and period, up to the newest period that is over."""
    over = period <= newest
    customer, period, margin = customer[over], period[over], margin[over]
    far = np.iinfo(np.int64).max
    first = np.full(count, far)
    np.minimum.at(first, customer, period)
    known = first < far
    first = np.where(known, first, newest)
    offered = newest - first
    held = max(round(float(offered.max(initial=0)) * HOLD_OUT), 1)

    def upto(end: int) -> tuple[Ints, Ints]:
        part = period <= end
        last = first.copy()
        np.maximum.at(last, customer[part], period[part])
        times = np.bincount(customer[part], minlength=count)
        return np.maximum(times - 1, 0), last - first

    used, last = upto(newest)
    used_cut, last_cut = upto(newest - held)
    again = period > first[customer]
    spent = np.bincount(customer[again], weights=margin[again], minlength=count)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(used > 0, spent / used, np.nan)
    return Attendance(used, last, offered, used_cut, last_cut, held, used - used_cut, mean)


def fit_occasions(buyers: Buyers, attendance: Attendance, rules: ValueRules, beat: Beat) -> Result:
    records, place = occasions.grouped(attendance.used, attendance.last, attendance.offered)
    result = Result(business=Business.OCCASIONS, place=place, groups=len(records.used))
    result.repeaters, result.purchases = int((attendance.used > 0).sum()), int(buyers.days.sum())
    result.inputs_hash = _hash_of(rules, attendance.used, attendance.last, attendance.offered)
    before = gates.of_occasions(records.total, float(result.repeaters), int(attendance.offered.max(initial=0)))
    usable = (attendance.used > 0) & (np.nan_to_num(attendance.mean) > 0)
    without = int((attendance.used > 0).sum() - usable.sum())
    result.gates = before + gates.of_spending(
        attendance.used[usable].astype(np.float64), attendance.mean[usable], buyers_without=without
    )
    if gates.first_closed(before):
        return result
    beat(35, "fit_bg_bb")
    said: dict[str, Any] = {"model": occasions.BG_BB}
    result.candidates = [said]
    try:
        result.fit = occasions.fit(records)
    except NoFit as why:
        said["problem"] = str(why)
    result.gates.append(gates.of_fit(result.fit))
    if result.fit is None:
        return result
    result.model, result.because = occasions.BG_BB, "only"
    said |= _told(result.fit)
    checked = _hold_out_of_occasions(attendance, rules)
    if checked is not None:
        said["calibration"] = result.calibration = _calibration_json(checked)
    beat(65, "score")
    result.outlook = outlook.outlook_of_occasions(
        result.fit, records, period_days=_PERIOD_DAYS[rules.period], horizon=horizon_of(rules)
    )
    margin = _margin_of_occasions(result, attendance, usable)
    if not result.reason and margin is not None:
        _value(result, margin)
    return result


def _margin_of_occasions(result: Result, attendance: Attendance, usable: Any) -> Floats | None:
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


def _hold_out_of_occasions(attendance: Attendance, rules: ValueRules) -> calibration.Calibration | None:
    known = attendance.offered >= attendance.held
    offered = attendance.offered[known] - attendance.held
    if int(known.sum()) < gates.BUYERS or int(offered.max(initial=0)) < 2:
        return None
    records, place = occasions.grouped(attendance.used_cut[known], attendance.last_cut[known], offered)
    try:
        fit = occasions.fit(records)
    except NoFit:
        return None
    days = _PERIOD_DAYS[rules.period] * attendance.held
    told = outlook.outlook_of_occasions(
        fit, records, period_days=_PERIOD_DAYS[rules.period],
        horizon=outlook.Horizon(months=1, discount=0.0, step_days=days * 1.001),
    )  # fmt: skip
    naive = (attendance.used_cut[known] + 1) / (offered + 1) * attendance.held
    return calibration.calibrate(
        told.purchases[place], attendance.after[known].astype(np.float64), naive,
        days=round(days), least=told.least[place], most=told.most[place],
    )  # fmt: skip


# Contracts


@dataclass(frozen=True, eq=False)
class ContractLives:
    """Of each customer with a contract."""

    customer_id: Any
    begun: Ints
    last: Ints  # day of the last payment
    renewals: Ints
    ended: Ints  # the day, -1 while it runs
    margin: Floats  # of a payment
    spent: Floats
    until: date

    @property
    def count(self) -> int:
        return len(self.begun)

    @property
    def has_ended(self) -> Any:
        return self.ended >= 0


def fit_contracts(lives: ContractLives, rules: ValueRules, beat: Beat) -> Result:
    reached = lives.renewals + lives.has_ended.astype(np.int64)  # one that ended reached one renewal more
    counted = contracts.counted(reached, lives.has_ended)
    result = Result(business=Business.CONTRACTS)
    result.repeaters, result.purchases = int((lives.renewals > 0).sum()), int(lives.renewals.sum()) + lives.count
    result.inputs_hash = _hash_of(rules, lives.renewals, lives.has_ended)
    result.gates = gates.of_contracts(counted.total, float(counted.ended.sum()))
    paid = np.nan_to_num(lives.margin) > 0
    result.gates.append(Gate(gates.NO_MARGIN, bool(paid.mean() > 0.5) if lives.count else False, float(paid.sum())))
    if gates.first_closed(result.gates[:2]):
        return result
    beat(35, "fit_sbg")
    said: dict[str, Any] = {"model": contracts.SBG}
    result.candidates = [said]
    try:
        result.fit = contracts.fit(counted)
    except NoFit as why:
        said["problem"] = str(why)
    result.gates.append(gates.of_fit(result.fit))
    if result.fit is None:
        return result
    result.model, result.because = contracts.SBG, "only"
    said |= _told(result.fit)
    checked = _hold_out_of_contracts(lives, rules)
    if checked is not None:
        said["calibration"] = result.calibration = _calibration_json(checked)
    beat(65, "score")
    distinct, place = np.unique(lives.renewals, return_inverse=True)
    result.groups, result.place = len(distinct), place
    result.outlook = outlook.outlook_of_contracts(
        result.fit, distinct, period_days=_PERIOD_DAYS[rules.period], horizon=horizon_of(rules)
    )
    if not result.reason:
        _value(result, np.where(paid, lives.margin, float(lives.margin[paid].mean())))
        running = ~lives.has_ended
        for name in ("values", "low", "high"):
            setattr(result, name, np.where(running, getattr(result, name), 0.0))
    return result


def _hold_out_of_contracts(lives: ContractLives, rules: ValueRules) -> calibration.Calibration | None:
    """Contracts as they stood one period ago: who of those that ran then runs today?"""
    days = _PERIOD_DAYS[rules.period]
    cut = day_number(lives.until) - round(days)
    there = lives.begun <= cut
    gone = there & lives.has_ended & (lives.ended <= cut)
    renewals = np.maximum(lives.renewals - (lives.last > cut), 0)
    asked = there & ~gone
    if int(asked.sum()) < gates.BUYERS:
        return None
    try:
        fit = contracts.fit(contracts.counted((renewals + gone)[there], gone[there]))
    except NoFit:
        return None
    told = contracts.survival_ahead(fit.values, renewals[asked], 1)[:, 0]
    actual = (~lives.has_ended[asked]).astype(np.float64)
    before = 1.0 - float(gone.sum()) / max(float(renewals[there].sum() + gone.sum()), 1.0)  # share that renewed so far
    return calibration.calibrate(
        told, actual, np.full(len(told), before), days=round(days),
        least=(told >= outlook.HIGH).astype(np.float64), most=(told > outlook.LOW).astype(np.float64),
    )  # fmt: skip


# To rows


def score_rows(result: Result, buyers: Buyers, rules: ValueRules, currency: str) -> Iterator[ScoreRow]:
    """One row a buyer, made part by part."""
    count = buyers.count
    today = day_number(buyers.until)
    recency, purchases = (today - buyers.last).astype(np.float64), buyers.days
    margin = np.where(purchases > 0, buyers.spent / np.maximum(purchases, 1), 0.0)
    told, place = result.outlook, result.place
    values = result.values if result.values is not None else np.full(count, np.nan)
    tier = ranks.tiers(values, rules.tier_shares)
    rfm = ranks.rfm(recency, purchases.astype(np.float64), margin)
    ended = np.zeros(count, dtype=bool)
    if isinstance(buyers, ContractBuyers):
        ended = buyers.has_ended

    def spread(name: str) -> Floats:
        return getattr(told, name)[place] if told is not None and place is not None else np.full(count, np.nan)

    alive = np.where(ended, 0.0, spread("p_alive"))
    risk = np.where(ended, 1.0, spread("p_none"))
    year = np.where(ended, 0.0, spread("year"))
    wait = spread("wait_days")
    low = result.low if result.low is not None else np.full(count, np.nan)
    high = result.high if result.high is not None else np.full(count, np.nan)
    since = buyers.last if isinstance(buyers, ContractBuyers) else np.full(count, today)
    expected = (alive >= 0.5) & np.isfinite(wait) & (wait <= horizon_of(rules).days)
    next_on = np.where(expected, np.maximum(since + np.where(expected, np.ceil(wait), 0), today), -1).astype(np.int64)
    for begin in range(0, count, _AT_ONCE):
        part = slice(begin, begin + _AT_ONCE)
        columns = (
            buyers.customer_id.slice(begin, _AT_ONCE).to_pylist(),
            *(_plain(each[part], places) for each, places in ((values, 2), (low, 2), (high, 2))),
            _plain(buyers.spent[part], 2),
            *(_plain(each[part], places) for each, places in ((alive, 4), (risk, 4), (year, 3))),
            [EPOCH + timedelta(days=day) if day >= 0 else None for day in next_on[part].tolist()],
            tier[part].tolist(),
            [EPOCH + timedelta(days=day) for day in buyers.last[part].tolist()],
            (purchases[part] - 1).tolist(),
            _plain(buyers.latency[part], 1),
            _plain(margin[part], 2),
            rfm[part].tolist(),
        )
        rest = (result.reason, result.model, currency)
        for row in zip(*columns, strict=True):
            yield ScoreRow._make((*row, *rest))


@dataclass(frozen=True, eq=False)
class ContractBuyers(Buyers):
    """Contracts in the shape of buyers, for their rows: a payment is a purchase."""

    has_ended: Any = None


def as_buyers(lives: ContractLives) -> ContractBuyers:
    none = np.full(lives.count, np.nan)
    days = lives.renewals + 1
    return ContractBuyers(
        customer_id=lives.customer_id, first=lives.begun, last=lives.last, days=days,
        spent=np.nan_to_num(lives.spent), first_spent=np.nan_to_num(lives.margin), told=days,
        last_cut=lives.last, days_cut=days, latency=none, until=lives.until, cut=lives.until,
        has_ended=lives.has_ended,
    )  # fmt: skip


def _plain(values: Floats, places: int) -> list[float | None]:
    """Numbers as the database takes them; None where there is none."""
    known = np.isfinite(values)
    rounded = np.round(np.where(known, values, 0.0), places) + 0.0
    if known.all():
        return rounded.tolist()
    return [value if there else None for value, there in zip(rounded.tolist(), known.tolist(), strict=True)]


def _told(fit: Fit) -> dict[str, Any]:
    return {
        "parameters": fit.parameters,
        "standard_errors": fit.standard_errors,
        "log_likelihood": fit.log_likelihood,
        "evaluations": fit.evaluations,
    }


def spend_json(result: Result) -> dict[str, Any]:
    if result.spend is not None:
        return _told(result.spend)
    return {} if result.flat_margin is None else {"flat": result.flat_margin}


def _calibration_json(checked: calibration.Calibration) -> dict[str, Any]:
    return asdict(checked) | {"bias": checked.bias, "tenths": [asdict(each) for each in checked.tenths]}


def _hash(histories: Histories, rules: ValueRules) -> str:
    return _hash_of(rules, histories.frequency, histories.recency, histories.age, histories.customers)


def _hash_of(rules: ValueRules, *arrays: Any) -> str:
    digest = hashlib.sha256(repr(sorted(rules.as_json().items())).encode())
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


# Values of another day, by a fit that stands


def values_of_shop(result: Result, buyers: Buyers, rules: ValueRules) -> tuple[Floats, Floats]:
    """Values and chances to be alive of each buyer, by the parameters of the result."""
    fit = _fitted(result)
    histories, place = histories_of(buyers)
    purchases = outlook.discounted_purchases(fit, histories, horizon_of(rules))
    return purchases[place] * _margin(result, buyers), outlook.p_alive(fit, histories)[place]


def values_of_occasions(result: Result, attendance: Attendance, rules: ValueRules) -> tuple[Floats, Floats]:
    records, place = occasions.grouped(attendance.used, attendance.last, attendance.offered)
    told = outlook.outlook_of_occasions(
        _fitted(result), records, period_days=_PERIOD_DAYS[rules.period], horizon=horizon_of(rules)
    )
    if result.spend is not None:
        margin = spend.expected_spend(result.spend.values, attendance.used, attendance.mean)
    else:
        margin = np.full(len(attendance.used), result.flat_margin or 0.0)
    return told.discounted[place] * margin, told.p_alive[place]


def values_of_contracts(result: Result, lives: ContractLives, rules: ValueRules) -> tuple[Floats, Floats]:
    distinct, place = np.unique(lives.renewals, return_inverse=True)
    told = outlook.outlook_of_contracts(
        _fitted(result), distinct, period_days=_PERIOD_DAYS[rules.period], horizon=horizon_of(rules)
    )
    paid = np.nan_to_num(lives.margin) > 0
    margin = np.where(paid, lives.margin, float(lives.margin[paid].mean()) if paid.any() else 0.0)
    runs = (~lives.has_ended).astype(np.float64)
    return told.discounted[place] * margin * runs, runs


def _fitted(result: Result) -> Fit:
    if result.fit is None:
        raise NoFit("There is no fit.")
    return result.fit
