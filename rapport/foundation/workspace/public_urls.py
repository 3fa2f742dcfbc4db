"""Pages of workspaces for people who are not in one yet."""

from __future__ import annotations

from django.urls import path

from rapport.foundation.workspace.views import invitations

app_name = "workspace"
urlpatterns = [path("account/invitations/<str:secret>/", invitations.accept, name="accept")]
