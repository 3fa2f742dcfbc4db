"""Pages of scorecards."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

app_name = "scorecards"
urlpatterns: list[URLPattern | URLResolver] = []
