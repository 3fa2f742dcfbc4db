"""Pages of commerce."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from rapport.foundation.records.views import lists

app_name = "commerce"
urlpatterns: list[URLPattern | URLResolver] = [
    path("products/", lists.show, {"page": "products"}, name="products"),
    path("orders/", lists.show, {"page": "orders"}, name="orders"),
    path("subscriptions/", lists.show, {"page": "subscriptions"}, name="subscriptions"),
]
