"""How value is worked out here."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from rapport.insight.value.models import ValueSettings


@dataclass(frozen=True, kw_only=True)
class ValueRules:
    """The settings of insight, as numbers."""

    business: str = "shop"
    period: str = "year"
    margin_rate: float = 0.35  # of an order that carries no costs
    discount_rate: float = 0.10  # a year
    horizon_months: int = 36
    platinum_percent: int = 5
    gold_percent: int = 20
    silver_percent: int = 50

    @property
    def tier_shares(self) -> tuple[float, float, float]:
        return self.platinum_percent / 100, self.gold_percent / 100, self.silver_percent / 100

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def current() -> ValueRules:
    """One small query."""
    row = settings_row()
    return ValueRules(
        business=row.business,
        period=row.period,
        margin_rate=float(row.margin_rate),
        discount_rate=float(row.discount_rate),
        horizon_months=row.horizon_months,
        platinum_percent=row.platinum_percent,
        gold_percent=row.gold_percent,
        silver_percent=row.silver_percent,
    )


def settings_row() -> ValueSettings:
    """The row, or one with the defaults that is not stored yet."""
    return ValueSettings.objects.filter(pk=1).first() or ValueSettings()


def margin_rate() -> float:
    return current().margin_rate
