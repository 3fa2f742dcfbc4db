"""Pages of mining."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

app_name = "mining"
urlpatterns: list[URLPattern | URLResolver] = []
