"""Pages of commerce. Products, orders and subscriptions have the pages every record has, with panels from here."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from rapport.foundation.records.views import lists
from rapport.stores.commerce.views import orders, panels, settings, subscriptions

app_name = "commerce"
urlpatterns: list[URLPattern | URLResolver] = [
    path("products/", lists.show, {"page": "products"}, name="products"),
    path("orders/", lists.show, {"page": "orders"}, name="orders"),
    path("orders/new", orders.new, name="order-new"),
    path("orders/unread", orders.unread, name="unread"),
    path("orders/<uuid:order_id>/edit", orders.edit, name="order-edit"),
    path("orders/<uuid:order_id>/<slug:slug>", orders.act, name="order-act"),
    path("customers/<uuid:customer_id>/orders", panels.customer_orders_page, name="customer-orders"),
    path("subscriptions/", lists.show, {"page": "subscriptions"}, name="subscriptions"),
    path("subscriptions/new", subscriptions.new, name="subscription-new"),
    path("subscriptions/<uuid:subscription_id>/renew", subscriptions.act, {"slug": "renew"}, name="subscription-renew"),
    path("subscriptions/<uuid:subscription_id>/end", subscriptions.act, {"slug": "end"}, name="subscription-end"),
    path(
        "subscriptions/<uuid:subscription_id>/pause", subscriptions.hold, {"slug": "pause"}, name="subscription-pause"
    ),
    path(
        "subscriptions/<uuid:subscription_id>/resume",
        subscriptions.hold,
        {"slug": "resume"},
        name="subscription-resume",
    ),
    path("rates/", settings.rates, name="rates"),
    path("rates/<uuid:rate_id>/remove", settings.remove_rate, name="rate-remove"),
    path("costs/", settings.costs, name="costs"),
    path("costs/<uuid:cost_id>/remove", settings.remove_cost, name="cost-remove"),
    path("price-lists/", settings.lists, name="price-lists"),
    path("price-lists/<uuid:list_id>/", settings.one_list, name="price-list"),
    path("price-lists/<uuid:list_id>/remove", settings.remove_list, name="price-list-remove"),
    path("price-lists/<uuid:list_id>/prices/<uuid:price_id>/remove", settings.remove_price, name="price-remove"),
]
