"""Pages of a workspace. Each is reached under /w/<slug>/, which EnterWorkspace takes off before this is asked."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("rapport.foundation.workspace.urls")),
]
