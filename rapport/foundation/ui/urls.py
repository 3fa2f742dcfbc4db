"""Pages of the shell inside a workspace."""

from __future__ import annotations

from django.conf import settings
from django.urls import path

from rapport.foundation.ui.views import components, find

app_name = "ui"
urlpatterns = [path("find", find.find, name="find")]
if settings.DEBUG:
    urlpatterns.append(path("components", components.components, name="components"))
