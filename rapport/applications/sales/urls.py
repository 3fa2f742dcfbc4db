"""Pages of sales. Deals have the pages every record has, with panels from here."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from rapport.applications.sales.views import panels
from rapport.foundation.records.views import lists

app_name = "sales"
urlpatterns: list[URLPattern | URLResolver] = [
    path("deals/", lists.show, {"page": "deals"}, name="deals"),
    path("customers/<uuid:customer_id>/deals", panels.customer_deals_page, name="customer-deals"),
]
