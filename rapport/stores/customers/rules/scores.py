"""What is said of a customer's value: its words, its bounds, and the reasons why there is none."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from rapport.foundation.records.types import Choice, Field, FieldKind, Label


class Tier(enum.StrEnum):
    """By rank of lifetime value among everyone who bought. Empty where there is no value."""

    PLATINUM = "platinum"
    GOLD = "gold"
    SILVER = "silver"
    BRONZE = "bronze"


TIER_LABELS: Mapping[Tier, Label] = {
    Tier.PLATINUM: _("Platinum"),
    Tier.GOLD: _("Gold"),
    Tier.SILVER: _("Silver"),
    Tier.BRONZE: _("Bronze"),
}
TIER_BARS: Mapping[Tier, int] = {Tier.PLATINUM: 4, Tier.GOLD: 3, Tier.SILVER: 2, Tier.BRONZE: 1}


class NoValue(enum.StrEnum):
    """Why no lifetime value is given."""

    NOT_FITTED = "not_fitted"
    NO_PURCHASES = "no_purchases"
    TOO_FEW_BUYERS = "too_few_buyers"
    TOO_FEW_REPEATERS = "too_few_repeaters"
    SHORT_HISTORY = "short_history"
    NOBODY_CAME_BACK = "nobody_came_back"
    ALL_EQUAL = "all_equal"
    SPEND_FOLLOWS_FREQUENCY = "spend_follows_frequency"
    AT_BOUND = "at_bound"
    NO_MARGIN = "no_margin"
    NO_CONTRACTS_ENDED = "no_contracts_ended"
    OTHER_PERIOD = "other_period"
    TOO_FEW_OCCASIONS = "too_few_occasions"
    NO_FIT = "no_fit"


# The one place where a reason has words. Said of the workspace, after "There is no lifetime value yet: ".
NO_VALUE_WORDS: Mapping[NoValue, Label] = {
    NoValue.NOT_FITTED: _("Nothing has been worked out yet."),
    NoValue.NO_PURCHASES: _("This customer has not bought anything yet."),
    NoValue.TOO_FEW_BUYERS: _("Too few customers have bought so far."),
    NoValue.TOO_FEW_REPEATERS: _("Too few customers have bought a second time."),
    NoValue.SHORT_HISTORY: _("The purchases do not reach back far enough."),
    NoValue.NOBODY_CAME_BACK: _("Nobody has bought a second time yet."),
    NoValue.ALL_EQUAL: _("All customers look the same, so nothing tells one from another."),
    NoValue.SPEND_FOLLOWS_FREQUENCY: _(
        "Those who buy more often spend differently per order, which the model of spending does not allow for."
    ),
    NoValue.AT_BOUND: _("The purchases do not say how fast customers leave."),
    NoValue.NO_MARGIN: _("The orders carry no amounts above zero."),
    NoValue.NO_CONTRACTS_ENDED: _("No contract has ended yet, so nothing is known of how they end."),
    NoValue.OTHER_PERIOD: _("The contracts renew at another pace than the period in the settings says."),
    NoValue.TOO_FEW_OCCASIONS: _("There have been too few occasions to buy."),
    NoValue.NO_FIT: _("No model explains these purchases."),
}


def no_value_words(reason: str) -> Label:
    return NO_VALUE_WORDS[NoValue(reason)] if reason in NoValue._value2member_map_ else ""


class ScoreRow(NamedTuple):
    """What a run says of one customer. Money is contribution margin in the workspace's currency, discounted to the day."""

    customer_id: UUID | str
    lifetime_value: Decimal | float | None
    low: Decimal | float | None  # the true value is between low and high in 8 cases of 10
    high: Decimal | float | None
    spent: Decimal | float  # margin to date
    p_alive: float | None
    churn_risk: float | None  # that there is no purchase within a year
    expected_orders: float | None  # within twelve months
    next_order_on: date | None
    tier: str
    last_order_on: date | None
    frequency: int  # repeat purchases, by day
    latency_days: float | None  # median days between purchases
    monetary: Decimal | float | None  # mean margin of a purchase
    rfm: str
    reason: str  # a NoValue, where there is no value
    model: str
    currency: str


WORTH = _("Value")
# Read-only fields of the customer record; the values stand in a table beside it.
FIELDS = (
    Field(
        name="lifetime_value",
        label=_("Lifetime value"),
        kind=FieldKind.NUMBER,
        column="score__lifetime_value",
        group=WORTH,
        help=_("Contribution margin still to come, discounted to today"),
        editable=False,
        importable=False,
        sortable=True,
    ),
    Field(
        name="value_tier",
        label=_("Value tier"),
        kind=FieldKind.CHOICE,
        column="score__tier",
        group=WORTH,
        choices=tuple(Choice(tier, label) for tier, label in TIER_LABELS.items()),
        editable=False,
        importable=False,
    ),
    Field(
        name="churn_risk",
        label=_("Churn risk"),
        kind=FieldKind.NUMBER,
        column="score__churn_risk",
        group=WORTH,
        help=_("From 0 to 1: the chance that this customer does not buy again"),
        editable=False,
        importable=False,
        sortable=True,
    ),
    Field(
        name="next_order_on",
        label=_("Next order expected"),
        kind=FieldKind.DATE,
        column="score__next_order_on",
        group=WORTH,
        editable=False,
        importable=False,
        sortable=True,
    ),
)
