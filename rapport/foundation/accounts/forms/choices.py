"""Languages, time zones, currencies and countries on offer, under the names that people of the active language use."""

from __future__ import annotations

import zoneinfo
from functools import cache

from babel import Locale
from babel.core import get_global
from django.conf import settings
from django.utils import translation

_NO_COUNTRIES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})


def languages() -> list[tuple[str, str]]:
    """Each language under its own name."""
    return [
        (code, translation.get_language_info(code)["name_local"].capitalize()) for code, _name in settings.LANGUAGES
    ]


@cache
def timezones() -> list[tuple[str, str]]:
    """UTC and every zone named after a place, such as Europe/Amsterdam."""
    names = sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/"))
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names)]


def currencies() -> list[tuple[str, str]]:
    """Those that are money somewhere today."""
    return _currencies(translation.get_language() or "en")


def countries() -> list[tuple[str, str]]:
    return _countries(translation.get_language() or "en")


@cache
def _currencies(language: str) -> list[tuple[str, str]]:
    names = _locale(language).currencies
    current = {
        code
        for uses in get_global("territory_currencies").values()
        for code, _start, end, is_tender in uses
        if end is None and is_tender
    }
    return [(code, f"{code} · {names[code]}") for code in sorted(current) if code in names]


@cache
def _countries(language: str) -> list[tuple[str, str]]:
    names = _locale(language).territories
    codes = (str(code) for code in names)
    kept = (code for code in codes if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES)
    return sorted(((code, str(names[code])) for code in kept), key=lambda each: each[1])


def _locale(language: str) -> Locale:
    return Locale.parse(language, sep="-")
