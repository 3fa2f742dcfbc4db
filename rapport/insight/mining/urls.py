"""Pages of mining."""

from __future__ import annotations

from django.urls import path

from rapport.insight.mining.views import answers, funnels, patterns, tables

app_name = "mining"
urlpatterns = [
    path("patterns/", patterns.show, name="patterns"),
    path("patterns/find/", patterns.find, name="find-patterns"),
    path("patterns/<uuid:pattern_id>/view/", patterns.make_view, name="pattern-view"),
    path("patterns/<uuid:pattern_id>/dismiss/", patterns.dismiss, name="pattern-dismiss"),
    path("patterns/<uuid:pattern_id>/back/", patterns.bring_back, name="pattern-back"),
    path("rfm/", tables.rfm, name="rfm"),
    path("groups/", tables.clusters, name="clusters"),
    path("baskets/", tables.baskets, name="baskets"),
    path("cohorts/", tables.cohorts, name="cohorts"),
    path("funnels/", funnels.show, name="funnels"),
    path("funnels/new/", funnels.new, name="new-funnel"),
    path("funnels/<uuid:funnel_id>/", funnels.detail, name="funnel"),
    path("funnels/<uuid:funnel_id>/edit/", funnels.edit, name="edit-funnel"),
    path("funnels/<uuid:funnel_id>/remove/", funnels.remove, name="remove-funnel"),
    path("questions/ask/", answers.ask, name="ask"),
    path("questions/<uuid:answer_id>/customers/", answers.customers, name="customers"),
    path("questions/sets/<uuid:set_id>/", answers.members, name="set"),
]
