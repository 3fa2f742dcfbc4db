"""One cell of a list as a form: an input for the field's kind, and the JSON value that was sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from rapport.foundation.records.forms.filters import Data, Option
from rapport.foundation.records.types import Field, FieldKind

# Kinds that fit into a cell. Long texts, relations and several choices are edited on the record's page.
KINDS = frozenset(
    {
        FieldKind.TEXT, FieldKind.NUMBER, FieldKind.MONEY, FieldKind.DATE, FieldKind.INSTANT, FieldKind.CHOICE,
        FieldKind.BOOLEAN, FieldKind.URL, FieldKind.EMAIL, FieldKind.PHONE, FieldKind.MEMBER, FieldKind.TAGS,
    }
)  # fmt: skip
_TYPES = {
    FieldKind.DATE: "date",
    FieldKind.INSTANT: "datetime-local",
    FieldKind.EMAIL: "email",
    FieldKind.PHONE: "tel",
    FieldKind.URL: "url",
}


@dataclass(frozen=True)
class CellForm:
    """`type` is that of the input, or "select"."""

    type: str
    text: str = ""
    currency: str = ""
    options: tuple[Option, ...] = ()
    problem: str = ""


def cell_form(field: Field, value: Any, members: Sequence[Option]) -> CellForm:
    """The form for a value in its JSON form."""
    text = "" if value is None else str(value)
    match field.kind:
        case FieldKind.CHOICE:
            kept = tuple((c.value, str(c.label)) for c in field.choices if not c.retired or c.value == value)
            return CellForm("select", text, options=(("", "–"), *kept))
        case FieldKind.MEMBER:
            return CellForm("select", text, options=(("", _("Nobody")), *members))
        case FieldKind.BOOLEAN:
            text = "" if value is None else "true" if value else "false"
            return CellForm("select", text, options=(("", "–"), ("true", _("Yes")), ("false", _("No"))))
        case FieldKind.MONEY:
            money = value if isinstance(value, dict) else {}
            return CellForm("money", str(money.get("amount", "")), str(money.get("currency", "")))
        case FieldKind.TAGS:
            return CellForm("text", ", ".join(value or []))
        case FieldKind.INSTANT:
            at = timezone.localtime(datetime.fromisoformat(text)) if text else None
            return CellForm("datetime-local", at.strftime("%Y-%m-%dT%H:%M") if at else "")
    return CellForm(_TYPES.get(field.kind, "text"), text)


def sent_cell_form(field: Field, data: Data, members: Sequence[Option], problem: str) -> CellForm:
    """The form as it was sent, with why it was not accepted."""
    empty = cell_form(field, None, members)
    return CellForm(empty.type, data.one("value"), data.one("currency"), empty.options, problem)


def cell_value(field: Field, data: Data) -> Any:
    """The JSON value that was sent; checking it is the service's."""
    text = data.one("value")
    if not text:
        return None
    match field.kind:
        case FieldKind.MONEY:
            return {"amount": _number(text), "currency": data.one("currency")}
        case FieldKind.NUMBER:
            return _number(text)
        case FieldKind.INSTANT:
            return _instant(text)
    return text


def _number(text: str) -> str:
    plain = text.replace(" ", "").replace("\u00a0", "")
    return plain.replace(",", ".") if "," in plain and "." not in plain else plain


def _instant(text: str) -> str:
    """A time without an offset is meant in the member's zone."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    zone = timezone.get_current_timezone()
    return (at if at.tzinfo else at.replace(tzinfo=zone if isinstance(zone, ZoneInfo) else None)).isoformat()
