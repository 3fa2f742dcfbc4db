"""The way into a workspace: /w/<slug>/… for members only. Everyone else gets the same 404, workspace or not."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import set_script_prefix
from django.utils import timezone, translation

from rapport.foundation.accounts.links import public_url, workspace_prefix
from rapport.foundation.accounts.queries.workspaces import memberships_of
from rapport.foundation.accounts.services.workspaces import remember_entry
from rapport.foundation.accounts.tenancy import enter
from rapport.foundation.workspace.queries.members import actor_of_member
from rapport.foundation.workspace.types import Actor

_PATH = re.compile(r"/w/(?P<slug>[a-z0-9-]{1,48})(?P<rest>/.*|$)", re.DOTALL)
HERE_KEY = "workspace"  # in the session: where the person was last


class EnterWorkspace:
    """Sets request.workspace and request.actor, the schema, the time zone, and the prefix that `reverse` answers with."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        for name in ("workspace", "actor"):  # the API's gate may have set them
            vars(request).setdefault(name, None)
        match = _PATH.fullmatch(request.path_info)
        if not match:
            return self.get_response(request)
        user = request.user
        if not user.is_authenticated:
            return HttpResponseRedirect(f"{public_url('account_login')}?next={quote(request.get_full_path())}")
        memberships = memberships_of(user)
        membership = next((each for each in memberships if each.workspace.slug == match["slug"]), None)
        if membership is None:
            raise Http404
        workspace = membership.workspace
        if not match["rest"]:
            return HttpResponseRedirect(workspace_prefix(workspace))
        if request.session.get(HERE_KEY) != workspace.slug:
            remember_entry(membership)
            request.session[HERE_KEY] = workspace.slug
        enter(workspace)
        actor = actor_of_member(membership.id, workspace, person=user)
        if actor is None:
            raise Http404
        vars(request).update(workspace=workspace, actor=actor, workspaces=[each.workspace for each in memberships])
        request.urlconf = settings.WORKSPACE_URLCONF
        request.path_info = match["rest"]
        set_script_prefix(workspace_prefix(workspace))
        try:
            with timezone.override(actor.timezone), translation.override(_language(request, actor)):
                response = self.get_response(request)
                if hasattr(response, "render") and not getattr(response, "is_rendered", True):
                    response.render()
                return response
        finally:
            set_script_prefix("/")


def _language(request: HttpRequest, actor: Actor) -> str:
    """What was chosen on this device, else the person's language, else the workspace's."""
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    return chosen if chosen in dict(settings.LANGUAGES) else actor.language
