"""Charts as data: a finding, marks with their wording and links, and the same figures as a table.

equity = Bridge(
    title=_("New customers outgrew the losses"), said=_("From €45.2M: recruited plus €4.1M, to €48.9M."), unit="EUR",
    steps=(Mark("Nov 2025", 45_200_000, "€45.2M", tone="total"), Mark("Recruited", 4_100_000, "+€4.1M", url="…")),
)
{% chart equity %}  {% chart_panel equity css="r-ins-8" %}

A view or a query makes the chart; numbers are worded by the server, so that charts follow the language and the currency.
`unit` rules only the ticks of the axis: a currency code, "%" for shares between 0 and 1, or nothing.
"""

from __future__ import annotations

import math
import zlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from django.utils.translation import gettext

from rapport.foundation.ui import formats

Number = Decimal | float | int
TONES = ("", "soft", "grey", "good", "warn", "bad", "total", "second", "third")
SHADES = 6


@dataclass(frozen=True, slots=True)
class Mark:
    """One bar, step or point. `text` words the value, `note` says more on hover and in the table, `url` drills down."""

    name: str
    value: Number | None
    text: str = ""
    note: str = ""
    url: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """A place on a line: what happened (solid), what is likely (dashed) with its band of eight in ten."""

    name: str
    value: Number | None = None
    likely: Number | None = None
    low: Number | None = None
    high: Number | None = None
    text: str = ""
    note: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A group of a calibration: what the model expected of it and what happened."""

    name: str
    expected: Number
    actual: Number
    expected_text: str = ""
    actual_text: str = ""
    note: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """A place on a concentration curve: the best `of_customers` carry `of_value`, both between 0 and 1."""

    of_customers: float
    of_value: float
    note: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """How many went from one node to another; node names are unique over all columns."""

    start: str
    end: str
    count: int
    url: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    name: str
    tone: str = "grey"
    url: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table twin."""

    name: str
    cells: tuple[str, ...]
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Chart(ABC):
    """What all charts have. `title` is the finding, `said` the whole chart in a sentence for those who do not see it."""

    kind: ClassVar[str] = ""

    title: str
    said: str
    note: str = ""
    footer: str = ""
    unit: str = ""
    height: int = 220
    name_of_marks: str = ""
    name_of_values: str = ""

    @property
    def id(self) -> str:
        """The same chart has the same id when the page is drawn again, so that a swap keeps it."""
        return f"chart-{self.kind}-{zlib.crc32(f'{self.title}|{self.said}'.encode()):08x}"

    @property
    def aside(self) -> str:
        return self.note

    def columns(self) -> tuple[str, ...]:
        return (self.name_of_marks or gettext("Name"), self.name_of_values or gettext("Value"), gettext("Note"))

    @abstractmethod
    def rows(self) -> list[Row]:
        """The figures as a table, with the same links as the marks."""

    @abstractmethod
    def data(self) -> dict[str, Any]:
        """What charts.js draws of this kind."""

    def payload(self) -> dict[str, Any]:
        return {"kind": self.kind, "unit": self.unit, **self.data()}


def _float(value: Number | None) -> float | None:
    return None if value is None else float(value)


def _marks(marks: Sequence[Mark]) -> list[dict[str, Any]]:
    return [
        {
            "name": str(mark.name),
            "value": _float(mark.value),
            "text": str(mark.text),
            "note": str(mark.note),
            "url": mark.url,
            "tone": mark.tone,
        }
        for mark in marks
    ]


def _table(marks: Sequence[Mark]) -> list[Row]:
    return [
        Row(str(mark.name), (str(mark.text or formats.number(mark.value or 0)), str(mark.note)), mark.url)
        for mark in marks
    ]


def floor_of(edges: Sequence[float]) -> float:
    """Where an axis may start so that small changes of large totals can be seen; 0 where they can be seen anyway."""
    low, high = min(edges), max(edges)
    if low <= 0 or (high - low) >= 0.4 * high or high == low:
        return 0.0
    room = high - low
    step = 10 ** math.floor(math.log10(room))
    return max(0.0, math.floor((low - 0.35 * room) / step) * step)


@dataclass(frozen=True, kw_only=True)
class Bridge(Chart):
    """A waterfall: a step with the tone "total" stands on the axis, the others on the step before."""

    kind: ClassVar[str] = "bridge"

    steps: Sequence[Mark]
    height: int = 226

    @property
    def floor(self) -> float:
        edges, run = [], 0.0
        for step in self.steps:
            value = float(step.value or 0)
            run = value if step.tone == "total" else run + value
            edges.append(run)
        return floor_of(edges) if edges else 0.0

    @property
    def aside(self) -> str:
        if not self.floor:
            return self.note
        start = formats.short_money(self.floor, self.unit) if len(self.unit) == 3 else formats.number(self.floor)
        said = gettext("axis starts at %(value)s") % {"value": start}
        return f"{self.note} · {said}" if self.note else said

    def rows(self) -> list[Row]:
        return _table(self.steps)

    def data(self) -> dict[str, Any]:
        return {"marks": _marks(self.steps), "floor": self.floor}


@dataclass(frozen=True, kw_only=True)
class Bars(Chart):
    """Bars from zero. `across` lays them down on every screen: for long names."""

    kind: ClassVar[str] = "bars"

    marks: Sequence[Mark]
    across: bool = False

    def rows(self) -> list[Row]:
        return _table(self.marks)

    def data(self) -> dict[str, Any]:
        return {"marks": _marks(self.marks), "across": self.across}


@dataclass(frozen=True, kw_only=True)
class Line(Chart):
    """A course over time. `spark` draws it small: no axis of values, first and last name only."""

    kind: ClassVar[str] = "line"

    points: Sequence[Point]
    name: str = ""
    likely_name: str = ""
    goal: Number | None = None
    goal_text: str = ""
    spark: bool = False
    from_zero: bool = False

    def columns(self) -> tuple[str, ...]:
        return (self.name_of_marks or gettext("When"), self.name_of_values or gettext("Value"), gettext("Note"))

    def rows(self) -> list[Row]:
        return [
            Row(
                str(point.name),
                (
                    str(point.text or formats.number((point.value if point.value is not None else point.likely) or 0)),
                    str(point.note),
                ),
                point.url,
            )
            for point in self.points
        ]

    def data(self) -> dict[str, Any]:
        return {
            "points": [
                {
                    "name": str(point.name),
                    "value": _float(point.value),
                    "likely": _float(point.likely),
                    "low": _float(point.low),
                    "high": _float(point.high),
                    "text": str(point.text),
                    "note": str(point.note),
                    "url": point.url,
                }
                for point in self.points
            ],
            "name": str(self.name),
            "likelyName": str(self.likely_name),
            "goal": _float(self.goal),
            "goalText": str(self.goal_text),
            "spark": self.spark,
            "fromZero": self.from_zero,
        }


@dataclass(frozen=True, kw_only=True)
class Calibration(Chart):
    """What a model expected of groups (tenths, usually) as dots, beside what happened as bars."""

    kind: ClassVar[str] = "calibration"

    groups: Sequence[Group]

    def columns(self) -> tuple[str, ...]:
        return (self.name_of_marks or gettext("Group"), gettext("Expected"), gettext("Happened"), gettext("Note"))

    def rows(self) -> list[Row]:
        return [
            Row(
                str(group.name),
                (
                    group.expected_text or formats.number(group.expected),
                    group.actual_text or formats.number(group.actual),
                    str(group.note),
                ),
                group.url,
            )
            for group in self.groups
        ]

    def data(self) -> dict[str, Any]:
        return {
            "groups": [
                {
                    "name": str(group.name),
                    "expected": float(group.expected),
                    "actual": float(group.actual),
                    "expectedText": group.expected_text or formats.number(group.expected),
                    "actualText": group.actual_text or formats.number(group.actual),
                    "note": str(group.note),
                    "url": group.url,
                }
                for group in self.groups
            ],
            "expectedName": gettext("Expected"),
            "actualName": gettext("Happened"),
        }


@dataclass(frozen=True, kw_only=True)
class Concentration(Chart):
    """A Lorenz curve, best customers first, over the line of equal shares."""

    kind: ClassVar[str] = "concentration"

    shares: Sequence[Share]

    def columns(self) -> tuple[str, ...]:
        return (gettext("Best customers"), gettext("Share of value"), gettext("Note"))

    def rows(self) -> list[Row]:
        return [
            Row(formats.percent(share.of_customers), (formats.percent(share.of_value), str(share.note)), share.url)
            for share in self.shares
        ]

    def data(self) -> dict[str, Any]:
        return {
            "points": [
                {
                    "x": share.of_customers,
                    "y": share.of_value,
                    "name": formats.percent(share.of_customers),
                    "text": formats.percent(share.of_value),
                    "note": str(share.note),
                    "url": share.url,
                }
                for share in self.shares
            ],
            "equal": gettext("equal shares"),
        }


@dataclass(frozen=True, kw_only=True)
class Flows(Chart):
    """How many went which way, from left to right."""

    kind: ClassVar[str] = "flow"

    nodes: Sequence[Node]
    flows: Sequence[Flow]
    height: int = 310

    def columns(self) -> tuple[str, ...]:
        return (gettext("From"), gettext("To"), gettext("Customers"))

    def rows(self) -> list[Row]:
        return [Row(flow.start, (flow.end, formats.number(flow.count)), flow.url) for flow in self.flows]

    def data(self) -> dict[str, Any]:
        return {
            "nodes": [{"name": node.name, "tone": node.tone, "url": node.url} for node in self.nodes],
            "links": [
                {
                    "source": flow.start,
                    "target": flow.end,
                    "value": flow.count,
                    "text": formats.number(flow.count),
                    "url": flow.url,
                }
                for flow in self.flows
            ],
        }


@dataclass(frozen=True, slots=True)
class HeatCell:
    """`share` between 0 and 1 decides the shade; None leaves the cell empty."""

    share: float | None
    text: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class HeatRow:
    name: str
    size: str
    cells: tuple[HeatCell, ...]
    url: str = ""


@dataclass(frozen=True, slots=True)
class ShadedCell:
    text: str
    shade: int
    url: str


@dataclass(frozen=True, kw_only=True)
class Heat(Chart):
    """Cohorts by age: a real table, so it needs no script and no twin."""

    kind: ClassVar[str] = "heat"

    heads: Sequence[str]
    groups: Sequence[HeatRow]
    name_of_sizes: str = ""

    def _span(self) -> tuple[float, float]:
        shares = [cell.share for row in self.groups for cell in row.cells if cell.share is not None]
        return (min(shares), max(shares)) if shares else (0.0, 0.0)

    def legend(self) -> tuple[str, str]:
        low, high = self._span()
        return formats.percent(low), formats.percent(high)

    def shaded(self) -> list[tuple[HeatRow, list[ShadedCell]]]:
        low, high = self._span()
        width = len(self.heads)

        def cell(value: HeatCell | None) -> ShadedCell:
            if value is None or value.share is None:
                return ShadedCell("", 0, "")
            place = 1.0 if high == low else (value.share - low) / (high - low)
            return ShadedCell(
                value.text or formats.percent(value.share), 1 + min(SHADES - 1, int(place * SHADES)), value.url
            )

        return [
            (row, [cell(row.cells[index]) if index < len(row.cells) else cell(None) for index in range(width)])
            for row in self.groups
        ]

    def shades(self) -> range:
        return range(1, SHADES + 1)

    def rows(self) -> list[Row]:
        return [Row(row.name, (row.size, *(cell.text for cell in cells)), row.url) for row, cells in self.shaded()]

    def data(self) -> dict[str, Any]:
        return {}
