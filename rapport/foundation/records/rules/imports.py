"""What passes between reading a file and writing records: targets of columns, parsed rows, and what became of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from rapport.foundation.records.rules.codec import BadValue
from rapport.foundation.records.rules.columns import ColumnParser, ParsedColumn, detect_options
from rapport.foundation.records.rules.dates import DateOrder, shown
from rapport.foundation.records.rules.mapping import ColumnPlan, SourceColumn, field_name
from rapport.foundation.records.rules.texts import split_list
from rapport.foundation.records.rules.values import ParseOptions, Parser
from rapport.foundation.records.types import Field, FieldKind

COUNTED = ("new", "updated", "unchanged", "refused", "warned")


@dataclass(frozen=True, kw_only=True)
class ImportTarget:
    """Where a column can go: a field of the record type, or something beside it, such as a second address."""

    field: Field
    many: bool = False  # several columns may go here, and a cell may hold several; values are lists
    parse: Parser | None = None  # instead of the kind's own
    max_length: int | None = None

    @property
    def name(self) -> str:
        return self.field.name


@dataclass(frozen=True)
class ImportPlan:
    """All that was decided about one import."""

    import_id: UUID
    file_name: str
    digest: str
    columns: tuple[ColumnPlan, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    key_field: str = ""
    new_fields: tuple[Field, ...] = ()  # of columns that become fields, or properties, of their own

    @property
    def targets(self) -> frozenset[str]:
        return frozenset(plan.target for plan in self.columns if plan.target)

    @property
    def key_heading(self) -> str:
        """What the file calls the column that records are recognised by."""
        return next((plan.heading for plan in self.columns if plan.target == self.key_field), "")

    def option(self, name: str, default: Any = "") -> Any:
        value = self.options.get(name)
        return default if value in (None, "") else value


@dataclass
class Rows:
    """Parsed rows, in columns by target name. Empty cells are None; targets that take many hold lists."""

    numbers: list[int]
    values: dict[str, list[Any]]

    def __len__(self) -> int:
        return len(self.numbers)

    def column(self, name: str) -> list[Any]:
        """The column, or blanks when nothing goes there."""
        return self.values.get(name) or [None] * len(self.numbers)

    def has(self, name: str) -> bool:
        return name in self.values

    def take(self, positions: Sequence[int]) -> Rows:
        if len(positions) == len(self.numbers):
            return self
        return Rows(
            [self.numbers[position] for position in positions],
            {name: [column[position] for position in positions] for name, column in self.values.items()},
        )


@dataclass(frozen=True)
class RowProblem:
    """What is wrong, or only odd, with one row."""

    row: int
    reason: str
    heading: str = ""
    value: str = ""
    is_warning: bool = False


@dataclass
class Outcome:
    """What became of some rows. Refused rows are those with a problem that is no warning."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    problems: list[RowProblem] = field(default_factory=list)
    more: dict[str, int] = field(default_factory=dict)  # what came along, such as organisations

    def refuse(self, row: int, reason: str, heading: str = "", value: Any = "") -> None:
        self.problems.append(RowProblem(row, reason, heading, shown(value, 120)))

    def warn(self, row: int, reason: str, heading: str = "", value: Any = "") -> None:
        self.problems.append(RowProblem(row, reason, heading, shown(value, 120), is_warning=True))

    def add(self, other: Outcome) -> None:
        self.new += other.new
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.problems += other.problems
        for name, number in other.more.items():
            self.more[name] = self.more.get(name, 0) + number

    @property
    def refused_rows(self) -> set[int]:
        return {problem.row for problem in self.problems if not problem.is_warning}

    @property
    def counts(self) -> dict[str, int]:
        refused = self.refused_rows
        warned = {problem.row for problem in self.problems if problem.is_warning} - refused
        found = {
            "new": self.new,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "refused": len(refused),
            "warned": len(warned),
        }
        return found | self.more


def added(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Counts of several batches as one."""
    total = dict.fromkeys(COUNTED, 0)
    for each in counts:
        for name, number in each.items():
            total[name] = total.get(name, 0) + number
    return total


def new_fields(columns: Iterable[ColumnPlan], taken: Iterable[str]) -> dict[int, Field]:
    """The fields that columns ask for, by the place of the column."""
    used, found = set(taken), {}
    for plan in columns:
        if kind := plan.new_kind:
            name = field_name(plan.heading, used)
            used.add(name)
            found[plan.position] = Field(name=name, label=plan.heading, kind=kind, custom=True)
    return found


@dataclass(frozen=True)
class _Place:
    """One column on its way to one target."""

    position: int
    heading: str
    target: str
    many: bool
    parser: ColumnParser


class BatchParser:
    """Turns batches of cells into rows of values. One for a whole file: it remembers what repeats."""

    def __init__(
        self,
        plan: ImportPlan,
        targets: Iterable[ImportTarget],
        base: ParseOptions,
        *,
        samples: Sequence[SourceColumn] = (),
        fixes: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        known = {target.name: target for target in targets}
        made = {new.name: ImportTarget(field=new) for new in plan.new_fields}
        names = iter(made)
        firsts = {column.position: column.samples for column in samples}
        self._keep_rows = plan.option("bad_values", "refuse") == "leave"
        self._required = [
            target.field for target in known.values() if target.field.required and target.name in plan.targets
        ]
        self._fixes = {
            int(row): {int(place): text for place, text in cells.items()} for row, cells in (fixes or {}).items()
        }
        self._places: list[_Place] = []
        for column in plan.columns:
            name = next(names) if column.new_kind else column.target
            target = made.get(name) or known.get(name)
            if target is not None:
                options = column_options(target, column, base, firsts.get(column.position, ()))
                parser = ColumnParser(target.field, options, target.parse)
                self._places.append(_Place(column.position, column.heading, name, target.many, parser))

    def parse(self, numbers: Sequence[int], columns: Sequence[Sequence[Any]]) -> tuple[Rows, list[RowProblem]]:
        """The rows whose cells can be read, and what is wrong with the others (and odd in these)."""
        columns = self._mended(numbers, columns)
        values: dict[str, list[Any]] = {}
        problems: list[RowProblem] = []
        bad: set[int] = set()
        for place in self._places:
            cells = columns[place.position] if place.position < len(columns) else [None] * len(numbers)
            parsed = _each_of_many(place.parser, cells) if place.many else place.parser.parse(cells)
            for position, reason in parsed.problems.items():
                shown_value = shown(cells[position], 120)
                problems.append(RowProblem(numbers[position], reason, place.heading, shown_value, self._keep_rows))
                if not self._keep_rows:
                    bad.add(position)
            before = values.get(place.target)
            if before is not None and place.many:
                parsed.values = [[*(a or ()), *(b or ())] or None for a, b in zip(before, parsed.values, strict=True)]
            values[place.target] = parsed.values
        for required in self._required:
            for position, value in enumerate(values.get(required.name, ())):
                if value is None and position not in bad:
                    bad.add(position)
                    problems.append(RowProblem(numbers[position], _("This is needed."), str(required.label)))
        rows = Rows(list(numbers), values)
        if bad:
            rows = rows.take([position for position in range(len(numbers)) if position not in bad])
        return rows, problems

    def _mended(self, numbers: Sequence[int], columns: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
        """The cells with those that people mended on the page."""
        if not self._fixes or not numbers:
            return columns
        places = {number: position for position, number in enumerate(numbers) if number in self._fixes}
        if not places:
            return columns
        changed = [list(column) for column in columns]
        for number, position in places.items():
            for place, text in self._fixes[number].items():
                if place < len(changed):
                    changed[place][position] = text
        return changed


def column_options(
    target: ImportTarget, column: ColumnPlan, base: ParseOptions, samples: Sequence[Any]
) -> ParseOptions:
    """How this column writes its values: what was chosen for it, else what its first values show."""
    options, _certain = detect_options(target.field, samples, base)
    chosen = column.options
    return replace(
        options,
        date_order=DateOrder(chosen["date_order"])
        if chosen.get("date_order") in set(DateOrder)
        else options.date_order,
        decimal=chosen["decimal"] if chosen.get("decimal") in (".", ",") else options.decimal,
        currency=chosen.get("currency") or options.currency,
        region=chosen.get("region") or options.region,
        max_length=target.max_length,
    )


def unsure_options(target: ImportTarget, samples: Sequence[Any]) -> bool:
    """Whether the first values of a column can be read in two ways (03/04/2024, 1,234)."""
    return not detect_options(target.field, samples, ParseOptions())[1]


def _each_of_many(parser: ColumnParser, cells: Sequence[Any]) -> ParsedColumn:
    """A column of cells that may hold several values each."""
    values: list[Any] = []
    problems: dict[int, str] = {}
    for position, cell in enumerate(cells):
        if cell is None or cell == "":
            values.append(None)
            continue
        try:
            found = [value for part in split_list(cell) if (value := parser.value(part)) is not None]
        except BadValue as bad:
            problems[position] = str(bad)
            found = []
        values.append(list(dict.fromkeys(found)) or None)
    return ParsedColumn(values, problems)


def answered(questions: Iterable[Field], given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Options as they are stored, and what is wrong with the others, by name."""
    answers: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for question in questions:
        raw = given.get(question.name)
        if question.kind is FieldKind.BOOLEAN:
            answers[question.name] = raw in (True, "true", "on", "1", "yes")
            continue
        text = " ".join(str(raw or "").split())
        if question.kind is FieldKind.CHOICE and text and question.choice(text) is None:
            problems[question.name] = _("Choose one of these.")
        elif question.required and not text:
            problems[question.name] = _("This is needed.")
        elif len(text) > 200:
            problems[question.name] = _("At most %(number)s characters.") % {"number": 200}
        else:
            answers[question.name] = text
    return answers, problems
