"""What customers are worth together, as it was worked out last."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from ninja import Router, Schema

from rapport.insight.value.queries.equity_data import equity_data
from rapport.integrations.api.auth import ApiRequest

router = Router(tags=["Value"])
Where = dict[str, Any]


class Reason(Schema):
    """Why customers have no value, and how many."""

    reason: str
    customers: int


class EquityView(Schema):
    """A shared view of customers that can be asked for."""

    id: UUID
    name: str
    is_worked_out: bool


class Counted(Schema):
    """`where` finds the customers that the figure counts: give it to the list of customers."""

    customers: int
    value: str
    where: Where


class ChangePart(Counted):
    """`part` is recruited, extended, and so on; the parts of a change add up to closing less opening."""

    part: str


class Change(Schema):
    """How equity changed since a quarter, a year or three years; `ready_from`: the day from which that can be told."""

    period: str
    ready_from: date | None = None
    opening_at: datetime | None = None
    opening: str | None = None
    closing: str | None = None
    is_worked_back: bool | None = None
    is_restated: bool | None = None
    parts: list[ChangePart] = []


class Group(Counted):
    """`by` is tier, phase, source or kind."""

    by: str
    key: str
    name: str


class Tenth(Counted):
    """Customers in the order of their value; 1 is the best tenth."""

    tenth: int
    least: str
    most: str


class Cohort(Counted):
    """Customers recruited in one month or quarter. `stayed`: the shares that were still there so many months after;
    empty where the group is small or not old enough."""

    cohort: str
    stayed: list[float | None]


class Cohorts(Schema):
    unit: str
    months_after: list[int]
    items: list[Cohort]


class Moment(Schema):
    at: datetime
    value: str
    low: str | None
    high: str | None
    is_worked_back: bool


class Equity(Schema):
    """Amounts are text in `currency`. `low` and `high`: the true value lies between them in 8 cases of 10."""

    is_worked_out: bool
    reasons: list[Reason]
    views: list[EquityView]
    at: datetime | None = None
    currency: str = ""
    customers: int = 0
    value: str | None = None
    low: str | None = None
    high: str | None = None
    where: Where | None = None
    changes: list[Change] = []
    groups: list[Group] = []
    tenths: list[Tenth] = []
    cohorts: Cohorts | None = None
    history: list[Moment] = []


@router.get("/equity", response=Equity, operation_id="get_equity")
def equity(request: ApiRequest, view: UUID | None = None) -> Any:
    """Customer equity of the newest run: its range, where the change came from, and who it lies with.

    Of everyone, or of the customers of a shared `view` that was asked for on the page. Nothing is computed here. For tokens
    of those who may see every customer with their value.
    """
    return equity_data(actor=request.actor, view_id=view)
