"""Orders from touch points that say what was bought, and what later touch points tell of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from rapport.foundation.workspace.errors import Invalid
from rapport.stores.commerce.models import Order, OrderLine, Shipment, TakenTouchpoint
from rapport.stores.commerce.queries.drafts import Knowledge
from rapport.stores.commerce.queries.news import again
from rapport.stores.commerce.queries.rates import home_currency
from rapport.stores.commerce.rules import reading
from rapport.stores.commerce.rules.drafts import Draft, read_draft
from rapport.stores.commerce.rules.reading import Heard
from rapport.stores.commerce.services.numbers import next_number
from rapport.stores.commerce.services.states import DERIVED, OrderState, Part, fill, searchable
from rapport.stores.commerce.services.taken_notes import Notes
from rapport.stores.commerce.services.undo import PARTS
from rapport.stores.commerce.types import Taken


class TakenOrders:
    """Orders from a batch of touch points, and what became of them: a fixed number of statements, however many."""

    def __init__(self, notes: Notes, now: datetime) -> None:
        self.notes, self.now = notes, now
        self.parts: list[Part] = []
        self.new: dict[UUID, OrderState] = {}
        self.known: dict[UUID, OrderState] = {}
        self.by_number: dict[tuple[str, str], UUID] = {}  # (source, number as it was said)
        self.delivered: list[Shipment] = []

    def take(self, heard: Sequence[Heard]) -> None:
        self._place([one for one in heard if one.is_order])
        follow_ups = [one for one in heard if one.kind in reading.FOLLOW_UPS]
        self._follow([*self._waiting(), *follow_ups])
        self._save()

    def _place(self, heard: Sequence[Heard]) -> None:
        if not heard:
            return
        home = home_currency()
        readable: list[tuple[Heard, Draft]] = []
        for one in heard:
            draft, problems = read_draft(reading.draft_of(one, home_currency=home), now=self.now)
            if problems:
                self.notes.refuse(one, problems)
            else:
                readable.append((one, draft))
        knowledge = Knowledge([draft for _one, draft in readable])
        wanted = {draft.number for _one, draft in readable if draft.number}
        taken = set(Order.objects.filter(number__in=wanted, deleted_at=None).values_list("number", flat=True))
        back = {
            row.touchpoint_id: row
            for row in Order.objects.filter(touchpoint_id__in=[one.id for one, _draft in readable])
        }
        for one, draft in readable:
            if one.id in back:  # its touch point was taken back and stands again
                self._restore(one, back[one.id], taken)
                continue
            completed, problems = knowledge.completed(draft, on=one.occurred_at.date())
            if problems:
                self.notes.refuse(one, problems)
            else:
                self._make(one, completed, taken)

    def _make(self, one: Heard, draft: Draft, taken: set[str]) -> None:
        order = Order(
            customer_id=one.customer_id,
            currency=draft.currency,
            source=one.source,
            source_id=one.source_id,
            touchpoint_id=one.id,
            batch_id=one.batch_id,
            placed_at=one.occurred_at,
            at=one.occurred_at,
            created_at=self.now,
            updated_at=self.now,
        )
        lines = fill(order, draft)
        order.number = draft.number or next_number("O")
        if order.number in taken:
            order.number, said = _free_number(order.number, taken), order.number
            note = _("The touch point says number %(number)s, which another order had already.") % {"number": said}
            order.notes = f"{order.notes}\n{note}".strip()
        taken.add(order.number)
        order.search = searchable(order, lines)
        state = OrderState(order, lines, strict=False)
        state.settle()
        self.new[order.pk] = state
        if one.number:
            self.by_number.setdefault((one.source, one.number), order.pk)
        self.notes.add(one, Taken.DONE, order_id=order.pk)

    def _restore(self, one: Heard, order: Order, taken: set[str]) -> None:
        if order.deleted_at is not None:
            if order.number in taken:
                order.number = _free_number(order.number, taken)
            order.deleted_at = None
            order.save(update_fields=["deleted_at", "number"])
        self.notes.add(one, Taken.DONE, order_id=order.pk)

    def _waiting(self) -> list[Heard]:
        """Touch points that came before the order they speak of, which is here now."""
        numbers = {number for _source, number in self.by_number}
        if not numbers:
            return []
        return again(
            TakenTouchpoint.objects.filter(number__in=numbers, outcome=Taken.WAITING, kind__in=reading.FOLLOW_UPS)
        )

    def _follow(self, heard: Sequence[Heard]) -> None:
        if not heard:
            return
        self._find_orders({one.number for one in heard if one.number})
        for one in sorted(heard, key=lambda one: (one.occurred_at, one.id)):
            if not one.number:
                self.notes.refuse(one, {"order": _("It does not say of which order.")})
                continue
            order_id = self.by_number.get((one.source, one.number)) or self.by_number.get(("", one.number))
            state = self.new.get(order_id) or self.known.get(order_id) if order_id else None
            if state is None:
                self.notes.add(one, Taken.WAITING)
                continue
            try:
                self._apply(one, state)
            except Invalid as error:
                self.notes.refuse(one, error.problems, order_id)
            else:
                self.notes.add(one, Taken.DONE, order_id=order_id)

    def _find_orders(self, numbers: set[str]) -> None:
        """Orders by the number their source calls them, or else by the number they have here ("")."""
        said = TakenTouchpoint.objects.filter(
            number__in=numbers, kind=reading.ORDER_PLACED, outcome=Taken.DONE
        ).values_list("source", "number", "order_id")
        for source, number, order_id in said:
            if order_id is not None:
                self.by_number.setdefault((source, number), order_id)
        for number, order_id in Order.objects.filter(number__in=numbers, deleted_at=None).values_list("number", "pk"):
            self.by_number.setdefault(("", number), order_id)
        for (_source, number), order_id in list(self.by_number.items()):
            self.by_number.setdefault(("", number), order_id)
        wanted = {order_id for order_id in self.by_number.values() if order_id not in self.new}
        lines: dict[UUID, list[OrderLine]] = {}
        shipments: dict[UUID, list[Shipment]] = {}
        orders = list(
            Order.objects.filter(pk__in=wanted, deleted_at=None)
            .exclude(placed_at=None)
            .order_by("pk")
            .select_for_update()
        )
        for line in OrderLine.objects.filter(order_id__in=wanted).order_by("position"):
            lines.setdefault(line.order_id, []).append(line)
        for shipment in Shipment.objects.filter(order_id__in=wanted).order_by("at", "id"):
            shipments.setdefault(shipment.order_id, []).append(shipment)
        for order in orders:
            self.known[order.pk] = OrderState(order, lines.get(order.pk, ()), shipments.get(order.pk, ()), strict=False)

    def _apply(self, one: Heard, state: OrderState) -> None:
        if one.amount is not None and one.currency != state.order.currency:
            raise Invalid({"currency": _("The order is in %(currency)s.") % {"currency": state.order.currency}})
        at, now = one.occurred_at, self.now
        reason = one.text("reason", most=240)
        part: Part | None = None
        if one.kind in reading.PAID:
            amount = one.amount if one.amount is not None else state.facts().due
            part = state.pay(
                amount=amount, at=at, now=now, method=one.text("method"), reference=one.text("reference", "invoice")
            )
        elif one.kind in reading.REFUNDED:
            facts = state.facts()
            amount = one.amount if one.amount is not None else facts.refundable
            part = state.refund(amount=amount, at=at, now=now, reason=reason)
        elif one.kind == reading.RETURNED:
            items = state.lines_by_sku(one.items(), returning=True)
            part = state.take_back(items=items, at=at, now=now, reason=reason)
        elif one.kind == reading.CANCELLED:
            state.cancel(at=at, now=now, reason=reason)
        elif one.kind == reading.DELIVERED and any(each.delivered_at is None for each in state.shipments):
            shipment = state.deliver(at=at, now=now)
            shipment.delivered_touchpoint_id = one.id
            shipment.promised_on = one.day("promised_on") or shipment.promised_on
            self.delivered.append(shipment)
        else:  # shipped, collected, or delivered by somebody who never said that it left
            items = state.lines_by_sku(one.items(), returning=False)
            part = state.ship(
                items=items, at=at, now=now, carrier=one.text("carrier"), tracking=one.text("tracking", "tracking_number"),
                promised_on=one.day("promised_on"),
            )  # fmt: skip
            if one.kind != reading.SHIPPED:
                state.deliver(at=at, now=now).delivered_touchpoint_id = one.id
        if part is not None:
            part.touchpoint_id = one.id
            self.parts.append(part)

    def _save(self) -> None:
        Order.objects.bulk_create([state.order for state in self.new.values()], batch_size=1000)
        OrderLine.objects.bulk_create([line for state in self.new.values() for line in state.lines], batch_size=2000)
        touched = list(self.known.values())
        if touched:
            for state in touched:
                state.order.updated_at, state.order.version = self.now, state.order.version + 1
            columns = [*DERIVED, "updated_at", "version"]
            Order.objects.bulk_update([state.order for state in touched], columns, batch_size=500)
            lines = [line for state in touched for line in state.lines]
            OrderLine.objects.bulk_update(lines, ["shipped", "returned"], batch_size=500)
        for model in PARTS:
            model._default_manager.bulk_create([part for part in self.parts if type(part) is model], batch_size=1000)
        made = {part.pk for part in self.parts}
        before = [shipment for shipment in self.delivered if shipment.pk not in made]
        Shipment.objects.bulk_update(before, ["delivered_at", "delivered_touchpoint_id", "promised_on"], batch_size=500)


def _free_number(number: str, taken: set[str]) -> str:
    """K-1 becomes K-1 (2): orders of two sources may have the same number, and each keeps its own."""
    n = 2
    while True:
        free = f"{number[:70]} ({n})"
        if free not in taken and not Order.objects.filter(number=free, deleted_at=None).exists():
            return free
        n += 1
