"""Pages of value."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from rapport.insight.value.views import drivers, equity, values

app_name = "value"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", values.overview, name="overview"),
    path("versions/<uuid:fit_id>", values.overview, name="version"),
    path("refresh", values.refresh, name="refresh"),
    path("runs/<uuid:fit_id>/cancel", values.cancel, name="cancel"),
    path("settings", values.settings, name="settings"),
    path("equity", equity.equity, name="equity"),
    path("equity/views/<uuid:view_id>", equity.work_out, name="equity-view"),
    path("equity/drivers", drivers.drivers, name="drivers"),
    path("equity/drivers/new", drivers.new, name="driver-new"),
    path("equity/drivers/example.csv", drivers.example, name="driver-example"),
    path("equity/drivers/<uuid:study_id>", drivers.drivers, name="driver-study"),
    path("equity/drivers/<uuid:study_id>/improve", drivers.improve, name="driver-improve"),
    path("equity/drivers/<uuid:study_id>/remove", drivers.remove, name="driver-remove"),
]
