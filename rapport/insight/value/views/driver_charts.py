"""Results of a study of drivers as charts and cards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from rapport.foundation.ui import formats
from rapport.foundation.ui.charts import Bars, Heat, HeatCell, HeatRow, Mark
from rapport.insight.value.queries.drivers import StudyPage
from rapport.insight.value.rules.survey import DRIVER_LABELS, Driver

COLOURS = {Driver.VALUE: 1, Driver.BRAND: 2, Driver.RELATIONSHIP: 3}


@dataclass(frozen=True)
class DriverCard:
    name: str
    colour: int
    score: str
    score_value: float
    weight: str
    worth: str
    worth_range: tuple[str, str]
    ratings: Sequence[tuple[str, str, str]]  # name, our mean, tone


@dataclass(frozen=True)
class Effect:
    name: str
    driver: str
    effect: str
    error: str
    is_clear: bool
    ours: str
    best_other: str


@dataclass(frozen=True)
class Tried:
    target: str
    points: str
    cost: str
    gain: str
    gain_range: tuple[str, str]
    share: str
    share_range: tuple[str, str]
    pays: bool | None  # None: the range holds both


def money(page: StudyPage, amount: float) -> str:
    return formats.short_money(Decimal(repr(amount)), page.study.currency or "EUR")


def cards(page: StudyPage) -> list[DriverCard]:
    figures = page.figures
    found = []
    for driver in Driver:
        point = figures["point"].get(driver.value)
        score = figures["scores"][driver.value]
        if point is None or score is None:
            continue
        ratings = [
            (each["name"], _number(each["mean"]), _tone(each["mean"], each["best_other"]))
            for each in figures["attributes"]
            if each["driver"] == driver.value
        ]
        found.append(
            DriverCard(
                str(DRIVER_LABELS[driver]),
                COLOURS[driver],
                formats.number(round(score)),
                score,
                formats.percent(figures["weights"][driver.value]),
                money(page, point["gain"]),
                (money(page, point["low"]), money(page, point["high"])),
                ratings,
            )
        )
    return found


def lever(page: StudyPage) -> str:
    """What a point is worth most on, if that is clear."""
    points = page.figures["point"]
    best = max(points, key=lambda driver: points[driver]["gain"], default=None)
    if best is None or points[best]["low"] <= 0:
        return ""
    words = {"driver": DRIVER_LABELS[Driver(best)], "worth": money(page, points[best]["gain"])}
    return _("Best lever: %(driver)s. One point more on each of its ratings is worth %(worth)s.") % words


def brands(page: StudyPage) -> Bars:
    equity = sorted(page.figures["equity"], key=lambda each: -each["value"])
    total = sum(each["value"] for each in equity)
    ours = next(each for each in equity if each["brand"] == page.study.brand)
    marks = [
        Mark(
            each["brand"],
            each["value"],
            money(page, each["value"]),
            _("8 in 10 chance: %(low)s to %(high)s")
            % {"low": money(page, each["low"]), "high": money(page, each["high"])},
            tone="" if each is ours else "grey",
        )
        for each in equity
    ]
    words = {"brand": page.study.brand, "share": formats.percent(ours["value"] / total if total else 0)}
    return Bars(
        title=_("%(brand)s holds %(share)s of the equity in its market") % words,
        said=", ".join(f"{mark.name} {mark.text}" for mark in marks) + ".",
        note=_("by the survey"),
        unit=page.study.currency,
        marks=marks,
        across=True,
        height=len(marks) * 34 + 8,
        name_of_marks=_("Brand"),
        name_of_values=_("Equity"),
    )


def switching(page: StudyPage) -> Heat:
    names: Sequence[str] = page.figures["brands"]
    matrix: Sequence[Sequence[float]] = page.figures["switching"]
    here = names.index(page.study.brand)
    rows = [
        HeatRow(name, formats.number(size), tuple(HeatCell(chance) for chance in row))
        for name, size, row in zip(names, page.figures["bought_last"], matrix, strict=True)
    ]
    words = {"share": formats.percent(matrix[here][here]), "brand": page.study.brand}
    return Heat(
        title=_("%(share)s of those who bought %(brand)s last buy it again") % words,
        said=_("Chance of the brand in the column after the brand in the row."),
        note=_("chance of the next purchase, mean over respondents"),
        name_of_marks=_("Bought last"),
        name_of_sizes=_("Respondents"),
        heads=names,
        groups=rows,
    )


def effects(page: StudyPage) -> list[Effect]:
    inertia, error = page.figures["inertia"]
    first = Effect(_("Bought it last (inertia)"), "", _number(inertia), _number(error), _clear(inertia, error), "", "")
    return [
        first,
        *(
            Effect(
                each["name"],
                str(DRIVER_LABELS[Driver(each["driver"])]),
                _number(each["effect"]),
                _number(each["error"]),
                _clear(each["effect"], each["error"]),
                _number(each["mean"]),
                _number(each["best_other"]),
            )
            for each in page.figures["attributes"]
        ),
    ]


def tried(page: StudyPage) -> list[Tried]:
    return [_tried(page, result.figures["improvement"]) for result in page.tried]


def _tried(page: StudyPage, told: Mapping[str, Any]) -> Tried:
    driver, _sep, name = told["target"].partition(": ")
    target = name or str(DRIVER_LABELS[Driver(driver)])
    low, high = told["return_low"], told["return_high"]
    return Tried(
        target,
        _number(told["asked"]),
        money(page, told["cost"]),
        money(page, told["gain"]),
        (money(page, told["low"]), money(page, told["high"])),
        formats.percent(told["return"]),
        (formats.percent(low), formats.percent(high)),
        True if low > 0 else False if high < 0 else None,
    )


def _number(value: float) -> str:
    return formats.number(round(value, 2), 2)


def _tone(ours: float, best: float) -> str:
    return "good" if ours > best else "bad" if ours < best - 0.5 else ""


def _clear(effect: float, error: float) -> bool:
    return abs(effect) > 1.96 * error
