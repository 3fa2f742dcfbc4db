"""The board: columns of cards that are dragged, or moved by a form, from stage to stage."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from rapport.applications.sales import policies
from rapport.applications.sales.forms.moves import MoveForm
from rapport.applications.sales.queries import board as queries
from rapport.applications.sales.queries.moves import wanted, ways
from rapport.applications.sales.queries.pipelines import pipelines
from rapport.applications.sales.types import DEAL
from rapport.foundation.lib import clock
from rapport.foundation.records import policies as record_policies
from rapport.foundation.records.services.records import update_record
from rapport.foundation.ui.render import render, saved, toast
from rapport.foundation.workspace.errors import Conflict, Invalid, NotAllowed, NotFound
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.queries.members import active_members
from rapport.foundation.workspace.types import Action

BOARD, COLUMN, MOVE = (f"sales/board/{page}.html" for page in ("board", "column", "move"))


@require_safe
def show(request: WorkspaceRequest) -> HttpResponse:
    """The board of a pipeline, of everybody or one owner."""
    owner = _owner(request)
    found = queries.board(actor=request.actor, pipeline=request.GET.get("pipeline", ""), owner=owner, now=clock.now())
    colleagues = [member for member in active_members() if member.id != request.actor.member_id]
    context = {
        "board": found,
        "pipelines": pipelines().in_use(),
        "owner": owner,
        "owner_name": next((member.name for member in colleagues if member.id == owner), ""),
        "is_mine": owner is not None and owner == request.actor.member_id,
        "colleagues": colleagues,
        "query": _query(found.pipeline.key, owner),
        "may_move": request.actor.may(Action.UPDATE, DEAL),
        "may_add": request.actor.may(Action.CREATE, DEAL),
        "may_set_up": policies.may_set_up(request.actor),
    }
    return render(request, BOARD, context, partial="board")


@require_safe
def more(request: WorkspaceRequest, stage: str) -> HttpResponse:
    """The next cards of one column."""
    owner = _owner(request)
    cards, following = queries.column(
        actor=request.actor, stage=stage, owner=owner, after=request.GET.get("after", ""), now=clock.now()
    )
    known = pipelines().stage(stage)
    context: dict[str, Any] = {
        "stage": known,
        "cards": cards,
        "following": following,
        "query": _query(known.pipeline if known else "", owner),
        "may_move": request.actor.may(Action.UPDATE, DEAL),
        "sees_amounts": queries.sees_amounts(request.actor),
    }
    return render(request, COLUMN, context, partial="cards")


@require_http_methods(["GET", "POST", "PATCH"])
def move(request: WorkspaceRequest, deal_id: UUID) -> HttpResponse:
    """GET: where the deal may go. POST: the form. PATCH: a card was dropped; the answer is the card and all heads."""
    data = QueryDict(request.body) if request.method == "PATCH" else request.POST
    deal = policies.get_deal(request.actor, deal_id)
    if not record_policies.may_on(request.actor, Action.UPDATE, DEAL, deal):
        raise NotAllowed(_("Your role does not let you move this deal."))
    stage = pipelines().stage((data if request.method != "GET" else request.GET).get("stage", ""))
    if request.method == "GET":
        return _move_page(request, deal, stage, MoveForm(wants=wanted(deal, stage) if stage else ()))
    if stage is None:
        raise NotFound(_("There is no such stage."))
    form = MoveForm(data or None, wants=wanted(deal, stage))
    if request.method == "POST" and not form.is_valid():
        return _move_page(request, deal, stage, form, status=422)
    more = form.values() if request.method == "POST" else {}
    try:
        moved, operation = update_record(
            actor=request.actor, record_type=DEAL, record_id=deal_id, values={"stage": stage.key, **more},
            expected_version=_number(data.get("version", "")), seen={"stage": data.get("from", "")},
        )  # fmt: skip
    except Invalid as error:
        if request.method == "PATCH":
            asks = bool(set(error.problems) & set(form.fields))
            return JsonResponse({"reason": " ".join(error.problems.values()), "asks": asks}, status=422)
        form.refuse(error.problems)
        return _move_page(request, deal, stage, form, status=422)
    except Conflict as conflict:
        now_in = pipelines().stage(str(conflict.current.get("stage")))
        reason = _("Somebody moved this deal to “%(stage)s” a moment ago. Nothing was changed.") % {
            "stage": now_in.label if now_in else "?"
        }
        if request.method == "PATCH":
            return JsonResponse({"reason": reason, "asks": False}, status=409)
        form.refuse({"stage": reason})
        return _move_page(request, policies.get_deal(request.actor, deal_id), stage, form, status=409)
    said = _("%(deal)s moved to %(stage)s.") % {"deal": moved.name, "stage": stage.label}
    undo_url = reverse("records:undo", args=[operation.id]) if operation else ""
    if request.method == "POST":
        return saved(request, f"{reverse('sales:board')}?pipeline={moved.pipeline}", toast=said, undo_url=undo_url)
    response = _moved(request, moved)
    return toast(response, said, undo_url) if operation else response


def _moved(request: WorkspaceRequest, deal: Any) -> HttpResponse:
    now, owner = clock.now(), _owner(request)
    context = {
        "board": queries.board(actor=request.actor, pipeline=deal.pipeline, owner=owner, now=now, with_cards=False),
        "card": queries.one_card(actor=request.actor, deal=deal, now=now),
        "may_move": True,
        "sees_amounts": queries.sees_amounts(request.actor),
    }
    return render(request, "sales/board/moved.html", context)


def _move_page(request: WorkspaceRequest, deal: Any, stage: Any, form: MoveForm, *, status: int = 200) -> HttpResponse:
    _pipeline, goals = ways(deal)
    if stage is not None and stage.pipeline != deal.pipeline:
        stage = None
    context = {
        "deal": deal,
        "goal": stage,
        "ways": goals,
        "form": form,
        "has_fields": bool(form.fields),
        "board_url": f"{reverse('sales:board')}?pipeline={deal.pipeline}",
    }
    return render(request, MOVE, context, partial="form", status=status)


def _owner(request: WorkspaceRequest) -> UUID | None:
    said = request.GET.get("owner", "")
    if said == "me":
        return request.actor.member_id
    try:
        return UUID(said) if said else None
    except ValueError:
        return None


def _query(pipeline: str, owner: UUID | None) -> str:
    return f"pipeline={pipeline}" + (f"&owner={owner}" if owner else "")


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None
