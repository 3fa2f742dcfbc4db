"""Tokens for programs."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from rapport.foundation.accounts.views.answers import see_other
from rapport.foundation.lib import clock
from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.forms.problems import add_problems
from rapport.foundation.workspace.forms.tokens import TokenForm
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.queries.tokens import scope_labels, scopes_open_to, token_rows
from rapport.foundation.workspace.services import tokens
from rapport.foundation.workspace.types import Power


@require_safe
def token_list(request: WorkspaceRequest) -> HttpResponse:
    labels = scope_labels(actor=request.actor)
    rows = [(row, [labels.get(scope, scope) for scope in row.scopes]) for row in token_rows(actor=request.actor)]
    return render(request, "workspace/tokens/list.html", {"tokens": rows})


@require_http_methods(["GET", "POST"])
def new_token(request: WorkspaceRequest) -> HttpResponse:
    actor = request.actor
    highest = tokens.HIGHEST_RATE if actor.has(Power.MANAGE_SOURCES) else tokens.USUAL_RATE
    data = request.POST if request.method == "POST" else None
    form = TokenForm(data, scopes=scopes_open_to(actor), highest_rate=highest)
    if form.is_valid():
        try:
            token, raw = tokens.create_token(
                actor=actor,
                workspace=request.workspace,
                name=form.cleaned_data["name"],
                scopes=frozenset(form.cleaned_data["scopes"]),
                expires_at=form.expires_at(clock.now()),
                rate_per_minute=form.cleaned_data["rate_per_minute"],
            )
        except Invalid as error:
            add_problems(form, error)
        else:
            # Drawn at once instead of after a redirect: the token is kept nowhere, not even in the session.
            response = render(request, "workspace/tokens/made.html", {"name": token.name, "raw": raw})
            response.headers["Cache-Control"] = "no-store"
            return response
    return render(request, "workspace/tokens/new.html", {"form": form}, status=422 if form.is_bound else 200)


@require_POST
def revoke_token(request: WorkspaceRequest, token_id: UUID) -> HttpResponse:
    tokens.revoke_token(actor=request.actor, token_id=token_id)
    messages.success(request, gettext("The token is revoked. Programs that used it are turned away from now on."))
    return see_other(reverse("workspace:tokens"))
