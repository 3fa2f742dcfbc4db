"""The record types of the workspace at hand: as declarations, in menus, and as its settings show them."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from rapport.foundation.records.models import OwnRecord, OwnType
from rapport.foundation.records.queries.frame import frame
from rapport.foundation.records.rules.own_types import PREFIX
from rapport.foundation.records.types import RecordType
from rapport.foundation.ui.types import MenuEntry, QuickCreate
from rapport.foundation.workspace import policies
from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import Action, Actor, Power


def own_types() -> Mapping[str, RecordType]:
    """Types in use, by name."""
    return frame().types


def own_type(name: str) -> RecordType | None:
    """A type in use; built-in names are answered without a query."""
    return own_types().get(name) if name.startswith(PREFIX) else None


def own_names() -> list[str]:
    return list(own_types())


def menu_of_own_types(actor: Actor) -> list[MenuEntry]:
    return [
        MenuEntry(
            label=each.plural,
            url_name="records:records",
            url_args=(name,),
            section="records",
            needs=(Action.READ, name),
            order=at,
        )
        for at, (name, each) in enumerate(own_types().items())
    ]


def creation_of_own_types(actor: Actor) -> list[QuickCreate]:
    return [
        QuickCreate(
            label=each.label,
            url_name="records:record-new",
            url_args=(name,),
            icon=each.icon,
            section=_("Your own records"),
            needs=(Action.CREATE, name),
            order=80 + at,
        )
        for at, (name, each) in enumerate(own_types().items())
    ]


def type_definitions(*, actor: Actor) -> list[OwnType]:
    """All types of the workspace with how many live records each has, retired ones too. Two queries. Errors: NotAllowed."""
    policies.require(actor, Power.MANAGE_FIELDS)
    rows = list(OwnType.objects.all())
    counts = _counts(OwnRecord.objects.filter(deleted_at=None))
    for row in rows:
        row.records = counts.get(row.name, 0)
    return rows


def type_definition(*, actor: Actor, type_id: UUID) -> OwnType:
    """Errors: NotAllowed, NotFound."""
    policies.require(actor, Power.MANAGE_FIELDS)
    row = OwnType.objects.filter(id=type_id).first()
    if row is None:
        raise NotFound(_("There is no such record type."))
    return row


def type_definition_named(*, actor: Actor, name: str) -> OwnType:
    """Errors: NotAllowed, NotFound."""
    policies.require(actor, Power.MANAGE_FIELDS)
    row = OwnType.objects.filter(name=name).first() if name.startswith(PREFIX) and "\x00" not in name else None
    if row is None:
        raise NotFound(_("There is no such record type."))
    return row


def records_in(name: str) -> int:
    """How many records a type has, those in the bin included."""
    return OwnRecord.objects.filter(type=name).count()


def _counts(rows: QuerySet[OwnRecord]) -> dict[str, int]:
    return dict(rows.values_list("type").annotate(number=Count("pk")).order_by())
