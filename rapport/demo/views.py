"""The settings page about simulated data: what it is, whether it is here, and its two buttons."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from rapport.demo import queries, tasks
from rapport.demo.queries import Stage
from rapport.foundation.records.services.undo import undo
from rapport.foundation.ui.render import redirect, render
from rapport.foundation.workspace import policies
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.types import Power


@require_safe
def overview(request: WorkspaceRequest) -> HttpResponse:
    policies.require(request.actor, Power.MANAGE_WORKSPACE)
    demo = queries.demo(request.workspace.schema_name)
    return render(request, "demo/overview.html", {"demo": demo}, partial="demo")


@require_POST
def load(request: WorkspaceRequest) -> HttpResponse:
    policies.require(request.actor, Power.MANAGE_WORKSPACE)
    schema = request.workspace.schema_name
    if queries.demo(schema).stage in (Stage.ABSENT, Stage.FAILED):
        tasks.load_demo.defer(schema=schema, member_id=str(request.actor.member_id))
    return redirect(request, reverse("demo:overview"))


@require_POST
def remove(request: WorkspaceRequest) -> HttpResponse:
    policies.require(request.actor, Power.MANAGE_WORKSPACE)
    operation = queries.standing_demo()
    said = ""
    if operation is not None:
        undone = undo(actor=request.actor, operation_id=operation.id)
        said = _("The simulated data is gone.")
        if undone.kept:
            said += " " + ngettext(
                "%(number)s customer you had worked on is in the bin.",
                "%(number)s customers you had worked on are in the bin.",
                undone.kept,
            ) % {"number": undone.kept}
    return redirect(request, reverse("demo:overview"), toast=said)
