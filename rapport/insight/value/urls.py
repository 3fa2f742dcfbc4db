"""Pages of value."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

app_name = "value"
urlpatterns: list[URLPattern | URLResolver] = []
