"""Resolving identities in batches: from what events say of a customer to the id their touch points are kept under."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import connection, transaction

from rapport.foundation.lib import clock, ids
from rapport.foundation.records import policies
from rapport.foundation.records.services.operations import count, open_operation, record_changes
from rapport.foundation.workspace.errors import Conflict, NotFound
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.customers.models import Customer, CustomerAlias, DuplicateProposal
from rapport.stores.customers.queries.customers import RECORD_TYPE
from rapport.stores.customers.queries.identities import known_identities
from rapport.stores.customers.rules import identities as rules
from rapport.stores.customers.rules.identities import NewCustomer, Plan
from rapport.stores.customers.services import phases
from rapport.stores.customers.services.customers import CustomerWrites
from rapport.stores.customers.types import IdentityKey, IdentityKind, IdentitySet, Resolved

ATTEMPTS = 5


class _Raced(Exception):
    """Somebody else wrote one of these identities meanwhile: decide again, with theirs."""


def resolve_identities(
    sets: Sequence[IdentitySet], *, actor: Actor, source: str, create: bool = True, trusted: bool = True
) -> list[Resolved]:
    """The customer id for each set, in order, writing what the rules decide (see rules.identities). Runs in a transaction.

    A batch of known people costs one statement. Rows are locked customers first, then identities, then aliases, each
    sorted, so that two batches never wait for each other in a circle.
    """
    keys = {key for one in sets for key in one.keys}
    customer_ids = {one.customer_id for one in sets if one.customer_id is not None}
    compared = bool(customer_ids) or any(len(one.keys) > 1 or one.fields for one in sets)
    for _ in range(ATTEMPTS):
        known = known_identities(keys, customer_ids, browsers=compared)
        plan = rules.resolve(sets, known, new_id=ids.new_id, create=create, trusted=trusted)
        if not plan.writes():
            return plan.answers
        try:
            with transaction.atomic():
                _write(plan, actor=actor, source=source)
        except _Raced:
            continue
        return plan.answers
    raise Conflict("These identities are being changed by others all the time. Try again.")


def dismiss_proposal(*, actor: Actor, proposal_id: UUID) -> None:
    """The two are different customers: the pair is not proposed again. Errors: NotAllowed, NotFound."""
    policies.require(actor, Action.MERGE, RECORD_TYPE)
    decided = DuplicateProposal.objects.filter(id=proposal_id, decided_at=None).update(
        decision="different", decided_at=clock.now(), decided_by_name=actor.name
    )
    if not decided:
        raise NotFound("There is no such open proposal.")


def _write(plan: Plan, *, actor: Actor, source: str) -> None:
    standing = _lock_standing(plan)
    operation_id = None
    if plan.customers:
        operation = open_operation(actor, "create", RECORD_TYPE, label=source)
        operation_id = operation.id
        count(operation, created=len(plan.customers))
    _insert_identities(plan, source, operation_id)
    _move_identities(plan)
    _insert_aliases(plan)
    _insert_proposals(plan, source)
    if operation_id:
        _insert_customers(list(plan.customers.values()), source, operation_id)
    _fill_customers(plan, standing, actor, source)


def _lock_standing(plan: Plan) -> dict[UUID, Customer]:
    """Customers whose aliases or fields change, locked: a merge of one of them waits, or has been and is seen now."""
    touched = plan.touched()
    if not touched:
        return {}
    rows = Customer.objects.filter(pk__in=touched).order_by("pk").select_for_update(no_key=True, of=("self",))
    standing = {row.pk: row for row in rows}
    merged = {(direct, surviving) for direct, surviving in plan.aliases.values() if direct != surviving}
    wanted = touched | {direct for direct, _ in merged}
    found = set(CustomerAlias.objects.filter(absorbed_id__in=wanted).values_list("absorbed_id", "surviving_id"))
    if found != merged:
        raise _Raced
    return standing


def _insert_identities(plan: Plan, source: str, operation_id: UUID | None) -> None:
    if not plan.identities:
        return
    new = sorted(plan.identities.items())
    primary = _primary_keys(plan)
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into customers_identity"
            " (id, value, kind, namespace, customer_id, is_primary, source, created_at, operation_id)"
            " select i.id, i.value, i.kind, i.namespace, i.customer_id, i.is_primary, %s, %s,"
            "  case when i.begun then %s::uuid end"
            " from unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::uuid[], %s::bool[], %s::bool[])"
            "  as i (id, value, kind, namespace, customer_id, is_primary, begun)"
            " on conflict (value, kind, namespace) do nothing",
            [
                source[:80],
                clock.now(),
                operation_id,
                [ids.new_id() for _ in new],
                [key.value for key, _ in new],
                [key.kind for key, _ in new],
                [key.namespace for key, _ in new],
                [owner for _, owner in new],
                [key in primary for key, _ in new],
                [owner in plan.customers for _, owner in new],
            ],
        )
        if cursor.rowcount < len(new):
            raise _Raced


def _primary_keys(plan: Plan) -> set[IdentityKey]:
    """The first e-mail address and phone number of each new customer."""
    primary: dict[tuple[UUID, str], IdentityKey] = {}
    for begun in plan.customers.values():
        for key in begun.keys:
            if key.kind in (IdentityKind.EMAIL, IdentityKind.PHONE):
                primary.setdefault((begun.id, key.kind), key)
    return set(primary.values())


def _move_identities(plan: Plan) -> None:
    if not plan.moves:
        return
    moves = sorted(plan.moves.items())
    columns = [[key.value for key, _ in moves], [key.kind for key, _ in moves], [key.namespace for key, _ in moves]]
    with connection.cursor() as cursor:
        cursor.execute(
            "select 1 from customers_identity where (value, kind, namespace) in"
            " (select * from unnest(%s::text[], %s::text[], %s::text[])) order by value, kind, namespace for update",
            columns,
        )
        cursor.execute(
            "update customers_identity i set customer_id = m.after"
            " from unnest(%s::text[], %s::text[], %s::text[], %s::uuid[], %s::uuid[])"
            "  as m (value, kind, namespace, before, after)"
            " where i.value = m.value and i.kind = m.kind and i.namespace = m.namespace and i.customer_id = m.before",
            [*columns, [before for _, (before, _) in moves], [after for _, (_, after) in moves]],
        )
        if cursor.rowcount < len(moves):
            raise _Raced


def _insert_aliases(plan: Plan) -> None:
    if not plan.aliases:
        return
    new = sorted(plan.aliases.items())
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into customers_customeralias (absorbed_id, direct_id, surviving_id, reason, created_at)"
            " select a.absorbed, a.direct, a.surviving, 'identified', %s"
            " from unnest(%s::uuid[], %s::uuid[], %s::uuid[]) as a (absorbed, direct, surviving)"
            " on conflict (absorbed_id) do nothing",
            [
                clock.now(),
                [absorbed for absorbed, _ in new],
                [direct for _, (direct, _) in new],
                [surviving for _, (_, surviving) in new],
            ],
        )
        if cursor.rowcount < len(new):
            raise _Raced
    phases.mark_due(surviving for _, (_direct, surviving) in new)


def _insert_proposals(plan: Plan, source: str) -> None:
    DuplicateProposal.objects.bulk_create(
        [
            DuplicateProposal(
                first_id=first,
                second_id=second,
                source=source[:80],
                evidence=[{**key._asdict(), "customer_id": str(owner)} for key, owner in evidence],
            )
            for (first, second), evidence in sorted(plan.proposals.items())
        ],
        ignore_conflicts=True,
    )


def _insert_customers(begun: Sequence[NewCustomer], source: str, operation_id: UUID) -> None:
    writes, now = CustomerWrites(), clock.now()
    rows = []
    for one in begun:
        row = Customer(id=one.id, source=source[:80], operation_id=operation_id, created_at=now, updated_at=now)
        row.email, row.phone = _first(one.keys, IdentityKind.EMAIL), _first(one.keys, IdentityKind.PHONE)
        for name, value in one.fields.items():
            setattr(row, name, value)
        if not (row.name or row.given_name or row.family_name or row.email or row.phone):
            row.name = _first(one.keys, IdentityKind.EXTERNAL)[:240]
        writes.before_save(row, {"email", "phone", *one.fields})
        rows.append(row)
    Customer.objects.bulk_create(rows, batch_size=1000)


def _fill_customers(plan: Plan, standing: dict[UUID, Customer], actor: Actor, source: str) -> None:
    """Write what was told of customers where their record is still empty; history shows it and can take it back."""
    writes, changes, rows = CustomerWrites(), [], []
    columns = {"updated_at", "version"}
    for customer_id in sorted({*plan.fills, *plan.attached} & set(standing)):
        row = standing[customer_id]
        told = dict(plan.fills.get(customer_id, {}))
        for kind, column in ((IdentityKind.EMAIL, "email"), (IdentityKind.PHONE, "phone")):
            told[column] = _first(plan.attached.get(customer_id, ()), kind)
        unnamed = row.name in (row.email, row.phone)  # named after what they are reached by, for want of a name
        news = {
            name: value
            for name, value in told.items()
            if value and (not getattr(row, name) or (name == "name" and unnamed and value != row.name))
        }
        if not news:
            continue
        if unnamed and "name" not in news and {"given_name", "family_name"} & set(news):
            parts = (news.get("given_name", row.given_name), news.get("family_name", row.family_name))
            news["name"] = " ".join(part for part in parts if part)
        before = {name: getattr(row, name) for name in news}
        for name, value in news.items():
            setattr(row, name, value)
        # The name is set here or stays, whatever parts of it became known.
        columns |= set(news) | writes.before_save(row, set(news) - {"given_name", "family_name"})
        row.updated_at, row.version = clock.now(), row.version + 1
        rows.append(row)
        changes.append((row.pk, before, news))
    if not rows:
        return
    operation = open_operation(actor, "edit", RECORD_TYPE, label=source)
    Customer.objects.bulk_update(rows, sorted(columns), batch_size=500)
    writes.after_save(rows, {name for _, _, news in changes for name in news}, operation.id)
    record_changes(operation, "updated", changes)
    count(operation, updated=len(rows))


def _first(keys: Sequence[IdentityKey], kind: IdentityKind) -> str:
    return next((key.value for key in keys if key.kind == kind), "")
