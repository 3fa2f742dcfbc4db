"""Values of fields to and from JSON: the one form that the API, history, undo and custom fields share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from rapport.foundation.records.types import Field, FieldKind

LENGTHS = {
    FieldKind.TEXT: 500,
    FieldKind.LONG_TEXT: 100_000,
    FieldKind.URL: 400,
    FieldKind.EMAIL: 254,
    FieldKind.PHONE: 40,
}
_TEXTS = frozenset(LENGTHS)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_WEB_ADDRESS = re.compile(r"https?://(?:[\w-]+\.)+[\w-]{2,}(?::[0-9]{1,5})?(?:[/?#][^\s<>\"]*)?", re.IGNORECASE)
EMPTY: tuple[object, ...] = (None, "", [], {})


class BadValue(ValueError):
    """The value does not fit the field; the message says what would."""


def encode(value: Any) -> Any:
    """A Python value in its JSON form."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")  # the same number is the same text: 5350, whether a column says 5350.0000
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    return value


def decode(field: Field, raw: Any) -> Any:
    """The Python value of a JSON value. Empty means None (or an empty list, or an empty text for built-in texts)."""
    if raw in EMPTY:
        if field.kind in (FieldKind.TAGS, FieldKind.MULTI_CHOICE):
            return []
        return "" if field.kind in _TEXTS or field.kind is FieldKind.CHOICE else None
    return _DECODERS[field.kind](field, raw)


def decode_custom(field: Field, raw: Any) -> Any:
    """The JSON form to store for a custom field: checked, and None when empty (the key is then dropped)."""
    value = encode(decode(field, raw))
    return None if value in EMPTY else value


def _text(field: Field, raw: Any) -> str:
    if not isinstance(raw, str):
        raise BadValue("This must be a text.")
    value = _CONTROL.sub("", raw)
    if field.kind is not FieldKind.LONG_TEXT:
        value = " ".join(value.split())
    if len(value) > LENGTHS[field.kind]:
        raise BadValue(f"At most {LENGTHS[field.kind]} characters; this has {len(value)}.")
    return value


def _email(field: Field, raw: Any) -> str:
    from rapport.foundation.lib.contact import normalised_email

    value = normalised_email(_text(field, raw))
    if value is None:
        raise BadValue(f"{raw!r} is not an e-mail address.")
    return value


def _phone(field: Field, raw: Any) -> str:
    from rapport.foundation.lib.contact import normalised_phone

    value = normalised_phone(_text(field, raw))
    if value is None:
        raise BadValue(f"{raw!r} is not a phone number. Write it with its country code, such as +31 20 555 0100.")
    return value


def _url(field: Field, raw: Any) -> str:
    value = _text(field, raw)
    if "://" not in value:
        value = f"https://{value}"
    if not _WEB_ADDRESS.fullmatch(value):
        raise BadValue("This must be a web address that begins with http:// or https://.")
    return value


def _number(field: Field, raw: Any) -> Decimal:
    if isinstance(raw, bool) or not isinstance(raw, int | float | str | Decimal):
        raise BadValue("This must be a number.")
    try:
        value = Decimal(str(raw).strip())
    except InvalidOperation:
        raise BadValue(f"{raw!r} is not a number.") from None
    if not value.is_finite() or abs(value) >= Decimal(10) ** 15:
        raise BadValue("This number is too large.")
    return value


def _money(field: Field, raw: Any) -> dict[str, str]:
    if not isinstance(raw, Mapping):
        raise BadValue('Write an amount and its currency, such as {"amount": "12.50", "currency": "EUR"}.')
    amount, currency = _number(field, raw.get("amount")), str(raw.get("currency", "")).upper()
    if not re.fullmatch("[A-Z]{3}", currency):
        raise BadValue("The currency must be a three-letter code such as EUR.")
    return {"amount": format(amount, "f"), "currency": currency}


def _date(field: Field, raw: Any) -> date:
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    try:
        return date.fromisoformat(str(raw))
    except ValueError:
        raise BadValue(f"{raw!r} is not a date; write it as 2026-11-30.") from None


def _instant(field: Field, raw: Any) -> datetime:
    if isinstance(raw, datetime):
        value = raw
    else:
        try:
            value = datetime.fromisoformat(str(raw))
        except ValueError:
            raise BadValue(f"{raw!r} is not an instant; write it as 2026-11-30T14:05:00Z.") from None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _choice(field: Field, raw: Any) -> str:
    if field.choice(str(raw)) is None:
        known = ", ".join(choice.value for choice in field.choices if not choice.retired)
        raise BadValue(f"{raw!r} is not one of: {known}.")
    return str(raw)


def _multi_choice(field: Field, raw: Any) -> list[str]:
    if isinstance(raw, str) or not isinstance(raw, list | tuple):
        raise BadValue("This must be a list of choices.")
    return list(dict.fromkeys(_choice(field, item) for item in raw))


def _boolean(field: Field, raw: Any) -> bool:
    known = {True: True, False: False, "true": True, "false": False, "on": True, "off": False}
    value = known.get(raw if isinstance(raw, bool) else str(raw).lower())
    if value is None:
        raise BadValue("This must be true or false.")
    return value


def _id(field: Field, raw: Any) -> UUID:
    try:
        return raw if isinstance(raw, UUID) else UUID(str(raw))
    except ValueError:
        raise BadValue(f"{raw!r} is not an id.") from None


def _tags(field: Field, raw: Any) -> list[str]:
    if isinstance(raw, str):
        raw = raw.split(",")
    if not isinstance(raw, list | tuple) or not all(isinstance(item, str) for item in raw):
        raise BadValue("Tags must be a list of texts.")
    tags = list(dict.fromkeys(" ".join(_CONTROL.sub("", item).split()) for item in raw if item.strip()))
    if any(len(tag) > 80 for tag in tags) or len(tags) > 100:
        raise BadValue("At most 100 tags of at most 80 characters each.")
    return tags


_DECODERS = {
    FieldKind.TEXT: _text,
    FieldKind.LONG_TEXT: _text,
    FieldKind.NUMBER: _number,
    FieldKind.MONEY: _money,
    FieldKind.DATE: _date,
    FieldKind.INSTANT: _instant,
    FieldKind.CHOICE: _choice,
    FieldKind.MULTI_CHOICE: _multi_choice,
    FieldKind.BOOLEAN: _boolean,
    FieldKind.URL: _url,
    FieldKind.EMAIL: _email,
    FieldKind.PHONE: _phone,
    FieldKind.RELATION: _id,
    FieldKind.MEMBER: _id,
    FieldKind.TAGS: _tags,
}
