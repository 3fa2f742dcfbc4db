"""Pages outside workspaces: what customers open without an account."""

from __future__ import annotations

from django.urls import path

from rapport.touchpoints.permission.views import preferences

app_name = "permission_public"
urlpatterns = [
    path("p/<str:token>/", preferences.choices, name="preferences"),
    path("p/<str:token>/unsubscribe", preferences.unsubscribe, name="unsubscribe"),
    path("p/<str:token>/confirm", preferences.confirm, name="confirm"),
]
