"""Normal forms of e-mail addresses and phone numbers: what identities are compared by."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import phonenumbers
from email_validator import EmailNotValidError, validate_email

# Most addresses are plain; the library is asked only for the rest (quoted parts, international domains).
_PLAIN_EMAIL = re.compile(
    r"[A-Za-z0-9_%+-]+(?:\.[A-Za-z0-9_%+-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}"
)


_PLAIN_EMAILS = re.compile(f"^{_PLAIN_EMAIL.pattern}$", re.MULTILINE)
_WRITTEN_PHONES = re.compile(r"^\+[0-9]{4,15}$", re.MULTILINE)


def plain_emails(cells: Sequence[str]) -> list[str] | None:
    """The addresses in their normal form, if each is plain or empty; else None, and they are to be read one by one."""
    joined = "\n".join(cells)
    # A short one has no part that is too long.
    if joined.count("\n") != len(cells) - 1 or max(map(len, cells)) > 64:
        return None
    if len(_PLAIN_EMAILS.findall(joined)) != len(cells) - cells.count(""):
        return None
    return joined.lower().split("\n")


def written_phones(cells: Sequence[str]) -> list[str] | None:
    """The numbers as they are, if each is in E.164 already or empty; else None, and they are to be read one by one."""
    joined = "\n".join(cells)
    if joined.count("\n") != len(cells) - 1:
        return None
    if len(_WRITTEN_PHONES.findall(joined)) != len(cells) - cells.count(""):
        return None
    plans: dict[str, tuple[frozenset[int], re.Pattern[str] | None, int] | None] = {}
    for cell in filter(None, cells):
        start = cell[1:4]
        if start not in plans:
            plans[start] = _plan_by_start(start)
        plan = plans[start]
        if not plan:
            return None
        lengths, prefix, size = plan
        if len(cell) not in lengths or (prefix and prefix.match(cell, size)):
            return None
    return list(cells)


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


def normalised_phone(text: str, region: str = "") -> str | None:
    """E.164, such as +31205550100; None when it can't be a number. `region` (ISO country) reads national forms.

    The library takes twenty times as long, which tells in imports; so a number that is in E.164 already is checked here
    against the same numbering plan: its length, and that no national prefix would have to be taken off its front.
    """
    if text[:1] == "+" and len(text) < 17 and text[1:].isdigit() and text.isascii() and _stands_as_it_is(text[1:]):
        return text
    return _read_phone(text, region)


def _stands_as_it_is(digits: str) -> bool:
    for size in (2, 3, 1):  # calling codes are prefix-free
        plan = _plan(digits[:size])
        if plan:
            lengths, prefix = plan
            return len(digits) - size in lengths and not (prefix and prefix.match(digits, size))
    return False


def _plan_by_start(digits: str) -> tuple[frozenset[int], re.Pattern[str] | None, int] | None:
    """As `_plan`, by the first three digits: lengths with plus and calling code, and where the national number begins."""
    for size in (2, 3, 1):
        plan = _plan(digits[:size])
        if plan:
            lengths, prefix = plan
            return frozenset(length + size + 1 for length in lengths), prefix, size + 1
    return None


@lru_cache(maxsize=2048)
def _plan(calling_code: str) -> tuple[frozenset[int], re.Pattern[str] | None] | None:
    """Possible lengths of a country's national numbers, and what the library takes off their front."""
    region = phonenumbers.region_code_for_country_code(int(calling_code))
    if calling_code.startswith("0") or region == "ZZ":
        return None
    world = region == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY
    if world:
        metadata = phonenumbers.PhoneMetadata.metadata_for_nongeo_region(int(calling_code))
    else:
        metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    if metadata is None or metadata.general_desc is None:
        return None
    prefix = metadata.national_prefix_for_parsing
    return frozenset(metadata.general_desc.possible_length), re.compile(prefix) if prefix else None


@lru_cache(maxsize=20_000)
def _read_phone(text: str, region: str) -> str | None:
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
