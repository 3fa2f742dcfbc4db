"""Numbers and days as the reader's language writes them, for sentences of rules."""

from __future__ import annotations

from datetime import date, datetime

from babel.dates import format_date
from babel.numbers import format_percent

from rapport.foundation.ui import formats


class _Wording:
    def number(self, value: float) -> str:
        return formats.number(value)

    def percent(self, share: float) -> str:
        return formats.percent(share)

    def fine_percent(self, share: float) -> str:
        """With a decimal, for shares of a few in a thousand."""
        return str(format_percent(round(share, 3), decimal_quantization=False, locale=formats.locale()))

    def money(self, amount: float, currency: str) -> str:
        return formats.short_money(round(amount), currency)

    def month(self, iso: str) -> str:
        return str(format_date(date.fromisoformat(iso[:10]), "MMMM yyyy", locale=formats.locale()))

    def day(self, iso: str) -> str:
        return formats.long_date(formats.local(datetime.fromisoformat(iso)).date())


WORDING = _Wording()
