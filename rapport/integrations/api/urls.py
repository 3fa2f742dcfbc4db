from django.urls import path

from rapport.integrations.api.v1 import api

urlpatterns = [path("api/v1/", api.urls)]
