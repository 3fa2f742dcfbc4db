"""Which column of a file goes to which field: by what people chose before, by heading, and last by its values."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.utils.translation import override

from rapport.foundation.records.rules.columns import guess_kind
from rapport.foundation.records.rules.known_exports import KNOWN_EXPORTS, KnownExport
from rapport.foundation.records.types import Field, FieldKind

NEW = "new:"  # the target of a column that becomes a field of its own: new:number
MAX_COLUMNS = 1_000
_CURRENCY_WORDS = {
    "eur": "EUR", "euro": "EUR", "euros": "EUR", "€": "EUR", "usd": "USD", "dollar": "USD", "dollars": "USD",
    "$": "USD", "gbp": "GBP", "pounds": "GBP", "£": "GBP", "chf": "CHF", "jpy": "JPY", "yen": "JPY", "sek": "SEK",
    "nok": "NOK", "dkk": "DKK", "pln": "PLN", "cad": "CAD", "aud": "AUD", "inr": "INR",
}  # fmt: skip


@dataclass(frozen=True)
class SourceColumn:
    """One column of a file: its heading (made from its place when there is none) and its first values."""

    position: int
    heading: str
    samples: tuple[Any, ...] = ()


@dataclass(frozen=True)
class ColumnPlan:
    """What becomes of one column. `target` is a field's name, `new:<kind>`, or empty: left out."""

    position: int
    heading: str
    target: str = ""
    reason: str = ""  # remembered, known, name, values: how it was found; empty when a person chose
    options: Mapping[str, str] = field(default_factory=dict)  # date_order, decimal, currency, region

    @property
    def new_kind(self) -> FieldKind | None:
        return FieldKind(self.target.removeprefix(NEW)) if self.target.startswith(NEW) else None

    def as_json(self) -> dict[str, Any]:
        return {
            "position": self.position,
            "heading": self.heading,
            "target": self.target,
            "reason": self.reason,
            "options": dict(self.options),
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> ColumnPlan:
        return ColumnPlan(
            data["position"], data["heading"], data.get("target", ""), data.get("reason", ""), data.get("options") or {}
        )


@dataclass(frozen=True)
class Guess:
    """The plan of a whole file and, when its headings gave it away, the system it came from."""

    columns: tuple[ColumnPlan, ...]
    system: str = ""
    kind: str = ""

    @property
    def system_name(self) -> str:
        """The system in a word that ids can be told apart by."""
        return folded_heading(self.system).partition(" ")[0]


def folded_heading(heading: str) -> str:
    """A heading as it is compared: `MailingCity`, `mailing_city` and `Mailing City` differ only in looks."""
    text = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])", " ", heading.strip("\ufeff \t\"'"))
    text = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.sub(r"[^\w$€£]+|_+", " ", text).split())


def headings_for(first_row: Sequence[Any] | None, width: int) -> list[str]:
    """Headings of a file; a missing one is named by its place, a repeated one gets a number."""
    headings: list[str] = []
    seen: dict[str, int] = {}
    for position in range(width):
        raw = first_row[position] if first_row and position < len(first_row) else None
        heading = " ".join(str(raw).replace("\x00", "").split())[:120] if raw is not None else ""
        heading = heading.strip("\ufeff") or f"Column {position + 1}"
        seen[heading] = seen.get(heading, 0) + 1
        headings.append(heading if seen[heading] == 1 else f"{heading} ({seen[heading]})")
    return headings


def fingerprint(record_type: str, columns: Sequence[SourceColumn], *, has_header: bool) -> str:
    """The same for files of the same shape, so that a mapping is remembered. Without headings the values' kinds stand in."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(record_type.encode())
    for column in columns:
        word = folded_heading(column.heading) if has_header else str(guess_kind(column.samples))
        digest.update(b"\x1f" + word.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def guess_mapping(
    columns: Sequence[SourceColumn],
    targets: Sequence[Field],
    *,
    has_header: bool = True,
    remembered: Sequence[ColumnPlan] = (),
    many: Iterable[str] = (),
    raw_log: Sequence[str] = (),
) -> Guess:
    """The best guess for every column. A field is used once, except those of `many`, which take several columns.

    `raw_log` names the fields of a log without headings in the order key, time, amount: such files hold an id, further
    numbers, a date and at the end a price.
    """
    names = {target.name: target for target in targets}
    if remembered and len(remembered) == len(columns) and all(_still_good(plan, names) for plan in remembered):
        known = tuple(
            replace(plan, position=column.position, heading=column.heading, reason="remembered" if plan.target else "")
            for plan, column in zip(remembered, columns, strict=True)
        )
        return Guess(known)
    system = recognised(column.heading for column in columns) if has_header else None
    chosen: dict[int, tuple[str, str]] = {}
    if has_header:
        _by_heading(columns, targets, system, frozenset(many), chosen)
    elif raw_log:
        _by_place(columns, names, raw_log, chosen)
    _by_values(columns, targets, chosen, has_header=has_header)
    plans = tuple(
        ColumnPlan(
            column.position, column.heading, *chosen.get(column.position, ("", "")), options=_options(column, chosen)
        )
        for column in columns
    )
    return Guess(plans, system.name if system else "", system.kind if system else "")


def recognised(headings: Iterable[str]) -> KnownExport | None:
    """The system whose export this is; the first whose signature is all there (the narrower ones come first)."""
    present = {folded_heading(heading) for heading in headings}
    for known in KNOWN_EXPORTS:
        if any(signature <= present for signature in known.signatures):
            return known
    return None


def field_name(heading: str, taken: Iterable[str]) -> str:
    """A name for a new field: ASCII, as codes are, and not one that is taken."""
    text = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "_", text).strip("_")[:40] or "field"
    if base[0].isdigit():
        base = f"f_{base}"[:40]
    used, name, number = set(taken), base, 2
    while name in used:
        name, number = f"{base}_{number}", number + 1
    return name


def currency_in(heading: str) -> str:
    """The currency a heading names: `dollar_value`, `Revenue (EUR)`."""
    found = {_CURRENCY_WORDS[word] for word in folded_heading(heading).split() if word in _CURRENCY_WORDS}
    found |= {_CURRENCY_WORDS[sign] for sign in "€$£" if sign in heading}
    return found.pop() if len(found) == 1 else ""


def _still_good(plan: ColumnPlan, names: Mapping[str, Field]) -> bool:
    if plan.target.startswith(NEW):
        return plan.target.removeprefix(NEW) in set(FieldKind)
    return not plan.target or plan.target in names


def _by_heading(
    columns: Sequence[SourceColumn],
    targets: Sequence[Field],
    system: KnownExport | None,
    many: frozenset[str],
    chosen: dict[int, tuple[str, str]],
) -> None:
    words = _known_words(targets)
    available = {target.name: target for target in targets}
    used: set[str] = set()
    ranked: list[tuple[int, int, str, str]] = []
    for column in columns:
        heading = folded_heading(column.heading)
        meaning = system.meanings.get(heading) if system else None
        if meaning == "":
            chosen[column.position] = ("", "known")
            continue
        if meaning and meaning in available:
            ranked.append((0, column.position, meaning, "known"))
        for rank, name in words.get(heading, ()):
            ranked.append((rank, column.position, name, "name"))
    samples = {column.position: column.samples for column in columns}
    for _rank, position, name, reason in sorted(ranked):
        if (
            position in chosen
            or (name in used and name not in many)
            or not _could_be(available[name], samples[position])
        ):
            continue
        chosen[position] = (name, reason)
        used.add(name)
    # A second e-mail or phone column has a place of its own.
    for _rank, position, name, reason in sorted(ranked):
        other = f"other_{name}s"
        if position not in chosen and other in many and other in available:
            chosen[position] = (other, reason)


def _known_words(targets: Sequence[Field]) -> dict[str, list[tuple[int, str]]]:
    """Headings to the fields they may mean, the surest first: the name, then labels, then aliases in their order."""
    words: dict[str, list[tuple[int, str]]] = {}
    for target in targets:
        with override("en"):
            english = str(target.label)
        for rank, word in enumerate((target.name, str(target.label), english), 1):
            words.setdefault(folded_heading(word), []).append((rank, target.name))
        for rank, word in enumerate(target.aliases, 4):
            words.setdefault(folded_heading(word), []).append((rank, target.name))
    return words


def _could_be(target: Field, samples: Sequence[Any]) -> bool:
    """Whether the first values do not contradict the heading: `customer_id` with 00042 is no id of ours."""
    texts = [str(sample).strip() for sample in samples if sample is not None and str(sample).strip()]
    if target.kind is FieldKind.RELATION and target.name.split("_")[-1] == "id" and texts:
        return any(_is_uuid(text) for text in texts[:5])
    return True


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _by_place(
    columns: Sequence[SourceColumn],
    names: Mapping[str, Field],
    raw_log: Sequence[str],
    chosen: dict[int, tuple[str, str]],
) -> None:
    """An id, a date, a price: the columns of a raw log of purchases or visits."""
    key, moment, amount = raw_log
    dates = [
        column
        for column in columns
        if guess_kind(column.samples) in (FieldKind.DATE, FieldKind.INSTANT) or _compact_dates(column)
    ]
    if not dates:
        return
    day = dates[0]
    before = [column for column in columns if column.position < day.position]
    after = [column for column in columns if column.position > day.position]
    prices = [column for column in after if guess_kind(column.samples) in (FieldKind.NUMBER, FieldKind.MONEY)]
    with_cents = [
        column for column in prices if any(re.search(r"[.,]\d{1,2}\b", str(sample)) for sample in column.samples)
    ]
    for name, column in (
        (key, before[0] if before else None),
        (moment, day),
        (amount, with_cents[-1] if with_cents else None),
    ):
        if column is not None and name in names and column.position not in chosen:
            chosen[column.position] = (name, "values")


def _compact_dates(column: SourceColumn) -> bool:
    texts = [str(sample).strip() for sample in column.samples if sample is not None]
    return bool(texts) and all(re.fullmatch(r"(19|20)\d\d(0[1-9]|1[0-2])([0-2]\d|3[01])", text) for text in texts)


def _by_values(
    columns: Sequence[SourceColumn], targets: Sequence[Field], chosen: dict[int, tuple[str, str]], *, has_header: bool
) -> None:
    """What only values give away: an e-mail column under any heading."""
    used = {name for name, _ in chosen.values()}
    telling = (FieldKind.EMAIL, FieldKind.PHONE) if has_header else (FieldKind.EMAIL, FieldKind.PHONE, FieldKind.URL)
    for column in columns:
        if column.position in chosen:
            continue
        kind = guess_kind(column.samples)
        if kind not in telling:
            continue
        free = [target for target in targets if target.kind is kind and target.name not in used]
        if free and free[0].key:
            chosen[column.position] = (free[0].name, "values")
            used.add(free[0].name)


def _options(column: SourceColumn, chosen: Mapping[int, tuple[str, str]]) -> dict[str, str]:
    target, _reason = chosen.get(column.position, ("", ""))
    options = {}
    if target and (currency := currency_in(column.heading)):
        options["currency"] = currency
    return options
