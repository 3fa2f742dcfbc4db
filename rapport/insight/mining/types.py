"""Questions that can be asked of the warehouse, as they are stored, compared and drawn. No number is ever in a question."""

from __future__ import annotations

import enum
from datetime import date
from typing import Literal, TypeAlias

import msgspec

Operation = Literal["is", "is_not", "contains", "starts_with", "more_than", "at_least", "less_than", "at_most"]


class Test(msgspec.Struct, frozen=True):
    """A test of one column of a touch point: amount more than 100."""

    property: str
    op: Operation
    value: str | float

    __test__ = False  # not one of pytest's


class Act(msgspec.Struct, frozen=True):
    """Which touch points are meant. Everything empty: any touch point at all."""

    kind: str = ""
    channel: str = ""
    where: tuple[Test, ...] = ()


PURCHASE = Act(kind="order_placed")


class Rfm(msgspec.Struct, frozen=True, tag="rfm"):
    """Who bought last, most often and for most."""


class Clusters(msgspec.Struct, frozen=True, tag="clusters"):
    """Which customers are alike in what they buy and do."""


class Baskets(msgspec.Struct, frozen=True, tag="baskets"):
    """What is bought together."""

    item: Literal["product", "category"] = "product"
    basket: Literal["order", "customer"] = "order"


class Cohorts(msgspec.Struct, frozen=True, tag="cohorts"):
    """Of those who did something first in a period, how many did it (or something else) again, period by period."""

    start: Act = PURCHASE
    again: Act = PURCHASE
    unit: Literal["week", "month"] = "month"
    since: date | None = None  # the first period; None: as far back as `periods` reach
    periods: int = 12


class Funnel(msgspec.Struct, frozen=True, tag="funnel"):
    """How many went from step to step within a time."""

    steps: tuple[Act, ...]
    days: int = 30
    count_from: Literal["first", "any"] = "first"  # the customer's first start, or whichever start leads furthest


Question: TypeAlias = Rfm | Clusters | Baskets | Cohorts | Funnel


class Part(msgspec.Struct, frozen=True):
    """The part of an answer that a figure counts. Which names mean something depends on the question."""

    name: str
    row: int = 0
    column: int = 0
    items: tuple[str, ...] = ()


class Reason(enum.StrEnum):
    """Why there is no answer."""

    NOTHING_THERE = "nothing_there"  # nobody ever did this
    FEW_CUSTOMERS = "few_customers"
    FEW_BASKETS = "few_baskets"
    ALL_ALIKE = "all_alike"  # nothing tells the customers apart
    NOT_STABLE = "not_stable"  # groups that fall apart when some customers are left out
    NO_RULES = "no_rules"  # nothing is bought together more often than by chance
    SHORT_HISTORY = "short_history"
    NO_WAREHOUSE = "no_warehouse"
    BROKEN = "broken"  # the engine gave up


class PatternKind(enum.StrEnum):
    RFM_SLIPPED = "rfm_slipped"
    RFM_ROSE = "rfm_rose"
    CLUSTER = "cluster"
    RULE = "rule"
    CHURN = "churn"
    COHORT = "cohort"
    FUNNEL = "funnel"
