"""Values of fields as people read them: `{% load values %}`, `{% value field raw names %}`.

Raw values are in their JSON form; `names` (queries.names.Names) knows the colleagues and records behind ids.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django import template
from django.utils.formats import localize
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from rapport.foundation.lib.contact import readable_phone
from rapport.foundation.records.queries.names import Names
from rapport.foundation.records.rules.codec import EMPTY
from rapport.foundation.records.types import Field, FieldKind
from rapport.foundation.ui import formats
from rapport.foundation.ui.templatetags.ui import tag

register = template.Library()

NOBODY = Names()
NOTHING = mark_safe('<span class="r-3rd">–</span>')


def value_text(field: Field | None, raw: Any, names: Names = NOBODY, currency: str = "") -> str:
    """The value as one line of plain text; empty for none. `currency`: that of a number which is an amount."""
    if raw in EMPTY:
        return ""
    kind = field.kind if field else FieldKind.TEXT
    if currency and kind is FieldKind.NUMBER:
        return formats.money(Decimal(str(raw)), currency)
    if field and kind in (FieldKind.CHOICE, FieldKind.MULTI_CHOICE):
        return ", ".join(_choice(field, one) for one in (raw if isinstance(raw, list) else [raw]))
    try:
        return _FORMS.get(kind, _plain)(raw, names)
    except (ValueError, InvalidOperation, AttributeError, TypeError):
        return _plain(raw, names)  # a kind that was changed since: what was written then


def _plain(raw: Any, names: Names) -> str:
    return ", ".join(str(each) for each in raw) if isinstance(raw, list) else str(raw)


def _money(raw: Any, names: Names) -> str:
    return formats.money(Decimal(raw["amount"]), raw["currency"])


def _record(raw: Any, names: Names) -> str:
    return names.records.get(str(raw), (_("A record that is no longer there"), ""))[0]


def _choice(field: Field, raw: Any) -> str:
    choice = field.choice(str(raw))
    return str(choice.label) if choice else str(raw)


_FORMS: dict[FieldKind, Callable[[Any, Names], str]] = {
    FieldKind.NUMBER: lambda raw, names: formats.number(Decimal(str(raw))),
    FieldKind.MONEY: _money,
    FieldKind.DATE: lambda raw, names: formats.long_date(date.fromisoformat(raw)),
    FieldKind.INSTANT: lambda raw, names: formats.exact(datetime.fromisoformat(raw)),
    FieldKind.BOOLEAN: lambda raw, names: _("Yes") if raw in (True, "true") else _("No"),
    FieldKind.PHONE: lambda raw, names: readable_phone(raw),
    FieldKind.MEMBER: lambda raw, names: names.members.get(str(raw), _("A colleague who has left")),
    FieldKind.RELATION: _record,
}


@register.simple_tag
def value(field: Field, raw: Any, names: Names = NOBODY, currency: str = "") -> SafeString:
    """The value in markup: addresses as links, choices with their tone, tags as tags."""
    if raw in EMPTY:
        return NOTHING
    text = value_text(field, raw, names, currency)
    match field.kind:
        case FieldKind.EMAIL:
            return format_html('<a href="mailto:{}">{}</a>', raw, text)
        case FieldKind.PHONE:
            return format_html('<a class="r-num" dir="ltr" href="tel:{}">{}</a>', raw, text)
        case FieldKind.URL:
            # Only what the codec let in; a value of another kind once may be anything.
            if not str(raw).lower().startswith(("https://", "http://")):
                return format_html("{}", text)
            shown = str(raw).partition("://")[2].rstrip("/")
            return format_html('<a href="{}" rel="noopener noreferrer nofollow" target="_blank">{}</a>', raw, shown)
        case FieldKind.RELATION:
            name, url = names.records.get(str(raw), (text, ""))
            return format_html('<a href="{}">{}</a>', url, name) if url else format_html("{}", name)
        case FieldKind.CHOICE:
            choice = field.choice(str(raw))
            return tag(text, choice.tone) if choice and choice.tone else format_html("{}", text)
        case FieldKind.MULTI_CHOICE | FieldKind.TAGS:
            several = raw if isinstance(raw, list) else [raw]
            tags = format_html_join("", "{}", ((_tag(field, one),) for one in several))
            return format_html('<span class="r-row r-row-wrap r-tags">{}</span>', tags)
        case FieldKind.LONG_TEXT:
            return format_html('<span class="r-prewrap">{}</span>', text)
        case FieldKind.NUMBER | FieldKind.MONEY | FieldKind.DATE | FieldKind.INSTANT:
            return format_html('<span class="r-num">{}</span>', text)
    return format_html("{}", text)


def _tag(field: Field, raw: Any) -> SafeString:
    choice = field.choice(str(raw))
    return tag(choice.label if choice else raw, choice.tone if choice else "")


@register.simple_tag
def plain_value(field: Field | None, raw: Any, names: Names = NOBODY, most: int = 200) -> str:
    """One line of text, cut when long: for history and choices between two values."""
    return Truncator(value_text(field, raw, names)).chars(most)


@register.filter
def bytes_size(number: int) -> str:
    """1.4 MB, 12 kB."""
    for unit, size in (("MB", 1_000_000), ("kB", 1_000)):
        if number >= size:
            return f"{localize(round(number / size, 1 if number < 10 * size else None))} {unit}"
    return f"{number} B"
