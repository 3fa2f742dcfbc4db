"""Writing what happens to orders into the ledger, in the transaction that does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from rapport.foundation.records.models import Operation
from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.types import Actor
from rapport.stores.commerce import policies
from rapport.stores.commerce.models import Order, OrderLine
from rapport.stores.commerce.rules.money import written
from rapport.stores.commerce.types import SOURCE, Act
from rapport.stores.ledger.services.corrections import retract_batch
from rapport.stores.ledger.services.ingestion import append
from rapport.stores.ledger.types import NewTouchpoint, Status, new_touchpoint


def tell(
    *,
    actor: Actor,
    operation: Operation,
    customer_id: UUID,
    kind: str,
    source_id: str,
    at: datetime,
    channel: str,
    direction: str = "none",
    amount: Decimal | None = None,
    currency: str = "",
    properties: Mapping[str, Any] | None = None,
) -> UUID:
    """Append one touch point; its batch is the operation, so that taking that back takes this back. Errors: Invalid."""
    item = new_touchpoint(
        customer_id=customer_id,
        channel=channel,
        kind=kind,
        direction=direction,
        occurred_at=at,
        source_id=source_id,
        amount=amount,
        currency=currency if amount is not None else "",
        properties=properties,
        member_id=actor.member_id,
    )
    (outcome,) = append(
        actor=policies.teller(actor), items=[item], source=SOURCE, batch_id=operation.id, create_customers=False
    )
    if outcome.status is Status.REFUSED or outcome.id is None:
        raise Invalid({problem.pointer.strip("/") or "order": problem.reason for problem in outcome.problems})
    return outcome.id


def placed_item(order: Order, lines: Sequence[OrderLine], actor: Actor, *, again: UUID | None = None) -> NewTouchpoint:
    """The order_placed touch point of an order. `again`: it had another before, which was taken back; this is the act."""
    return new_touchpoint(
        customer_id=order.customer_id,
        channel=order.channel or "shop",
        kind=Act.PLACE.value,
        direction="in",
        occurred_at=order.placed_at,
        source_id=f"{order.pk}:{again}" if again else str(order.pk),
        amount=order.total,
        currency=order.currency,
        properties=placed_properties(order, lines),
        member_id=actor.member_id,
    )


def tell_many(*, actor: Actor, operation: Operation, items: Sequence[NewTouchpoint]) -> list[UUID]:
    """Append several; the ids in order. Errors: Invalid when one of them is refused."""
    outcomes = append(
        actor=policies.teller(actor), items=items, source=SOURCE, batch_id=operation.id, create_customers=False
    )
    for outcome in outcomes:
        if outcome.status is Status.REFUSED or outcome.id is None:
            raise Invalid({problem.pointer.strip("/") or "order": problem.reason for problem in outcome.problems})
    return [outcome.id for outcome in outcomes if outcome.id]


def untell(*, actor: Actor, operation: Operation) -> None:
    """Take back the touch points of an operation."""
    retract_batch(actor=policies.teller(actor), batch_id=operation.id, reason="undone")


def placed_properties(order: Order, lines: Sequence[OrderLine]) -> dict[str, Any]:
    """What the order_placed touch point says beside the total."""
    currency = order.currency
    said: dict[str, Any] = {
        "number": order.number,
        "order": order.number,
        "lines": [_line(line, currency) for line in lines],
        "net": written(order.net, currency),
        "tax": written(order.tax, currency),
    }
    if order.margin is not None:
        said["margin"] = written(order.margin, currency)
    if order.shipping:
        said["shipping"] = written(order.shipping, currency)
    if order.discount:
        said["discount"] = written(order.discount, currency)
    return said


def _line(line: OrderLine, currency: str) -> dict[str, Any]:
    return {
        "sku": line.sku,
        "name": line.name,
        "category": line.category,
        "quantity": format(line.quantity.normalize(), "f"),
        "unit_price": written(line.unit_price, currency),
        "discount": written(line.discount + line.order_share, currency),
    }
