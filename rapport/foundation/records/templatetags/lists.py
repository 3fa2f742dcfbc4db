"""Cells of lists: `{% load lists %}`. Written in Python, because a page has hundreds of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from rapport.foundation.records.queries.list_pages import ListView
from rapport.foundation.records.queries.lists import EMPTY, Cell, Column, Row, json_value
from rapport.foundation.records.rules.lists import is_sortable
from rapport.foundation.records.templatetags.values import value_text
from rapport.foundation.records.types import Field, FieldKind
from rapport.foundation.ui import formats
from rapport.foundation.ui.templatetags.ui import icon, tag

register = template.Library()

NOTHING = mark_safe('<span class="r-3rd">–</span>')
TAGS_SHOWN = 3
_NUMERIC = (FieldKind.NUMBER, FieldKind.MONEY)


@register.simple_tag
def place(column: Column) -> str:
    """Classes of a column: narrow screens show fewer, numbers stand at the end of the line."""
    width = "d-none d-md-table-cell" if column.position < 3 else "d-none d-xl-table-cell"
    return f"{width} text-end r-num" if column.field.kind in _NUMERIC else width


@register.simple_tag
def list_head(listed: ListView, field: Field, list_url: str, css: str = "") -> SafeString:
    """The head of a column: a link that sorts by it where an index stands behind it."""
    sort = listed.rows.sort if listed.rows else None
    said = ""
    if sort is not None and sort.name == field.name:
        said = "descending" if sort.descending else "ascending"
    if not is_sortable(field):
        return format_html('<th scope="col" class="{}">{}</th>', css, field.label)
    word = field.name if said != "ascending" else f"-{field.name}"
    if not said and field.kind is FieldKind.INSTANT:
        word = f"-{field.name}"  # of times, the latest are looked for first
    url = f"{list_url}?{listed.state.query(sort=word)}"
    arrow = icon("arrow-down" if said == "descending" else "arrow-up") if said else ""
    return format_html(
        '<th scope="col" class="{}" aria-sort="{}"><a class="r-sort" href="{}" hx-get="{}" hx-target="#list"'
        ' hx-push-url="true">{} {}</a></th>',
        css,
        said or "none",
        url,
        url,
        field.label,
        arrow,
    )


def cell_id(row: Row, field: Field) -> str:
    return f"c-{row.id}-{field.name}"


@register.simple_tag
def list_cell(
    row: Row, cell: Cell, cell_url: str, saved: bool = False, at: int | None = None, focused: bool = False
) -> SafeString:
    """One cell of the table; a button opens it for editing where the actor may."""
    column = cell.column
    position = column.position if at is None else at
    css = place(Column(column.field, position))
    shown = _shown(cell)
    if not cell.may_edit:
        return format_html('<td class="{}">{}</td>', css, shown)
    url = f"{cell_url}{row.id}/{column.field.name}?at={position}"
    text = value_text(column.field, json_value(cell), cell.names)
    return format_html(
        '<td class="{} r-cell{}" id="{}"><button type="button" class="r-cell-b" data-edit hx-get="{}" hx-target="closest td"'
        ' aria-label="{}"{}>{}{}</button></td>',
        css,
        " r-saved" if saved else "",
        cell_id(row, column.field),
        url,
        _("%(field)s %(value)s, change") % {"field": column.field.label, "value": text or "–"},
        " autofocus" if focused else "",
        shown,
        icon("pencil"),
    )


@register.simple_tag
def id_of_cell(row: Row, cell: Cell) -> str:
    return cell_id(row, cell.column.field)


@register.simple_tag
def summary(row: Row) -> SafeString:
    """The second line of a row on a phone: what the first columns say."""
    said = [text for cell in row.cells[:3] if (text := _short(cell))]
    return format_html_join("", "<span>{}</span>", ((text,) for text in said[:2]))


def _short(cell: Cell) -> str:
    if cell.column.computed is not None:
        return ""
    return value_text(cell.column.field, json_value(cell), cell.names)


def _shown(cell: Cell) -> SafeString:
    value, field = cell.value, cell.column.field
    if value in EMPTY:
        return NOTHING
    if isinstance(value, SafeString):
        return value
    match field.kind:
        case FieldKind.INSTANT:
            return _ago(value if isinstance(value, datetime) else datetime.fromisoformat(str(value)))
        case FieldKind.CHOICE:
            choice = field.choice(str(value))
            return (
                tag(choice.label, choice.tone) if choice and choice.tone else escape(choice.label if choice else value)
            )
        case FieldKind.TAGS | FieldKind.MULTI_CHOICE:
            return _tags(field, value)
        case FieldKind.RELATION:
            name, url = cell.names.records.get(str(value), ("", ""))
            return format_html('<a href="{}">{}</a>', url, name) if url and not cell.may_edit else escape(name or "–")
    text = escape(value_text(field, json_value(cell), cell.names))
    long = field.kind in (FieldKind.TEXT, FieldKind.URL, FieldKind.EMAIL)
    return format_html('<span class="r-clip r-clip-cell">{}</span>', text) if long and len(text) > 32 else text


def _ago(at: datetime) -> SafeString:
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), formats.exact(at), formats.ago(at))


def _tags(field: Field, value: Any) -> SafeString:
    several = list(value)
    words = [field.choice(str(one)) for one in several[:TAGS_SHOWN]]
    shown = format_html_join(
        " ", "{}", ((tag(c.label if c else one, c.tone if c else ""),) for c, one in zip(words, several, strict=False))
    )
    more = len(several) - TAGS_SHOWN
    return format_html('{} <span class="r-3rd r-num">+{}</span>', shown, more) if more > 0 else shown
