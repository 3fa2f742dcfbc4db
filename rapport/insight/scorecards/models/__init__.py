from rapport.insight.scorecards.models.lines import Line, PairLine
from rapport.insight.scorecards.models.trips import Trip, WireSetting

__all__ = ["Line", "PairLine", "Trip", "WireSetting"]
