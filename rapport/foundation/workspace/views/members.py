"""Members: who has a seat, and what their role is."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from rapport.foundation.accounts.views.answers import see_other
from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.forms.members import MemberForm
from rapport.foundation.workspace.forms.problems import add_problems
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.queries.invitations import open_invitations
from rapport.foundation.workspace.queries.members import MemberRow, member_row, member_rows, roles_to_hand_on
from rapport.foundation.workspace.services import members


@require_safe
def member_list(request: WorkspaceRequest) -> HttpResponse:
    context = {
        "members": member_rows(actor=request.actor),
        "invitations": open_invitations(actor=request.actor, workspace=request.workspace),
    }
    return render(request, "workspace/members/list.html", context)


@require_http_methods(["GET", "POST"])
def member(request: WorkspaceRequest, member_id: UUID) -> HttpResponse:
    row = member_row(member_id, actor=request.actor)
    roles = roles_to_hand_on(actor=request.actor)
    if request.method == "POST":
        form = MemberForm(request.POST, roles=roles)
        if form.is_valid() and _save(request, row, form):
            messages.success(request, gettext("%(name)s is saved.") % {"name": form.cleaned_data["name"]})
            return see_other(reverse("workspace:members"))
        return render(request, "workspace/members/detail.html", {"member": row, "form": form}, status=422)
    form = MemberForm(initial={"name": row.name, "title": row.title, "role": row.role_key}, roles=roles)
    return render(request, "workspace/members/detail.html", {"member": row, "form": form})


def _save(request: WorkspaceRequest, row: MemberRow, form: MemberForm) -> bool:
    values = form.cleaned_data
    try:
        members.change_role(actor=request.actor, member_id=row.id, role_key=values["role"])
        members.describe_member(actor=request.actor, member_id=row.id, name=values["name"], title=values["title"])
    except Invalid as error:
        add_problems(form, error)
        return False
    return True


@require_POST
def deactivate(request: WorkspaceRequest, member_id: UUID) -> HttpResponse:
    row = member_row(member_id, actor=request.actor)
    try:
        members.deactivate_member(actor=request.actor, member_id=member_id, workspace=request.workspace)
    except Invalid as error:
        messages.error(request, " ".join(error.problems.values()))
        return see_other(reverse("workspace:member", args=[member_id]))
    if row.is_me:
        return see_other("/")
    back = reverse("workspace:reactivate-member", args=[member_id])
    messages.success(request, gettext("%(name)s can no longer enter.") % {"name": row.name}, extra_tags=back)
    return see_other(reverse("workspace:members"))


@require_POST
def reactivate(request: WorkspaceRequest, member_id: UUID) -> HttpResponse:
    members.reactivate_member(actor=request.actor, member_id=member_id, workspace=request.workspace)
    row = member_row(member_id, actor=request.actor)
    messages.success(request, gettext("%(name)s can enter again.") % {"name": row.name})
    return see_other(reverse("workspace:members"))


@require_POST
def leave(request: WorkspaceRequest) -> HttpResponse:
    try:
        members.leave(actor=request.actor, workspace=request.workspace)
    except Invalid as error:
        messages.error(request, " ".join(error.problems.values()))
        return see_other(reverse("workspace:settings"))
    messages.success(request, gettext("You left %(name)s.") % {"name": request.workspace.name})
    return see_other("/")
