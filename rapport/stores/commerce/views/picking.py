"""What was picked in a form stays among the choices when the form comes back, and words find records without a script."""

from __future__ import annotations

from uuid import UUID

from rapport.foundation.records.forms.records import Option
from rapport.foundation.records.queries.names import names_in
from rapport.foundation.records.queries.search import find_records
from rapport.foundation.records.types import Field, FieldKind
from rapport.foundation.workspace.http import WorkspaceRequest


def found_by(request: WorkspaceRequest, record_type: str, name: str) -> list[Option]:
    words = request.POST.get(f"{name}__q", "").strip()
    found = find_records(actor=request.actor, record_type=record_type, words=words) if words else []
    return [Option(str(each.id), each.label, each.hint, each.avatar) for each in found]


def picked(request: WorkspaceRequest, record_type: str, value: str, found: list[Option] | None = None) -> Option | None:
    """The record under an id, with its name, unless it is among those found or can't be seen."""
    try:
        record_id = str(UUID(value))
    except ValueError:
        return None
    if record_id in {option.id for option in found or ()}:
        return None
    field = Field(name="it", label="", kind=FieldKind.RELATION, target=record_type)
    names = names_in(actor=request.actor, fields=[field], values=[{"it": record_id}])
    known = names.records.get(record_id)
    return Option(record_id, known[0]) if known else None
