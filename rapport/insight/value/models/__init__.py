from rapport.insight.value.models.drivers import DriverResult, DriverStudy
from rapport.insight.value.models.equity import (
    EquityComparison,
    EquityEntry,
    EquityPart,
    EquityPosition,
    EquityReport,
    EquityRun,
    EquityView,
)

__all__ = [
    "DriverResult",
    "DriverStudy",
    "EquityComparison",
    "EquityEntry",
    "EquityPart",
    "EquityPosition",
    "EquityReport",
    "EquityRun",
    "EquityView",
]
