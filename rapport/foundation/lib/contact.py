"""Normal forms of e-mail addresses and phone numbers: what identities are compared by."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers
from email_validator import EmailNotValidError, validate_email

# Most addresses are plain; the library is asked only for the rest (quoted parts, international domains).
_PLAIN_EMAIL = re.compile(r"[A-Za-z0-9_%+-]+(?:\.[A-Za-z0-9_%+-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}")


def normalised_email(text: str) -> str | None:
    """Lower case, international domains in ASCII; None when it is no address."""
    value = text.strip()
    if len(value) <= 254 and len(value.partition("@")[0]) <= 64 and _PLAIN_EMAIL.fullmatch(value):
        return value.lower()
    try:
        checked = validate_email(value, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    return (checked.ascii_email or checked.normalized).lower()


@lru_cache(maxsize=100_000)
def normalised_phone(text: str, region: str = "") -> str | None:
    """E.164, such as +31205550100; None when it can't be a number. `region` (ISO country) reads national forms."""
    try:
        parsed = phonenumbers.parse(text, region.upper() or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(maxsize=20_000)
def readable_phone(e164: str) -> str:
    """The number as people write it: +31 20 555 0100."""
    try:
        parsed = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return e164
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
