"""Saved views: conditions, columns and order under a name."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ninja import Router, Schema, Status

from rapport.foundation.records.extension_points import list_pages
from rapport.foundation.records.queries.saved_views import get_view, views_of
from rapport.foundation.records.rules import conditions
from rapport.foundation.records.rules.conditions import Condition, ConditionError
from rapport.foundation.records.services import saved_views as services
from rapport.foundation.workspace.errors import Invalid, NotAllowed
from rapport.foundation.workspace.types import Action
from rapport.integrations.api.auth import ApiRequest

router = Router(tags=["Views"])


class ViewIn(Schema):
    """`page` is the list it belongs to, such as customers; `condition` is condition JSON."""

    page: str = "customers"
    name: str
    condition: dict[str, Any] = {}
    columns: list[str] = []
    sort: str = ""
    is_shared: bool = False


class ViewPatch(Schema):
    """What is left out stays."""

    name: str | None = None
    condition: dict[str, Any] | None = None
    columns: list[str] | None = None
    sort: str | None = None
    is_shared: bool | None = None


@router.get("/views", response=dict[str, Any], operation_id="list_views")
def listed(request: ApiRequest, page: str = "customers") -> Any:
    """Your own views of a list and those that were shared."""
    _check_page(request, page)
    return {"items": [_shown(view) for view in views_of(page, actor=request.actor)]}


@router.post("/views", response={201: dict[str, Any]}, operation_id="create_view")
def create(request: ApiRequest, payload: ViewIn) -> Any:
    """Keep a view."""
    _check_page(request, payload.page)
    with _Named():
        view = services.save_view(
            actor=request.actor,
            page=payload.page,
            name=payload.name,
            condition=_condition(payload.condition),
            columns=payload.columns,
            sort=payload.sort,
            is_shared=payload.is_shared,
        )
    return Status(201, _shown(view))


@router.get("/views/{view_id}", response=dict[str, Any], operation_id="get_view")
def read(request: ApiRequest, view_id: UUID) -> Any:
    """One view."""
    return _shown(get_view(view_id, actor=request.actor))


@router.patch("/views/{view_id}", response=dict[str, Any], operation_id="update_view")
def update(request: ApiRequest, view_id: UUID, payload: ViewPatch) -> Any:
    """Change a view of your own."""
    with _Named():
        view = services.change_view(
            actor=request.actor,
            view_id=view_id,
            name=payload.name,
            condition=None if payload.condition is None else _condition(payload.condition),
            columns=payload.columns,
            sort=payload.sort,
            is_shared=payload.is_shared,
        )
    return _shown(view)


@router.delete("/views/{view_id}", response={204: None}, operation_id="remove_view")
def remove(request: ApiRequest, view_id: UUID) -> Any:
    """Remove a view of your own. Records are not touched."""
    services.remove_view(actor=request.actor, view_id=view_id)
    return Status(204, None)


class _Named:
    """Problems of a condition, as problems of the field `condition`."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ConditionError):
            problems = {f"condition{p.pointer}": f"{p.reason} {p.mend}".strip() for p in error.problems}
            raise Invalid(problems) from error


def _condition(plain: dict[str, Any]) -> Condition:
    return conditions.from_json(plain or {"all": []})


def _check_page(request: ApiRequest, page: str) -> None:
    if page not in list_pages:
        raise Invalid({"page": f"There is no such list. Known: {', '.join(list_pages)}."})
    if not request.actor.may(Action.READ, list_pages[page].record_type):
        raise NotAllowed("Your role or the token's scopes do not let you read this list.")


def _shown(view: Any) -> dict[str, Any]:
    return {
        "id": str(view.id),
        "page": view.page,
        "name": view.name,
        "condition": view.condition,
        "columns": view.columns,
        "sort": view.sort,
        "is_shared": view.is_shared,
    }
