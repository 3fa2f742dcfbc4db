"""E-mail addresses, phone numbers and web addresses as people and programs write them, to their normal forms."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext as _

from rapport.foundation.lib.contact import normalised_email, normalised_phone
from rapport.foundation.records.rules.codec import LENGTHS, BadValue
from rapport.foundation.records.rules.dates import shown
from rapport.foundation.records.rules.texts import clean_text, text_of
from rapport.foundation.records.types import FieldKind

# Ann Lee <ann@example.org>
ANGLED = re.compile(r".*<\s*([^<>\s]+@[^<>\s]+)\s*>\s*", re.DOTALL)
_EXTENSION = re.compile(
    r"^(.*\d.*?)\s*(?:;ext=|,|#|\b(?:ext|extension|x|dw|durchwahl|app)\b\.?:?|x(?=\d))\s*(\d{1,7})$", re.IGNORECASE
)
_HOST = re.compile(r"(?:[\w](?:[\w-]*[\w])?\.)+[^\W\d_][\w-]{1,62}\.?(?::\d{1,5})?", re.UNICODE)


def parse_email(cell: Any) -> str:
    """The address in its normal form. `Ann Lee <ann@example.org>` and `mailto:` are understood."""
    text = text_of(cell).strip()
    found = normalised_email(text)
    if found:
        return found
    bare = text[7:] if text[:7].lower() == "mailto:" else text
    if matched := ANGLED.fullmatch(bare):
        bare = matched[1]
    found = normalised_email(bare.strip("'\"<>,; \t\u00a0\u200b"))
    if found:
        return found
    raise BadValue(_why_no_email(text))


def _why_no_email(text: str) -> str:
    value = {"value": shown(text)}
    name, at, domain = text.partition("@")
    if not at:
        return _("%(value)s is not an e-mail address: it has no @.") % value
    if "@" in domain:
        if any(mark in text for mark in ",;| "):
            return (
                _(
                    "%(value)s holds more than one e-mail address. Keep one here and move the others to a column of their own."
                )
                % value
            )
        return _("%(value)s is not an e-mail address: it has more than one @.") % value
    if not name or not domain:
        return (
            _("%(value)s is not an e-mail address: nothing stands before the @.")
            if not name
            else _("%(value)s is not an e-mail address: nothing stands after the @.")
        ) % value
    if " " in text:
        return _("%(value)s is not an e-mail address: it has a blank inside.") % value
    if "." not in domain.strip("."):
        return _("%(value)s is not an e-mail address: the part after the @ has no ending such as .com.") % value
    if len(text) > 254 or len(name) > 64:
        return _("%(value)s is not an e-mail address: it is too long.") % value
    return _("%(value)s is not an e-mail address. Check for stray dots and signs.") % value


def written_phone(text: str) -> str | None:
    """A number that is in E.164 already; None for any other, which takes longer."""
    return normalised_phone(text) if text[:1] == "+" and text[1:].isdecimal() else None


def parse_phone(cell: Any, region: str = "") -> str:
    """The number in E.164. An extension is refused, because E.164 has no place for it and dropping it would lose data."""
    text = text_of(cell).strip()
    if not text.lstrip("+").isdigit() and (matched := _EXTENSION.fullmatch(text)):
        bare = normalised_phone(matched[1], region)
        if bare:
            raise BadValue(
                _("%(value)s has an extension. Write %(bare)s here and keep the extension in a field of its own.")
                % {"value": shown(text), "bare": bare}
            )
    number = normalised_phone(text, region)
    if number:
        return number
    value = {"value": shown(text)}
    digits = re.sub(r"\D", "", text)
    if len(digits) < 4:
        raise BadValue(_("%(value)s is not a phone number.") % value)
    if text.startswith("00") and (number := normalised_phone(f"+{digits[2:]}")):
        return number
    # A spreadsheet that takes +49 151 … for a number drops the plus.
    if not isinstance(cell, str) and not region and (number := normalised_phone(f"+{digits}")):
        return number
    if not text.startswith("+") and not region:
        raise BadValue(
            _("%(value)s has no country code. Write it as +31 20 555 0100, or choose a country for this column.")
            % value
        )
    raise BadValue(_("%(value)s is not a possible phone number: it may lack or repeat digits.") % value)


def parse_url(cell: Any) -> str:
    """A web address with its scheme; https:// is added to a bare one."""
    text = clean_text(cell, limit=LENGTHS[FieldKind.URL]) or ""
    scheme, colon, rest = text.partition("://")
    if not colon:
        if re.match(r"[a-z][a-z0-9+.-]*:(?!\d)", text, re.IGNORECASE):
            raise BadValue(
                _("%(value)s is not a web address: it must begin with https:// or http://.") % {"value": shown(text)}
            )
        scheme, rest = "https", text.lstrip("/")
    if scheme.lower() not in ("http", "https"):
        raise BadValue(
            _("%(value)s is not a web address: it must begin with https:// or http://.") % {"value": shown(text)}
        )
    host = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    if " " in text or not (
        _HOST.fullmatch(host)
        or re.fullmatch(r"localhost(:\d+)?|\d{1,3}(\.\d{1,3}){3}(:\d+)?|\[[0-9a-f:]+\](:\d+)?", host, re.IGNORECASE)
    ):
        raise BadValue(_("%(value)s is not a web address. Write it as https://example.org.") % {"value": shown(text)})
    return f"{scheme.lower()}://{rest}"
