"""Whose it is: customers that the rows of another import name, found or added by the importer of customers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as lazy

from rapport.foundation.records.rules.imports import ImportPlan, Rows
from rapport.foundation.records.rules.mapping import ColumnPlan
from rapport.foundation.records.types import Choice, Field, FieldKind
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.customers.queries.customers import RECORD_TYPE
from rapport.stores.customers.services.importing_run import CustomersRun

MOST_KNOWN = 300_000
UNKNOWN = Field(
    name="unknown",
    label=lazy("Customers who are not here yet"),
    kind=FieldKind.CHOICE,
    required=True,
    choices=(Choice("create", lazy("are added")), Choice("refuse", lazy("keep their rows out"))),
)
NAMESPACE = Field(
    name="namespace",
    label=lazy("The ids come from"),
    kind=FieldKind.TEXT,
    help=lazy("A short name of the other system, such as hubspot. Ids of different systems are kept apart by it."),
)
# Where a row says whose it is, and what that is called among the customers' own targets.
CUSTOMER_COLUMNS = {
    "customer_external_id": "external_id",
    "customer_email": "email",
    "customer_phone": "phone",
    "customer_id": "id",
}


def customers_plan(plan: ImportPlan, key: str) -> ImportPlan:
    """The part of a plan that is about customers."""
    columns = tuple(
        ColumnPlan(column.position, column.heading, CUSTOMER_COLUMNS.get(column.target, "name"))
        for column in plan.columns
        if column.target in CUSTOMER_COLUMNS or column.target == "customer_name"
    )
    options = {"existing": "leave", "kind": "person", "namespace": plan.option("namespace"), "source": ""}
    return ImportPlan(plan.import_id, plan.file_name, plan.digest, columns, options, CUSTOMER_COLUMNS.get(key, ""))


class Owners:
    """The customers of one import at work, by what its rows call them."""

    def __init__(self, plan: ImportPlan, key: str, *, actor: Actor, operation_id: UUID | None) -> None:
        """`key` is the column, of those in CUSTOMER_COLUMNS, that customers are recognised by."""
        self.creates = plan.option("unknown", "create") == "create" and actor.may(Action.CREATE, RECORD_TYPE)
        self._key, self._operation_id = key, operation_id
        self._run = CustomersRun(customers_plan(plan, key), actor, operation_id)
        self._known: dict[Any, UUID | None] = {}

    def prepare(self, rows: Rows) -> Mapping[str, int]:
        """Customers that rows name are there before the rows are written. How many were added."""
        if len(self._known) > MOST_KNOWN:
            self._known.clear()
        named = self._named(rows)
        if not len(named):
            return {}
        made = 0
        if self._operation_id is None:
            made = self._run.check(named).new if self.creates else 0
        elif self.creates:
            with transaction.atomic():
                made = self._run.write(named).new
        self._known.update(zip(named.column(CUSTOMER_COLUMNS[self._key]), self._run.owners(named), strict=True))
        return {"customers": made} if made else {}

    def of(self, said: Any) -> UUID | None:
        """The customer that a row's key names; known once the row was prepared."""
        return self._known.get(said) if said is not None else None

    def may_become(self, said: Any) -> bool:
        """Whether a check may count on the customer being added by the run itself."""
        return self._operation_id is None and self.creates and said is not None

    def finish(self) -> None:
        self._run.finish()

    def _named(self, rows: Rows) -> Rows:
        """Whom the rows name and who is not known yet, each once, as rows of customers."""
        names = [target for target in (*CUSTOMER_COLUMNS, "customer_name") if rows.has(target)]
        places: dict[Any, int] = {}
        for position, key in enumerate(rows.column(self._key)):
            if key is not None and key not in self._known:
                places.setdefault(key, position)
        wanted = rows.take(list(places.values()))
        return Rows(wanted.numbers, {CUSTOMER_COLUMNS.get(name, "name"): wanted.column(name) for name in names})
