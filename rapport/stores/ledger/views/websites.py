"""Connecting websites: keys, the snippet, and what arrives."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render as plain
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from rapport.foundation.accounts.links import public_url
from rapport.foundation.ui.render import redirect, render
from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.forms.problems import add_problems
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.stores.ledger.forms.websites import WebsiteForm
from rapport.stores.ledger.queries import websites as queries
from rapport.stores.ledger.queries.stream import arrivals as recent
from rapport.stores.ledger.services import write_keys


@require_safe
def website_list(request: WorkspaceRequest) -> HttpResponse:
    return render(request, "ledger/websites/list.html", {"websites": queries.websites(actor=request.actor)})


@require_http_methods(["GET", "POST"])
def new_website(request: WorkspaceRequest) -> HttpResponse:
    queries.websites(actor=request.actor)  # who may not see them may not see the form either
    form = WebsiteForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            key = write_keys.create_write_key(
                actor=request.actor,
                name=form.cleaned_data["name"],
                allowed_origins=form.origins(),
                create_customers=form.cleaned_data["create_customers"],
            )
        except Invalid as error:
            add_problems(form, error)
        else:
            return redirect(request, reverse("ledger:website", args=[key.pk]))
    return render(request, "ledger/websites/new.html", {"form": form}, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def website(request: WorkspaceRequest, key_id: UUID) -> HttpResponse:
    """The snippet, what arrives, and the settings of one website."""
    row = queries.get_website(actor=request.actor, key_id=key_id)
    initial = {
        "name": row.name,
        "allowed_origins": "\n".join(row.allowed_origins),
        "create_customers": row.create_customers,
    }
    form = WebsiteForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            write_keys.change_write_key(
                actor=request.actor,
                key_id=key_id,
                name=form.cleaned_data["name"],
                allowed_origins=form.origins(),
                create_customers=form.cleaned_data["create_customers"],
            )
        except Invalid as error:
            add_problems(form, error)
        else:
            return redirect(request, reverse("ledger:website", args=[key_id]), toast=gettext("Saved."))
    context = {
        "website": row,
        "form": form,
        "script_url": f"{settings.BASE_URL}{public_url('ledger_public:beacon-script')}",
        "lines": recent(actor=request.actor, source=row.source),
    }
    return render(request, "ledger/websites/detail.html", context, status=422 if form.is_bound else 200)


@require_safe
def arrivals(request: WorkspaceRequest, key_id: UUID) -> HttpResponse:
    """What came in since `after`, as items of the feed; 204 when nothing did."""
    row = queries.get_website(actor=request.actor, key_id=key_id)
    try:
        after = UUID(request.GET.get("after", ""))
    except ValueError:
        after = None
    lines = recent(actor=request.actor, source=row.source, after=after)
    if not lines:
        return HttpResponse(status=204)
    return plain(request, "ledger/websites/_arrivals.html", {"lines": lines})


@require_POST
def test(request: WorkspaceRequest, key_id: UUID) -> HttpResponse:
    write_keys.send_test(actor=request.actor, key_id=key_id)
    return redirect(
        request, f"{reverse('ledger:website', args=[key_id])}#arrivals", toast=gettext("A test touch point was sent.")
    )


@require_POST
def disconnect(request: WorkspaceRequest, key_id: UUID) -> HttpResponse:
    write_keys.revoke_write_key(actor=request.actor, key_id=key_id)
    said = gettext("Disconnected. What this website told stays in the timelines.")
    return redirect(request, reverse("ledger:websites"), toast=said)
