"""Stored answers as tables and charts, every figure with the way to those it counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from babel.dates import format_timedelta
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rapport.foundation.ui import formats
from rapport.foundation.ui.charts import Bars, Heat, HeatCell, HeatRow, Line, Mark, Point
from rapport.insight.mining.queries.wording import WORDING
from rapport.insight.mining.rules.curves import SMALLEST, curve
from rapport.insight.mining.rules.questions import period_start, to_json
from rapport.insight.mining.rules.rfm import SEGMENTS, Segment, segment_named, segment_of
from rapport.insight.mining.rules.sentences import FEATURES, traits_text
from rapport.insight.mining.types import Cohorts, Funnel, Part

Result = Mapping[str, Any]
COLUMNS_SHOWN = 26


def part_url(answer_id: UUID, part: Part) -> str:
    """The way to the customers of a part of an answer."""
    text = msgspec.json.encode(to_json(part)).decode()
    return f"{reverse('mining:customers', args=[answer_id])}?{urlencode({'part': text})}"


# RFM


@dataclass(frozen=True)
class SegmentRow:
    segment: Segment
    customers: int
    share: float
    margin: float
    margin_share: float
    url: str


@dataclass(frozen=True)
class MoveRow:
    before: Segment
    now: Segment
    customers: int
    margin: float
    url: str


@dataclass(frozen=True)
class RfmTables:
    customers: Heat
    margin: Heat
    segments: list[SegmentRow]
    moves: list[MoveRow]
    currency: str


def rfm_tables(answer_id: UUID, result: Result) -> RfmTables:
    total, margin = result["customers"], sum(max(cell["margin"], 0) for cell in result["cells"])
    cells = {(cell["r"], cell["f"]): cell for cell in result["cells"]}
    sums = {segment.name: [0, 0.0] for segment in SEGMENTS}
    for (r, f), cell in cells.items():
        sums[segment_of(r, f).name][0] += cell["customers"]
        sums[segment_of(r, f).name][1] += cell["margin"]
    segments = [
        SegmentRow(
            segment,
            int(sums[segment.name][0]),
            sums[segment.name][0] / total,
            sums[segment.name][1],
            sums[segment.name][1] / margin if margin else 0.0,
            part_url(answer_id, Part("segment", items=(segment.name,))),
        )
        for segment in SEGMENTS
    ]
    best = max(segments, key=lambda row: row.margin)
    said = {
        "segment": best.segment.label,
        "share": WORDING.percent(best.share),
        "margin": WORDING.percent(best.margin_share),
    }
    return RfmTables(
        customers=_grid(
            answer_id,
            cells,
            _("How many customers bought how lately and how often"),
            lambda cell: (cell["customers"] / total, WORDING.number(cell["customers"])),
        ),
        margin=_grid(
            answer_id,
            cells,
            _("%(segment)s are %(share)s of the customers and bring %(margin)s of the margin") % said,
            lambda cell: (
                max(cell["margin"], 0) / margin if margin else 0,
                WORDING.money(cell["margin"], result["currency"]),
            ),
        ),
        segments=segments,
        moves=_moves(answer_id, result),
        currency=result["currency"],
    )


def _grid(answer_id: UUID, cells: Mapping[tuple[int, int], Result], title: str, worded: Any) -> Heat:
    def cell(r: int, f: int) -> HeatCell:
        found = cells.get((r, f))
        if found is None:
            return HeatCell(None)
        share, text = worded(found)
        return HeatCell(share, text, part_url(answer_id, Part("cell", r, f)))

    names = {5: _("Latest fifth"), 1: _("Longest ago")}
    rows = [
        HeatRow(
            names.get(r, _("Recency %(n)d") % {"n": r}),
            WORDING.number(sum(cells[r, f]["customers"] for f in range(1, 6) if (r, f) in cells)),
            tuple(cell(r, f) for f in range(1, 6)),
        )
        for r in range(5, 0, -1)
    ]
    return Heat(
        title=title,
        said=_("Customers by how lately (rows) and how often (columns) they bought"),
        heads=[_("Seldom"), "2", "3", "4", _("Most often")],
        groups=rows,
        name_of_marks=_("Last purchase"),
        name_of_sizes=_("Customers"),
    )


def _moves(answer_id: UUID, result: Result) -> list[MoveRow]:
    rows = []
    for move in sorted(result["moves"], key=lambda row: -row["margin"]):
        before, now = segment_named(move["from"]), segment_named(move["to"])
        if before and now and before != now:
            part = Part("moved", items=(before.name, now.name))
            rows.append(MoveRow(before, now, move["customers"], move["margin"], part_url(answer_id, part)))
    return rows[:12]


# Groups


@dataclass(frozen=True)
class GroupRow:
    number: int
    said: str
    customers: int
    share: float
    margin: float
    margin_share: float
    medians: list[tuple[str, str]]
    url: str


def group_rows(answer_id: UUID, result: Result) -> list[GroupRow]:
    total, margin = result["customers"], sum(group["margin"] for group in result["groups"])
    rows = []
    for group in result["groups"]:
        said = traits_text(group["traits"])
        medians = [
            (str(label), _median(name, group["medians"][name], result["currency"]))
            for name, label in FEATURES.items()
            if name in group["medians"]
        ]
        rows.append(
            GroupRow(
                group["number"] + 1,
                said[:1].upper() + said[1:],
                group["customers"],
                group["customers"] / total,
                group["margin"],
                group["margin"] / margin if margin > 0 else 0.0,
                medians,
                part_url(answer_id, Part("group", row=group["number"])),
            )
        )
    return rows


def _median(name: str, value: float, currency: str) -> str:
    return WORDING.money(value, currency) if name == "margin" else WORDING.number(round(value))


# Baskets


@dataclass(frozen=True)
class RuleRow:
    having: str
    also: str
    rule: Result
    without_url: str
    both_url: str

    @property
    def q(self) -> str:
        return "< 0.001" if self.rule["q"] < 0.001 else WORDING.number(round(self.rule["q"], 3))

    @property
    def support(self) -> str:
        return WORDING.fine_percent(self.rule["support"])

    @property
    def lift(self) -> str:
        return WORDING.number(round(self.rule["lift"], 2))


def rule_rows(answer_id: UUID, result: Result) -> list[RuleRow]:
    return [
        RuleRow(
            " + ".join(rule["having"]),
            rule["also"],
            rule,
            part_url(answer_id, Part("without", items=(*rule["having"], rule["also"]))),
            part_url(answer_id, Part("both", items=(*rule["having"], rule["also"]))),
        )
        for rule in result["rules"]
    ]


# Cohorts


@dataclass(frozen=True)
class CohortTables:
    heat: Heat | None
    curve: Line | None
    hidden: int  # cohorts too small to be shown


def cohort_tables(answer_id: UUID, question: Cohorts, result: Result) -> CohortTables:
    first, sizes, came, by = date.fromisoformat(result["first"]), result["sizes"], result["came"], result["by"]
    shown = [i for i, size in enumerate(sizes) if size >= SMALLEST]
    hidden = sum(1 for size in sizes if 0 < size < SMALLEST)
    width = min(result["periods"], COLUMNS_SHOWN)
    begin = 0 if question.start != question.again else 1
    points = curve(sizes, came, by, closed=result["closed"])
    if not shown:
        return CohortTables(None, _curve(question, points), hidden)
    rows = [
        HeatRow(
            _period(question.unit, period_start(question.unit, first, i)),
            WORDING.number(sizes[i]),
            tuple(
                HeatCell(
                    came[i][k] / sizes[i],
                    WORDING.percent(came[i][k] / sizes[i]),
                    part_url(answer_id, Part("came", i, k)),
                )
                for k in range(begin, min(len(came[i]), width))
            ),
            part_url(answer_id, Part("cohort", i)),
        )
        for i in shown
    ]
    return CohortTables(
        Heat(
            title=_best_cohort(question, first, sizes, by, result["closed"], shown),
            said=_("Share of each group that came again, by time since they began"),
            note=_("% of each group"),
            heads=[_head(question.unit, k, begin) for k in range(begin, width)],
            groups=rows,
            name_of_marks=_("Began"),
            name_of_sizes=_("Customers"),
            footer=_hidden(hidden),
        ),
        _curve(question, points),
        hidden,
    )


def _best_cohort(
    question: Cohorts, first: date, sizes: Sequence[int], by: Sequence[Sequence[int]], closed: int, shown: Sequence[int]
) -> str:
    watched = [i for i in shown if i + 3 < closed]
    if len(watched) < 2:
        return _("Who came again, by when they began")
    best = max(watched, key=lambda i: by[i][3] / sizes[i])
    said = {
        "period": _period(question.unit, period_start(question.unit, first, best)),
        "share": WORDING.percent(by[best][3] / sizes[best]),
    }
    if question.unit == "month":
        return _("Most came again of those who began in %(period)s: %(share)s within three months") % said
    return _("Most came again of those who began in the week of %(period)s: %(share)s within three weeks") % said


def _curve(question: Cohorts, points: Sequence[Any]) -> Line | None:
    later = [point for point in points if point.offset > 0]
    if not later:
        return None
    last = later[min(len(later), 12) - 1]
    said = {"share": WORDING.percent(last.share_by), "n": last.offset}
    title = (
        ngettext("%(share)s come again within %(n)s month", "%(share)s come again within %(n)s months", last.offset)
        if question.unit == "month"
        else ngettext("%(share)s come again within %(n)s week", "%(share)s come again within %(n)s weeks", last.offset)
    ) % said
    return Line(
        title=title,
        said=title,
        unit="%",
        from_zero=True,
        name=_("came again by then"),
        note=_("all groups that were watched so long"),
        name_of_marks=_("Month") if question.unit == "month" else _("Week"),
        name_of_values=_("Came again by then"),
        points=[
            Point(
                str(point.offset),
                point.share_by,
                text=WORDING.percent(point.share_by),
                note=_("%(came)s of %(of)s; %(now)s in that period alone")
                % {
                    "came": WORDING.number(point.by),
                    "of": WORDING.number(point.of),
                    "now": WORDING.percent(point.share),
                },
            )
            for point in later[:60]
        ],
    )


def _period(unit: str, day: date) -> str:
    return WORDING.month(day.isoformat()) if unit == "month" else formats.short_date(day)


def _head(unit: str, offset: int, begin: int) -> str:
    if offset > begin:
        return str(offset)
    if not offset:
        return _("At once")
    return _("1 month") if unit == "month" else _("1 week")


def _hidden(hidden: int) -> str:
    if not hidden:
        return ""
    return ngettext(
        "%(n)s group of fewer than %(least)s customers is hidden.",
        "%(n)s groups of fewer than %(least)s customers are hidden.",
        hidden,
    ) % {"n": hidden, "least": SMALLEST}


# Funnels


@dataclass(frozen=True)
class StepRow:
    place: int
    said: str
    n: int
    of_start: float
    of_before: float | None
    wait: str
    lost: int
    url: str
    lost_url: str


def step_rows(answer_id: UUID, question: Funnel, result: Result, said: Sequence[str]) -> list[StepRow]:
    counts = [step["n"] for step in result["steps"]]
    rows = []
    for i, step in enumerate(result["steps"]):
        following = counts[i + 1] if i + 1 < len(counts) else None
        rows.append(
            StepRow(
                i + 1,
                said[i],
                counts[i],
                counts[i] / counts[0],
                counts[i] / counts[i - 1] if i and counts[i - 1] else None,
                _wait(step["wait"]),
                0 if following is None else counts[i] - following,
                part_url(answer_id, Part("reached", i + 1)),
                part_url(answer_id, Part("lost", i + 1)) if following is not None else "",
            )
        )
    return rows


def funnel_chart(rows: Sequence[StepRow], days: int) -> Bars:
    share = {"share": WORDING.percent(rows[-1].of_start), "days": days}
    title = (
        ngettext("%(share)s go all the way within %(days)s day", "%(share)s go all the way within %(days)s days", days)
        % share
    )
    return Bars(
        title=title,
        said=". ".join(f"{row.said}: {WORDING.number(row.n)}" for row in rows),
        across=True,
        height=60 + 44 * len(rows),
        name_of_marks=_("Step"),
        name_of_values=_("Customers and visitors"),
        marks=[
            Mark(
                f"{row.place}. {row.said}",
                row.n,
                f"{WORDING.number(row.n)} · {WORDING.percent(row.of_start)}",
                url=row.url,
                tone="" if row.place in (1, len(rows)) else "soft",
            )
            for row in rows
        ],
    )


def _wait(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return str(format_timedelta(int(seconds), threshold=1.2, locale=formats.locale()))
