"""Bringing in many customers at once with everything that hangs on them, and taking them out again as one.

Rows go in by COPY and belong to one operation. Whatever else the workspace knows stays as it is: an identity that
somebody has already is left to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, models, transaction

from rapport.foundation.lib import ids
from rapport.foundation.records import policies
from rapport.foundation.records.models import Operation
from rapport.foundation.records.services.copying import delete_at_once
from rapport.foundation.records.services.operations import count
from rapport.foundation.records.services.statistics import analyze
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.customers.models import (
    Address,
    Customer,
    CustomerAlias,
    DuplicateProposal,
    Identity,
    Relationship,
    RelationshipType,
)
from rapport.stores.customers.queries.customers import RECORD_TYPE
from rapport.stores.customers.services.customers import CustomerWrites
from rapport.stores.customers.services.statistics import TABLES


class NewIdentity(NamedTuple):
    """As the model, without its cost: there are thousands."""

    customer_id: UUID
    kind: str
    value: str
    namespace: str
    is_primary: bool
    source: str
    created_at: datetime


@dataclass
class Load:
    """Rows ready to be stored; ids are the caller's, so that they can name each other."""

    customers: list[Customer] = field(default_factory=list)
    identities: list[NewIdentity] = field(default_factory=list)
    addresses: list[Address] = field(default_factory=list)
    relationships: list[Relationship] = field(default_factory=list)
    aliases: list[CustomerAlias] = field(default_factory=list)  # of visitors who became known


@transaction.atomic
def load_customers(*, actor: Actor, operation: Operation, load: Load) -> None:
    """Store them all as created by the operation. Errors: NotAllowed."""
    policies.require(actor, Action.IMPORT, RECORD_TYPE)
    writes = CustomerWrites()
    for customer in load.customers:
        writes.before_save(customer, {"name"})
    for rows in (load.customers, load.addresses, load.relationships):
        for row in rows:
            row.operation_id = operation.id
    known = set(RelationshipType.objects.values_list("name", flat=True))
    _copy(Customer, load.customers)
    _copy_identities(load.identities, operation)
    _copy(Address, load.addresses)
    _copy(Relationship, [one for one in load.relationships if one.type_id in known])
    _copy(CustomerAlias, load.aliases)
    count(operation, created=len(load.customers))
    analyze(TABLES)


@transaction.atomic
def unload_customers(*, operation: Operation) -> dict[str, int]:
    """Take out what a load brought. Customers somebody has worked on since go to the bin instead. Returns both counts."""
    created = Customer.objects.filter(operation_id=operation.id)
    # Not "not in": with a million customers the server would look through all of them for each identity.
    visitors = Identity.objects.filter(
        ~models.Exists(created.filter(pk=models.OuterRef("customer_id"))), operation_id=operation.id
    )
    aliases = CustomerAlias.objects.filter(surviving_id__in=created.values("pk"), merge_id=None)
    delete_at_once(aliases.filter(absorbed_id__in=visitors.values("customer_id")))
    delete_at_once(visitors)
    for side in ("first_id", "second_id"):
        proposals = DuplicateProposal.objects.filter(**{f"{side}__in": created.values("pk")}, decided_at=None)
        delete_at_once(proposals)
    return CustomerWrites().undo_created(operation.id)


def _copy_identities(identities: Sequence[NewIdentity], operation: Operation) -> None:
    with connection.cursor() as cursor:
        values = [one.value for one in identities]
        cursor.execute("select value, kind, namespace from customers_identity where value = any(%s)", [values])
        taken = set(cursor.fetchall())
        columns = ", ".join(("id", "operation_id", *NewIdentity._fields))
        with connection.wrap_database_errors, cursor.copy(f"copy customers_identity ({columns}) from stdin") as copy:
            for one in identities:
                if (one.value, one.kind, one.namespace) not in taken:
                    copy.write_row((ids.new_id(), operation.id, *one))


def _copy(model: type[models.Model], rows: Sequence[models.Model]) -> None:
    if not rows:
        return
    fields = model._meta.local_concrete_fields
    plain = [(one.attname, one if isinstance(one, models.JSONField) else None) for one in fields]
    columns = ", ".join(connection.ops.quote_name(str(one.column)) for one in fields)
    statement = f"copy {connection.ops.quote_name(model._meta.db_table)} ({columns}) from stdin"
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row([_value(row, name, json) for name, json in plain])


def _value(row: models.Model, name: str, json: models.JSONField[Any] | None) -> Any:
    value = getattr(row, name)
    return value if json is None else json.get_db_prep_value(value, connection)
