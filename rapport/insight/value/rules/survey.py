"""A survey of brands as a table: one row for each respondent and brand, checked cell by cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

MOST_PROBLEMS = 100
MOST_RESPONDENTS = 20_000
MOST_BRANDS = 12
FEWEST_RESPONDENTS = 30
YES = frozenset({"1", "yes", "y", "true", "x", "ja", "j", "oui", "si", "sí", "نعم"})
NO = frozenset({"", "0", "no", "n", "false", "nein", "non", "لا"})
RESPONDENT, BRAND, LAST, NEXT, SPEND, FREQUENCY = "respondent", "brand", "last", "next", "spend", "purchases_per_year"
FIXED = (RESPONDENT, BRAND, LAST, NEXT, SPEND, FREQUENCY)
_SUM_OFF_BY = 0.02


class Driver(StrEnum):
    VALUE = "value"
    BRAND = "brand"
    RELATIONSHIP = "relationship"


DRIVER_LABELS = {
    Driver.VALUE: pgettext_lazy("driver of equity", "Value"),
    Driver.BRAND: pgettext_lazy("driver of equity", "Brand"),
    Driver.RELATIONSHIP: pgettext_lazy("driver of equity", "Relationship"),
}
# What each column holds, for the page and the example file.
COLUMNS = {
    RESPONDENT: gettext_lazy("Who answered: any text, the same in all rows of one person."),
    BRAND: gettext_lazy("The brand this row is about. Everyone rates the same brands."),
    LAST: gettext_lazy("Whether the last purchase was of this brand: yes in one row of each respondent."),
    NEXT: gettext_lazy(
        "How likely the next purchase is of this brand: shares or per cents that add up over the brands, or yes in one row."
    ),
    SPEND: gettext_lazy("What the respondent spends on a purchase in this market, in the workspace’s currency."),
    FREQUENCY: gettext_lazy("How many purchases a year in this market, of any brand."),
}
RATINGS = gettext_lazy(
    "Further columns are ratings of the brand, named by their driver: “value: quality”, “brand: known”, “relationship: they know me”."
)


@dataclass(frozen=True, slots=True)
class Attribute:
    driver: Driver
    name: str

    @property
    def heading(self) -> str:
        return f"{self.driver.value}: {self.name}"


@dataclass(frozen=True, slots=True)
class Problem:
    """A cell that can't be used. `row` as in the file, the heading being row 1; 0: the file as a whole."""

    row: int
    column: str
    text: str


@dataclass(frozen=True)
class Survey:
    """`ratings[i][j][s]`: what respondent i gives brand j on attribute s; `last[i]` the index of a brand."""

    brands: tuple[str, ...]
    attributes: tuple[Attribute, ...]
    respondents: tuple[str, ...]
    ratings: tuple[tuple[tuple[float, ...], ...], ...]
    last: tuple[int, ...]
    next: tuple[tuple[float, ...], ...]
    spend: tuple[float, ...]
    frequency: tuple[float, ...]

    @property
    def scale(self) -> tuple[float, float]:
        """The lowest and the highest rating anybody gave."""
        given = [rating for rows in self.ratings for row in rows for rating in row]
        return min(given), max(given)


class BadSurvey(ValueError):
    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{each.row} {each.column}: {each.text}" for each in problems[:3]))
        self.problems = tuple(problems)


def read_survey(headings: Sequence[str], rows: Iterable[tuple[int, Sequence[Any]]]) -> Survey:
    """Errors: BadSurvey, with every problem up to a hundred, each by row and column."""
    reader = _Reader()
    places, attributes = reader.headings(headings)
    if reader.problems:
        raise BadSurvey(reader.problems)
    by_respondent: dict[str, dict[str, _Line]] = {}
    for number, cells in rows:
        if len(reader.problems) >= MOST_PROBLEMS:
            break
        line = reader.line(
            number, {name: _text(cells[at]) if at < len(cells) else "" for name, at in places.items()}, attributes
        )
        if line is None:
            continue
        known = by_respondent.setdefault(line.respondent, {})
        if line.brand in known:
            reader.say(
                number,
                BRAND,
                _("This respondent has rated this brand before, in row %(row)s.") % {"row": known[line.brand].number},
            )
        known.setdefault(line.brand, line)
    survey = reader.joined(by_respondent, attributes)
    if reader.problems or survey is None:
        raise BadSurvey(reader.problems[:MOST_PROBLEMS])
    return survey


@dataclass
class _Line:
    number: int
    respondent: str
    brand: str
    is_last: bool
    next: str
    spend: float
    frequency: float
    ratings: tuple[float, ...]


@dataclass
class _Reader:
    problems: list[Problem] = field(default_factory=list)

    def say(self, row: int, column: str, text: str) -> None:
        self.problems.append(Problem(row, column, text))

    def headings(self, headings: Sequence[str]) -> tuple[dict[str, int], tuple[Attribute, ...]]:
        places: dict[str, int] = {}
        attributes: list[Attribute] = []
        for at, heading in enumerate(headings):
            name = _text(heading)
            plain = name.casefold().replace(" ", "_")
            driver, colon, rest = name.partition(":")
            known = driver.strip().casefold()
            if plain in FIXED and plain not in places:
                places[plain] = at
            elif colon and known in set(Driver) and rest.strip():
                attribute = Attribute(Driver(known), rest.strip()[:60])
                if attribute.heading in places:
                    self.say(1, name, _("This column comes twice."))
                places[attribute.heading] = at
                attributes.append(attribute)
            elif plain in FIXED:
                self.say(1, name, _("This column comes twice."))
            elif colon:
                self.say(1, name, _("Ratings begin with “value:”, “brand:” or “relationship:”."))
        for name in FIXED:
            if name not in places:
                self.say(1, name, _("This column is missing."))
        if not attributes:
            self.say(1, "", _("There is no column of ratings, such as “value: quality”."))
        return places, tuple(attributes)

    def line(self, number: int, cells: Mapping[str, str], attributes: Sequence[Attribute]) -> _Line | None:
        if not any(cells.values()):
            return None
        before = len(self.problems)
        for name in (RESPONDENT, BRAND):
            if not cells[name]:
                self.say(number, name, _("This cell is empty."))
        last = cells[LAST].casefold()
        if last not in YES | NO:
            self.say(number, LAST, _("“%(text)s” is neither yes nor no.") % {"text": cells[LAST][:40]})
        spend = self.number(number, SPEND, cells[SPEND], above=0.0)
        frequency = self.number(number, FREQUENCY, cells[FREQUENCY], above=0.0, most=1000)
        ratings = tuple(
            self.number(number, each.heading, cells[each.heading], above=-1e-9, most=100) for each in attributes
        )
        if len(self.problems) > before:
            return None
        return _Line(
            number, cells[RESPONDENT][:100], cells[BRAND][:80], last in YES, cells[NEXT], spend, frequency, ratings
        )

    def number(self, row: int, column: str, text: str, *, above: float, most: float = 1e9) -> float:
        if not text:
            self.say(row, column, _("This cell is empty."))
            return 0.0
        value = as_number(text)
        if value is None:
            self.say(row, column, _("“%(text)s” is not a number.") % {"text": text[:40]})
            return 0.0
        if not above < value <= most:
            words = {"low": f"{max(above, 0):g}", "high": f"{most:g}"}
            self.say(row, column, _("The number must be above %(low)s and at most %(high)s.") % words)
        return value

    def joined(self, found: Mapping[str, Mapping[str, _Line]], attributes: tuple[Attribute, ...]) -> Survey | None:
        brands = tuple(dict.fromkeys(brand for lines in found.values() for brand in lines))
        if not self.problems:
            self._sizes(len(found), brands)
        if self.problems:
            return None
        last, following, spend, frequency, ratings = [], [], [], [], []
        for lines in found.values():
            first = next(iter(lines.values()))
            for brand in brands:
                if brand not in lines:
                    words = {"respondent": first.respondent, "brand": brand}
                    self.say(first.number, BRAND, _("%(respondent)s has no row for %(brand)s.") % words)
            if len(lines) != len(brands):
                continue
            ordered = [lines[brand] for brand in brands]
            last.append(self._last(first.number, ordered))
            following.append(self._next(first.number, ordered))
            self._same(ordered)
            spend.append(first.spend)
            frequency.append(first.frequency)
            ratings.append(tuple(line.ratings for line in ordered))
        return Survey(
            brands,
            attributes,
            tuple(found),
            tuple(ratings),
            tuple(last),
            tuple(following),
            tuple(spend),
            tuple(frequency),
        )

    def _sizes(self, respondents: int, brands: Sequence[str]) -> None:
        if len(brands) < 2:
            self.say(0, BRAND, _("Switching needs at least two brands."))
        if len(brands) > MOST_BRANDS:
            self.say(
                0,
                BRAND,
                _("There are %(n)s brands; at most %(most)s can be compared.")
                % {"n": len(brands), "most": MOST_BRANDS},
            )
        if respondents < FEWEST_RESPONDENTS:
            words = {"n": respondents, "least": FEWEST_RESPONDENTS}
            self.say(0, RESPONDENT, _("There are %(n)s respondents; at least %(least)s are needed.") % words)
        if respondents > MOST_RESPONDENTS:
            words = {"n": respondents, "most": MOST_RESPONDENTS}
            self.say(0, RESPONDENT, _("There are %(n)s respondents; at most %(most)s can be read.") % words)

    def _last(self, row: int, lines: Sequence[_Line]) -> int:
        bought = [index for index, line in enumerate(lines) if line.is_last]
        if len(bought) != 1:
            words = {"n": len(bought), "respondent": lines[0].respondent}
            self.say(row, LAST, _("%(respondent)s bought %(n)s brands last; it must be one.") % words)
            return 0
        return bought[0]

    def _next(self, row: int, lines: Sequence[_Line]) -> tuple[float, ...]:
        texts = [line.next.casefold() for line in lines]
        if all(text in YES | NO for text in texts):
            chosen = [1.0 if text in YES else 0.0 for text in texts]
        else:
            values = [as_number(line.next) if line.next else 0.0 for line in lines]
            for line, value in zip(lines, values, strict=True):
                if value is None or value < 0:
                    self.say(
                        line.number, NEXT, _("“%(text)s” is no share, per cent or yes.") % {"text": line.next[:40]}
                    )
                    return ()
            chosen = [value or 0.0 for value in values]
        total = sum(chosen)
        whole = 100.0 if total > 2 else 1.0
        if abs(total - whole) > _SUM_OFF_BY * whole:
            words = {"respondent": lines[0].respondent, "total": f"{total:g}"}
            self.say(row, NEXT, _("The chances of %(respondent)s add up to %(total)s, not to 100 per cent.") % words)
            return ()
        return tuple(value / total for value in chosen)

    def _same(self, lines: Sequence[_Line]) -> None:
        for line in lines[1:]:
            if line.spend != lines[0].spend:
                self.say(
                    line.number, SPEND, _("Differs from row %(row)s of the same respondent.") % {"row": lines[0].number}
                )
            if line.frequency != lines[0].frequency:
                self.say(
                    line.number,
                    FREQUENCY,
                    _("Differs from row %(row)s of the same respondent.") % {"row": lines[0].number},
                )


def as_number(text: str) -> float | None:
    """A number with a point or a comma, and perhaps a per cent sign; None for anything else."""
    plain = text.strip().removesuffix("%").strip().replace(" ", "").replace("\u00a0", "")
    whole, comma, rest = plain.partition(",")
    if comma and "." not in plain and len(rest) != 3:  # 1,234 may be either, so it is not taken for one of them
        plain = f"{whole}.{rest}"
    try:
        value = float(plain)
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None  # NaN is not below either


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def survey_to_json(survey: Survey) -> dict[str, Any]:
    return {
        "brands": list(survey.brands),
        "attributes": [[each.driver.value, each.name] for each in survey.attributes],
        "respondents": list(survey.respondents),
        "ratings": [[list(row) for row in rows] for rows in survey.ratings],
        "last": list(survey.last),
        "next": [list(row) for row in survey.next],
        "spend": list(survey.spend),
        "frequency": list(survey.frequency),
    }


def survey_from_json(stored: Mapping[str, Any]) -> Survey:
    return Survey(
        tuple(stored["brands"]),
        tuple(Attribute(Driver(driver), name) for driver, name in stored["attributes"]),
        tuple(stored["respondents"]),
        tuple(tuple(tuple(row) for row in rows) for rows in stored["ratings"]),
        tuple(stored["last"]),
        tuple(tuple(row) for row in stored["next"]),
        tuple(stored["spend"]),
        tuple(stored["frequency"]),
    )


def example_survey() -> str:
    """A small file that fits, made up by rule: forty respondents, three brands. It shows the form, not a finding."""
    ratings = ("value: quality", "value: price", "brand: known", "relationship: they know me")
    lines = [",".join((*FIXED, *ratings))]
    brands = ("Our brand", "Brand B", "Brand C")
    for person in range(40):
        marks = [[3 + (person * (7 + 3 * k) + 5 * s + person // (2 + s + k)) % 5 for s in range(4)] for k in range(3)]
        last = (person * 5 + person // 4) % 3
        pull = [2 ** (sum(row) / 4 + (1 if k == last else 0)) for k, row in enumerate(marks)]
        chances = [round(100 * each / sum(pull)) for each in pull]
        chances[0] += 100 - sum(chances)
        for k, brand in enumerate(brands):
            cells = [
                f"R{person + 1:02d}",
                brand,
                "yes" if k == last else "no",
                chances[k],
                80 + person % 9 * 10,
                1 + person % 4,
            ]
            lines.append(",".join(map(str, (*cells, *marks[k]))))
    return "\r\n".join(lines) + "\r\n"
