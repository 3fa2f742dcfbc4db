"""A small firm with everything that could part engines: merges, retractions, foreign money, late orders, empty values."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from rapport.foundation.lib import ids
from rapport.foundation.workspace.types import SYSTEM
from rapport.stores.customers.models import Customer, CustomerAlias
from rapport.stores.ledger.models import Retraction
from rapport.stores.ledger.services.ingestion import append
from rapport.stores.ledger.tests.factories import NOON
from rapport.stores.ledger.types import CustomerRef, NewTouchpoint, Outcome, new_touchpoint


def found_firm(customers: int = 40, touchpoints: int = 600, seed: int = 3) -> None:
    """Write it into the current workspace, in several batches."""
    pick = random.Random(seed)
    people = [
        Customer(
            id=UUID(int=pick.getrandbits(128)),
            name=f"Customer {number}",
            city=pick.choice(["", "Utrecht", "Köln"]),
            country=pick.choice(["NL", "DE", ""]),
            tags=pick.sample(["fleet", "vip", "a b"], pick.randint(0, 2)),
            created_at=NOON - timedelta(days=pick.randint(0, 900)),
            deleted_at=NOON if number % 13 == 5 else None,
        )
        for number in range(customers)
    ]
    Customer.objects.bulk_create(people)
    strangers = [UUID(int=pick.getrandbits(128)) for _ in range(8)]
    for stranger in strangers[:5]:
        CustomerAlias.objects.create(absorbed_id=stranger, surviving_id=pick.choice(people).pk, reason="identified")
    places = [*(person.pk for person in people), *strangers]
    number, batch_id = 0, ids.new_id()
    outcomes: list[Outcome] = []
    while number < touchpoints:
        size = min(touchpoints - number, pick.choice([1, 40, 200]))
        items = [_touch(pick, pick.choice(places), number + place) for place in range(size)]
        outcomes += append(actor=SYSTEM, items=items, source="shop", batch_id=batch_id if pick.random() < 0.1 else None)
        number += size
    append(actor=SYSTEM, items=_contracts(random.Random(seed + 1), people), source="plans")
    for outcome in outcomes[::50]:
        Retraction.objects.create(touchpoint_id=outcome.id, customer_id=outcome.customer_id, actor_name="Ada")
    Retraction.objects.create(batch_id=batch_id, actor_name="Ada")


def _contracts(pick: random.Random, people: list[Customer]) -> list[NewTouchpoint]:
    """Some have several at once, some ended and began again."""
    told = []
    for number, person in enumerate(people[:12]):
        for contract in range(pick.choice([1, 1, 2])):
            for step, kind in enumerate(pick.choices(["started", "renewed", "ended"], [2, 3, 1], k=5)):
                told.append(
                    new_touchpoint(
                        customer=CustomerRef(id=person.pk),
                        channel="shop",
                        kind=f"subscription_{kind if step else 'started'}",
                        occurred_at=NOON - timedelta(days=400 - 70 * step - contract),
                        amount=None if kind == "ended" else Decimal(12 + number),
                        currency="" if kind == "ended" else "EUR",
                        properties={"subscription": f"P-{number}-{contract}"},
                    )
                )
    return told


def _touch(pick: random.Random, customer_id: UUID, number: int) -> NewTouchpoint:
    kind = pick.choices(
        ["page_viewed", "email_opened", "order_placed", "order_cancelled", "order_refunded", "case_opened"],
        [6, 3, 6, 0.5, 0.7, 1],
    )[0]
    is_order = kind.startswith("order")
    amount = Decimal(pick.randrange(0, 50_000)) / 100 if is_order else None
    properties: dict[str, object] = {"campaign": pick.choice(["spring", "summer"])} if pick.random() < 0.3 else {}
    if is_order:
        properties["number"] = f"A-{pick.randrange(60)}"
        if pick.random() < 0.5:
            properties["margin"] = float(amount or 0) * 0.4
    elif pick.random() < 0.5:
        properties |= {"url": f"/p/{pick.randrange(9)}", "product": pick.choice(["Longtail", "Köfferchen", "x'y"])}
    return new_touchpoint(
        customer=CustomerRef(id=customer_id),
        channel=pick.choice(["web", "email", "shop"]),
        kind=kind,
        occurred_at=NOON - timedelta(minutes=pick.randrange(0, 700_000), microseconds=number),
        subject=pick.choice(["", "Spring offer", "ünïcode"]),
        amount=amount,
        currency=pick.choices(["EUR", "USD"], [9, 1])[0] if amount is not None else "",
        properties=properties,
    )
