"""Pages of the shell outside workspaces."""

from __future__ import annotations

from django.urls import path

from rapport.foundation.ui.views import preferences

app_name = "ui"
urlpatterns = [
    path("appearance", preferences.appearance, name="appearance"),
    path("language", preferences.language, name="language"),
]
