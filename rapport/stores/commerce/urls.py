"""Pages of commerce."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

app_name = "commerce"
urlpatterns: list[URLPattern | URLResolver] = []
