"""Countries, languages and time zones as files write them, to the codes that are stored."""

from __future__ import annotations

from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import phonenumbers
from django.utils.translation import gettext as _

from rapport.foundation.records.rules.codec import BadValue
from rapport.foundation.records.rules.dates import shown
from rapport.foundation.records.rules.texts import text_of

# Besides the names in many languages that the phone library knows.
_OTHER_NAMES = {
    "uk": "GB", "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "northern ireland": "GB",
    "usa": "US", "u.s.a.": "US", "u.s.": "US", "united states of america": "US", "america": "US", "amerika": "US",
    "holland": "NL", "the netherlands": "NL", "korea": "KR", "south korea": "KR", "north korea": "KP",
    "russian federation": "RU", "czech republic": "CZ", "czechia": "CZ", "tschechien": "CZ", "ivory coast": "CI",
    "uae": "AE", "viet nam": "VN", "burma": "MM", "swaziland": "SZ", "macedonia": "MK", "turkey": "TR",
    "republic of ireland": "IE", "hong kong": "HK", "taiwan": "TW", "macau": "MO", "palestine": "PS", "kosovo": "XK",
    "iran": "IR", "syria": "SY", "bolivia": "BO", "venezuela": "VE", "tanzania": "TZ", "moldova": "MD", "laos": "LA",
}  # fmt: skip
_ALPHA_3 = {
    "ARE": "AE", "ARG": "AR", "AUT": "AT", "AUS": "AU", "BEL": "BE", "BGR": "BG", "BRA": "BR", "CAN": "CA", "CHE": "CH",
    "CHL": "CL", "CHN": "CN", "COL": "CO", "CZE": "CZ", "DEU": "DE", "DNK": "DK", "EGY": "EG", "ESP": "ES", "EST": "EE",
    "FIN": "FI", "FRA": "FR", "GBR": "GB", "GRC": "GR", "HKG": "HK", "HRV": "HR", "HUN": "HU", "IDN": "ID", "IND": "IN",
    "IRL": "IE", "ISL": "IS", "ISR": "IL", "ITA": "IT", "JPN": "JP", "KOR": "KR", "LTU": "LT", "LUX": "LU", "LVA": "LV",
    "MEX": "MX", "MYS": "MY", "NLD": "NL", "NOR": "NO", "NZL": "NZ", "POL": "PL", "PRT": "PT", "ROU": "RO", "RUS": "RU",
    "SAU": "SA", "SGP": "SG", "SRB": "RS", "SVK": "SK", "SVN": "SI", "SWE": "SE", "THA": "TH", "TUR": "TR", "TWN": "TW",
    "UKR": "UA", "USA": "US", "VNM": "VN", "ZAF": "ZA",
}  # fmt: skip
_LANGUAGES = {
    "english": "en", "englisch": "en", "anglais": "en", "german": "de", "deutsch": "de", "allemand": "de",
    "french": "fr", "französisch": "fr", "français": "fr", "francais": "fr", "spanish": "es", "spanisch": "es",
    "español": "es", "espanol": "es", "italian": "it", "italienisch": "it", "italiano": "it", "dutch": "nl",
    "niederländisch": "nl", "nederlands": "nl", "portuguese": "pt", "portugiesisch": "pt", "português": "pt",
    "polish": "pl", "polnisch": "pl", "polski": "pl", "turkish": "tr", "türkisch": "tr", "türkçe": "tr",
    "arabic": "ar", "arabisch": "ar", "العربية": "ar", "russian": "ru", "russisch": "ru", "русский": "ru",
    "swedish": "sv", "schwedisch": "sv", "svenska": "sv", "danish": "da", "dänisch": "da", "dansk": "da",
    "norwegian": "no", "norwegisch": "no", "norsk": "no", "finnish": "fi", "finnisch": "fi", "suomi": "fi",
    "czech": "cs", "tschechisch": "cs", "čeština": "cs", "hungarian": "hu", "ungarisch": "hu", "magyar": "hu",
    "greek": "el", "griechisch": "el", "ελληνικά": "el", "japanese": "ja", "japanisch": "ja", "日本語": "ja",
    "chinese": "zh", "chinesisch": "zh", "中文": "zh", "korean": "ko", "koreanisch": "ko", "한국어": "ko",
    "ukrainian": "uk", "ukrainisch": "uk", "українська": "uk", "romanian": "ro", "rumänisch": "ro", "română": "ro",
    "hebrew": "he", "hebräisch": "he", "עברית": "he", "hindi": "hi", "हिन्दी": "hi",
}  # fmt: skip


def parse_country(cell: Any) -> str:
    """The two letters of a country given by code or by its name in any of many languages."""
    text = " ".join(text_of(cell).split())
    if len(text) == 2 and text.isascii() and text.isalpha():
        code = text.upper()
        return {"UK": "GB", "EL": "GR"}.get(code, code)
    found = _ALPHA_3.get(text.upper()) or _names().get(text.casefold())
    if found is None:
        raise BadValue(
            _("%(value)s is not a country that is known here. Write its two letters, such as NL.")
            % {"value": shown(text)}
        )
    return found


def parse_language(cell: Any) -> str:
    """A language tag such as de or pt-BR, also from a name or from de_DE.utf8."""
    text = " ".join(text_of(cell).split())
    if found := _LANGUAGES.get(text.casefold()):
        return found
    language, _sep, region = text.split(".")[0].replace("_", "-").partition("-")
    if (
        2 <= len(language) <= 3
        and language.isascii()
        and language.isalpha()
        and (not region or (region.isascii() and region.isalnum() and len(region) <= 4))
    ):
        return f"{language.lower()}-{region.upper() if len(region) == 2 else region}" if region else language.lower()
    raise BadValue(
        _("%(value)s is not a language that is known here. Write its code, such as de or pt-BR.")
        % {"value": shown(text)}
    )


def parse_timezone(cell: Any) -> str:
    """A zone of the IANA database; blanks and case are forgiven."""
    text = text_of(cell).strip().replace(" ", "_")
    found = _zones().get(text.casefold())
    if found is None:
        raise BadValue(_("%(value)s is not a time zone. Write it as Europe/Amsterdam.") % {"value": shown(text)})
    return found


def _country_names() -> dict[str, dict[str, str]]:
    """Country codes to their names by language. The file is read past its package, whose import loads the name of every
    dialling area in the world: four seconds of processor time and the memory for it, in every process."""
    path = Path(phonenumbers.__file__).parent / "geodata" / "locale.py"
    spec = spec_from_file_location("phonenumbers.geodata.locale", path)
    if spec is None or spec.loader is None:
        return {}
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    names: dict[str, dict[str, str]] = module.LOCALE_DATA
    return names


@cache
def _names() -> dict[str, str]:
    names: dict[str, str] = {}
    for code, by_language in _country_names().items():
        for written in by_language.values():
            # A value that begins with * stands for "as in that language".
            if written and not written.startswith("*"):
                names.setdefault(written.casefold(), code)
    return names | _OTHER_NAMES


@cache
def _zones() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones()}
