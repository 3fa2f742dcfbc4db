"""Two customers side by side, before they become one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rapport.foundation.lib.contact import readable_phone
from rapport.foundation.records import policies
from rapport.foundation.records.extension_points import record_types
from rapport.foundation.records.queries.fields import custom_fields, value_of
from rapport.foundation.records.queries.names import Names, names_in
from rapport.foundation.records.rules.codec import EMPTY
from rapport.foundation.records.types import Field
from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.customers import policies as customer_policies
from rapport.stores.customers.extension_points import Holding, customer_holdings
from rapport.stores.customers.models import Address, Customer, CustomerFile, Identity, Relationship
from rapport.stores.customers.policies import RECORD_TYPE
from rapport.stores.customers.queries.customers import all_ids, surviving_ids
from rapport.stores.customers.rules.customers import merged_values
from rapport.stores.customers.types import IdentityKind

_LABELS = (_("E-mail addresses, phone numbers and ids"), _("Addresses"), _("Relationships"), _("Files"))


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

    @property
    def has_lists(self) -> bool:
        """Whether some rows can keep both values."""
        return any(row.kept == "both" for row in self.rows)


def comparison(*, actor: Actor, surviving: UUID, absorbed: UUID) -> Comparison:
    """Errors: NotFound, NotAllowed, Invalid when the two are one already."""
    one, other = _both(actor, surviving, absorbed)
    declared = record_types[RECORD_TYPE].with_fields(custom_fields(RECORD_TYPE))
    fields = [f for f in policies.readable_fields(actor, declared) if f.editable]
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
    return Comparison(one, other, tuple(rows), same, tuple(_holdings(actor, other.pk)), names)


def _both(actor: Actor, surviving: UUID, absorbed: UUID) -> tuple[Customer, Customer]:
    """One query when both ids stand for themselves."""
    found = policies.visible(actor, RECORD_TYPE, Action.MERGE).in_bulk([surviving, absorbed])
    if len(found) == 2:
        return found[surviving], found[absorbed]
    standing = surviving_ids([surviving, absorbed])
    if standing[surviving] == standing[absorbed]:
        raise Invalid({"other": gettext("This is the same customer.")})
    return (
        policies.get_record(actor, RECORD_TYPE, standing[surviving], Action.MERGE),
        policies.get_record(actor, RECORD_TYPE, standing[absorbed], Action.MERGE),
    )


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

    def number(rows: QuerySet[Any]) -> Coalesce:
        counted = rows.order_by().annotate(one=Value(1)).values("one").annotate(number=Count("pk")).values("number")
        return Coalesce(Subquery(counted), Value(0))

    counts = Customer.objects.filter(pk=customer_id).values_list(
        number(Identity.objects.filter(customer_id__in=ids)),
        number(Address.objects.filter(customer_id__in=ids)),
        number(Relationship.objects.filter(Q(from_customer_id__in=ids) | Q(to_customer_id__in=ids))),
        number(CustomerFile.objects.filter(customer_id__in=ids, deleted_at=None)),
    )
    own = [Holding(label, count) for label, count in zip(_LABELS, counts.get(), strict=True)]
    own += [holding(actor, ids) for holding in customer_holdings.values()]
    return [each for each in own if each.count]
