"""Puts the simulated firm into a workspace as one operation, which one click takes back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from rapport.applications.sales.services.loading import NewDeal, load_deals, unload_deals
from rapport.demo import catalogue, life, permissions
from rapport.demo.queries import KIND, standing_demo
from rapport.demo.simulator import simulate
from rapport.demo.types import CURRENCY, SOURCE, Firm, Identity, Touch
from rapport.foundation.lib import clock, ids
from rapport.foundation.records.models import Operation
from rapport.foundation.records.policies import visible
from rapport.foundation.records.queries.fields import record_type
from rapport.foundation.records.rules import codec, conditions
from rapport.foundation.records.rules.conditions import ConditionError
from rapport.foundation.records.services.fields import create_field
from rapport.foundation.records.services.operations import count, open_operation
from rapport.foundation.records.services.provisions import created_by, note_created, remove_fields
from rapport.foundation.records.services.records import update_records
from rapport.foundation.records.services.saved_views import pin_view, remove_view, save_view
from rapport.foundation.records.types import RecordType
from rapport.foundation.workspace import policies
from rapport.foundation.workspace.errors import Conflict, Invalid, NotFound
from rapport.foundation.workspace.services import audit
from rapport.foundation.workspace.services.stand_ins import seat_stand_in, unseat_stand_ins
from rapport.foundation.workspace.types import Action, Actor, Power
from rapport.stores.commerce.services.loading import load_costs, load_orders, load_products, unload
from rapport.stores.customers.models import Address, Customer, CustomerAlias, Relationship
from rapport.stores.customers.services.loading import Load, NewIdentity, load_customers, unload_customers
from rapport.stores.ledger.services.corrections import retract_batch
from rapport.stores.ledger.services.ingestion import append
from rapport.stores.ledger.services.statistics import renew_statistics
from rapport.stores.ledger.services.words import forget_words
from rapport.stores.ledger.types import CustomerRef, NewTouchpoint, Status, new_touchpoint

RECORD_TYPE = "customer"
BATCH = 5_000


@transaction.atomic
def load(*, actor: Actor, firm: Firm | None = None) -> Operation:
    """Bring the simulated firm into the current workspace. Errors: NotAllowed; Conflict when it is here already.

    Whoever loads it and bears the name of a simulated colleague takes that colleague's seat.
    """
    policies.require(actor, Power.MANAGE_WORKSPACE)
    if standing_demo() is not None:
        raise Conflict(_("The demo data is in this workspace already."))
    firm = firm or simulate(until=clock.now())
    operation = open_operation(actor, KIND, RECORD_TYPE, label=_("Simulated data: %(firm)s") % {"firm": firm.name})
    members = _seat_colleagues(actor, operation, firm)
    _provide_fields(actor, operation, firm)
    parties = _load_customers(actor, operation, firm, members)
    _load_products(actor, operation)
    told = _append_touches(actor, operation, firm, parties, members)
    load_orders()
    permissions.provide(operation, firm, parties)
    _load_deals(actor, operation, firm, parties, members)
    _keep_views(actor, operation, firm)
    life.provide(actor, operation)
    life.tell()
    count(operation, touchpoints=told)
    audit.record("demo.loaded", actor=actor, subject=firm.name, subject_type="operation", subject_id=operation.id)
    return operation


def undo_demo(*, actor: Actor, operation: Operation, reverse: Operation) -> dict[str, int]:
    """Take everything out again: the undo handler of operations of this kind. What people worked on goes to the bin."""
    retract_batch(actor=actor, batch_id=operation.id, reason="demo")
    unload_deals(operation=operation)
    unload(operation=operation)
    permissions.take_back(actor, operation)
    counts = unload_customers(operation=operation)
    colleagues = created_by(operation, "member")
    looked_after = visible(actor, RECORD_TYPE, Action.UPDATE).filter(owner_id__in=colleagues)
    orphans = list(looked_after.values_list("pk", flat=True))
    if orphans:
        update_records(actor=actor, record_type=RECORD_TYPE, ids=orphans, values={"owner": None}, operation=reverse)
    _drop_views(actor, operation)
    life.take_back(actor, operation)
    remove_fields(operation=operation)
    unseat_stand_ins(actor=actor, ids=colleagues)
    forget_words(SOURCE)
    audit.record("demo.removed", actor=actor, subject_type="operation", subject_id=operation.id)
    return counts


def _seat_colleagues(actor: Actor, operation: Operation, firm: Firm) -> dict[str, UUID]:
    members: dict[str, UUID] = {}
    for colleague in firm.colleagues:
        if colleague.name == actor.name and actor.member_id is not None:
            members[colleague.key] = actor.member_id
            continue
        members[colleague.key] = seat_stand_in(
            actor=actor,
            name=colleague.name,
            email=f"{colleague.key}@kestrel.example",
            title=colleague.title,
            role_key=colleague.role,
        ).pk
    note_created(operation, "member", [pk for pk in members.values() if pk != actor.member_id])
    return members


def _provide_fields(actor: Actor, operation: Operation, firm: Firm) -> None:
    """A field of the same name that is here already is used if it is of the same kind; `_custom` sees to the rest."""
    known = record_type(RECORD_TYPE)
    for one in firm.fields:
        if known.field(one.name) is None:
            create_field(
                actor=actor,
                record_type=RECORD_TYPE,
                label=one.label,
                kind=one.kind,
                name=one.name,
                choices=[{"value": value, "label": label, "tone": tone} for value, label, tone in one.choices],
                target=one.target,
                group=one.group,
                help=one.help,
                operation_id=operation.id,
            )


def _keep_views(actor: Actor, operation: Operation, firm: Firm) -> None:
    """Shared with everybody. A name the actor has taken, or a field that is another kind here, leaves its view out."""
    kept = []
    for view in firm.views:
        try:
            saved = save_view(
                actor=actor,
                page=view.page,
                name=view.name,
                condition=conditions.from_json(dict(view.condition)),
                columns=view.columns,
                is_shared=True,
            )
        except (Invalid, ConditionError):
            continue
        kept.append(saved.pk)
        if view.is_pinned:
            pin_view(actor=actor, page=view.page, view=str(saved.pk), pinned=True)
    note_created(operation, "saved_view", kept)


def _drop_views(actor: Actor, operation: Operation) -> None:
    for view_id in created_by(operation, "saved_view"):
        with suppress(NotFound):  # somebody has removed it
            remove_view(actor=actor, view_id=view_id)


def _load_customers(
    actor: Actor, operation: Operation, firm: Firm, members: Mapping[str, UUID]
) -> dict[str, CustomerRef]:
    """Customers with all that hangs on them; returns how the ledger is to name each customer and visitor."""
    declared = record_type(RECORD_TYPE)
    key_to_id = {customer.key: ids.new_id(customer.created_at) for customer in firm.customers}
    load = Load()
    for one in firm.customers:
        pk, at, place = key_to_id[one.key], one.created_at, one.address
        load.customers.append(
            Customer(
                id=pk,
                kind=one.kind,
                name=one.name,
                given_name=one.given_name,
                family_name=one.family_name,
                email=one.email,
                phone=one.phone,
                job_title=one.job_title,
                organisation_name=one.organisation_name,
                city=place.city,
                country=place.country,
                language=one.language,
                timezone=one.timezone,
                website=one.website,
                birth_date=one.birth_date,
                source=SOURCE,
                notes=one.notes,
                owner_id=members.get(one.owner),
                tags=list(one.tags),
                custom=_custom(declared, one.custom, key_to_id),
                created_at=at,
                updated_at=at,
            )
        )
        load.identities += [_identity(identity, pk, at) for identity in one.identities]
        load.addresses.append(
            Address(
                customer_id=pk,
                street=place.street,
                postal_code=place.postal_code,
                city=place.city,
                country=place.country,
                created_at=at,
            )
        )
    load.relationships = [
        Relationship(
            type_id=link.type,
            from_customer_id=key_to_id[link.from_party],
            to_customer_id=key_to_id[link.to_party],
            role=link.role,
            since=link.since,
        )
        for link in firm.links
    ]
    parties = {key: CustomerRef(id=pk) for key, pk in key_to_id.items()}
    for visitor in firm.visitors:
        anonymous = ids.new_id(visitor.first_seen_at)
        load.identities.append(_identity(Identity("cookie", visitor.cookie), anonymous, visitor.first_seen_at))
        parties[visitor.key] = CustomerRef(cookie=visitor.cookie)
        if visitor.customer:
            person = key_to_id[visitor.customer]
            load.aliases.append(
                CustomerAlias(
                    absorbed_id=anonymous,
                    surviving_id=person,
                    direct_id=person,
                    reason="identified",
                    created_at=visitor.identified_at or visitor.first_seen_at,
                )
            )
    load_customers(actor=actor, operation=operation, load=load)
    return parties


def _identity(identity: Identity, customer_id: UUID, at: datetime) -> NewIdentity:
    kind, value, namespace, is_primary = identity
    return NewIdentity(customer_id, kind, value, namespace, is_primary, SOURCE, at)


def _custom(declared: RecordType, values: Mapping[str, Any], key_to_id: Mapping[str, UUID]) -> dict[str, Any]:
    """Custom values in their stored form; what does not fit a field that was here before is left out."""
    stored: dict[str, Any] = {}
    for name, value in values.items():
        field = declared.field(name)
        if field is None or not field.custom:
            continue
        try:
            stored[name] = codec.decode_custom(field, str(key_to_id[value]) if field.target else value)
        except (codec.BadValue, KeyError):
            continue
    return stored


def _load_products(actor: Actor, operation: Operation) -> None:
    products = [
        {
            "sku": one.sku,
            "name": one.name,
            "category": one.group,
            "kind": "goods" if one.is_shipped else "service",
            "price": catalogue.money(one.price),
            "cost": catalogue.money(one.cost),
            "currency": CURRENCY,
            "tax_percent": catalogue.TAX_PERCENT,
        }
        for one in catalogue.PRODUCTS
    ]
    load_products(actor=actor, operation=operation, products=products)
    load_costs(operation=operation, costs={key: catalogue.money(cents) for key, cents in catalogue.COSTS.items()})


def _load_deals(
    actor: Actor, operation: Operation, firm: Firm, parties: Mapping[str, CustomerRef], members: Mapping[str, UUID]
) -> None:
    new = [
        NewDeal(
            id=ids.new_id(deal.past[0][1]),
            name=deal.name,
            customer_id=customer_id,
            past=deal.past,
            amount=catalogue.money(deal.cents),
            currency=CURRENCY,
            expected_close_on=deal.expected_on,
            owner_id=members.get(deal.owner),
            source=deal.source,
            lost_reason=deal.lost_reason,
            lost_note=deal.lost_note,
            competitors=deal.competitors,
            people=[(person, role) for key, role in deal.people if (person := parties[key].id)],
            next_step=deal.next_step,
        )
        for deal in firm.deals
        if (customer_id := parties[deal.party].id)
    ]
    load_deals(actor=actor, operation=operation, deals=new)


def _append_touches(
    actor: Actor, operation: Operation, firm: Firm, parties: Mapping[str, CustomerRef], members: Mapping[str, UUID]
) -> int:
    told = 0
    for batch in _batches(firm.touches):
        outcomes = append(
            actor=actor,
            items=[_item(touch, parties, members) for touch in batch],
            source=SOURCE,
            batch_id=operation.id,
            create_customers=False,
        )
        refused = next((outcome for outcome in outcomes if outcome.status is not Status.CREATED), None)
        if refused is not None:
            raise ValueError(f"The ledger did not take a simulated touch point: {refused}")
        told += len(outcomes)
    renew_statistics()
    return told


def _item(touch: Touch, parties: Mapping[str, CustomerRef], members: Mapping[str, UUID]) -> NewTouchpoint:
    return new_touchpoint(
        customer=parties[touch.party],
        channel=touch.channel,
        kind=touch.kind,
        occurred_at=touch.at,
        direction=touch.direction,
        subject=touch.subject,
        amount=touch.amount,
        currency=CURRENCY if touch.amount is not None else "",
        properties=touch.properties,
        content=touch.body,
        member_id=members.get(touch.colleague),
    )


def _batches(touches: Sequence[Touch]) -> Iterator[Sequence[Touch]]:
    for start in range(0, len(touches), BATCH):
        yield touches[start : start + BATCH]
