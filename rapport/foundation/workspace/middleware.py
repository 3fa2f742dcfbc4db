"""The way into a workspace: /w/<slug>/… for members only. Everyone else gets the same 404, workspace or not."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import set_script_prefix
from django.utils import timezone, translation

from rapport.foundation.accounts import schemas
from rapport.foundation.accounts.links import public_url, workspace_prefix
from rapport.foundation.accounts.models import Membership
from rapport.foundation.workspace.queries.members import actor_of_member

_PATH = re.compile(r"/w/(?P<slug>[a-z0-9-]{1,48})(?P<rest>/.*|$)")


class EnterWorkspace:
    """Sets request.workspace and request.actor, the schema, the time zone, and the prefix that `reverse` answers with."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        vars(request).update(workspace=None, actor=None)
        match = _PATH.fullmatch(request.path_info)
        if not match:
            return self.get_response(request)
        if not request.user.is_authenticated:
            return HttpResponseRedirect(f"{public_url('account_login')}?next={quote(request.get_full_path())}")
        membership = (
            Membership.objects.select_related("workspace")
            .filter(user=request.user, workspace__slug=match["slug"])
            .first()
        )
        if membership is None:
            raise Http404
        if not match["rest"]:
            return HttpResponseRedirect(workspace_prefix(membership.workspace))
        workspace = membership.workspace
        schemas.enter(workspace)
        actor = actor_of_member(membership.id, workspace)
        if actor is None:
            raise Http404
        vars(request).update(workspace=workspace, actor=actor)
        request.urlconf = settings.WORKSPACE_URLCONF
        request.path_info = match["rest"]
        set_script_prefix(workspace_prefix(workspace))
        try:
            with timezone.override(actor.timezone), translation.override(actor.language or translation.get_language()):
                response = self.get_response(request)
                if hasattr(response, "render") and not getattr(response, "is_rendered", True):
                    response.render()
                return response
        finally:
            set_script_prefix("/")
