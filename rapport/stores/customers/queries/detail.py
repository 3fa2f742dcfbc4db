"""Everything the customer page shows that lies in this store: two statements, whatever hangs on the customer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet, Subquery
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
from rapport.stores.customers.queries.customers import surviving_id
from rapport.stores.customers.queries.relationships import ROW, Related, as_related, relationship_rows
from rapport.stores.customers.rules import files as file_rules
from rapport.stores.customers.types import KNOWN, AddressPurpose, IdentityKind

MOST = 200  # of each thing that hangs on one customer
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
    customer, ids = standing_customer(actor=actor, customer_id=customer_id)
    row = _everything(actor, customer, ids, most)
    record_type = record_types[RECORD_TYPE].with_fields(tuple(as_field(CustomField(**each)) for each in row["custom_fields"]))
    fields = record_policies.readable_fields(actor, record_type)
    identities = [
        _identity(each, customer) for each in row["identities"] if policies.may_see_identity(actor, each["kind"])
    ]
    last = row["last_change"] or {}
    return Dossier(
        customer=customer,
        record_type=record_type,
        ids=ids,
        fields=fields,
        values={field.name: value_of(customer, field) for field in fields},
        identities=tuple(each for each in identities if each.kind in KNOWN),
        browsers=sum(each.kind not in KNOWN for each in identities),
        addresses=tuple(_address(each) for each in row["addresses"] or []),
        may_see_addresses=policies.may_see_addresses(actor),
        files=tuple(_file(each) for each in row["files"]),
        relationships=tuple(as_related(row["relationships"], ids)),
        merges=tuple(_merge(each) for each in row["merges"]),
        changed_by=last.get("by", ""),
        changed_at=datetime.fromisoformat(last["at"]) if last else None,
    )


def standing_customer(*, actor: Actor, customer_id: UUID) -> tuple[Customer, list[UUID]]:
    """The visible customer and all ids; one query when the id stands for itself. Errors: NotFound, Moved."""
    aliases = CustomerAlias.objects.filter(surviving_id=OuterRef("pk")).order_by("created_at", "absorbed_id")
    rows = record_policies.visible(actor, RECORD_TYPE).select_related("owner")
    customer = rows.annotate(absorbed=ArraySubquery(aliases.values("absorbed_id"))).filter(pk=customer_id).first()
    if customer is not None:
        return customer, [customer.pk, *customer.absorbed]
    standing = surviving_id(customer_id)
    if standing != customer_id and rows.filter(pk=standing).exists():
        raise Moved(standing)
    raise NotFound(_("There is no such customer, or you may not see it."))


def file_of(*, actor: Actor, customer_id: UUID, file_id: UUID) -> CustomerFile:
    """A file of a visible customer. Errors: NotFound."""
    _customer, ids = standing_customer(actor=actor, customer_id=customer_id)
    row = CustomerFile.objects.filter(pk=file_id, customer_id__in=ids, deleted_at=None).first()
    if row is None:
        raise NotFound(_("There is no such file."))
    return row


def _everything(actor: Actor, customer: Customer, ids: list[UUID], most: int | None) -> dict[str, Any]:
    """One row whose columns are lists in JSON form."""

    def listed(rows: QuerySet[Any], **columns: str) -> ArraySubquery:
        return ArraySubquery(rows.values(json=JSONObject(**columns))[:most])

    change = Change.objects.filter(record_id__in=ids).order_by("-id")
    last = change.values(json=JSONObject(by="operation__actor_name", at="at"))[:1]
    addresses = (
        Address.objects.filter(customer_id__in=ids) if policies.may_see_addresses(actor) else Address.objects.none()
    )
    definitions = CustomField.objects.filter(record_type=RECORD_TYPE, retired_at=None)
    found = (
        Customer.objects.filter(pk=customer.pk)
        .values(
            identities=listed(
                Identity.objects.filter(customer_id__in=ids).order_by("kind", "-is_primary", "created_at"),
                id="id", kind="kind", namespace="namespace", value="value",
            ),
            addresses=listed(
                addresses.order_by("created_at"),
                id="id", purpose="purpose", street="street", postal_code="postal_code", city="city", region="region", country="country",
            ),
            files=listed(
                CustomerFile.objects.filter(customer_id__in=ids, deleted_at=None).order_by("-created_at"),
                id="id", name="name", size_bytes="size_bytes", created_at="created_at", content_type="content_type",
            ),
            relationships=ArraySubquery(relationship_rows(actor, ids).values(json=JSONObject(**ROW))[:most]),
            merges=listed(
                Merge.objects.filter(surviving_id=customer.pk, undone_at=None).order_by("-merged_at"),
                id="id", name="absorbed_before__name", merged_at="merged_at", actor_name="actor_name",
            ),
            last_change=Subquery(last),
            custom_fields=ArraySubquery(definitions.values(json=JSONObject(**{name: name for name in _DEFINITION}))),
        )
        .get()
    )  # fmt: skip
    return dict(found)


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
