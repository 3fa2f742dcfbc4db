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
from rapport.insight.value.models.fits import FitState, ModelFit, ValueSettings

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
    "FitState",
    "ModelFit",
    "ValueSettings",
]
