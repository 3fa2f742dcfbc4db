"""Commerce: who buys when (BG/NBD in seasonal time), for how much (gamma-gamma), and how it arrives.

Orders come at a rate of the customer's own (gamma over customers); after each the customer may stop for good (a beta
chance), and does so more readily after a late delivery. What an order is worth after the first varies around a mean of
the customer's own, independent of how often they buy. Both are drawn in seasonally adjusted days, so that a model fitted
to the ledger finds what was put in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from rapport.demo import catalogue, phrases
from rapport.demo.cast import FIRST_NAMES
from rapport.demo.catalogue import BY_SKU, Product
from rapport.demo.rhythm import BUSINESS, DELIVERY, DESK, LEISURE, OFFICE, PRIVATE, SHOWROOM, Dice
from rapport.demo.world import Order, Party, PlannedOrder, World, later


@dataclass(frozen=True)
class Habits:
    """The population's parameters: rate ~ gamma(r, alpha days), dropout ~ beta(a, b), spend ~ gamma-gamma(p, q, euros)."""

    r: float
    alpha: float
    a: float
    b: float
    p: float
    q: float
    euros: float
    p_regained: float
    wait_days: float  # from being known to the first order
    p_at_once: float  # came to be known by ordering


PRIVATE_HABITS = Habits(
    r=0.55, alpha=120, a=0.9, b=1.9, p=4.0, q=3.4, euros=105, p_regained=0.2, wait_days=24, p_at_once=0.3
)
BUSINESS_HABITS = Habits(
    r=1.2, alpha=105, a=0.7, b=3.6, p=3.0, q=2.5, euros=780, p_regained=0.3, wait_days=38, p_at_once=0.08
)

_BIKES_FOR = {
    "children": ("LT3", "BX3", "BX2", "TR7"), "shopping": ("ST1", "LT3", "BX2", "LT2R"), "dog": ("BX2", "BX3"),
    "tools": ("BX3", "LT3"), "parcels": ("LT3", "BX3"), "bread": ("BX3", "LT3"), "drinks": ("BX3C", "LT3"),
    "flowers": ("BX2", "BX3"), "care": ("ST1", "LT3"), "rental": ("LT3", "ST1", "BX3"), "people": ("ST1", "LT3"),
}  # fmt: skip


_PARCELS = {"NL": ("parcel post", "courier bike"), "BE": ("parcel post", "courier bike")}


def trade(world: World) -> None:
    """Every order of the three years, numbered in the order they were placed."""
    orders: list[Order] = []
    planned: dict[str, list[PlannedOrder]] = {}
    for plan in world.planned_orders:
        planned.setdefault(plan.buyer.key, []).append(plan)
    for party in world.parties:
        orders += _orders(world, party, planned.get(party.key, []))
    orders.sort(key=lambda order: (order.at, int(order.buyer.key[1:])))
    for n, order in enumerate(orders):
        order.number = f"K-{20000 + n}"
    for order in orders:
        _tell(world, order)


def _orders(world: World, party: Party, planned: list[PlannedOrder]) -> list[Order]:
    if not (party.is_buyer or planned):
        return []
    dice = world.dice("commerce", party.key)
    habits = BUSINESS_HABITS if party.is_business else PRIVATE_HABITS
    season = BUSINESS if party.is_business else PRIVATE
    calendar = world.calendar
    rate, p_dropout = dice.gammavariate(habits.r, 1 / habits.alpha), dice.betavariate(habits.a, habits.b)
    party.rate_per_day = party.rate_per_day or rate
    party.p_dropout = party.p_dropout or p_dropout
    mean_spend = habits.p * habits.euros / dice.gammavariate(habits.q, 1)
    if party.fleet:
        mean_spend *= (party.fleet / 6) ** 0.6

    waits = 0.0 if dice.chance(habits.p_at_once) else dice.gammavariate(1.6, habits.wait_days / 1.6)
    moment = calendar.after(season, float(party.met_day), waits)
    while party.is_buyer and moment < calendar.days:
        if not party.is_active(int(moment)):
            break
        spend = mean_spend / habits.p * dice.gammavariate(habits.p, 1)
        order = _order(world, dice, party, int(moment), int(spend * 100))
        if order.at > world.until:
            break
        party.orders.append(order)
        repeats = len(party.orders) - 1
        # As in BG/NBD, somebody may leave after each repeat order, but not after the first.
        if repeats and dice.chance(min(0.95, party.p_dropout * (2.2 if order.days_late else 1.0))):
            gone = order.day + dice.randint(1, 30)
            moment = calendar.after(season, float(gone), dice.uniform(170, 400))
            returns = not party.lapses and dice.chance(habits.p_regained) and moment < calendar.days
            party.lapses.append((gone, int(moment) if returns else None))
            if not returns:
                break
        else:
            # Two orders on one day are one to everybody who counts them.
            moment = max(order.day + 1, calendar.after(season, moment, dice.expovariate(party.rate_per_day)))
    for plan in planned:
        lines = [(BY_SKU[sku], count, BY_SKU[sku].price) for sku, count in plan.lines]
        day = calendar.working_day(plan.day) if party.is_business else plan.day
        at = calendar.at(dice, day, DESK if party.is_business else LEISURE, party.zone)
        party.orders.append(Order(party, at, day, lines, "web", is_first=False, days_late=plan.days_late))
    party.orders.sort(key=lambda order: order.at)
    for n, order in enumerate(party.orders):
        order.is_first = n == 0
    return party.orders


def _order(world: World, dice: Dice, party: Party, day: int, cents: int) -> Order:
    first = not party.orders
    lines = _first_basket(dice, party) if first and dice.chance(0.78) else _basket(dice, party, cents)
    calendar = world.calendar
    if party.is_business:
        channel = "email" if dice.chance(0.35) else "web"
        day = calendar.working_day(day)
        at = calendar.at(dice, day, DESK, party.zone)
    elif dice.chance(0.22 if party.address.city in ("Utrecht", "Nieuwegein", "Zeist", "Houten") else 0.04):
        channel = "showroom"
        day = calendar.showroom_day(day)
        at = calendar.at(dice, day, SHOWROOM)
    else:
        channel = "web"
        at = calendar.at(dice, day, LEISURE, party.zone)
    order = Order(party, at, day, lines, channel, first)
    _plan_delivery(world, dice, order)
    return order


def _first_basket(dice: Dice, party: Party) -> list[tuple[Product, int, int]]:
    """The first order tends to be a bike with what belongs to it; a firm's is a small fleet."""
    load = party.trade or party.rides_with[0]
    bike = BY_SKU[dice.choice(_BIKES_FOR[load])]
    if party.is_business:
        count = max(1, round(party.fleet * dice.uniform(0.2, 0.6)))
        percent = min(12, count) if count >= 3 else 0  # off the price of each bike
        price = bike.price * (100 - percent) // 100
        lines = [(bike, count, price)]
        extras = ["LOCK", "RAIN" if load == "children" else "LID", "WRAP", "GPS"]
        lines += [(BY_SKU[sku], count, BY_SKU[sku].price) for sku in extras if dice.chance(0.22)]
        return lines
    lines = [(bike, 1, bike.price)]
    extras = ["SEAT", "RAIN", "KIDH"] if "children" in party.rides_with else ["PANN", "NET"]
    extras += ["DOG"] if "dog" in party.rides_with else []
    lines += [(BY_SKU[sku], 1, BY_SKU[sku].price) for sku in [*extras, "LOCK", "HELM"] if dice.chance(0.33)]
    return lines


_PRIVATE_GOODS = tuple(p for p in catalogue.for_buyer("private") if p.category != "bike")
_BUSINESS_GOODS = catalogue.for_buyer("business")


def _basket(dice: Dice, party: Party, cents: int) -> list[tuple[Product, int, int]]:
    """Goods that together cost about that much."""
    goods = (
        _BUSINESS_GOODS if party.is_business else catalogue.for_buyer("private") if cents > 330_000 else _PRIVATE_GOODS
    )
    lines: list[tuple[Product, int, int]] = []
    left = cents
    while left > 0 and len(lines) < 4:
        taken = {product.sku for product, _, _ in lines}
        choices = [p for p in goods if p.price <= left * 1.1 and p.sku not in taken and _suits(p, party)]
        if not choices:
            break
        taste = 1.1 if party.is_business else 0.6  # the higher, the more a large sum goes to few large things
        product = dice.choices(choices, [p.weight * (p.price / left) ** taste for p in choices])[0]
        most = max(1, round(left / product.price))
        limit = max(1, party.fleet) if party.is_business else 2 if product.category in ("part", "accessory") else 1
        count = min(limit * (3 if product.category == "part" and party.is_business else 1), most)
        lines.append((product, count, product.price))
        left -= product.price * count
        if lines and left < cents * 0.15:
            break
    return lines or [(BY_SKU["TUBE"], 1 + dice.randint(0, 2), BY_SKU["TUBE"].price)]


def _suits(product: Product, party: Party) -> bool:
    if product.sku in ("SEAT", "KIDH", "BENCH", "WOOL"):
        return party.trade == "children" or "children" in party.rides_with
    if product.sku == "DOG":
        return "dog" in party.rides_with
    if product.sku == "COOL":
        return party.trade in ("drinks", "bread", "flowers")
    return True


def _plan_delivery(world: World, dice: Dice, order: Order) -> None:
    """Most arrive on the day that was promised; in spring, before Christmas and when a bike is built to order, fewer do."""
    if not order.is_shipped or (order.channel == "showroom" and not order.has_bike):
        return
    month = world.calendar.on(order.day).month
    p_late = 0.07 + (0.05 if month in (4, 5, 11, 12) else 0) + (0.04 if order.has_bike else 0)
    if dice.chance(p_late):
        order.days_late = 1 + int(dice.expovariate(1 / 2.2))


def _tell(world: World, order: Order) -> None:
    dice = world.dice("fulfilment", order.number)
    buyer, calendar = order.buyer, world.calendar
    lines = [
        {"sku": p.sku, "name": p.name, "category": p.group, "quantity": n, "price": str(catalogue.money(price))}
        for p, n, price in order.lines
    ]
    where = {"showroom": " in the showroom", "email": " by e-mail", "web": ""}[order.channel]
    seller = dice.choice(("lea", "lea", "tomas")) if order.channel == "showroom" else ""
    properties: dict[str, Any] = {"order": order.number, "lines": lines, "items": sum(n for _, n, _ in order.lines)}
    if buyer.contacts:
        properties["ordered_by"] = buyer.voice.name
    world.tell(
        buyer.key,
        order.at,
        order.channel,
        "order_placed",
        "in",
        f"Ordered {order.words()}{where}",
        cents=order.cents,
        colleague=seller,
        **properties,
    )
    _tell_delivery(world, dice, order)
    _tell_payment(world, dice, order)
    if order.delivered_day is not None and not order.has_bike and not buyer.is_business and dice.chance(0.06):
        _tell_return(world, dice, order, order.delivered_day)
    if order.is_first and order.has_bike and not buyer.is_business and dice.chance(0.5):
        day = calendar.working_day(order.day + dice.randint(3, 9))
        at = calendar.at(dice, day, OFFICE)
        world.tell(buyer.key, at, "letter", "letter_posted", "out", "Letter: welcome, and a spare key", pages=1)


def _tell_delivery(world: World, dice: Dice, order: Order) -> None:
    buyer, calendar, number = order.buyer, world.calendar, order.number
    if not order.is_shipped:
        return
    if order.channel == "showroom" and not order.has_bike:
        order.delivered_day = order.day
        at = order.at + timedelta(minutes=dice.randint(2, 15))
        world.tell(buyer.key, at, "showroom", "order_collected", "out", f"Took order {number} home", order=number)
        return
    building = dice.randint(6, 15) if order.has_bike else dice.randint(0, 2)
    promised = calendar.working_day(order.day, building + (2 if order.has_bike else dice.randint(1, 2)))
    arrives = promised
    if order.days_late:
        arrives = calendar.working_day(promised, order.days_late)
    ships = max(order.day, arrives - dice.randint(1, 3))
    while calendar.working_day(ships) != ships and ships > order.day:
        ships -= 1
    ships = calendar.working_day(ships)
    shipped_at = max(calendar.at(dice, ships, OFFICE), order.at + timedelta(minutes=dice.randint(50, 200)))
    by = (
        dice.choice(("our own van", "our own van", "a forwarder"))
        if order.has_bike
        else dice.choice(_PARCELS.get(buyer.address.country, ("parcel post",)))
    )
    world.tell(
        buyer.key,
        shipped_at,
        "shipping",
        "order_shipped",
        "out",
        f"Order {number} left by {by}",
        order=number,
        carrier=by,
    )
    delivered_at = max(
        calendar.at(dice, arrives, DELIVERY, buyer.zone), shipped_at + timedelta(hours=dice.randint(3, 9))
    )
    late = calendar.on(arrives) - calendar.on(promised)
    order.days_late = late.days
    words = "on time"
    if late.days:
        words = "one day late" if late.days == 1 else f"{catalogue.number(late.days)} days late"
    order.delivered_day = arrives
    world.tell(
        buyer.key,
        delivered_at,
        "shipping",
        "order_delivered",
        "out",
        f"Order {number} arrived {words}" if late.days else f"Order {number} arrived",
        order=number,
        promised_on=calendar.on(promised).isoformat(),
        days_late=late.days,
    )


def _tell_payment(world: World, dice: Dice, order: Order) -> None:
    buyer, calendar = order.buyer, world.calendar
    invoice = order.number.replace("K-", "F-")
    if not buyer.is_business:
        how = (
            dice.choice(("iDEAL", "iDEAL", "card", "instalments"))
            if buyer.address.country == "NL"
            else dice.choice(("card", "transfer"))
        )
        at = order.at + timedelta(seconds=dice.randint(40, 400))
        world.tell(
            buyer.key, at, "payment", "invoice_paid", "in", f"Paid {catalogue.euros(order.cents)} by {how}",
            cents=order.cents, invoice=invoice, order=order.number, method=how, days_late=0,
        )  # fmt: skip
        return
    slow = "late payer" in buyer.tags or (order.is_first and dice.chance(0.12))
    if slow:
        buyer.tags.add("late payer")
    days = int(dice.triangular(32, 70, 40)) if slow else int(dice.triangular(6, 33, 24))
    at = calendar.at(dice, calendar.working_day(order.day + days), OFFICE, buyer.zone)
    late = max(0, days - 30)
    words = "" if not late else " one day late" if late == 1 else f", {late} days late"
    world.tell(
        buyer.key, at, "payment", "invoice_paid", "in", f"Paid invoice {invoice}{words}",
        cents=order.cents, invoice=invoice, order=order.number, method="transfer", days_late=late,
    )  # fmt: skip


def _tell_return(world: World, dice: Dice, order: Order, delivered_day: int) -> None:
    buyer, calendar = order.buyer, world.calendar
    goods = [(p, n, price) for p, n, price in order.lines if p.is_shipped]
    product, _, price = dice.choice(goods)
    why = dice.choice(phrases.RETURNED)
    asked_day = delivered_day + dice.randint(1, 12)
    asked_at = calendar.at(dice, asked_day, LEISURE, buyer.zone)
    world.tell(
        buyer.key, asked_at, "web", "return_requested", "in", f"Wants to send back {product.the}: {why}",
        order=order.number, sku=product.sku, reason=why,
    )  # fmt: skip
    back = calendar.working_day(asked_day + dice.randint(2, 7))
    back_at = calendar.at(dice, back, OFFICE)
    world.tell(
        buyer.key,
        back_at,
        "shipping",
        "order_returned",
        "in",
        f"{product.name} came back",
        order=order.number,
        sku=product.sku,
    )
    world.tell(
        buyer.key, later(back_at, dice, 30, 2800), "payment", "refund_paid", "out", f"Refunded {catalogue.euros(price)}",
        cents=price, order=order.number,
    )  # fmt: skip


def colleague_for(dice: Dice, party: Party) -> str:
    """Who of us speaks with this customer: mostly the owner."""
    return party.owner if party.owner and dice.chance(0.8) else dice.choice(("noor", "lea", "ines"))


def first_name(colleague: str) -> str:
    return FIRST_NAMES[colleague]
