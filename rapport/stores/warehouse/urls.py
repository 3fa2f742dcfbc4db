"""Pages of the warehouse."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from rapport.stores.warehouse.views import warehouse

app_name = "warehouse"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", warehouse.show, name="show"),
    path("write/", warehouse.write, name="write"),
    path("rebuild/", warehouse.rebuild, name="rebuild"),
]
