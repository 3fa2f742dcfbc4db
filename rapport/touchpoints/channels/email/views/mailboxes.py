"""Settings: mailboxes."""

from __future__ import annotations

from dataclasses import asdict, fields
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from rapport.foundation.ui.render import redirect, render
from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.forms.problems import add_problems
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.touchpoints.channels.email import policies
from rapport.touchpoints.channels.email.forms.mailboxes import MailboxForm
from rapport.touchpoints.channels.email.queries.mailboxes import managed_mailbox, managed_mailboxes
from rapport.touchpoints.channels.email.services import mailboxes
from rapport.touchpoints.channels.email.services.mailboxes import MailboxValues

DETAIL = "email/mailboxes/detail.html"


@require_safe
def mailbox_list(request: WorkspaceRequest) -> HttpResponse:
    return render(request, "email/mailboxes/list.html", {"mailboxes": managed_mailboxes(actor=request.actor)})


@require_http_methods(["GET", "POST"])
def new_mailbox(request: WorkspaceRequest) -> HttpResponse:
    policies.require_some(request.actor)
    form = _form(request, is_new=True)
    if form.is_valid():
        shared = form.cleaned_data.get("shared", False)
        try:
            mailbox = mailboxes.connect_mailbox(actor=request.actor, values=form.values(), shared=shared)
        except Invalid as error:
            add_problems(form, error)
        else:
            said = gettext("Connected. Test it before you write to anybody.")
            return redirect(request, reverse("email:mailbox", args=[mailbox.pk]), toast=said)
    return render(request, "email/mailboxes/new.html", {"form": form}, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def mailbox(request: WorkspaceRequest, mailbox_id: UUID) -> HttpResponse:
    row = managed_mailbox(actor=request.actor, mailbox_id=mailbox_id)
    initial = {field.name: getattr(row, field.name) for field in fields(MailboxValues) if field.name != "password"}
    form = _form(request, initial=initial)
    if form.is_valid():
        values = MailboxValues(**{**initial, **asdict(form.values())})
        try:
            mailboxes.change_mailbox(actor=request.actor, mailbox_id=mailbox_id, values=values)
        except Invalid as error:
            add_problems(form, error)
        else:
            return redirect(request, reverse("email:mailbox", args=[mailbox_id]), toast=gettext("Saved."))
    context = {"mailbox": row, "form": form}
    return render(request, DETAIL, context, status=422 if form.is_bound else 200)


@require_POST
def test(request: WorkspaceRequest, mailbox_id: UUID) -> HttpResponse:
    """The page with what the test found."""
    checks = mailboxes.test_mailbox(actor=request.actor, mailbox_id=mailbox_id)
    row = managed_mailbox(actor=request.actor, mailbox_id=mailbox_id)
    initial = {field.name: getattr(row, field.name) for field in fields(MailboxValues) if field.name != "password"}
    form = MailboxForm(None, initial=initial, is_new=False, **_powers(request))
    return render(request, DETAIL, {"mailbox": row, "form": form, "checks": checks}, partial="checks")


@require_POST
def pause(request: WorkspaceRequest, mailbox_id: UUID) -> HttpResponse:
    mailboxes.pause_mailbox(actor=request.actor, mailbox_id=mailbox_id, paused=True)
    said = gettext("Paused. What is queued waits.")
    return redirect(request, reverse("email:mailbox", args=[mailbox_id]), toast=said)


@require_POST
def resume(request: WorkspaceRequest, mailbox_id: UUID) -> HttpResponse:
    mailboxes.pause_mailbox(actor=request.actor, mailbox_id=mailbox_id, paused=False)
    said = gettext("It sends again.")
    return redirect(request, reverse("email:mailbox", args=[mailbox_id]), toast=said)


@require_POST
def remove(request: WorkspaceRequest, mailbox_id: UUID) -> HttpResponse:
    mailboxes.remove_mailbox(actor=request.actor, mailbox_id=mailbox_id)
    said = gettext("Removed. What was sent from it stays in the timelines.")
    return redirect(request, reverse("email:mailboxes"), toast=said)


def _form(request: WorkspaceRequest, *, initial: dict[str, object] | None = None, is_new: bool = False) -> MailboxForm:
    data = request.POST if request.method == "POST" else None
    return MailboxForm(data, initial=initial, is_new=is_new, **_powers(request))


def _powers(request: WorkspaceRequest) -> dict[str, bool]:
    return {
        "may_share": policies.may_share(request.actor),
        "may_have_one": policies.may_have_one(request.actor),
    }
