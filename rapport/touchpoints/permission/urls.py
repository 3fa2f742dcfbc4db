from __future__ import annotations

from django.urls import path

from rapport.touchpoints.permission.views import consents

app_name = "permission"
urlpatterns = [
    path("customers/<uuid:customer_id>/consent/", consents.history, name="history"),
    path("customers/<uuid:customer_id>/consent/record/", consents.record, name="record"),
]
