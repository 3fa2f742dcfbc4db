"""Heads and rows of lists: `{% load lists %}`.

The body of the table is written in Python: a page has hundreds of cells, and as template nodes they would cost more than
everything else of the request together. What is alike in all rows is made once; what people wrote is escaped.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from html import escape  # Django's own looks for lazy text in each argument, which is a tenth of a list's time
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from rapport.foundation.records.queries.list_pages import ListView
from rapport.foundation.records.queries.lists import EMPTY, Cell, Column, Row, json_value
from rapport.foundation.records.rules.lists import is_sortable
from rapport.foundation.records.templatetags.values import value_text
from rapport.foundation.records.types import Field, FieldKind
from rapport.foundation.ui import formats
from rapport.foundation.ui.templatetags.ui import avatar, icon, icon_mark, tag

register = template.Library()

NOTHING = '<span class="r-3rd">–</span>'
TAGS_SHOWN = 3
CLIPPED = 32
_HOLE = "\x00"
_NUMERIC = (FieldKind.NUMBER, FieldKind.MONEY)
_AS_THEY_ARE = (FieldKind.TEXT, FieldKind.EMAIL, FieldKind.URL)


def place(field: Field, position: int) -> str:
    """Classes of a column: narrow screens show fewer, numbers stand at the end of the line."""
    width = "d-none d-md-table-cell" if position < 3 else "d-none d-xl-table-cell"
    return f"{width} text-end r-num" if field.kind in _NUMERIC else width


@register.simple_tag
def list_head(listed: ListView, column: Column | None, list_url: str) -> SafeString:
    """The head of a column (of the title, without one): a link that sorts by it where an index stands behind it."""
    field = column.field if column else listed.title_field
    if field is None:
        return mark_safe('<th scope="col"></th>')
    css = place(field, column.position) if column else ""
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
        css, said or "none", url, url, field.label, arrow,
    )  # fmt: skip


@register.simple_tag
def column_lines(listed: ListView, list_url: str) -> SafeString:
    """The lines of the columns menu: chosen ones first, in their order."""
    before, _hole, after = (_("%(name)s: one place forward") % {"name": _HOLE}).partition(_HOLE)
    arrow, grip = icon("arrow-up"), icon("grip-vertical", css="r-3rd r-grip r-js")
    parts = []
    for choice in listed.column_choices:
        label = escape(str(choice.field.label))
        earlier = ""
        if choice.earlier:
            url = escape(f"{list_url}?{choice.earlier}")
            earlier = (
                f'<a class="btn btn-ghost btn-sm r-icon" href="{url}" hx-get="{url}" hx-target="#list" hx-push-url="true"'
                f' aria-label="{escape(before)}{label}{escape(after)}">{arrow}</a>'
            )
        parts.append(
            '<div class="r-check"><label class="r-row r-grow"><input class="form-check-input" type="checkbox" name="columns"'
            f' value="{escape(choice.field.name)}"{" checked" if choice.is_chosen else ""}>'
            f'<span class="r-grow">{label}</span></label>{earlier}{grip}</div>'
        )
    return mark_safe("".join(parts))  # noqa: S308 (labels and addresses were escaped above)


@register.simple_tag
def list_rows(listed: ListView, row_url: tuple[str, str], cell_url: str) -> SafeString:
    """The body of the table."""
    if listed.rows is None:
        return mark_safe("")
    cells = [_CellWriter(column, column.position, cell_url) for column in listed.rows.columns]
    declared = listed.record_type
    mark = "" if declared.has_faces else icon_mark(declared.icon)
    before, _hole, after = (_("Select %(name)s") % {"name": _HOLE}).partition(_HOLE)
    parts: list[str] = []
    for row in listed.rows.rows:
        title = escape(row.title or "–")
        parts.append(
            '<tr><td class="r-c-pick"><input class="form-check-input r-pick" type="checkbox" name="ids" form="bulk"'
            f' value="{row.id}" aria-label="{escape(before)}{title}{escape(after)}"></td><th scope="row"><a class="r-who"'
            f' href="{row_url[0]}{row.id}{row_url[1]}">{mark or avatar(row.title, row.avatar or "person")}'
            f'<span class="r-grow"><span class="r-clip d-block">{title}</span>'
        )
        if row.subtitle:
            parts.append(f'<span class="r-sub r-clip d-none d-md-block">{escape(row.subtitle)}</span>')
        said = [writer.text(cell) for writer, cell in zip(cells, row.cells, strict=True)]
        parts.append('<span class="r-sub d-flex d-md-none">')
        parts += [f'<span dir="auto">{escape(text)}</span>' for text in [text for text in said if text][:2]]
        parts.append("</span></span></a></th>")
        parts += [writer.write(row, cell, text) for writer, cell, text in zip(cells, row.cells, said, strict=True)]
        parts.append("</tr>")
    return mark_safe("".join(parts))  # noqa: S308 (every value was escaped above)


@register.simple_tag
def list_cell(row: Row, cell: Cell, cell_url: str, at: int, saved: bool = False) -> SafeString:
    """One cell by itself, as it comes back after editing; the focus goes to it."""
    writer = _CellWriter(cell.column, at, cell_url)
    return mark_safe(writer.write(row, cell, writer.text(cell), saved=saved, focused=True))  # noqa: S308 (the writer escapes every value)


@register.simple_tag
def cell_place(cell: Cell, at: int) -> str:
    return place(cell.column.field, at)


@register.simple_tag
def id_of_cell(row: Row, cell: Cell) -> str:
    return f"c-{row.id}-{cell.column.field.name}"


class _CellWriter:
    """Writes the cells of one column."""

    def __init__(self, column: Column, position: int, cell_url: str) -> None:
        self.field, self.position, self.cell_url = column.field, position, cell_url
        self.css = place(column.field, position)
        label = _("%(field)s %(value)s, change") % {"field": column.field.label, "value": _HOLE}
        self.label = [escape(part) for part in label.partition(_HOLE)[::2]]
        self.name = escape(column.field.name)
        self.pencil = icon("pencil")

    def text(self, cell: Cell) -> str:
        """The value as one line; empty for values that come as markup."""
        if cell.value in EMPTY or isinstance(cell.value, SafeString):
            return ""
        if self.field.kind in _AS_THEY_ARE:
            return str(cell.value)
        if self.field.kind is FieldKind.INSTANT:
            return f"{formats.local(_instant(cell.value)):%Y-%m-%d %H:%M}"
        return value_text(self.field, json_value(cell), cell.names, cell.currency)

    def write(self, row: Row, cell: Cell, text: str, *, saved: bool = False, focused: bool = False) -> str:
        shown = self.shown(cell, text)
        if not cell.may_edit:
            return f'<td class="{self.css}">{shown}</td>'
        return (
            f'<td class="{self.css} r-cell{" r-saved" if saved else ""}" id="c-{row.id}-{self.name}"><button type="button"'
            f' class="r-cell-b" data-edit hx-get="{self.cell_url}{row.id}/{self.name}?at={self.position}"'
            f' hx-target="closest td" aria-label="{self.label[0]}{escape(text or "–")}{self.label[1]}"'
            f"{' autofocus' if focused else ''}>{shown}{self.pencil}</button></td>"
        )

    def shown(self, cell: Cell, text: str) -> str:
        """The value in markup."""
        value = cell.value
        if value in EMPTY:
            return NOTHING
        if isinstance(value, SafeString):
            return value
        match self.field.kind:
            case FieldKind.INSTANT:
                at = _instant(value)
                return f'<time datetime="{at.isoformat()}" title="{escape(text)}">{escape(formats.ago(at))}</time>'
            case FieldKind.PHONE:
                return f'<bdi dir="ltr">{escape(text)}</bdi>'
            case FieldKind.CHOICE:
                choice = self.field.choice(str(value))
                return tag(choice.label, choice.tone) if choice and choice.tone else escape(text)
            case FieldKind.TAGS | FieldKind.MULTI_CHOICE:
                return " ".join(self._tags(list(value)))
            case FieldKind.RELATION if not cell.may_edit:
                _name, url = cell.names.records.get(str(value), ("", ""))
                return f'<a href="{escape(url)}">{escape(text)}</a>' if url else escape(text)
        if len(text) > CLIPPED and self.field.kind in _AS_THEY_ARE:
            return f'<span class="r-clip r-clip-cell">{escape(text)}</span>'
        return escape(text)

    def _tags(self, values: list[Any]) -> Iterator[str]:
        for one in values[:TAGS_SHOWN]:
            choice = self.field.choice(str(one))
            yield tag(choice.label if choice else one, choice.tone if choice else "")
        if len(values) > TAGS_SHOWN:
            yield f'<span class="r-3rd r-num">+{len(values) - TAGS_SHOWN}</span>'


def _instant(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
