"""Pages of the ledger inside a workspace."""

from __future__ import annotations

from django.urls import path

from rapport.stores.ledger.views import timeline, touchpoints, websites

app_name = "ledger"
urlpatterns = [
    path("touchpoints/", touchpoints.show, name="touchpoints"),
    path("customers/<uuid:customer_id>/timeline/", timeline.show, name="timeline"),
    path("customers/<uuid:customer_id>/touchpoints/", timeline.log, name="log"),
    path("customers/<uuid:customer_id>/touchpoints/<uuid:touchpoint_id>/", timeline.one, name="touchpoint"),
    path("customers/<uuid:customer_id>/touchpoints/<uuid:touchpoint_id>/edit/", timeline.edit, name="edit"),
    path("customers/<uuid:customer_id>/touchpoints/<uuid:touchpoint_id>/pin/", timeline.pin, name="pin"),
    path("customers/<uuid:customer_id>/touchpoints/<uuid:touchpoint_id>/unpin/", timeline.unpin, name="unpin"),
    path("customers/<uuid:customer_id>/touchpoints/<uuid:touchpoint_id>/retract/", timeline.retract, name="retract"),
    path("customers/<uuid:customer_id>/touchpoints/<uuid:touchpoint_id>/restore/", timeline.restore, name="restore"),
    path("settings/websites/", websites.website_list, name="websites"),
    path("settings/websites/new/", websites.new_website, name="new-website"),
    path("settings/websites/<uuid:key_id>/", websites.website, name="website"),
    path("settings/websites/<uuid:key_id>/arrivals/", websites.arrivals, name="arrivals"),
    path("settings/websites/<uuid:key_id>/test/", websites.test, name="test-website"),
    path("settings/websites/<uuid:key_id>/disconnect/", websites.disconnect, name="disconnect-website"),
]
