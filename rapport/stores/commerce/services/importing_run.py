"""An import of orders at work: rows to groups, groups to drafts, drafts to orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from rapport.foundation.lib import clock
from rapport.foundation.records.models import Change, Operation
from rapport.foundation.records.rules.imports import ImportPlan, Outcome, Rows
from rapport.foundation.records.services.operations import record_changes
from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import Actor
from rapport.stores.commerce import policies
from rapport.stores.commerce.models import Order, OrderLine, Payment, Refund, Return, Shipment
from rapport.stores.commerce.queries.drafts import Knowledge
from rapport.stores.commerce.rules.drafts import Draft, read_draft
from rapport.stores.commerce.services.orders import values_now
from rapport.stores.commerce.services.states import OrderState, fill, said_lines, searchable
from rapport.stores.commerce.services.telling import placed_item, tell_many
from rapport.stores.commerce.types import ORDER
from rapport.stores.customers.services.importing_owners import CUSTOMER_COLUMNS, Owners
from rapport.stores.ledger.services.corrections import retract_touchpoint

CHUNK = 500
MOST_KNOWN = 300_000
# From the columns of a file to the names a draft is read by.
_HEAD = {
    "placed_at": "placed_at",
    "currency": "currency",
    "channel": "channel",
    "order_discount": "discount",
    "shipping": "shipping",
    "total": "total",
    "notes": "notes",
}
_PLACE = {
    "ship_name": "name",
    "ship_street": "street",
    "ship_postal_code": "postal_code",
    "ship_city": "city",
    "ship_country": "country",
}
_LINE = {
    "sku": "sku", "product_name": "name", "category": "category", "quantity": "quantity", "unit_price": "unit_price",
    "line_discount": "discount", "tax_percent": "tax_percent", "unit_cost": "unit_cost",
}  # fmt: skip


def customer_key(plan: ImportPlan) -> str:
    """The column that says whose an order is: the surest of those there are."""
    return next((name for name in CUSTOMER_COLUMNS if name in plan.targets), "")


@dataclass
class _Group:
    """The rows of one order in a batch, with the order and its lines when it is here already."""

    number: str
    positions: list[int] = field(default_factory=list)
    customer: Any = None
    order: Order | None = None
    lines: list[OrderLine] = field(default_factory=list)
    is_begun: bool = False  # its first rows came with an earlier batch of this file


class OrdersRun:
    """One import of orders at work."""

    def __init__(self, plan: ImportPlan, actor: Actor, operation_id: UUID | None) -> None:
        self.plan, self.actor, self.operation_id = plan, actor, operation_id
        self.customer_key = customer_key(plan)
        self.owners = Owners(plan, self.customer_key, actor=actor, operation_id=operation_id)
        self.now = clock.now()
        self._heads: dict[str, dict[str, Any]] = {}  # what the first rows of an order said of it as a whole
        self._checked: dict[str, str] = {}  # while checking: numbers seen in earlier batches, and what became of them

    def prepare(self, rows: Rows) -> Mapping[str, int]:
        return self.owners.prepare(rows)

    def claims(self, rows: Rows) -> frozenset[Any]:
        """Rows of one order in two batches are written one after the other."""
        return frozenset(("order", number) for number in rows.column("number") if number)

    def check(self, rows: Rows) -> Outcome:
        return self._bring(rows, writing=False)

    def write(self, rows: Rows) -> Outcome:
        return self._bring(rows, writing=True)

    def finish(self) -> None:
        """The touch points of all orders that have none yet. Doing it again does nothing."""
        if self.operation_id is None:
            return
        self.owners.finish()
        operation = Operation.objects.get(pk=self.operation_id)
        while tell_some(self.actor, operation, _untold(operation)):
            pass

    # Rows

    def _bring(self, rows: Rows, *, writing: bool) -> Outcome:
        outcome = Outcome()
        groups = self._groups(rows, outcome)
        self._find_orders(groups, lock=writing)
        readable = {
            number: draft
            for number, group in groups.items()
            if (draft := self._draft(rows, group, outcome)) is not None
        }
        knowledge = Knowledge(list(readable.values()))
        new: list[tuple[Order, list[OrderLine]]] = []
        for number, said in readable.items():
            draft, problems = knowledge.completed(said, on=(said.placed_at or self.now).date())
            if problems:
                self._refuse(rows, groups[number], problems, outcome)
            elif writing:
                self._write(rows, groups[number], draft, new, outcome)
            else:
                self._count(rows, groups[number], draft, outcome)
        Order.objects.bulk_create([order for order, _lines in new], batch_size=CHUNK)
        OrderLine.objects.bulk_create([line for _order, lines in new for line in lines], batch_size=CHUNK)
        return outcome

    def _find_orders(self, groups: Mapping[str, _Group], *, lock: bool) -> None:
        found = Order.objects.filter(number__in=list(groups), deleted_at=None).order_by("pk")
        by_id: dict[UUID, _Group] = {}
        for order in found.select_for_update() if lock else found:
            group = by_id[order.pk] = groups[order.number]
            group.order = order
            group.is_begun = self.operation_id is not None and order.operation_id == self.operation_id
        for line in OrderLine.objects.filter(order_id__in=list(by_id)).order_by("position"):
            by_id[line.order_id].lines.append(line)

    def _groups(self, rows: Rows, outcome: Outcome) -> dict[str, _Group]:
        groups: dict[str, _Group] = {}
        customers = rows.column(self.customer_key)
        for position, number in enumerate(rows.column("number")):
            if not number:
                outcome.refuse(rows.numbers[position], _("This row has no order number."))
                continue
            group = groups.setdefault(number, _Group(number))
            group.positions.append(position)
            if group.customer is None:
                group.customer = customers[position]
        return groups

    def _draft(self, rows: Rows, group: _Group, outcome: Outcome) -> Draft | None:
        """What the rows say, as a draft; None when they can't be taken."""
        raw = self._said_by(rows, group)
        draft, problems = read_draft(raw, now=self.now)
        if not raw.get("placed_at"):
            problems["placed_at"] = _("This order does not say when it was placed.")
        customer = group.customer
        if not (group.is_begun or self.owners.of(customer) or self.owners.may_become(customer)):
            problems["customer"] = _("Nobody is known by this, or the order does not say whose it is.")
        if problems:
            self._refuse(rows, group, problems, outcome, before=len(group.lines) if group.is_begun else 0)
            return None
        return draft

    def _said_by(self, rows: Rows, group: _Group) -> dict[str, Any]:
        """By the names a draft is read by. Of the order as a whole, the first row that says something counts."""
        first = {
            name: next((value for at in group.positions if (value := rows.column(name)[at]) is not None), None)
            for name in (*_HEAD, *_PLACE)
        }
        raw: dict[str, Any] = {
            target: _amount_of(first[name]) for name, target in _HEAD.items() if first[name] is not None
        }
        raw.setdefault("currency", self._currency_of(rows, group) or self.plan.option("currency"))
        raw.setdefault("channel", self.plan.option("channel", "shop"))
        raw["prices_include_tax"] = bool(self.plan.option("prices_include_tax", False))
        raw["ship_to"] = {part: str(first[name]) for name, part in _PLACE.items() if first[name] is not None}
        raw["number"] = group.number
        raw["lines"] = [
            {part: _amount_of(value) for name, part in _LINE.items() if (value := rows.column(name)[at]) is not None}
            for at in group.positions
        ]
        if group.is_begun and group.order is not None:
            raw = self._continued(raw, group.order, group.lines)
        elif len(self._heads) < MOST_KNOWN:
            self._heads[group.number] = {name: value for name, value in raw.items() if name != "lines"}
        if isinstance(raw.get("placed_at"), str) and len(raw["placed_at"]) == 10:
            raw["placed_at"] = datetime.combine(datetime.fromisoformat(raw["placed_at"]).date(), time(12), UTC)
        return raw

    def _continued(self, raw: Mapping[str, Any], order: Order, lines: list[OrderLine]) -> dict[str, Any]:
        """More lines of an order that an earlier batch began: what was said of it as a whole stands."""
        said = said_lines(order, lines)
        known = self._heads.get(order.number) or {
            name: value for name, value in said.items() if value and name != "lines"
        }
        return {
            "placed_at": order.placed_at,
            **raw,
            **known,
            "lines": [*said["lines"], *raw["lines"]],
            "currency": order.currency,
        }

    def _currency_of(self, rows: Rows, group: _Group) -> str:
        """Of the first amount that says its currency, such as 12.50 EUR."""
        for name in ("total", "unit_price"):
            for at in group.positions:
                value = rows.column(name)[at]
                if isinstance(value, Mapping) and value.get("currency"):
                    return str(value["currency"])
        return ""

    def _count(self, rows: Rows, group: _Group, draft: Draft, outcome: Outcome) -> None:
        """What would become of the order; the rest of one that an earlier batch began shares its fate."""
        fate = self._checked.get(group.number) or self._fate(rows, group, draft, outcome)
        if fate:
            self._checked[group.number] = fate
            setattr(outcome, fate, getattr(outcome, fate) + len(group.positions))

    def _write(
        self, rows: Rows, group: _Group, draft: Draft, new: list[tuple[Order, list[OrderLine]]], outcome: Outcome
    ) -> None:
        fate = self._fate(rows, group, draft, outcome)
        if not fate:
            return
        setattr(outcome, fate, getattr(outcome, fate) + len(group.positions))
        if group.order is None:
            new.append(self._made(group, draft))
        elif group.is_begun:
            self._replace(group.order, draft)
        elif fate == "updated":
            self._change(group.order, group.lines, draft)

    def _fate(self, rows: Rows, group: _Group, draft: Draft, outcome: Outcome) -> str:
        """The count of the outcome that the rows go to; empty when they were refused."""
        order = group.order
        if order is None or group.is_begun:
            return "new"
        if self.plan.option("existing", "update") == "leave" or _same(order, group.lines, draft):
            return "unchanged"
        if order.cancelled_at or _has_parts(order):
            for at in group.positions:
                outcome.refuse(
                    rows.numbers[at], _("Order %(number)s was paid, shipped or cancelled since. Change it on its page.") % {"number": order.number}
                )  # fmt: skip
            return ""
        return "updated"

    def _made(self, group: _Group, draft: Draft) -> tuple[Order, list[OrderLine]]:
        owner = self.owners.of(group.customer)
        assert owner is not None  # noqa: S101 - rows of nobody were refused
        order = Order(
            customer_id=owner, currency=draft.currency, number=group.number, source="import", source_id=group.number,
            placed_at=draft.placed_at, at=draft.placed_at or self.now, operation_id=self.operation_id, batch_id=self.operation_id,
            created_at=self.now, updated_at=self.now,
        )  # fmt: skip
        lines = fill(order, draft)
        order.search = searchable(order, lines)
        OrderState(order, lines).settle()
        return order, lines

    def _replace(self, order: Order, draft: Draft) -> list[OrderLine]:
        order.lines.all().delete()
        lines = fill(order, draft)
        order.placed_at = order.at = draft.placed_at or order.at
        order.search = searchable(order, lines)
        OrderState(order, lines).settle()
        order.updated_at, order.version = clock.now(), order.version + 1
        order.save()
        OrderLine.objects.bulk_create(lines)
        return lines

    def _change(self, order: Order, before: list[OrderLine], draft: Draft) -> None:
        """Other lines than it had: its touch point is taken back, and a new one follows in `finish`."""
        operation = Operation.objects.get(pk=str(self.operation_id))
        was = {**values_now(order), "order_lines": said_lines(order, before)}
        if order.touchpoint_id:
            was["touchpoint_id"] = str(order.touchpoint_id)
            _retract(self.actor, order)
        order.touchpoint_id = None
        lines = self._replace(order, draft)
        now = {**values_now(order), "order_lines": said_lines(order, lines)}
        names = [name for name in now if now[name] != was.get(name)]
        record_changes(
            operation, "updated", [(order.pk, {name: was.get(name) for name in [*names, "touchpoint_id"]}, {name: now[name] for name in names})]
        )  # fmt: skip

    def _refuse(
        self, rows: Rows, group: _Group, problems: Mapping[str, str], outcome: Outcome, *, before: int = 0
    ) -> None:
        """Every row of the order is kept out: beside those with a problem it says so."""
        told: set[int] = set()
        for name, reason in problems.items():
            kind, _dot, place = name.partition(".")
            n = place.partition(".")[0]
            at = group.positions[0]
            if kind == "lines" and n.isdigit() and 0 <= int(n) - before < len(group.positions):
                at = group.positions[int(n) - before]
            outcome.refuse(rows.numbers[at], reason, place.partition(".")[2] or name)
            told.add(at)
        for at in group.positions:
            if at not in told:
                outcome.refuse(
                    rows.numbers[at], _("Another row of order %(number)s can’t be taken.") % {"number": group.number}
                )


def _amount_of(value: Any) -> Any:
    return value.get("amount") if isinstance(value, Mapping) else value


def _same(order: Order, lines: Sequence[OrderLine], draft: Draft) -> bool:
    """Whether the file says what is here already."""
    ours = [(line.sku, line.name, line.quantity, line.unit_price, line.discount, line.tax_rate) for line in lines]
    theirs = [
        (line.sku, line.name, line.quantity, line.unit_price, line.discount, line.tax_rate) for line in draft.lines
    ]
    return (
        ours == theirs
        and order.currency == draft.currency
        and order.placed_at == draft.placed_at
        and (order.order_discount, order.shipping_said) == (draft.discount, draft.shipping)
    )


def _has_parts(order: Order) -> bool:
    return any(model._default_manager.filter(order=order).exists() for model in (Payment, Refund, Shipment, Return))


def _retract(actor: Actor, order: Order) -> None:
    assert order.touchpoint_id is not None  # noqa: S101 - the caller has looked
    try:
        retract_touchpoint(
            actor=policies.teller(actor),
            customer_id=order.customer_id,
            touchpoint_id=order.touchpoint_id,
            reason="replaced",
        )
    except NotFound:
        return  # the ledger took it back already


def _untold(operation: Operation) -> Any:
    changed = Change.objects.filter(operation=operation, record_type=ORDER).values("record_id")
    own = Q(operation_id=operation.pk) | Q(pk__in=changed)
    return Order.objects.filter(own, touchpoint_id=None, deleted_at=None).exclude(placed_at=None).order_by("pk")


@transaction.atomic
def tell_some(actor: Actor, operation: Operation, untold: Any) -> int:
    """Writes the touch points of some orders that have none yet; how many, 0 when all are told."""
    orders = list(untold.select_for_update(skip_locked=True)[:CHUNK])
    if not orders:
        return 0
    lines: dict[UUID, list[OrderLine]] = {order.pk: [] for order in orders}
    for line in OrderLine.objects.filter(order_id__in=list(lines)).order_by("position"):
        lines[line.order_id].append(line)
    ids = tell_many(
        actor=actor,
        operation=operation,
        items=[
            placed_item(
                order, lines[order.pk], actor, again=None if order.operation_id == operation.pk else operation.pk
            )
            for order in orders
        ],
    )
    for order, touchpoint_id in zip(orders, ids, strict=True):
        order.touchpoint_id = touchpoint_id
    Order.objects.bulk_update(orders, ["touchpoint_id"])
    return len(orders)
