"""Customers who are here already: who a row is, what it changes of them, what it adds to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from rapport.foundation.lib import ids
from rapport.foundation.records import policies
from rapport.foundation.records.rules.imports import Outcome, Rows
from rapport.foundation.records.services.import_rows import is_id
from rapport.foundation.records.types import Field
from rapport.foundation.workspace.types import Action
from rapport.stores.customers.models import CustomerAlias
from rapport.stores.customers.queries.customers import RECORD_TYPE
from rapport.stores.customers.services.importing_rows import (
    IDENTITY_COLUMNS,
    Known,
    RowWriter,
    twin,
)
from rapport.stores.customers.services.mass_changes import (
    Changed,
    Standing,
    change_customers,
    lock_customers,
)
from rapport.stores.customers.types import IdentityKey

# A stage of life only moves on: an old file does not make a customer a prospect again.
FORWARD_ONLY = frozenset({"life_cycle", "lifecycle", "lifecycle_stage", "life_cycle_stage", "phase"})


class RowChanger(RowWriter):
    """Finds customers by the chosen key and changes them, with history."""

    # Who is here already

    def _keys(self, rows: Rows) -> list[Any]:
        return (
            rows.column(self.plan.key_field)
            if self.plan.key_field and rows.has(self.plan.key_field)
            else [None] * len(rows)
        )

    def _key_shown(self, rows: Rows, position: int) -> tuple[str, Any]:
        return self.plan.key_heading, self._keys(rows)[position] or ""

    def _look_up(self, rows: Rows) -> Known:
        wanted = {key.value for _position, key, _first in self._identities(rows)}
        if not wanted:
            return Known({})
        with connection.cursor() as cursor:
            cursor.execute(
                "select i.value, i.kind, i.namespace, coalesce(a.surviving_id, i.customer_id) from customers_identity i"
                " left join customers_customeralias a on a.absorbed_id = i.customer_id where i.value = any(%s)",
                [list(wanted)],
            )
            return Known(
                {IdentityKey(value, kind, namespace): owner for value, kind, namespace, owner in cursor.fetchall()}
            )

    def _matched(self, rows: Rows, known: Known) -> dict[int, UUID]:
        """Which row is which customer, by the chosen key."""
        name = self.plan.key_field
        if not name or not rows.has(name):
            return {}
        if name == "id":
            wanted = {
                position: UUID(value) for position, value in enumerate(rows.column("id")) if value and is_id(value)
            }
            aliases = dict(
                CustomerAlias.objects.filter(absorbed_id__in=set(wanted.values())).values_list(
                    "absorbed_id", "surviving_id"
                )
            )
            return {position: aliases.get(one, one) for position, one in wanted.items()}
        kind = IDENTITY_COLUMNS[name].value
        namespace = self.namespace if name == "external_id" else ""
        owners = known.owners
        return {
            position: owner
            for position, value in enumerate(rows.column(name))
            if value and (owner := owners.get(IdentityKey(value, kind, namespace)))
        }

    def _not_to_change(self, owner: UUID, standing: Mapping[UUID, Standing]) -> str:
        one = standing.get(owner)
        if one is None:
            return _("There is no customer with this id, or you may not see them.")
        if one.columns["deleted_at"]:
            return _("This customer is in the bin. Restore them first, or leave the row out.")
        return ""

    def owners(self, rows: Rows) -> list[UUID | None]:
        """Who each row is, by the key; None for those who are not here, or in the bin."""
        matched = self._matched(rows, self._look_up(rows))
        here = set(
            policies.visible(self.actor, RECORD_TYPE).filter(pk__in=set(matched.values())).values_list("pk", flat=True)
        )
        return [owner if (owner := matched.get(position)) in here else None for position in range(len(rows))]

    def _reachable(self, owners: Iterable[UUID]) -> dict[UUID, Standing]:
        """The customers as they are, locked; only those the actor may change."""
        wanted = set(owners)
        if not self.reaches_all:
            visible = policies.visible(self.actor, RECORD_TYPE, Action.UPDATE).filter(pk__in=wanted)
            wanted = set(visible.values_list("pk", flat=True))
        return lock_customers(wanted, self.fields)

    # What changes

    def _update(self, rows: Rows, matched: Mapping[int, UUID], known: Known, outcome: Outcome) -> None:
        standing = self._reachable(matched.values())
        touched: dict[int, UUID] = {}
        for position, owner in matched.items():
            if reason := self._not_to_change(owner, standing):
                outcome.refuse(rows.numbers[position], reason, *self._key_shown(rows, position))
            else:
                touched[position] = owner
        if self.existing == "leave":
            outcome.unchanged += len(touched)
            return
        changes = [self._compared(rows, position, standing[owner]) for position, owner in touched.items()]
        changed = change_customers(changes, self.declared, operation_id=self._operation())
        also = len(self._attach(rows, touched, known, outcome) - {one.standing.id for one in changes if one.after})
        outcome.updated += changed + also
        outcome.unchanged += len(touched) - changed - also

    def _compared(self, rows: Rows, position: int, standing: Standing) -> Changed:
        changed = Changed(standing)
        if self.existing == "leave":
            return changed
        for one, now, after in self._wanted(rows, position, standing.value):
            if not (one.name in FORWARD_ONLY and _goes_back(one, now, after)):
                changed.put(one, after)
        if self.tags:
            tags = changed.after.get("tags", standing.columns.get("tags", ()))
            known = self.declared.field("tags")
            if known and "tags" in standing.columns:
                changed.put(known, [*tags, *(tag for tag in self.tags if tag not in tags)])
        return changed

    # What is added to them

    def _attach(self, rows: Rows, touched: Mapping[int, UUID], known: Known, outcome: Outcome) -> set[UUID]:
        """Further identities, addresses and firms of customers who are here already. Returns who got something."""
        new, twins = self._to_attach(rows, touched, known, outcome)
        got = self._insert_identities(new)
        self._propose(twins)
        places = self._new_places(rows, touched)
        self._copy_addresses(rows.take(places), [str(touched[at]) for at in places])
        return got | {touched[at] for at in places} | self._link(rows, touched)

    def _to_attach(
        self, rows: Rows, touched: Mapping[int, UUID], known: Known, outcome: Outcome
    ) -> tuple[dict[IdentityKey, UUID], dict[tuple[UUID, UUID], IdentityKey]]:
        """Identities that nobody has yet, and pairs of customers who share one."""
        new: dict[IdentityKey, UUID] = {}
        twins: dict[tuple[UUID, UUID], IdentityKey] = {}
        for position, key, _first in self._identities(rows):
            owner, holder = touched.get(position), known.owners.get(key)
            if holder is not None and owner != holder:
                outcome.warn(rows.numbers[position], twin(), *self._shown(key))
            if owner is not None and holder is None:
                new.setdefault(key, owner)
            elif owner is not None and holder is not None and holder != owner:
                twins[min(owner, holder), max(owner, holder)] = key
        return new, twins

    def _insert_identities(self, identities: Mapping[IdentityKey, UUID]) -> set[UUID]:
        if not identities:
            return set()
        new = sorted(identities.items())
        with connection.cursor() as cursor:
            cursor.execute(
                "insert into customers_identity (id, value, kind, namespace, customer_id, is_primary, source, created_at, operation_id)"
                " select t.id, t.value, t.kind, t.namespace, t.customer_id, false, 'import', %s, %s::uuid"
                " from unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::uuid[]) as t (id, value, kind, namespace, customer_id)"
                " on conflict (value, kind, namespace) do nothing returning customer_id",
                [
                    self.now, self._operation(), [ids.new_id() for _ in new], [key.value for key, _ in new],
                    [key.kind for key, _ in new], [key.namespace for key, _ in new], [owner for _, owner in new],
                ],
            )  # fmt: skip
            return {owner for (owner,) in cursor.fetchall()}

    def _new_places(self, rows: Rows, touched: Mapping[int, UUID]) -> list[int]:
        """Rows with an address that its customer does not have yet."""
        places = [position for position in self._places(rows) if position in touched]
        if not places:
            return []
        with connection.cursor() as cursor:
            cursor.execute(
                "select customer_id, lower(street), postal_code from customers_address where customer_id = any(%s)",
                [list({touched[position] for position in places})],
            )
            there = set(cursor.fetchall())
        streets, codes = rows.column("street"), rows.column("postal_code")
        return [at for at in places if (touched[at], (streets[at] or "").lower(), codes[at] or "") not in there]

    def _link(self, rows: Rows, touched: Mapping[int, UUID]) -> set[UUID]:
        """Join customers who were here before to the firms the file names."""
        links = [
            (touched[at], relation, UUID(firm)) for at, relation, firm, _title in self._linked(rows) if at in touched
        ]
        if not links:
            return set()
        with connection.cursor() as cursor:
            cursor.execute(
                "insert into customers_relationship (id, type_id, from_customer_id, to_customer_id, role, created_at, operation_id)"
                " select t.id, t.type, t.person, t.firm, '', %s, %s::uuid"
                " from unnest(%s::uuid[], %s::uuid[], %s::text[], %s::uuid[]) as t (id, person, type, firm) where t.person <> t.firm"
                " on conflict (from_customer_id, type_id, to_customer_id) do nothing returning from_customer_id",
                [
                    self.now,
                    self._operation(),
                    [ids.new_id() for _ in links],
                    *(list(column) for column in zip(*links, strict=True)),
                ],
            )
            return {owner for (owner,) in cursor.fetchall()}

    def _new_links(self, rows: Rows, touched: Mapping[int, UUID]) -> set[UUID]:
        """Who would be joined to a firm or household they are not joined to yet."""
        links = {(touched[at], relation, firm) for at, relation, firm, _title in self._linked(rows) if at in touched}
        if not links:
            return set()
        with connection.cursor() as cursor:
            cursor.execute(
                "select from_customer_id, type_id, to_customer_id::text from customers_relationship where from_customer_id = any(%s)",
                [list({owner for owner, _relation, _firm in links})],
            )
            there = set(cursor.fetchall())
        return {owner for owner, relation, firm in links if not firm or (owner, relation, str(UUID(firm))) not in there}


def _goes_back(declared: Field, now: Any, after: Any) -> bool:
    order = [choice.value for choice in declared.choices]
    return now in order and after in order and order.index(after) < order.index(now)
