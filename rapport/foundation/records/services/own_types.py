"""Record types of a workspace's own: defining, changing, retiring, removing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from rapport.foundation.lib import clock
from rapport.foundation.records.extension_points import record_types
from rapport.foundation.records.models import Change, CustomField, OwnRecord, OwnType, SavedView, ViewMark
from rapport.foundation.records.queries import frame
from rapport.foundation.records.queries.saved_views import forget_pinned
from rapport.foundation.records.rules import own_types as rules
from rapport.foundation.records.services.copying import delete_at_once
from rapport.foundation.records.services.fields import create_field
from rapport.foundation.workspace import policies
from rapport.foundation.workspace.errors import Invalid, NotFound
from rapport.foundation.workspace.services import audit
from rapport.foundation.workspace.types import Actor, Power

CHANGEABLE = ("label", "plural", "icon", "title_label", "link")
_LENGTHS = {"label": 60, "plural": 60, "title_label": 60}


@transaction.atomic
def create_type(
    *,
    actor: Actor,
    label: str,
    plural: str,
    icon: str = rules.DEFAULT_ICON,
    title_label: str = "",
    link: str = OwnType.Link.MAY,
    name: str = "",
) -> OwnType:
    """A new record type. Without a name it gets one made of its label. Errors: NotAllowed, Invalid."""
    policies.require(actor, Power.MANAGE_FIELDS)
    existing = list(OwnType.objects.select_for_update())
    taken = {row.name for row in existing} | set(record_types)
    row = OwnType(
        name=name or rules.name_from(label, taken),
        label=label,
        plural=plural,
        icon=icon,
        title_label=title_label,
        link=link,
        created_at=clock.now(),
    )
    problems = _tidy(row, existing)
    if problem := rules.problem_with_name(row.name, taken):
        problems["name"] = problem
    if len(existing) >= rules.MOST_TYPES:
        problems["label"] = _("At most %(number)s record types of your own.") % {"number": rules.MOST_TYPES}
    if problems:
        raise Invalid(problems)
    row.position = (OwnType.objects.aggregate(last=Max("position"))["last"] or 0) + 1
    row.save(force_insert=True)
    _written("own_type_created", row, actor, after=_definition(row))
    return row


@transaction.atomic
def define_type(*, actor: Actor, fields: Sequence[Mapping[str, Any]] = (), **values: Any) -> OwnType:
    """A type with its first fields, all or nothing. A field of the kind relation whose target is "self" names records of
    this type. Errors: NotAllowed, Invalid naming `fields.<place>.<name>`.
    """
    row = create_type(actor=actor, **values)
    problems: dict[str, str] = {}
    for at, field in enumerate(fields):
        target = row.name if field.get("target") == "self" else field.get("target", "")
        try:
            create_field(actor=actor, record_type=row.name, **{**field, "target": target})
        except Invalid as error:
            problems |= {f"fields.{at}.{name}": why for name, why in error.problems.items()}
    if problems:
        raise Invalid(problems)
    return row


@transaction.atomic
def update_type(*, actor: Actor, type_id: UUID, **values: Any) -> OwnType:
    """Change how a type is called and shown. Its name for programs stays. Errors: NotAllowed, NotFound, Invalid."""
    policies.require(actor, Power.MANAGE_FIELDS)
    row = _get(type_id)
    before = _definition(row)
    for name, value in values.items():
        if name not in CHANGEABLE:
            raise Invalid({name: _("This can't be changed.")})
        setattr(row, name, value)
    problems = _tidy(row, list(OwnType.objects.exclude(pk=row.pk)))
    linked = OwnRecord.objects.filter(type=row.name, customer_id__isnull=False)
    if row.link == OwnType.Link.NONE and before["link"] != row.link and linked.exists():
        problems["link"] = _("Records belong to customers already. Let it stay possible.")
    if problems:
        raise Invalid(problems)
    after = _definition(row)
    if after != before:
        row.save(update_fields=sorted(CHANGEABLE))
        changed = [name for name in after if after[name] != before[name]]
        _written(
            "own_type_changed",
            row,
            actor,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )
    return row


@transaction.atomic
def retire_type(*, actor: Actor, type_id: UUID) -> OwnType:
    """The type leaves menus, lists and filters; its records stay as they are, and it can come back. Errors: NotAllowed, NotFound."""
    policies.require(actor, Power.MANAGE_FIELDS)
    row = _get(type_id)
    if row.retired_at is None:
        row.retired_at = clock.now()
        row.save(update_fields=["retired_at"])
        _written("own_type_retired", row, actor)
    return row


@transaction.atomic
def reinstate_type(*, actor: Actor, type_id: UUID) -> OwnType:
    """A retired type comes back with its records and fields. Errors: NotAllowed, NotFound."""
    policies.require(actor, Power.MANAGE_FIELDS)
    row = _get(type_id)
    if row.retired_at is not None:
        row.retired_at = None
        row.save(update_fields=["retired_at"])
        _written("own_type_reinstated", row, actor)
    return row


@transaction.atomic
def remove_type(*, actor: Actor, type_id: UUID, confirmation: str) -> int:
    """Remove a type for good, with its records, their history, its fields and views; fields of others that name its
    records are retired. There is no way back, so the plural has to be typed. Returns how many records went.

    Errors: NotAllowed, NotFound, Invalid.
    """
    policies.require(actor, Power.MANAGE_FIELDS)
    row = _get(type_id)
    if " ".join(confirmation.split()).casefold() != row.plural.casefold():
        raise Invalid({"confirmation": _("Type “%(plural)s” to remove them.") % {"plural": row.plural}})
    removed = delete_at_once(OwnRecord.objects.filter(type=row.name))
    delete_at_once(Change.objects.filter(record_type=row.name))
    CustomField.objects.filter(record_type=row.name).delete()
    CustomField.objects.filter(target=row.name, retired_at=None).update(retired_at=clock.now())
    SavedView.objects.filter(record_type=row.name).delete()
    ViewMark.objects.filter(page=row.name).delete()
    forget_pinned()
    _written("own_type_removed", row, actor, before={**_definition(row), "records": removed})
    OwnType.objects.filter(pk=row.pk).delete()
    return removed


def _get(type_id: UUID) -> OwnType:
    row = OwnType.objects.select_for_update().filter(id=type_id).first()
    if row is None:
        raise NotFound(_("There is no such record type."))
    return row


def _tidy(row: OwnType, others: list[OwnType]) -> dict[str, str]:
    """Bring the definition into its stored form; returns what is wrong with it, by name."""
    problems = {}
    for name, longest in _LENGTHS.items():
        text = " ".join(str(getattr(row, name)).replace("\x00", "").split())
        setattr(row, name, text)
        if len(text) > longest:
            problems[name] = _("At most %(number)s characters.") % {"number": longest}
    row.title_label = row.title_label or _("Name")
    if not row.label:
        problems["label"] = _("Give the records a name, such as Boat.")
    if not row.plural:
        problems["plural"] = _("Say how several are called, such as Boats.")
    elif any(row.plural.casefold() == other.plural.casefold() for other in others):
        problems["plural"] = _("There is a record type of this name already.")
    if row.icon not in rules.ICONS:
        problems["icon"] = _("Choose one of the icons.")
    if row.link not in OwnType.Link.values:
        problems["link"] = _("Choose one of these.")
    return problems


def _written(action: str, row: OwnType, actor: Actor, **detail: Any) -> None:
    frame.forget()
    audit.record(action, actor=actor, subject=row.plural, subject_type="own_type", subject_id=row.id, **detail)


def _definition(row: OwnType) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("name", *CHANGEABLE)}
