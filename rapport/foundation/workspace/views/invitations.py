"""Inviting people, and accepting an invitation (outside workspaces)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from rapport.foundation.accounts.http import PersonRequest
from rapport.foundation.accounts.links import public_url, workspace_prefix
from rapport.foundation.accounts.policies import INVITATION_KEY
from rapport.foundation.accounts.rules import hash_of
from rapport.foundation.accounts.views.answers import see_other
from rapport.foundation.workspace import policies
from rapport.foundation.workspace.errors import Invalid, NotAllowed, NotFound
from rapport.foundation.workspace.forms.members import InviteForm
from rapport.foundation.workspace.forms.problems import add_problems
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.queries.invitations import addresses_of, offer
from rapport.foundation.workspace.queries.members import roles_to_hand_on
from rapport.foundation.workspace.services import invitations
from rapport.foundation.workspace.types import Power

if TYPE_CHECKING:
    from rapport.foundation.accounts.models import Invitation


@require_http_methods(["GET", "POST"])
def invite(request: WorkspaceRequest) -> HttpResponse:
    policies.require(request.actor, Power.MANAGE_MEMBERS)
    roles = roles_to_hand_on(actor=request.actor)
    if request.method == "GET":
        form = InviteForm(roles=roles, initial={"role": "member"})
        return render(request, "workspace/invitations/new.html", {"form": form})
    form = InviteForm(request.POST, roles=roles)
    if form.is_valid():
        try:
            invitation, secret = invitations.invite(
                actor=request.actor,
                workspace=request.workspace,
                email=form.cleaned_data["email"],
                role_key=form.cleaned_data["role"],
                invited_by=request.user,
            )
        except Invalid as error:
            add_problems(form, error)
        else:
            return _deliver(request, invitation, secret)
    return render(request, "workspace/invitations/new.html", {"form": form}, status=422)


@require_POST
def renew(request: WorkspaceRequest, invitation_id: UUID) -> HttpResponse:
    invitation, secret = invitations.renew(
        actor=request.actor, workspace=request.workspace, invitation_id=invitation_id
    )
    return _deliver(request, invitation, secret)


@require_POST
def revoke(request: WorkspaceRequest, invitation_id: UUID) -> HttpResponse:
    invitations.revoke(actor=request.actor, workspace=request.workspace, invitation_id=invitation_id)
    messages.success(request, gettext("The invitation is taken back; its link no longer works."))
    return see_other(reverse("workspace:members"))


def _deliver(request: WorkspaceRequest, invitation: Invitation, secret: str) -> HttpResponse:
    """Mail the link; where there is no mail server, show it once instead, for it is kept nowhere."""
    link = request.build_absolute_uri(public_url("workspace:accept", secret))
    if invitations.mail(invitation, link=link, language=request.workspace.language):
        messages.success(request, gettext("%(email)s is invited.") % {"email": invitation.email})
        return see_other(reverse("workspace:members"))
    response = render(request, "workspace/invitations/link.html", {"email": invitation.email, "link": link})
    response.headers["Cache-Control"] = "no-store"
    return response


@never_cache
@require_http_methods(["GET", "POST"])
def accept(request: HttpRequest, secret: str) -> HttpResponse:
    found = offer(secret)
    if found is None:
        return render(request, "workspace/invitations/gone.html", status=404)
    if not request.user.is_authenticated:
        request.session[INVITATION_KEY] = hash_of(secret)
        return render(request, "workspace/invitations/accept.html", {"offer": found, "is_mine": False})
    is_mine = found.email in addresses_of(request.user)
    if request.method == "POST" and is_mine:
        return _accept(request, secret)  # type: ignore[arg-type]  # a person, as was asked above
    return render(request, "workspace/invitations/accept.html", {"offer": found, "is_mine": is_mine})


def _accept(request: PersonRequest, secret: str) -> HttpResponse:
    try:
        workspace = invitations.accept(secret=secret, user=request.user, addresses=addresses_of(request.user))
    except (NotFound, NotAllowed):
        return render(request, "workspace/invitations/gone.html", status=404)
    request.session.pop(INVITATION_KEY, None)
    messages.success(request, gettext("Welcome to %(name)s.") % {"name": workspace.name})
    return see_other(workspace_prefix(workspace))
