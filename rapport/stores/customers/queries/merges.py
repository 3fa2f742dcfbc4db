"""Two customers side by side, before they become one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rapport.foundation.lib.contact import readable_phone
from rapport.foundation.records import policies
from rapport.foundation.records.queries.fields import record_type, value_of
from rapport.foundation.records.queries.names import Names, names_in
from rapport.foundation.records.rules.codec import EMPTY
from rapport.foundation.records.types import Field
from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.customers import policies as customer_policies
from rapport.stores.customers.extension_points import Holding, customer_holdings
from rapport.stores.customers.models import Address, Customer, CustomerFile, Identity, Relationship
from rapport.stores.customers.policies import RECORD_TYPE
from rapport.stores.customers.queries.customers import all_ids, surviving_id
from rapport.stores.customers.rules.customers import merged_values
from rapport.stores.customers.types import IdentityKind


@dataclass(frozen=True)
class Row:
    """A field in which the two differ. `kept` says which side's value stays unless somebody chooses: both for lists."""

    field: Field
    surviving: Any
    absorbed: Any
    kept: str  # surviving, absorbed, both


@dataclass(frozen=True)
class Comparison:
    """`holdings`: what comes along with the one that is absorbed."""

    surviving: Customer
    absorbed: Customer
    rows: tuple[Row, ...]
    same: int
    holdings: tuple[Holding, ...]
    names: Names


def comparison(*, actor: Actor, surviving: UUID, absorbed: UUID) -> Comparison:
    """Errors: NotFound, NotAllowed, Invalid when the two are one already."""
    stays, goes = surviving_id(surviving), surviving_id(absorbed)
    if stays == goes:
        raise Invalid({"other": str(_("This is the same customer."))})
    one = policies.get_record(actor, RECORD_TYPE, stays, Action.MERGE)
    other = policies.get_record(actor, RECORD_TYPE, goes, Action.MERGE)
    fields = [f for f in policies.readable_fields(actor, record_type(RECORD_TYPE)) if f.editable]
    mine = {field.name: value_of(one, field) for field in fields}
    theirs = {field.name: value_of(other, field) for field in fields}
    merged = merged_values(mine, theirs, {})
    rows = [
        Row(
            field, mine[field.name], theirs[field.name], _kept(merged[field.name], mine[field.name], theirs[field.name])
        )
        for field in fields
        if mine[field.name] != theirs[field.name] and not (mine[field.name] in EMPTY and theirs[field.name] in EMPTY)
    ]
    same = sum(mine[field.name] == theirs[field.name] and mine[field.name] not in EMPTY for field in fields)
    names = names_in(actor=actor, fields=[row.field for row in rows], values=[mine, theirs])
    return Comparison(one, other, tuple(rows), same, tuple(_holdings(actor, goes)), names)


def chosen_sides(data: Mapping[str, Any], rows: tuple[Row, ...]) -> dict[str, str]:
    """What a form chose, by field: only where it differs from what would happen anyway."""
    said = {row.field.name: str(data.get(f"choose_{row.field.name}") or "") for row in rows}
    return {name: side for name, side in said.items() if side in ("surviving", "absorbed")}


def evidence_lines(actor: Actor, evidence: Iterable[Mapping[str, Any]]) -> list[str]:
    """What two records share, as far as the actor may know it."""
    lines = []
    for each in evidence:
        kind, value = str(each.get("kind", "")), str(each.get("value", ""))
        if kind == "name":
            lines.append(gettext("same name and place: %(value)s") % {"value": value})
        elif kind in IdentityKind.values and customer_policies.may_see_identity(actor, kind):
            shown = readable_phone(value) if kind == IdentityKind.PHONE else value
            lines.append(gettext("both: %(value)s") % {"value": shown})
    return list(dict.fromkeys(lines))


def _kept(merged: Any, mine: Any, theirs: Any) -> str:
    if merged == mine:
        return "surviving"
    return "absorbed" if merged == theirs else "both"


def _holdings(actor: Actor, customer_id: UUID) -> list[Holding]:
    ids = all_ids(customer_id)
    relationships = (
        Relationship.objects.filter(from_customer_id__in=ids).count()
        + Relationship.objects.filter(to_customer_id__in=ids).count()
    )
    own = [
        Holding(_("E-mail addresses, phone numbers and ids"), Identity.objects.filter(customer_id__in=ids).count()),
        Holding(_("Addresses"), Address.objects.filter(customer_id__in=ids).count()),
        Holding(_("Relationships"), relationships),
        Holding(_("Files"), CustomerFile.objects.filter(customer_id__in=ids, deleted_at=None).count()),
    ]
    own += [holding(actor, ids) for holding in customer_holdings.values()]
    return [each for each in own if each.count]
