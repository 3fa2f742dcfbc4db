# ruff: noqa: S608 (only names of columns of ours are put together; values are parameters)
"""Orders from the ledger: an order_placed touch point with lines makes an order, and later ones tell what became of it.

The worker is woken after each batch, and looks every few minutes by itself, so that nothing depends on being woken: it
reads on from a mark that lies before anything still being written. Each touch point leaves one row that keeps it from
being taken up twice; a row says what became of it, also when nothing could. Nothing here writes to the ledger.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.utils import DatabaseError, OperationalError
from django.utils.translation import gettext as _

from rapport.foundation.lib import clock
from rapport.foundation.lib.text import folded
from rapport.foundation.records.models import Change
from rapport.foundation.records.services.copying import delete_at_once
from rapport.foundation.workspace.errors import Conflict, Invalid
from rapport.stores.commerce.models import (
    Order,
    OrderLine,
    Shipment,
    Subscription,
    TakenTouchpoint,
    TakeUpMark,
)
from rapport.stores.commerce.queries.drafts import Knowledge, known_products
from rapport.stores.commerce.queries.rates import home_currency
from rapport.stores.commerce.rules import reading
from rapport.stores.commerce.rules.drafts import Draft, DraftLine, read_draft
from rapport.stores.commerce.rules.reading import Heard
from rapport.stores.commerce.rules.subscriptions import renews_on
from rapport.stores.commerce.services.numbers import next_number
from rapport.stores.commerce.services.states import DERIVED, OrderState, Part, fill, searchable
from rapport.stores.commerce.services.undo import PARTS, recount, remove_orders
from rapport.stores.commerce.types import SOURCE, Interval, SubscriptionStatus, Taken

BATCH = 4000
_SLACK = timedelta(minutes=5)  # clocks of the application's machines and of the database differ
_log = logging.getLogger(__name__)

_COLUMNS = "t.id, t.customer_id, t.occurred_at, t.channel, t.kind, t.source, t.source_id, t.amount, t.currency, t.properties, t.batch_id"
_STANDING = (
    "not exists (select 1 from ledger_retraction r where r.touchpoint_id = t.id)"
    " and (t.batch_id is null or not exists (select 1 from ledger_retraction r where r.batch_id = t.batch_id))"
)
_NEWS = (
    f"select {_COLUMNS} from touchpoint t where t.kind = any(%(kinds)s) and t.source <> %(own)s"
    " and (%(since)s::timestamptz is null or t.recorded_at >= %(since)s)"
    " and case when t.kind = 'order_placed' then jsonb_typeof(t.properties -> 'lines') = 'array'"
    "  when t.kind = 'subscription_started' then true"
    "  else jsonb_exists_any(t.properties, array['number', 'order_number', 'order', 'order_id', 'subscription']) end"
    " and not exists (select 1 from commerce_taken k where k.touchpoint_id = t.id)"
    f" and {_STANDING} order by t.occurred_at, t.id limit %(limit)s"
)


def take_up() -> int:
    """Take up all there is; returns how many touch points were dealt with. Two at a time wait for each other."""
    dealt_with, horizon = 0, None
    while True:
        with transaction.atomic():
            mark = _locked_mark()
            horizon = horizon or _horizon()
            heard = _news(mark.recorded_until)
            _take(heard)
            dealt_with += len(heard)
            if len(heard) < BATCH:
                _follow_retractions(mark.recorded_until)
                mark.recorded_until = max(mark.recorded_until or horizon, horizon)
                mark.save(update_fields=["recorded_until"])
                return dealt_with


@transaction.atomic
def remove_batch(batch_id: UUID) -> int:
    """Take out all that was taken up from a batch that was retracted. Orders people worked on go out of sight instead."""
    ids = list(Order.objects.filter(batch_id=batch_id, deleted_at=None).values_list("pk", flat=True))
    kept = set(Change.objects.filter(record_id__in=ids, record_type="order").values_list("record_id", flat=True))
    Order.objects.filter(pk__in=kept).update(deleted_at=clock.now())
    remove_orders([pk for pk in ids if pk not in kept])
    subscriptions = Subscription.objects.filter(batch_id=batch_id)
    kept_subscriptions = set(
        Change.objects.filter(record_id__in=subscriptions.values("pk")).values_list("record_id", flat=True)
    )
    subscriptions.filter(pk__in=kept_subscriptions).update(deleted_at=clock.now())
    delete_at_once(subscriptions.exclude(pk__in=kept_subscriptions))
    others = TakenTouchpoint.objects.filter(batch_id=batch_id, outcome=Taken.DONE).exclude(order_id=None)
    for row in others.exclude(order_id__in=ids):
        _forget_part(row)
    delete_at_once(TakenTouchpoint.objects.filter(batch_id=batch_id))
    return len(ids)


def _locked_mark() -> TakeUpMark:
    TakeUpMark.objects.get_or_create(id=1)
    return TakeUpMark.objects.select_for_update().get(id=1)


def _horizon() -> datetime:
    """Before this nothing new can appear: whatever is not committed yet began later. Read before the ledger is."""
    with connection.cursor() as cursor:
        cursor.execute("select min(xact_start) from pg_stat_activity where datname = current_database()")
        (oldest,) = cursor.fetchone() or (None,)
    now = clock.now()
    return min(oldest or now, now) - _SLACK


def _news(since: datetime | None) -> list[Heard]:
    with connection.cursor() as cursor:
        cursor.execute(_NEWS, {"kinds": sorted(reading.KINDS), "own": SOURCE, "since": since, "limit": BATCH})
        return _heard(cursor.fetchall())


def _again(rows: Iterable[TakenTouchpoint]) -> list[Heard]:
    """The touch points of rows that were left waiting, or taken back and restored since."""
    rows = list(rows)
    if not rows:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            f"select {_COLUMNS} from touchpoint t where t.customer_id = any(%s) and t.id = any(%s) and {_STANDING}",
            [list({row.customer_id for row in rows}), [row.touchpoint_id for row in rows]],
        )
        return _heard(cursor.fetchall())


def _heard(rows: Iterable[Sequence[Any]]) -> list[Heard]:
    return [
        Heard(
            id=id_, customer_id=customer_id, occurred_at=occurred_at, channel=channel, kind=kind, source=source,
            source_id=source_id, amount=amount, currency=currency, batch_id=batch_id,
            properties=json.loads(properties) if isinstance(properties, str) else properties,
        )
        for id_, customer_id, occurred_at, channel, kind, source, source_id, amount, currency, properties, batch_id in rows
    ]  # fmt: skip


def _take(heard: Sequence[Heard]) -> None:
    """All at once; where the database refuses something, halve until it is found, and note that."""
    if not heard:
        return
    try:
        with transaction.atomic():
            _Batch(heard).take()
    except OperationalError:
        raise
    except DatabaseError as error:
        if len(heard) == 1:
            _log.warning("A touch point of kind %s could not be taken up: %s", heard[0].kind, error)
            problem = [["", _("The database cannot store this.")]]
            TakenTouchpoint.objects.bulk_create([_row(heard[0], Taken.REFUSED, problems=problem)])
        else:
            _take(heard[: len(heard) // 2])
            _take(heard[len(heard) // 2 :])


def _row(one: Heard, outcome: Taken, *, order_id: UUID | None = None, problems: Any = ()) -> TakenTouchpoint:
    return TakenTouchpoint(
        touchpoint_id=one.id, customer_id=one.customer_id, occurred_at=one.occurred_at, kind=one.kind, source=one.source,
        batch_id=one.batch_id, outcome=outcome, number=one.number, order_id=order_id, problems=list(problems), at=clock.now(),
    )  # fmt: skip


@dataclass
class _Batch:
    """Touch points on their way into orders: a fixed number of statements, however many."""

    heard: Sequence[Heard]
    rows: dict[UUID, TakenTouchpoint] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    new: dict[UUID, OrderState] = field(default_factory=dict)
    known: dict[UUID, OrderState] = field(default_factory=dict)
    by_number: dict[tuple[str, str], UUID] = field(default_factory=dict)  # (source, number as it was said)
    delivered: list[Shipment] = field(default_factory=list)

    def take(self) -> None:
        self.now = clock.now()
        self._orders([one for one in self.heard if one.is_order])
        follow_ups = [one for one in self.heard if one.kind in reading.FOLLOW_UPS]
        self._follow([*self._waiting(reading.FOLLOW_UPS), *follow_ups])
        self._save()
        subscriptions = [one for one in self.heard if one.kind in reading.SUBSCRIPTIONS]
        if subscriptions:
            self._subscriptions(subscriptions)
        TakenTouchpoint.objects.bulk_create(
            self.rows.values(),
            update_conflicts=True,
            unique_fields=["touchpoint_id"],
            update_fields=["outcome", "order_id", "problems", "at"],
            batch_size=1000,
        )

    def _note(self, one: Heard, outcome: Taken, *, order_id: UUID | None = None, problems: Any = ()) -> None:
        self.rows[one.id] = _row(one, outcome, order_id=order_id, problems=problems)

    def _refuse(self, one: Heard, problems: Any, order_id: UUID | None = None) -> None:
        self._note(one, Taken.REFUSED, order_id=order_id, problems=[list(pair) for pair in dict(problems).items()])

    # Orders

    def _orders(self, heard: Sequence[Heard]) -> None:
        if not heard:
            return
        home = home_currency()
        readable: list[tuple[Heard, Draft]] = []
        for one in heard:
            draft, problems = read_draft(reading.draft_of(one, home_currency=home), now=self.now)
            if problems:
                self._refuse(one, problems)
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
                self._refuse(one, problems)
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
        self._note(one, Taken.DONE, order_id=order.pk)

    def _restore(self, one: Heard, order: Order, taken: set[str]) -> None:
        if order.deleted_at is not None:
            if order.number in taken:
                order.number = _free_number(order.number, taken)
            order.deleted_at = None
            order.save(update_fields=["deleted_at", "number"])
        self._note(one, Taken.DONE, order_id=order.pk)

    # What became of them

    def _waiting(self, kinds: Iterable[str]) -> list[Heard]:
        """Touch points that came before the order they speak of, which is here now."""
        numbers = {number for _source, number in self.by_number}
        if not numbers:
            return []
        return _again(TakenTouchpoint.objects.filter(number__in=numbers, outcome=Taken.WAITING, kind__in=kinds))

    def _follow(self, heard: Sequence[Heard]) -> None:
        if not heard:
            return
        self._find_orders({one.number for one in heard if one.number})
        for one in sorted(heard, key=lambda one: (one.occurred_at, one.id)):
            if not one.number:
                self._refuse(one, {"order": _("It does not say of which order.")})
                continue
            order_id = self.by_number.get((one.source, one.number)) or self.by_number.get(("", one.number))
            state = self.new.get(order_id) or self.known.get(order_id) if order_id else None
            if state is None:
                self._note(one, Taken.WAITING)
                continue
            try:
                self._apply(one, state)
            except Invalid as error:
                self._refuse(one, error.problems, order_id)
            else:
                self._note(one, Taken.DONE, order_id=order_id)

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

    # Subscriptions

    def _subscriptions(self, heard: Sequence[Heard]) -> None:
        said = {one.number for one in heard if one.number}
        known = {
            row.number: row for row in Subscription.objects.filter(number__in=said, deleted_at=None).select_for_update()
        }
        skus = [DraftLine(sku=sku) for one in heard if (sku := one.text("sku", most=80))]
        products = known_products(skus)
        new: dict[UUID, Subscription] = {}
        changed: dict[UUID, Subscription] = {}
        ordered = sorted(heard, key=lambda one: (one.kind != reading.STARTED, one.occurred_at, one.id))
        started = [one for one in ordered if one.kind == reading.STARTED]
        for one in started:
            self._start(one, known, products, new)
        waiting = TakenTouchpoint.objects.filter(
            number__in={row.number for row in new.values()}, outcome=Taken.WAITING, kind__in=reading.SUBSCRIPTIONS
        )
        others = [*_again(waiting), *ordered[len(started) :]]
        for one in sorted(others, key=lambda one: (one.occurred_at, one.id)):
            row = known.get(one.number)
            if row is None:
                self._note(one, Taken.WAITING)
                continue
            if one.kind == reading.RENEWED:
                row.renewals += 1
                row.renewed_on = one.occurred_at.date()
                row.renews_on = renews_on(row.started_on, row.interval, row.renewals)
            else:
                row.status, row.ended_on, row.renews_on = SubscriptionStatus.ENDED, one.occurred_at.date(), None
                row.end_reason = one.text("reason", most=240)
            if row.pk not in new:
                changed[row.pk] = row
            self._note(one, Taken.DONE)
        Subscription.objects.bulk_create(new.values(), batch_size=1000)
        Subscription.objects.bulk_update(
            changed.values(),
            ["renewals", "renewed_on", "renews_on", "status", "ended_on", "end_reason"],
            batch_size=500,
        )

    def _start(
        self, one: Heard, known: dict[str, Subscription], products: dict[str, Any], new: dict[UUID, Subscription]
    ) -> None:
        if one.number in known:
            self._refuse(one, {"subscription": _("There is a subscription with this number already.")})
            return
        product = products.get(one.text("sku", most=80))
        interval = one.text("interval") or Interval.MONTH.value
        quantity = one.decimal("quantity") or Decimal(1)
        problems = {}
        if interval not in Interval.values:
            problems["interval"] = _("An interval is month, quarter or year.")
        if one.amount is None or one.amount < 0:
            problems["amount"] = _("Say what is due for each interval.")
        if not 0 < quantity < 10**9:
            problems["quantity"] = _("The quantity must be more than zero.")
        if problems or one.amount is None:
            self._refuse(one, problems)
            return
        name = one.text("name", "product", most=240) or (product.name if product else "") or _("Subscription")
        day = one.occurred_at.date()
        row = Subscription(
            number=one.number or next_number("S"), customer_id=one.customer_id, product_id=product.id if product else None,
            name=name, interval=interval, quantity=round(quantity, 4), amount=round(one.amount / quantity, 4), currency=one.currency,
            started_on=day, renews_on=renews_on(day, interval, 0), source=one.source, batch_id=one.batch_id,
        )  # fmt: skip
        row.search = folded(row.number, row.name)
        known[row.number] = new[row.pk] = row
        self._note(one, Taken.DONE)


def _free_number(number: str, taken: set[str]) -> str:
    """K-1 becomes K-1 (2): orders of two sources may have the same number, and each keeps its own."""
    n = 2
    while True:
        free = f"{number[:70]} ({n})"
        if free not in taken and not Order.objects.filter(number=free, deleted_at=None).exists():
            return free
        n += 1


# What the ledger takes back


def _follow_retractions(since: datetime | None) -> None:
    """Orders whose touch point no longer stands go; what was told of an order no longer holds. And the other way round."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select touchpoint_id, batch_id from ledger_retraction where %s::timestamptz is null or at >= %s",
            [since, since],
        )
        found = cursor.fetchall()
    batches = {batch for _one, batch in found if batch}
    for batch_id in TakenTouchpoint.objects.filter(batch_id__in=batches).values_list("batch_id", flat=True).distinct():
        if batch_id is not None:
            remove_batch(batch_id)
    singles = {one for one, _batch in found if one}
    for row in TakenTouchpoint.objects.filter(touchpoint_id__in=singles).exclude(outcome=Taken.RETRACTED):
        if row.kind == reading.ORDER_PLACED:
            Order.objects.filter(touchpoint_id=row.touchpoint_id).update(deleted_at=clock.now())
        elif row.outcome == Taken.DONE and row.order_id:
            _forget_part(row)
        row.outcome = Taken.RETRACTED
        row.save(update_fields=["outcome"])
    _take(_again(TakenTouchpoint.objects.filter(outcome=Taken.RETRACTED)))


def _forget_part(row: TakenTouchpoint) -> None:
    """What one touch point told of an order is forgotten; where that contradicts what came later, it stays."""
    held = Order.objects.select_for_update().filter(deleted_at=None)
    order = held.filter(pk=row.order_id).first() if row.order_id else None
    if order is None:
        return
    try:
        with transaction.atomic():
            for model in PARTS:
                model._default_manager.filter(order=order, touchpoint_id=row.touchpoint_id).delete()
            Shipment.objects.filter(order=order, delivered_touchpoint_id=row.touchpoint_id).update(
                delivered_at=None, delivered_touchpoint_id=None
            )
            if row.kind == reading.CANCELLED:
                order.cancelled_at, order.cancel_reason = None, ""
            recount(order, list(order.lines.order_by("position")))
            order.updated_at, order.version = clock.now(), order.version + 1
            order.save()
    except Conflict:
        _log.info("What was told of order %s was taken back, but later touch points rest on it.", order.number)
