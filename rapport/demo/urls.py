"""The settings page about simulated data."""

from __future__ import annotations

from django.urls import path

from rapport.demo import views

app_name = "demo"
urlpatterns = [
    path("settings/demo/", views.overview, name="overview"),
    path("settings/demo/load/", views.load, name="load"),
    path("settings/demo/remove/", views.remove, name="remove"),
]
