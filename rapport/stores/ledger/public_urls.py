"""Paths outside workspaces: what machines send to."""

from __future__ import annotations

from django.urls import path

from rapport.stores.ledger.views import beacon

app_name = "ledger_public"
urlpatterns = [
    path("b/beacon.js", beacon.script, name="beacon-script"),
    path("b/<str:key>", beacon.collect, name="beacon"),
]
