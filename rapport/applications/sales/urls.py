"""Pages of sales. Deals have the pages every record has, with panels from here."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from rapport.applications.sales.views import board, deal_pages, deals, panels, pipelines
from rapport.foundation.records.views import lists

app_name = "sales"
urlpatterns: list[URLPattern | URLResolver] = [
    path("deals/", lists.show, {"page": "deals"}, name="deals"),
    path("board/", board.show, name="board"),
    path("board/<slug:stage>", board.more, name="board-column"),
    path("deals/new", deals.new, name="deal-new"),
    path("deals/<uuid:deal_id>/move", board.move, name="deal-move"),
    path("deals/<uuid:deal_id>/step", deal_pages.step, name="deal-step"),
    path("deals/<uuid:deal_id>/approve", deal_pages.approve, name="deal-approve"),
    path("deals/<uuid:deal_id>/people", deal_pages.person, name="deal-person"),
    path("deals/<uuid:deal_id>/people/<uuid:person_id>/remove", deal_pages.remove_person, name="deal-person-remove"),
    path("pipelines/", pipelines.show, name="pipelines"),
    path("pipelines/new", pipelines.pipeline, name="pipeline-new"),
    path("pipelines/<slug:key>", pipelines.pipeline, name="pipeline"),
    path("pipelines/<slug:pipeline>/stages/new", pipelines.stage, name="stage-new"),
    path("pipelines/<slug:pipeline>/stages/<slug:key>", pipelines.stage, name="stage"),
    path("stages/<slug:key>/order", pipelines.order, name="stage-order"),
    path("stages/<slug:key>/retire", pipelines.retire, name="stage-retire"),
    path("stages/<slug:key>/reinstate", pipelines.reinstate, name="stage-reinstate"),
    path("customers/<uuid:customer_id>/deals", panels.customer_deals_page, name="customer-deals"),
]
