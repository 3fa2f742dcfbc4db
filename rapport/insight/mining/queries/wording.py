"""Numbers and days as the reader's language writes them, for sentences of rules."""

from __future__ import annotations

from datetime import date, datetime

from babel.dates import format_date

from rapport.foundation.ui import formats


class _Wording:
    def number(self, value: float) -> str:
        return formats.number(value)

    def percent(self, share: float) -> str:
        return formats.percent(share)

    def money(self, amount: float, currency: str) -> str:
        return formats.short_money(round(amount), currency)

    def month(self, iso: str) -> str:
        return str(format_date(date.fromisoformat(iso[:10]), "MMMM yyyy", locale=formats.locale()))

    def day(self, iso: str) -> str:
        return formats.long_date(formats.local(datetime.fromisoformat(iso)).date())


WORDING = _Wording()
