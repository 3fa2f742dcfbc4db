"""Saving a list as a view, changing it, pinning it, beginning with it."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from rapport.foundation.records.forms.saved_views import ViewForm
from rapport.foundation.records.queries.list_pages import current_tree, list_url, page_named, words_for
from rapport.foundation.records.queries.saved_views import get_view
from rapport.foundation.records.rules.conditions import ConditionError
from rapport.foundation.records.rules.lists import ListState, state_of
from rapport.foundation.records.services import saved_views
from rapport.foundation.ui.render import redirect, render
from rapport.foundation.workspace.errors import Invalid, NotFound
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.types import Power


@require_http_methods(["GET", "POST"])
def new_view(request: WorkspaceRequest, page: str) -> HttpResponse:
    """The list as it is now, under a name."""
    listed, state = page_named(page), _state(request)
    may_share = request.actor.has(Power.SHARE_VIEWS)
    tree = current_tree(page, state, actor=request.actor)
    form = ViewForm(request.POST or None, may_share=may_share)
    if request.method == "POST" and form.is_valid():
        try:
            view = saved_views.save_view(
                actor=request.actor,
                page=page,
                name=form.cleaned_data["name"],
                condition=tree,
                columns=state.columns,
                sort=state.sort,
                is_shared=form.cleaned_data.get("is_shared", False),
            )
        except Invalid as error:
            for name, problem in error.problems.items():
                form.add_error(name if name in form.fields else None, problem)
        else:
            return redirect(
                request, f"{list_url(listed)}?view={view.pk}", toast=_("%(name)s is saved.") % {"name": view.name}
            )
    context = {
        "form": form,
        "page": listed,
        "list_url": list_url(listed),
        "url": f"{reverse('records:view-new', args=[page])}?{state.query()}",
        "sentence": words_for(listed, actor=request.actor).describe(tree).sentence,
        "title": _("Save this list"),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "records/lists/view_form.html", context, partial="sheet", status=status)


@require_http_methods(["GET", "POST"])
def rename_view(request: WorkspaceRequest, view_id: UUID) -> HttpResponse:
    """Its name, and who can use it."""
    view = get_view(view_id, actor=request.actor)
    listed = page_named(view.page)
    initial = {"name": view.name, "is_shared": view.is_shared}
    form = ViewForm(request.POST or None, may_share=request.actor.has(Power.SHARE_VIEWS), initial=initial)
    url = f"{list_url(listed)}?view={view.pk}"
    if request.method == "POST" and form.is_valid():
        try:
            saved_views.change_view(
                actor=request.actor,
                view_id=view_id,
                name=form.cleaned_data["name"],
                is_shared=form.cleaned_data.get("is_shared"),
            )
        except Invalid as error:
            for name, problem in error.problems.items():
                form.add_error(name if name in form.fields else None, problem)
        else:
            return redirect(request, url, toast=_("Saved."))
    context = {"form": form, "page": listed, "list_url": url, "url": request.path, "title": _("Name and sharing")}
    status = 422 if request.method == "POST" else 200
    return render(request, "records/lists/view_form.html", context, partial="sheet", status=status)


@require_POST
def change_view(request: WorkspaceRequest, view_id: UUID) -> HttpResponse:
    """`act`: save (the filters, columns and order of the address), or remove."""
    listed = page_named(get_view(view_id, actor=request.actor).page)
    if request.POST.get("act") == "remove":
        view = saved_views.remove_view(actor=request.actor, view_id=view_id)
        return redirect(
            request, f"{list_url(listed)}?view=all", toast=_("The view %(name)s is removed.") % {"name": view.name}
        )
    state = _state(request)
    view = saved_views.change_view(
        actor=request.actor,
        view_id=view_id,
        condition=current_tree(listed.name, state, actor=request.actor),
        columns=state.columns or None,
        sort=state.sort or None,
    )
    return redirect(request, f"{list_url(listed)}?view={view.pk}", toast=_("%(name)s is saved.") % {"name": view.name})


@require_POST
def mark_view(request: WorkspaceRequest, page: str) -> HttpResponse:
    """`act`: pin, unpin, begin or no-begin, for the view named by `view`."""
    listed, view, act = page_named(page), request.POST.get("view", "")[:60], request.POST.get("act", "")
    if act in ("pin", "unpin"):
        saved_views.pin_view(actor=request.actor, page=page, view=view, pinned=act == "pin")
    elif act in ("begin", "no-begin"):
        saved_views.begin_with_view(actor=request.actor, page=page, view=view, begin=act == "begin")
    else:
        raise NotFound
    return redirect(request, f"{list_url(listed)}?view={view}")


def _state(request: WorkspaceRequest) -> ListState:
    try:
        return state_of(
            {
                **{name: request.GET.get(name, "") for name in request.GET},
                "columns": ",".join(request.GET.getlist("columns")),
            }
        )
    except ConditionError as error:
        raise NotFound from error
