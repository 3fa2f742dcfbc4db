"""Pages of a workspace. Each is reached under /w/<slug>/, which EnterWorkspace takes off before this is asked."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("rapport.foundation.workspace.urls")),
    path("", include("rapport.demo.urls")),
    path("", include("rapport.foundation.ui.urls")),
    path("records/", include("rapport.foundation.records.urls")),
    path("customers/", include("rapport.stores.customers.urls")),
    path("", include("rapport.stores.ledger.urls")),
    path("commerce/", include("rapport.stores.commerce.urls")),
    path("warehouse/", include("rapport.stores.warehouse.urls")),
    path("", include("rapport.touchpoints.permission.urls")),
    path("", include("rapport.touchpoints.channels.email.urls")),
    path("", include("rapport.touchpoints.conversations.urls")),
    path("sales/", include("rapport.applications.sales.urls")),
    path("insight/", include("rapport.insight.value.urls")),
    path("insight/", include("rapport.insight.mining.urls")),
    path("insight/", include("rapport.insight.scorecards.urls")),
]

handler400 = "rapport.foundation.ui.views.errors.bad_request"
handler403 = "rapport.foundation.ui.views.errors.not_allowed"
handler404 = "rapport.foundation.ui.views.errors.not_found"
handler500 = "rapport.foundation.ui.views.errors.server_error"
