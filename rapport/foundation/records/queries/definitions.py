"""The workspace's own fields as its settings show them, retired ones included."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from rapport.foundation.records.models import CustomField
from rapport.foundation.workspace import policies
from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import Actor, Power


def definitions(*, actor: Actor, record_type: str) -> list[CustomField]:
    """In their order. Errors: NotAllowed."""
    policies.require(actor, Power.MANAGE_FIELDS)
    return list(CustomField.objects.filter(record_type=record_type))


def definition(*, actor: Actor, field_id: UUID) -> CustomField:
    """Errors: NotAllowed, NotFound."""
    policies.require(actor, Power.MANAGE_FIELDS)
    row = CustomField.objects.filter(id=field_id).first()
    if row is None:
        raise NotFound(_("There is no such field."))
    return row


def groups(record_type: str) -> list[str]:
    """Headings in use, for suggestions."""
    rows = CustomField.objects.filter(record_type=record_type).exclude(group="").order_by("group")
    return list(rows.values_list("group", flat=True).distinct())
