"""Pages of scorecards."""

from __future__ import annotations

from django.urls import path

from rapport.insight.scorecards.views import scorecard

app_name = "scorecards"
urlpatterns = [
    path("scorecard/", scorecard.show, name="scorecard"),
    path("scorecard/refresh", scorecard.refresh, name="refresh"),
    path("scorecard/wires/<slug:wire>", scorecard.wire, name="wire"),
    path("scorecard/wires/<slug:wire>/customers", scorecard.trips, name="trips"),
]
