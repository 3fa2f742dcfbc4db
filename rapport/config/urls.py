"""Pages outside workspaces: account, API, beacon, health."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("rapport.foundation.accounts.urls")),
    path("account/", include("allauth.urls")),
]
