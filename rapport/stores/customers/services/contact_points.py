"""How a customer is recognised, as people keep it: adding, removing and choosing the first among e-mail addresses,
phone numbers and external ids. What events say of identities is services.identities.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from rapport.foundation.lib import clock
from rapport.foundation.records import policies as record_policies
from rapport.foundation.records.models import Operation
from rapport.foundation.records.services import records
from rapport.foundation.records.services.operations import open_operation
from rapport.foundation.workspace.errors import Conflict, Invalid, NotFound
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers import policies
from rapport.stores.customers.models import Customer, Identity
from rapport.stores.customers.policies import RECORD_TYPE
from rapport.stores.customers.queries.customers import surviving_id
from rapport.stores.customers.rules.identities import identity_key
from rapport.stores.customers.services import parts
from rapport.stores.customers.types import KNOWN, IdentityKind

# The column of a customer that shows the first identity of a kind.
COLUMNS = {IdentityKind.EMAIL: "email", IdentityKind.PHONE: "phone"}


class Taken(Conflict):
    """The identity belongs to another customer; `customer_id` says whom, if the actor may know."""

    def __init__(self, name: str, customer_id: UUID | None) -> None:
        who = (
            _("This belongs to %(name)s. If the two are one, merge them.")
            if name
            else _("This belongs to another customer.")
        )
        super().__init__(who % {"name": name} if name else who)
        self.customer_id = customer_id


@transaction.atomic
def add_identity(*, actor: Actor, customer_id: UUID, kind: str, value: str, namespace: str = "") -> Operation:
    """Errors: NotFound, NotAllowed, Invalid; Taken when another customer is known by it."""
    if kind not in KNOWN:
        raise Invalid({"kind": _("Add an e-mail address, a phone number or an external id.")})
    policies.require_identity(actor, kind)
    customer, ids = policies.lock_customer(actor, customer_id)
    key = identity_key(
        IdentityKind(kind),
        value,
        namespace.strip().lower() if kind == IdentityKind.EXTERNAL else "",
        region=customer.country,
    )
    if key is None:
        raise Invalid({"value": _WRONG[IdentityKind(kind)]()})
    existing = Identity.objects.filter(value=key.value, kind=key.kind, namespace=key.namespace).first()
    if existing:
        if existing.customer_id in ids:
            raise Invalid({"value": _("This is there already.")})
        raise _taken(actor, existing)
    operation = open_operation(actor, "identity", RECORD_TYPE, label=key.value)
    row = Identity(
        **key._asdict(), customer_id=customer.pk, source="manual", operation_id=operation.id, created_at=clock.now()
    )
    column = COLUMNS.get(IdentityKind(kind))
    row.is_primary = bool(column) and not getattr(customer, column or "")
    row.save(force_insert=True)
    parts.write_down(
        actor, "identity", [customer.pk], before=None, after=parts.snapshot("identity", row), operation=operation
    )
    if column and row.is_primary:
        _show(actor, customer, column, key.value, operation)
    return operation


@transaction.atomic
def remove_identity(*, actor: Actor, customer_id: UUID, identity_id: UUID) -> Operation:
    """The customer is no longer known by it. The next of its kind takes the first place. Errors: NotFound, NotAllowed."""
    customer, ids = policies.lock_customer(actor, customer_id)
    row = _get(ids, identity_id)
    policies.require_identity(actor, row.kind)
    operation = open_operation(actor, "identity", RECORD_TYPE, label=row.value)
    before, kind, value = parts.snapshot("identity", row), IdentityKind(row.kind), row.value
    column = COLUMNS.get(kind)
    row.delete()
    parts.write_down(actor, "identity", [customer.pk], before=before, after=None, operation=operation)
    if column and getattr(customer, column) == value:
        following = Identity.objects.filter(customer_id__in=ids, kind=kind).order_by("created_at").first()
        _show(actor, customer, column, following.value if following else "", operation)
    return operation


@transaction.atomic
def make_primary(*, actor: Actor, customer_id: UUID, identity_id: UUID) -> Operation | None:
    """This address or number is shown and written to first. Errors: NotFound, NotAllowed, Invalid."""
    customer, ids = policies.lock_customer(actor, customer_id)
    row = _get(ids, identity_id)
    column = COLUMNS.get(IdentityKind(row.kind))
    if column is None:
        raise Invalid({"kind": _("Only an e-mail address or a phone number can be the first.")})
    return _show(actor, customer, column, row.value, None)


def _show(actor: Actor, customer: Customer, column: str, value: str, operation: Operation | None) -> Operation | None:
    _record, operation = records.update_record(
        actor=actor, record_type=RECORD_TYPE, record_id=customer.pk, values={column: value}, operation=operation
    )
    return operation


def _get(ids: list[UUID], identity_id: UUID) -> Identity:
    row: Identity | None = parts.own(Identity.objects.all(), ids, identity_id)
    if row is None:
        raise NotFound(_("The customer is not known by this."))
    return row


def _taken(actor: Actor, identity: Identity) -> Taken:
    standing = surviving_id(identity.customer_id)
    name = record_policies.visible(actor, RECORD_TYPE).filter(pk=standing).values_list("name", flat=True).first()
    return Taken(name or "", standing if name else None)


_WRONG = {
    IdentityKind.EMAIL: lambda: _("This is not an e-mail address."),
    IdentityKind.PHONE: lambda: _(
        "This is not a phone number. Write it with its country code, such as +31 20 555 0100."
    ),
    IdentityKind.EXTERNAL: lambda: _("Write the id, and the system it is from in small letters, such as shopify."),
}
