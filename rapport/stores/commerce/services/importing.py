"""Orders from files: a row is a line, and rows with the same number are one order.

An order's lines may lie on both sides of where two batches part, so orders are written as their rows come, and their
touch points once all rows are through. An order that is here already is recognised by its number. Undo takes the whole
back; an order somebody worked on since is kept, and stands in the ledger under the undoing act.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from rapport.foundation.lib import clock
from rapport.foundation.records import policies as record_policies
from rapport.foundation.records.models import Change, Operation
from rapport.foundation.records.rules import codec
from rapport.foundation.records.rules.dates import shown
from rapport.foundation.records.rules.imports import ImportPlan, ImportTarget, Outcome, Rows
from rapport.foundation.records.rules.mapping import ColumnPlan, Guess, SourceColumn, folded_heading
from rapport.foundation.records.rules.texts import text_of
from rapport.foundation.records.services.operations import record_changes
from rapport.foundation.records.types import Choice, Field, FieldKind
from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.commerce import policies
from rapport.stores.commerce.models import Order, OrderLine, Payment, Refund, Return, Shipment
from rapport.stores.commerce.queries.drafts import Knowledge
from rapport.stores.commerce.queries.rates import home_currency
from rapport.stores.commerce.rules.drafts import Draft, read_draft
from rapport.stores.commerce.services.orders import values_now
from rapport.stores.commerce.services.states import OrderState, fill, said_lines, searchable
from rapport.stores.commerce.services.telling import placed_item, tell_many, untell
from rapport.stores.commerce.services.undo import put_lines_back, remove_orders
from rapport.stores.commerce.types import ORDER
from rapport.stores.customers.services.importing import CustomersImporter, parse_id
from rapport.stores.ledger.services.corrections import retract_touchpoint

CHUNK = 500
MOST_KNOWN = 300_000
# Where a row says whose order it is, and what that is called among the customers' own targets.
CUSTOMER_COLUMNS = {
    "customer_external_id": "external_id",
    "customer_email": "email",
    "customer_phone": "phone",
    "customer_id": "id",
}
WHO, ORDER_GROUP, LINE_GROUP = lazy("Whose order it is"), lazy("The order"), lazy("The line")
_PLACE = {
    "ship_name": "name",
    "ship_street": "street",
    "ship_postal_code": "postal_code",
    "ship_city": "city",
    "ship_country": "country",
}
_HEAD = {
    "placed_at": "placed_at",
    "currency": "currency",
    "channel": "channel",
    "order_discount": "discount",
    "shipping": "shipping",
    "total": "total",
    "notes": "notes",
}
_LINE = {
    "sku": "sku", "product_name": "name", "category": "category", "quantity": "quantity", "unit_price": "unit_price",
    "line_discount": "discount", "tax_percent": "tax_percent", "unit_cost": "unit_cost",
}  # fmt: skip


def parse_percent(cell: Any) -> str:
    """21, 21 % or 0.21."""
    text = text_of(cell).strip().removesuffix("%").strip().replace(",", ".")
    try:
        value = Decimal(text)
    except ArithmeticError:
        raise codec.BadValue(
            _("%(value)s is not a rate. Write per cent, such as 21.") % {"value": shown(cell)}
        ) from None
    if not value.is_finite() or not 0 <= value < 100:
        raise codec.BadValue(_("%(value)s is not a rate. Write per cent, such as 21.") % {"value": shown(cell)})
    return format(value * 100 if 0 < value < 1 else value, "f")


class OrdersImporter:
    """Fills records.extension_points.importers."""

    raw_log: Sequence[str] = ()
    new_fields = ""

    def targets(self, actor: Actor) -> Sequence[ImportTarget]:
        def take(name: str, label: Any, kind: FieldKind, group: Any, *aliases: str, **more: Any) -> ImportTarget:
            key = more.pop("key", False)
            return ImportTarget(
                field=Field(name=name, label=label, kind=kind, group=group, key=key, aliases=aliases), **more
            )

        text, money, number = FieldKind.TEXT, FieldKind.MONEY, FieldKind.NUMBER
        return (
            take("number", lazy("Order number"), text, ORDER_GROUP, "name", "order", "order id", "order no", "order number", "invoice", "bestellnummer", "auftragsnummer", key=True, max_length=80),
            take("customer_email", lazy("Customer’s e-mail address"), FieldKind.EMAIL, WHO, "email", "e-mail", "email address", "customer email"),
            take("customer_external_id", lazy("Customer’s id in the other system"), text, WHO, "customer id", "customer number", "customer", "kundennummer", "client id", max_length=254),
            take("customer_phone", lazy("Customer’s phone number"), FieldKind.PHONE, WHO, "phone", "billing phone", "telephone"),
            take("customer_id", lazy("Customer’s id in Rapport"), FieldKind.RELATION, WHO, "rapport id", parse=parse_id),
            take("customer_name", lazy("Customer’s name, for new customers"), text, WHO, "billing name", "customer name", "full name", max_length=240),
            take("placed_at", lazy("Placed"), FieldKind.INSTANT, ORDER_GROUP, "created at", "order date", "date", "placed at", "paid at", "datum", "bestelldatum"),
            take("currency", lazy("Currency"), text, ORDER_GROUP, "currency code", "währung", max_length=3),
            take("channel", lazy("Channel"), text, ORDER_GROUP, "sales channel", max_length=40),
            take("order_discount", lazy("Discount on the order"), money, ORDER_GROUP, "discount amount", "order discount", "rabatt"),
            take("shipping", lazy("Shipping"), money, ORDER_GROUP, "shipping cost", "versand", "postage"),
            take("total", lazy("Total of the order"), money, ORDER_GROUP, "order total", "grand total", "gesamtsumme"),
            take("notes", lazy("Notes"), FieldKind.LONG_TEXT, ORDER_GROUP, "note", "comment"),
            take("ship_name", lazy("Sent to"), text, ORDER_GROUP, "shipping name", max_length=240),
            take("ship_street", lazy("Sent to: street"), text, ORDER_GROUP, "shipping street", "shipping address1", "shipping address", max_length=240),
            take("ship_postal_code", lazy("Sent to: postal code"), text, ORDER_GROUP, "shipping zip", "shipping postal code", max_length=20),
            take("ship_city", lazy("Sent to: city"), text, ORDER_GROUP, "shipping city", max_length=120),
            take("ship_country", lazy("Sent to: country"), text, ORDER_GROUP, "shipping country", max_length=80),
            take("sku", lazy("SKU"), text, LINE_GROUP, "lineitem sku", "item sku", "product sku", "article number", "artikelnummer", max_length=80),
            take("product_name", lazy("Product"), text, LINE_GROUP, "lineitem name", "item", "product name", "title", "artikel", "description", max_length=240),
            take("category", lazy("Category"), text, LINE_GROUP, "product category", "product type", max_length=240),
            take("quantity", lazy("Quantity"), number, LINE_GROUP, "lineitem quantity", "qty", "menge", "units"),
            take("unit_price", lazy("Price of one"), money, LINE_GROUP, "lineitem price", "price", "unit price", "einzelpreis"),
            take("line_discount", lazy("Discount on the line"), money, LINE_GROUP, "lineitem discount", "line discount"),
            take("tax_percent", lazy("Tax in %"), text, LINE_GROUP, "vat rate", "tax rate", "vat", "mwst", parse=parse_percent),
            take("unit_cost", lazy("Cost of one"), money, LINE_GROUP, "cost", "unit cost", "cost per item", "einkaufspreis"),
        )  # fmt: skip

    def key_fields(self) -> Sequence[Field]:
        return [Field(name="number", label=lazy("Order number"), kind=FieldKind.TEXT, key=True)]

    def questions(self, actor: Actor) -> Sequence[Field]:
        return (
            Field(name="currency", label=lazy("Currency"), kind=FieldKind.TEXT, required=True, help=lazy("For orders that do not say it themselves")),
            Field(name="channel", label=lazy("Channel"), kind=FieldKind.TEXT, required=True, help=lazy("For orders that do not say it themselves, such as shop")),
            Field(name="prices_include_tax", label=lazy("Prices include tax"), kind=FieldKind.BOOLEAN),
            Field(name="existing", label=lazy("Orders that are here already"), kind=FieldKind.CHOICE, required=True,
                  choices=(Choice("update", lazy("get the lines of the file")), Choice("leave", lazy("stay as they are")))),
            Field(name="unknown", label=lazy("Customers who are not here yet"), kind=FieldKind.CHOICE, required=True,
                  choices=(Choice("create", lazy("are added")), Choice("refuse", lazy("keep their rows out")))),
            Field(name="namespace", label=lazy("The ids come from"), kind=FieldKind.TEXT,
                  help=lazy("A short name of the other system, such as hubspot. Ids of different systems are kept apart by it.")),
        )  # fmt: skip

    def answers(self, guess: Guess, columns: Sequence[SourceColumn]) -> Mapping[str, Any]:
        system = folded_heading(guess.system).split(" ")[0] if guess.system else ""
        return {
            "currency": home_currency(),
            "channel": "shop",
            "prices_include_tax": True,
            "existing": "update",
            "unknown": "create",
            "namespace": system,
        }

    def settle(self, guess: Guess) -> Guess:
        return guess

    def problems(self, plan: ImportPlan) -> Mapping[str, str]:
        found: dict[str, str] = {}
        if "number" not in plan.targets:
            found["columns"] = _("Choose the column with the order number: rows that share it are one order.")
        elif not plan.targets & set(CUSTOMER_COLUMNS):
            found["columns"] = _("Choose a column that says whose order it is.")
        elif "placed_at" not in plan.targets:
            found["columns"] = _("Choose the column that says when the order was placed.")
        elif not plan.targets & {"sku", "product_name"}:
            found["columns"] = _("Choose a column for the product: its SKU or its name.")
        if plan.key_field and plan.key_field != "number":
            found["key_field"] = _("Orders are recognised by their number.")
        _draft, problems = read_draft(
            {"currency": plan.option("currency"), "lines": [{"name": "x"}], "channel": plan.option("channel")},
            now=clock.now(),
        )
        found |= {name: reason for name, reason in problems.items() if name in ("currency", "channel")}
        if "customer_external_id" in plan.targets:
            found |= CustomersImporter().problems(_people_plan(plan))
        return found

    def begin(self, plan: ImportPlan, *, actor: Actor, operation_id: UUID | None) -> OrdersRun:
        record_policies.require(actor, Action.IMPORT, ORDER)
        return OrdersRun(plan, actor, operation_id)

    def undo(self, *, actor: Actor, operation: Operation, reverse: Operation) -> Mapping[str, int]:
        counts = undo_orders(actor=actor, operation=operation, reverse=reverse)
        people = CustomersImporter().undo(actor=actor, operation=operation, reverse=reverse)
        return {name: counts.get(name, 0) + people.get(name, 0) for name in {**counts, **people}}


def _customer_key(plan: ImportPlan) -> str:
    return next((name for name in CUSTOMER_COLUMNS if name in plan.targets), "")


def _people_plan(plan: ImportPlan) -> ImportPlan:
    """The part of the plan that is about customers."""
    columns = tuple(
        ColumnPlan(column.position, column.heading, CUSTOMER_COLUMNS.get(column.target, "name"))
        for column in plan.columns
        if column.target in CUSTOMER_COLUMNS or column.target == "customer_name"
    )
    options = {"existing": "leave", "kind": "person", "namespace": plan.option("namespace"), "source": ""}
    key = CUSTOMER_COLUMNS.get(_customer_key(plan), "")
    return ImportPlan(plan.import_id, plan.file_name, plan.digest, columns, options, key)


@dataclass
class _Group:
    """The rows of one order in a batch."""

    number: str
    positions: list[int] = field(default_factory=list)
    customer: Any = None
    draft: Draft | None = None


class OrdersRun:
    """One import of orders at work."""

    def __init__(self, plan: ImportPlan, actor: Actor, operation_id: UUID | None) -> None:
        self.plan, self.actor, self.operation_id = plan, actor, operation_id
        self.creates = plan.option("unknown", "create") == "create" and actor.may(Action.CREATE, "customer")
        self.people = CustomersImporter().start(_people_plan(plan), actor=actor, operation_id=operation_id)
        self.customer_key = _customer_key(plan)
        self.now = clock.now()
        self._owners: dict[Any, UUID | None] = {}
        self._heads: dict[str, dict[str, Any]] = {}  # what the first rows of an order said of it as a whole
        self._checked: dict[str, str] = {}  # while checking: numbers seen in earlier batches, and what became of them

    def prepare(self, rows: Rows) -> Mapping[str, int]:
        """Customers that rows name are there before the rows are written."""
        if len(self._owners) > MOST_KNOWN:
            self._owners.clear()
        people = self._people(rows)
        if not len(people):
            return {}
        made = 0
        if self.operation_id is None:
            made = self.people.check(people).new if self.creates else 0
        elif self.creates:
            with transaction.atomic():
                made = self.people.write(people).new
        keys = people.column(CUSTOMER_COLUMNS[self.customer_key])
        self._owners.update(zip(keys, self.people.owners(people), strict=True))
        return {"customers": made} if made else {}

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
        self.people.finish()
        operation = Operation.objects.get(pk=self.operation_id)
        while _tell_some(self.actor, operation, _untold(operation)):
            pass
        with connection.cursor() as cursor:
            cursor.execute("analyze commerce_order, commerce_orderline")

    # Rows

    def _people(self, rows: Rows) -> Rows:
        names = [target for target in (*CUSTOMER_COLUMNS, "customer_name") if rows.has(target)]
        places: dict[Any, int] = {}
        for position, key in enumerate(rows.column(self.customer_key)):
            if key is not None and key not in self._owners:
                places.setdefault(key, position)
        wanted = rows.take(list(places.values())) if places else Rows([], {name: [] for name in names})
        return Rows(wanted.numbers, {CUSTOMER_COLUMNS.get(name, "name"): wanted.values.get(name, []) for name in names})

    def _bring(self, rows: Rows, *, writing: bool) -> Outcome:
        outcome = Outcome()
        groups = self._groups(rows, outcome)
        found = Order.objects.filter(number__in=list(groups), deleted_at=None).order_by("pk")
        existing = {order.number: order for order in (found.select_for_update() if writing else found)}
        lines: dict[UUID, list[OrderLine]] = {}
        for line in OrderLine.objects.filter(order_id__in=[order.pk for order in existing.values()]).order_by(
            "position"
        ):
            lines.setdefault(line.order_id, []).append(line)
        good: list[_Group] = []
        for group in groups.values():
            order = existing.get(group.number)
            own = order is not None and order.operation_id == self.operation_id and self.operation_id is not None
            if self._read(rows, group, order, lines.get(order.pk, []) if order else [], own=own, outcome=outcome):
                good.append(group)
        knowledge = Knowledge([group.draft for group in good if group.draft])
        new: list[tuple[_Group, Order, list[OrderLine]]] = []
        for group in good:
            assert group.draft is not None  # noqa: S101 - read above
            on = (group.draft.placed_at or self.now).date()
            draft, problems = knowledge.completed(group.draft, on=on)
            if problems:
                self._refuse(rows, group, problems, outcome)
                continue
            self._take(rows, group, draft, existing.get(group.number), lines, new, outcome, writing=writing)
        if writing and new:
            Order.objects.bulk_create([order for _group, order, _lines in new], batch_size=CHUNK)
            OrderLine.objects.bulk_create([line for _group, _order, own in new for line in own], batch_size=CHUNK)
        return outcome

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

    def _read(
        self, rows: Rows, group: _Group, order: Order | None, before: list[OrderLine], *, own: bool, outcome: Outcome
    ) -> bool:
        """The draft of an order; `own`: its first rows came with an earlier batch of this file."""
        first = {
            name: next((value for at in group.positions if (value := rows.column(name)[at]) is not None), None)
            for name in (*_HEAD, *_PLACE)
        }
        raw: dict[str, Any] = {
            target: self._said(first[name]) for name, target in _HEAD.items() if first[name] is not None
        }
        raw.setdefault("currency", self._currency_of(rows, group) or self.plan.option("currency"))
        raw.setdefault("channel", self.plan.option("channel", "shop"))
        raw["prices_include_tax"] = bool(self.plan.option("prices_include_tax", False))
        raw["ship_to"] = {part: str(first[name]) for name, part in _PLACE.items() if first[name] is not None}
        raw["number"] = group.number
        raw["lines"] = [
            {part: self._said(value) for name, part in _LINE.items() if (value := rows.column(name)[at]) is not None}
            for at in group.positions
        ]
        if own and order is not None:
            said = said_lines(order, before)
            known = self._heads.get(group.number) or {
                name: said[name] for name in said if said[name] and name != "lines"
            }
            raw = {**raw, **known}
            raw["lines"] = [*said["lines"], *raw["lines"]]
            raw.setdefault("placed_at", order.placed_at)
            raw["currency"] = order.currency
        elif len(self._heads) < MOST_KNOWN:
            self._heads[group.number] = {name: value for name, value in raw.items() if name != "lines"}
        if isinstance(raw.get("placed_at"), str) and len(raw["placed_at"]) == 10:
            raw["placed_at"] = datetime.combine(datetime.fromisoformat(raw["placed_at"]).date(), time(12), UTC)
        draft, problems = read_draft(raw, now=self.now)
        if not raw.get("placed_at"):
            problems["placed_at"] = _("This order does not say when it was placed.")
        owner = self._owners.get(group.customer) if group.customer is not None else None
        if (
            not own
            and owner is None
            and not (self.operation_id is None and self.creates and group.customer is not None)
        ):
            problems["customer"] = _("Nobody is known by this, or the order does not say whose it is.")
        if problems:
            self._refuse(rows, group, problems, outcome, before=len(before) if own else 0)
            return False
        group.draft = draft
        return True

    def _currency_of(self, rows: Rows, group: _Group) -> str:
        """Of the first amount that says its currency, such as 12.50 EUR."""
        for name in ("total", "unit_price"):
            for at in group.positions:
                value = rows.column(name)[at]
                if isinstance(value, Mapping) and value.get("currency"):
                    return str(value["currency"])
        return ""

    def _said(self, value: Any) -> Any:
        return value.get("amount") if isinstance(value, Mapping) else value

    def _take(
        self,
        rows: Rows,
        group: _Group,
        draft: Draft,
        order: Order | None,
        lines: Mapping[UUID, list[OrderLine]],
        new: list[tuple[_Group, Order, list[OrderLine]]],
        outcome: Outcome,
        *,
        writing: bool,
    ) -> None:
        number = len(group.positions)
        if not writing and group.number in self._checked:  # more of an order that an earlier batch began
            setattr(outcome, self._checked[group.number], getattr(outcome, self._checked[group.number]) + number)
            return
        if order is None:
            outcome.new += number
            self._checked[group.number] = "new"
            if writing:
                new.append(self._made(group, draft))
            return
        before = lines.get(order.pk, [])
        if self.operation_id and order.operation_id == self.operation_id:
            outcome.new += number
            if writing:
                self._replace(order, draft)
            return
        if self.plan.option("existing", "update") == "leave" or _same(order, before, draft):
            outcome.unchanged += number
            self._checked[group.number] = "unchanged"
        elif order.cancelled_at or _has_parts(order):
            for at in group.positions:
                outcome.refuse(
                    rows.numbers[at], _("Order %(number)s was paid, shipped or cancelled since. Change it on its page.") % {"number": order.number}
                )  # fmt: skip
        else:
            outcome.updated += number
            self._checked[group.number] = "updated"
            if writing:
                self._change(order, before, draft)

    def _made(self, group: _Group, draft: Draft) -> tuple[_Group, Order, list[OrderLine]]:
        owner = self._owners[group.customer]
        assert owner is not None  # noqa: S101 - rows of nobody were refused
        order = Order(
            customer_id=owner, currency=draft.currency, number=group.number, source="import", source_id=group.number,
            placed_at=draft.placed_at, at=draft.placed_at or self.now, operation_id=self.operation_id, batch_id=self.operation_id,
            created_at=self.now, updated_at=self.now,
        )  # fmt: skip
        lines = fill(order, draft)
        order.search = searchable(order, lines)
        OrderState(order, lines).settle()
        return group, order, lines

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
def _tell_some(actor: Actor, operation: Operation, untold: Any) -> int:
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


# Undo


def undo_orders(*, actor: Actor, operation: Operation, reverse: Operation) -> dict[str, int]:
    """Orders the import made go, unless somebody worked on them; those it changed are as they were."""
    made = list(Order.objects.filter(operation_id=operation.id).values_list("pk", flat=True))
    worked_on = set(
        Change.objects.filter(record_id__in=made, record_type=ORDER)
        .exclude(operation=operation)
        .exclude(operation__kind="undo")
        .filter(operation__undone_at=None)
        .values_list("record_id", flat=True)
    )
    gone = [pk for pk in made if pk not in worked_on]
    for start in range(0, len(gone), 5_000):
        remove_orders(gone[start : start + 5_000])
    untell(actor=actor, operation=operation)
    restored = 0
    for change in Change.objects.filter(operation=operation, record_type=ORDER):
        restored += put_lines_back(actor=actor, change=change, reverse=reverse)
    kept = Order.objects.filter(pk__in=worked_on, deleted_at=None)
    kept.update(touchpoint_id=None, batch_id=None)  # their customers are in use
    while _tell_some(actor, reverse, kept.filter(touchpoint_id=None).exclude(placed_at=None).order_by("pk")):
        pass
    return {"removed": len(gone), "kept": len(worked_on), "restored": restored}
