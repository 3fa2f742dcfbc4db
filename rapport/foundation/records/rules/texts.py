"""One cell of a file as text: clean, within its length, or cut into the items it lists."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from rapport.foundation.records.rules.codec import LENGTHS, BadValue
from rapport.foundation.records.rules.dates import shown
from rapport.foundation.records.types import FieldKind

LIST_MARKS = re.compile(r"[;|\n]|,(?!\d)")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u2028\u2029\ufeff]")
_UNDECODABLE = re.compile(r"[\ud800-\udfff]")


def clean_text(cell: Any, *, limit: int = LENGTHS[FieldKind.TEXT], lines: bool = False) -> str | None:
    """Composed (NFC), without control characters; blanks are single unless the text may have lines."""
    if type(cell) is not str:
        cell = text_of(cell)
    if _UNDECODABLE.search(cell):
        raise BadValue(
            _(
                "This has bytes that are not in the encoding of the file. Save the file as UTF-8, or choose its encoding."
            )
        )
    if "\x00" in cell:
        raise BadValue(
            _("%(value)s holds a NUL byte, so the file may be damaged.") % {"value": shown(cell.replace("\x00", "␀"))}
        )
    text: str = _CONTROL.sub("", cell) if not cell.isprintable() else cell
    if lines:
        text = "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")).strip()
    else:
        text = " ".join(text.split())
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if limit and len(text) > limit:
        raise BadValue(
            _("%(value)s is too long: %(length)s characters, where %(limit)s fit.")
            % {"value": shown(text, 30), "length": len(text), "limit": limit}
        )
    return text or None


def text_of(cell: Any) -> str:
    """A typed cell as the text a person saw: 12345.0 in a spreadsheet is 12345."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime):
        midnight = not (cell.hour or cell.minute or cell.second or cell.microsecond) and cell.tzinfo is None
        return cell.date().isoformat() if midnight else cell.isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, Decimal):
        return format(cell, "f")
    if isinstance(cell, list | tuple):
        return "; ".join(text_of(item) for item in cell if item is not None)
    if isinstance(cell, bytes):
        raise BadValue(_("This holds bytes, not text. Convert the column to text."))
    return str(cell)


def split_list(cell: Any) -> list[str]:
    """The items of a cell that holds several, parted by ; or | or , or line breaks."""
    if isinstance(cell, list | tuple):
        items: Iterable[Any] = cell
    else:
        items = LIST_MARKS.split(text_of(cell))
    return [text for item in items if item is not None and (text := clean_text(item))]
