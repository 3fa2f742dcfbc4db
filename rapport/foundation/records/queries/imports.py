"""Imports as their pages show them: which there are, one of them, what was wrong with its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from rapport.foundation.records.extension_points import importers, list_pages, record_types
from rapport.foundation.records.models import Import, ImportProblem, ImportState
from rapport.foundation.records.types import Label, ListPage
from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import Action, Actor, Rows

SHOWN_PROBLEMS = 100
STEPS = ("file", "columns", "check", "import")


@dataclass(frozen=True)
class ImportLine:
    """One import in the list of imports."""

    row: Import
    record_type: Label
    icon: str

    @property
    def written(self) -> int:
        return int(self.row.counts.get("new", 0)) + int(self.row.counts.get("updated", 0))


def importable(actor: Actor) -> Mapping[str, Label]:
    """Record types that the actor may import into, with their labels."""
    return {name: record_types[name].plural for name in importers if actor.may(Action.IMPORT, name)}


def get_import(*, actor: Actor, import_id: UUID, lock: bool = False) -> Import:
    """One's own import, or anybody's for who may import and see all records of the type. Errors: NotFound."""
    rows = Import.objects.select_for_update() if lock else Import.objects.all()
    row = rows.filter(pk=import_id).first()
    if row is None or not may_see(actor, row.record_type, row.member_id):
        raise NotFound(_("There is no such import."))
    return row


def may_see(actor: Actor, record_type: str, member_id: UUID | None) -> bool:
    if not actor.may(Action.IMPORT, record_type):
        return False
    own = actor.member_id is not None and member_id == actor.member_id
    return own or actor.row_rule(Action.READ, record_type).rows is Rows.ALL


def import_lines(*, actor: Actor, limit: int = 100) -> list[ImportLine]:
    """The newest imports the actor may see; one query."""
    rows = Import.objects.filter(record_type__in=list(importable(actor))).order_by("-created_at")
    seen = (row for row in rows[: limit * 2] if may_see(actor, row.record_type, row.member_id))
    return [ImportLine(row, record_types[row.record_type].plural, record_types[row.record_type].icon) for row in seen][
        :limit
    ]


def problems_of(row: Import, *, limit: int = SHOWN_PROBLEMS) -> list[ImportProblem]:
    """The first problems, those of refused rows before warnings."""
    return list(ImportProblem.objects.filter(import_id=row.pk).order_by("is_warning", "row", "heading")[:limit])


def step_of(row: Import) -> str:
    """Where in the four steps an import stands."""
    if row.state in (ImportState.DRAFT,):
        return "columns"
    return "check" if row.state in (ImportState.CHECKING, ImportState.READY) else "import"


def list_of(record_type: str) -> ListPage | None:
    """The list that shows records of a type, all of them."""
    return next((page for page in list_pages.values() if page.record_type == record_type and not page.base), None)
