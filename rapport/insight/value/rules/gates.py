"""When the data cannot carry a lifetime value: each gate with what it looks at, so that the reason can be told in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rapport.insight.value.rules.histories import Floats, Histories
from rapport.insight.value.rules.newton import Fit

BUYERS, REPEATERS, HISTORY_DAYS = 100, 30, 180
CORRELATION = 0.30  # between purchases and their mean, from which on spending is not independent of frequency
ENDED_CONTRACTS, OCCASIONS = 30, 3

# Names of gates are the reasons of stores.customers.rules.scores.NoValue.
TOO_FEW_BUYERS, TOO_FEW_REPEATERS = "too_few_buyers", "too_few_repeaters"
SHORT_HISTORY, NOBODY_CAME_BACK, ALL_EQUAL = "short_history", "nobody_came_back", "all_equal"
SPEND_FOLLOWS_FREQUENCY, AT_BOUND, NO_MARGIN = "spend_follows_frequency", "at_bound", "no_margin"
NO_CONTRACTS_ENDED, TOO_FEW_OCCASIONS, NO_FIT = "no_contracts_ended", "too_few_occasions", "no_fit"
OTHER_PERIOD = "other_period"
PACE = 1.5  # how many times longer or shorter than the period renewals may be apart


@dataclass(frozen=True)
class Gate:
    """One look at the data. `found` and `needed` are the figures of its sentence."""

    name: str
    is_open: bool
    found: float = 0.0
    needed: float = 0.0


def of_histories(histories: Histories) -> list[Gate]:
    """Before a model of purchases at any time is fitted."""
    buyers, repeaters = histories.total, histories.repeaters
    longest = float(histories.age.max(initial=0))
    gates = [
        Gate(TOO_FEW_BUYERS, buyers >= BUYERS, buyers, BUYERS),
        Gate(SHORT_HISTORY, longest >= HISTORY_DAYS, longest, HISTORY_DAYS),
    ]
    if not repeaters:
        return [*gates, Gate(NOBODY_CAME_BACK, is_open=False)]
    return [
        *gates,
        Gate(TOO_FEW_REPEATERS, repeaters >= REPEATERS, repeaters, REPEATERS),
        Gate(ALL_EQUAL, histories.groups > 1, float(histories.groups), 2),
    ]


def of_fit(fit: Fit | None) -> Gate:
    """After the fit: parameters that ran to a bound, or a likelihood that is flat, say that the data do not tell."""
    if fit is None:
        return Gate(NO_FIT, is_open=False)
    return Gate(AT_BOUND, fit.converged and not fit.at_bound and bool(fit.covariance))


def of_spending(frequency: Floats, mean: Floats, *, buyers_without: int = 0) -> list[Gate]:
    """Of customers with repeat purchases and a mean margin above zero."""
    if not len(mean):
        return [Gate(NO_MARGIN, is_open=False, found=float(buyers_without))]
    return [
        Gate(NO_MARGIN, len(mean) >= buyers_without, float(len(mean)), float(buyers_without)),
        Gate(
            SPEND_FOLLOWS_FREQUENCY,
            abs(correlation(frequency, mean)) <= CORRELATION,
            correlation(frequency, mean),
            CORRELATION,
        ),
    ]


def of_occasions(records: float, repeaters: float, offered: int) -> list[Gate]:
    return [
        Gate(TOO_FEW_BUYERS, records >= BUYERS, records, BUYERS),
        Gate(TOO_FEW_REPEATERS, repeaters >= REPEATERS, repeaters, REPEATERS),
        Gate(TOO_FEW_OCCASIONS, offered >= OCCASIONS, offered, OCCASIONS),
    ]


def of_contracts(total: float, ended: float) -> list[Gate]:
    return [
        Gate(TOO_FEW_BUYERS, total >= BUYERS, total, BUYERS),
        Gate(NO_CONTRACTS_ENDED, ended >= ENDED_CONTRACTS, ended, ENDED_CONTRACTS),
    ]


def of_pace(days_between: Floats, period_days: float) -> Gate:
    """Of contracts that were renewed: whether an interval of most of them is the period of the settings."""
    if not len(days_between):
        return Gate(OTHER_PERIOD, is_open=True, needed=period_days)
    usual = float(np.median(days_between))
    return Gate(OTHER_PERIOD, period_days / PACE <= usual <= period_days * PACE, usual, period_days)


def first_closed(gates: Sequence[Gate]) -> str:
    """The reason why there is no value; empty when all are open."""
    return next((gate.name for gate in gates if not gate.is_open), "")


def correlation(frequency: Floats, mean: Floats) -> float:
    """Of logarithms, so that a few very large orders do not decide; zero where one of them never varies."""
    if len(mean) < 3:
        return 0.0
    x, z = np.log(np.asarray(frequency, dtype=np.float64)), np.log(np.asarray(mean, dtype=np.float64))
    if float(x.std()) < 1e-12 or float(z.std()) < 1e-12:
        return 0.0
    return float(np.corrcoef(x, z)[0, 1])
