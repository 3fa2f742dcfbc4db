"""Pages of sales. Deals have the pages every record has, with panels from here."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from rapport.applications.sales.views import board, deals, panels
from rapport.foundation.records.views import lists

app_name = "sales"
urlpatterns: list[URLPattern | URLResolver] = [
    path("deals/", lists.show, {"page": "deals"}, name="deals"),
    path("board/", board.show, name="board"),
    path("board/<slug:stage>", board.more, name="board-column"),
    path("deals/new", deals.new, name="deal-new"),
    path("deals/<uuid:deal_id>/move", board.move, name="deal-move"),
    path("customers/<uuid:customer_id>/deals", panels.customer_deals_page, name="customer-deals"),
]
