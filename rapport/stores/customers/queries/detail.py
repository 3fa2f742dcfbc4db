"""Everything the customer page shows that lies in this store: one statement, whatever hangs on the customer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.utils.translation import gettext as _

from rapport.foundation.records import policies as record_policies
from rapport.foundation.records.extension_points import record_types
from rapport.foundation.records.models import Change, CustomField
from rapport.foundation.records.queries.fields import as_field, value_of
from rapport.foundation.records.types import Field, RecordType
from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers import policies
from rapport.stores.customers.models import Address, Customer, CustomerAlias, CustomerFile, Identity, Merge
from rapport.stores.customers.policies import RECORD_TYPE
from rapport.stores.customers.queries.customers import all_ids_of, surviving_id
from rapport.stores.customers.queries.followups import follow_up_columns
from rapport.stores.customers.queries.phases import life_columns
from rapport.stores.customers.queries.relationships import ROW, Related, as_related, may_read, relationship_rows
from rapport.stores.customers.rules import files as file_rules
from rapport.stores.customers.types import KNOWN, AddressPurpose, IdentityKind

MOST = 200  # of each thing that hangs on one customer
_ANY_ID = UUID("00000000-0000-8000-8000-00000000feed")  # stands in statements where the customer's id comes
_STATEMENTS: dict[tuple[Any, ...], tuple[str, tuple[Any, ...]]] = {}
_LISTS = ("d_identities", "d_addresses", "d_files", "d_relationships", "d_merges", "d_custom_fields")
_DEFINITION = ("name", "label", "kind", "choices", "target", "group", "help", "is_required", "in_list")


class Moved(NotFound):
    """The id was merged into another; the page is there now."""

    def __init__(self, surviving_id: UUID) -> None:
        super().__init__("This customer was merged into another.")
        self.surviving_id = surviving_id


@dataclass(frozen=True)
class IdentityLine:
    id: UUID
    kind: IdentityKind
    namespace: str
    value: str
    is_first: bool  # the one the customer's own column shows


@dataclass(frozen=True)
class AddressLine:
    id: UUID
    purpose: AddressPurpose
    street: str
    postal_code: str
    city: str
    region: str
    country: str

    @property
    def town(self) -> str:
        return " ".join(part for part in (self.postal_code, self.city) if part)


@dataclass(frozen=True)
class FileLine:
    id: UUID
    name: str
    size_bytes: int
    created_at: datetime
    icon: str


@dataclass(frozen=True)
class MergeLine:
    """A customer who was merged into this one and can become one again."""

    id: UUID
    name: str
    merged_at: datetime
    actor_name: str


@dataclass(frozen=True)
class Dossier:
    """One customer, as far as the actor may see it."""

    customer: Customer
    owner_name: str
    record_type: RecordType
    ids: list[UUID]
    fields: tuple[Field, ...]
    values: Mapping[str, Any]
    identities: tuple[IdentityLine, ...]
    browsers: int
    addresses: tuple[AddressLine, ...]
    may_see_addresses: bool
    files: tuple[FileLine, ...]
    relationships: tuple[Related, ...]
    merges: tuple[MergeLine, ...]
    changed_by: str
    changed_at: datetime | None


def dossier(*, actor: Actor, customer_id: UUID, most: int | None = MOST) -> Dossier:
    """With `most` of each thing, None for all. Errors: NotFound, and Moved when the id was merged into a customer the
    actor may see.
    """
    statement, params = _statement(actor, most)
    found = [customer_id if param == _ANY_ID else param for param in params]
    customer: Any = next(iter(Customer.objects.raw(statement, found)), None)
    if customer is None:
        raise _not_here(actor, customer_id)
    ids = [customer.pk, *customer.absorbed]
    lists = {name: [json.loads(each) for each in getattr(customer, name) or ()] for name in _LISTS}
    own_fields = tuple(as_field(CustomField(**each)) for each in lists["d_custom_fields"])
    record_type = record_types[RECORD_TYPE].with_fields(own_fields)
    fields = record_policies.readable_fields(actor, record_type)
    identities = [
        _identity(each, customer) for each in lists["d_identities"] if policies.may_see_identity(actor, each["kind"])
    ]
    last = json.loads(customer.d_last_change) if customer.d_last_change else {}
    return Dossier(
        customer=customer,
        owner_name=customer.d_owner_name or "",
        record_type=record_type,
        ids=ids,
        fields=fields,
        # What is kept beside the customer is shown by panels of its own.
        values={field.name: value_of(customer, field) for field in fields if field.custom or "__" not in field.path},
        identities=tuple(each for each in identities if each.kind in KNOWN),
        browsers=sum(each.kind not in KNOWN for each in identities),
        addresses=tuple(_address(each) for each in lists["d_addresses"]),
        may_see_addresses=policies.may_see_addresses(actor),
        files=tuple(_file(each) for each in lists["d_files"]),
        relationships=tuple(as_related(lists["d_relationships"], ids)),
        merges=tuple(_merge(each) for each in lists["d_merges"]),
        changed_by=last.get("by", ""),
        changed_at=datetime.fromisoformat(last["at"]) if last else None,
    )


def standing_customer(*, actor: Actor, customer_id: UUID) -> tuple[Customer, list[UUID]]:
    """The visible customer and all ids; one query when the id stands for itself. Errors: NotFound, Moved."""
    customer: Any = _standing_rows(actor, customer_id).first()
    if customer is None:
        raise _not_here(actor, customer_id)
    return customer, [customer.pk, *customer.absorbed]


def customer_with_ids(*, actor: Actor, customer_id: UUID) -> tuple[Customer, list[UUID]]:
    """The customer under this or any id merged into it, and all ids; one query when the id stands for itself.

    Errors: NotFound.
    """
    try:
        return standing_customer(actor=actor, customer_id=customer_id)
    except Moved as moved:
        return standing_customer(actor=actor, customer_id=moved.surviving_id)


def _standing_rows(actor: Actor, customer_id: UUID) -> QuerySet[Any]:
    aliases = CustomerAlias.objects.filter(surviving_id=OuterRef("pk")).order_by("created_at", "absorbed_id")
    rows = record_policies.visible(actor, RECORD_TYPE).select_related("owner").filter(pk=customer_id)
    return rows.annotate(absorbed=ArraySubquery(aliases.values("absorbed_id")))


def _not_here(actor: Actor, customer_id: UUID) -> NotFound:
    standing = surviving_id(customer_id)
    if standing != customer_id and record_policies.visible(actor, RECORD_TYPE).filter(pk=standing).exists():
        return Moved(standing)
    return NotFound(_("There is no such customer, or you may not see it."))


def file_of(*, actor: Actor, customer_id: UUID, file_id: UUID) -> CustomerFile:
    """A file of a visible customer. Errors: NotFound."""
    _customer, ids = standing_customer(actor=actor, customer_id=customer_id)
    row = CustomerFile.objects.filter(pk=file_id, customer_id__in=ids, deleted_at=None).first()
    if row is None:
        raise NotFound(_("There is no such file."))
    return row


def _statement(actor: Actor, most: int | None) -> tuple[str, tuple[Any, ...]]:
    """The one statement, kept once it was made: making it takes Django many times as long as PostgreSQL needs to answer.

    It depends on the actor only by what is in the key; with other row rules it is made anew.
    """
    key = (policies.sees_everyone(actor), may_read(actor, "job_title"), policies.may_see_addresses(actor), most)
    if not key[0]:
        return _made(actor, most)
    if key not in _STATEMENTS:
        _STATEMENTS[key] = _made(actor, most)
    return _STATEMENTS[key]


def _made(actor: Actor, most: int | None) -> tuple[str, tuple[Any, ...]]:
    rows = _standing_rows(actor, _ANY_ID).select_related(None)
    rows = rows.annotate(d_owner_name=F("owner__name"), **_everything(actor, _ANY_ID, most))
    return rows.query.sql_with_params()


def _everything(actor: Actor, customer_id: UUID, most: int | None) -> dict[str, Any]:
    """Columns that are lists in JSON form, so that all of it comes with the customer's own row."""
    mine = all_ids_of(customer_id)

    def listed(rows: QuerySet[Any], *columns: str, **others: str) -> ArraySubquery:
        return ArraySubquery(rows.values(json=JSONObject(**dict(zip(columns, columns, strict=True)), **others))[:most])

    addresses = Address.objects.filter(mine("customer_id")).order_by("created_at")
    change = Change.objects.filter(mine("record_id")).order_by("-id")
    return {
        "d_identities": listed(
            Identity.objects.filter(mine("customer_id")).order_by("kind", "-is_primary", "created_at"),
            "id", "kind", "namespace", "value",
        ),
        "d_addresses": listed(
            addresses if policies.may_see_addresses(actor) else addresses.none(),
            "id", "purpose", "street", "postal_code", "city", "region", "country",
        ),
        "d_files": listed(
            CustomerFile.objects.filter(mine("customer_id"), deleted_at=None).order_by("-created_at"),
            "id", "name", "size_bytes", "created_at", "content_type",
        ),
        "d_relationships": ArraySubquery(relationship_rows(actor, mine).values(json=JSONObject(**ROW))[:most]),
        "d_merges": listed(
            Merge.objects.filter(surviving_id=customer_id, undone_at=None).order_by("-merged_at"),
            "id", "merged_at", "actor_name", name="absorbed_before__name",
        ),
        "d_last_change": Subquery(change.values(json=JSONObject(by="operation__actor_name", at="at"))[:1]),
        "d_custom_fields": listed(CustomField.objects.filter(record_type=RECORD_TYPE, retired_at=None), *_DEFINITION),
        **life_columns(customer_id),
        **follow_up_columns(mine),
    }  # fmt: skip


def _identity(row: Mapping[str, Any], customer: Customer) -> IdentityLine:
    kind = IdentityKind(row["kind"])
    first = {IdentityKind.EMAIL: customer.email, IdentityKind.PHONE: customer.phone}.get(kind)
    return IdentityLine(UUID(row["id"]), kind, row["namespace"], row["value"], is_first=row["value"] == first)


def _address(row: Mapping[str, Any]) -> AddressLine:
    return AddressLine(**{**row, "id": UUID(row["id"]), "purpose": AddressPurpose(row["purpose"])})


def _file(row: Mapping[str, Any]) -> FileLine:
    return FileLine(
        UUID(row["id"]),
        row["name"],
        row["size_bytes"],
        datetime.fromisoformat(row["created_at"]),
        file_rules.icon(row["content_type"]),
    )


def _merge(row: Mapping[str, Any]) -> MergeLine:
    return MergeLine(UUID(row["id"]), row["name"] or "", datetime.fromisoformat(row["merged_at"]), row["actor_name"])
