from __future__ import annotations

from django.urls import path

from rapport.touchpoints.permission.views import consents, settings

app_name = "permission"
urlpatterns = [
    path("customers/<uuid:customer_id>/consent/", consents.history, name="history"),
    path("customers/<uuid:customer_id>/consent/record/", consents.record, name="record"),
    path("customers/<uuid:customer_id>/consent/link/", consents.link, name="link"),
    path("customers/<uuid:customer_id>/consent/link/revoke/", consents.revoke_links, name="revoke-links"),
    path("customers/<uuid:customer_id>/consent/ask/", consents.ask, name="ask"),
    path("settings/permission/", settings.overview, name="settings"),
    path("settings/permission/purposes/<slug:name>/retire/", settings.retire, name="retire-purpose"),
    path("settings/permission/quiet/<uuid:quiet_id>/remove/", settings.remove_quiet, name="remove-quiet"),
    path("settings/permission/caps/<uuid:cap_id>/remove/", settings.remove_cap, name="remove-cap"),
    path("settings/stopped/", settings.stopped, name="stops"),
    path("settings/stopped/<uuid:stop_id>/lift/", settings.lift, name="lift"),
]
