"""Numbers and money as people and spreadsheets write them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from django.utils.translation import gettext as _

from rapport.foundation.records.rules.codec import BadValue
from rapport.foundation.records.rules.dates import shown

_PLAIN = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,9})?")
_EXPONENT = re.compile(r"[+-]?\d(?:\.\d{1,15})?[eE][+-]?\d{1,2}")
_SPACES = re.compile(r"[\s\u00a0\u2007\u202f'’]")
_LARGEST = Decimal(10) ** 15
_PLACES = 9

# A dollar or crown sign says less than it seems: it is read as the default currency when that one uses the sign.
_SYMBOLS = {
    "€": "EUR", "£": "GBP", "₹": "INR", "₽": "RUB", "₩": "KRW", "₺": "TRY", "₴": "UAH", "₪": "ILS", "₫": "VND",
    "₱": "PHP", "₦": "NGN", "₸": "KZT", "฿": "THB", "US$": "USD", "R$": "BRL", "A$": "AUD", "AU$": "AUD", "C$": "CAD",
    "CA$": "CAD", "NZ$": "NZD", "HK$": "HKD", "S$": "SGD", "MX$": "MXN", "NT$": "TWD", "zł": "PLN", "Kč": "CZK",
    "Ft": "HUF", "лв": "BGN", "Fr.": "CHF", "Fr": "CHF", "SFr.": "CHF", "kr.": "DKK",
}  # fmt: skip
_SHARED = {
    "$": ("USD", frozenset(["USD", "AUD", "CAD", "NZD", "HKD", "SGD", "MXN", "TWD", "ARS", "CLP", "COP"])),
    "¥": ("JPY", frozenset(["JPY", "CNY"])),
    "kr": ("", frozenset(["SEK", "NOK", "DKK", "ISK"])),
    "Kr": ("", frozenset(["SEK", "NOK", "DKK", "ISK"])),
    "R": ("ZAR", frozenset({"ZAR"})),
}
_MONEY = re.compile(r"(?P<before>\D*?)(?P<number>[.,]?\d[\d.,'’\s]*)(?P<after>\D*)")
_NO_MINOR = frozenset(
    ["JPY", "KRW", "CLP", "VND", "ISK", "PYG", "UGX", "XAF", "XOF", "XPF", "RWF", "DJF", "GNF", "KMF", "BIF", "VUV"]
)


def parse_number(raw: object, decimal: str = ".") -> Decimal:
    """The exact number of a cell; thousands may be grouped by the other mark, blanks or apostrophes."""
    if isinstance(raw, bool):
        raise BadValue(_("%(value)s is not a number.") % {"value": shown(raw)})
    if isinstance(raw, int | float | Decimal):
        number = Decimal(str(raw))
        # A column of decimals in a Parquet file gives all of them the same number of places.
        return _within_limits(Decimal(format(number.normalize(), "f")) if number.is_finite() else number, raw)
    text = str(raw)
    if decimal == "." and _PLAIN.fullmatch(text):
        return _within_limits(Decimal(text), text)
    bare, negative = _unsigned(text)
    if _EXPONENT.fullmatch(text):
        return _within_limits(Decimal(text), text)
    if bare.endswith("%"):
        raise BadValue(
            _("%(value)s is not a plain number. Write it without the percent sign.") % {"value": shown(text)}
        )
    group = "," if decimal == "." else "."
    whole, point, fraction = bare.partition(decimal)
    grouped = rf"\d*|\d{{1,3}}(?:{re.escape(group)}\d{{2,3}})*{re.escape(group)}\d{{3}}"
    if not re.fullmatch(r"\d*", fraction) or not re.fullmatch(grouped, whole):
        raise BadValue(_why_not(text, bare, decimal))
    digits = whole.replace(group, "")
    if not digits and not fraction:
        raise BadValue(_("%(value)s is not a number.") % {"value": shown(text)})
    number = Decimal(f"{digits or '0'}.{fraction or '0'}") if point else Decimal(digits)
    return _within_limits(-number if negative else number, text)


def parse_money(raw: object, decimal: str = ".", currency: str = "") -> dict[str, str]:
    """An amount with its currency, in the form the codec stores; a bare number is in the default currency."""
    if isinstance(raw, int | float | Decimal) and not isinstance(raw, bool):
        return _money(parse_number(raw), currency, raw)
    text = str(raw).strip()
    matched = _MONEY.fullmatch(text)
    if not matched:
        raise BadValue(_("%(value)s is not an amount of money. Write it as 12.50 EUR.") % {"value": shown(text)})
    before, after, number = matched["before"], matched["after"], matched["number"].strip()
    if number[-1] in ".," and after[:1] in ("-", "–"):  # 12,- is a round sum, not a debt
        number, after = number[:-1], after[1:]
    negative = any(mark in before for mark in "-−(") or after.strip()[:1] in ("-", "−")
    signs = [sign for side in (before, after) if (sign := re.sub(r"[-−+()\s]", "", side))]
    codes = list(dict.fromkeys(_currency_of(sign, currency, text) for sign in signs[::-1]))
    if len(codes) == 2 and currency_code(signs[0], codes[0]) != codes[0]:
        raise BadValue(_("%(value)s names two currencies. Keep one.") % {"value": shown(text)})
    amount = parse_number(number, decimal)
    return _money(-amount if negative else amount, codes[0] if codes else currency, text)


def detect_decimal(samples: Iterable[str]) -> tuple[str, bool]:
    """The decimal mark of a column, and whether that is certain (1,234 alone is not)."""
    comma = point = unsure = 0
    for text in samples:
        bare = re.sub(r"[^\d.,]", "", text)
        commas, points = bare.count(","), bare.count(".")
        if commas and points:
            comma += bare.rfind(",") > bare.rfind(".")
            point += bare.rfind(".") > bare.rfind(",")
        elif commas > 1 or points > 1:
            point += commas > 1
            comma += points > 1
        elif commas or points:
            mark = "," if commas else "."
            before, after = bare.split(mark)
            grouping = len(after) == 3 and 1 <= len(before) <= 3 and before != "0"
            unsure += grouping
            comma += commas and not grouping
            point += points and not grouping
    if comma > point:
        return ",", True
    return ".", bool(point) or not unsure


def currency_code(text: str, default: str = "") -> str | None:
    """The ISO code that a symbol or code stands for."""
    if text in _SYMBOLS:
        return _SYMBOLS[text]
    if text in _SHARED:
        usual, possible = _SHARED[text]
        return default if default in possible else usual or None
    return text.upper() if re.fullmatch(r"[A-Za-z]{3}", text) else None


def _currency_of(sign: str, default: str, whole: str) -> str:
    code = currency_code(sign, default)
    if code is None:
        raise BadValue(
            _("%(value)s: %(sign)s is not a currency. Write a three-letter code such as EUR.")
            % {"value": shown(whole), "sign": shown(sign)}
        )
    return code


def _money(amount: Decimal, currency: str, whole: object) -> dict[str, str]:
    if not currency:
        raise BadValue(
            _("%(value)s has no currency. Write it as 12.50 EUR, or choose a currency for this column.")
            % {"value": shown(whole)}
        )
    places = 0 if currency in _NO_MINOR else 2
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and -exponent < places:
        amount = amount.quantize(Decimal(1).scaleb(-places))
    return {"amount": format(amount, "f"), "currency": currency}


def _unsigned(text: str) -> tuple[str, bool]:
    """The digits and marks without white space and sign, and whether the sign was minus."""
    bare = _SPACES.sub("", text)
    if bare.startswith("(") and bare.endswith(")"):
        return bare[1:-1], True
    if bare[:1] in ("-", "−", "+"):
        return bare[1:], bare[0] != "+"
    if bare[-1:] in ("-", "−") and len(bare) > 1:
        return bare[:-1], True
    return bare, False


def _within_limits(number: Decimal, raw: object) -> Decimal:
    if not number.is_finite():
        raise BadValue(_("%(value)s is not a number.") % {"value": shown(raw)})
    if abs(number) >= _LARGEST:
        raise BadValue(
            _("%(value)s is too large: a number may have 15 digits before its decimal mark.") % {"value": shown(raw)}
        )
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent > 0:  # 1e5
        return number.quantize(Decimal(1))
    if isinstance(exponent, int) and -exponent > _PLACES:  # a spreadsheet's 0.1 + 0.2
        return Decimal(format(round(number, _PLACES).normalize(), "f"))
    return number


def _why_not(text: str, bare: str, decimal: str) -> str:
    other = "," if decimal == "." else "."
    if re.fullmatch(rf"\d+{re.escape(other)}\d+", bare):
        mended = bare.replace(other, decimal)
        return _("%(value)s is not a number here, where %(mark)s is the decimal mark. Write %(mended)s, or change the mark for this column.") % {
            "value": shown(text), "mark": f"“{decimal}”", "mended": mended,
        }  # fmt: skip
    return _("%(value)s is not a number.") % {"value": shown(text)}
