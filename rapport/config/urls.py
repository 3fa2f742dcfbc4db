"""Pages outside workspaces: account, API, beacon, health."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("rapport.foundation.accounts.urls")),
    path("", include("rapport.foundation.ui.public_urls")),
    path("", include("rapport.integrations.api.urls")),
    path("account/", include("allauth.urls")),
]

handler400 = "rapport.foundation.ui.views.errors.bad_request"
handler403 = "rapport.foundation.ui.views.errors.not_allowed"
handler404 = "rapport.foundation.ui.views.errors.not_found"
handler500 = "rapport.foundation.ui.views.errors.server_error"
