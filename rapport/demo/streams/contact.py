"""Personal contact: calls, visits, quotes, reviews, letters, the workshop, and what colleagues noted."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from rapport.demo import catalogue, phrases
from rapport.demo.rhythm import DESK, OFFICE, SHOWROOM, Dice
from rapport.demo.streams.commerce import colleague_for, first_name
from rapport.demo.world import Order, Party, World, later

T = TypeVar("T")
_WORTH_A_QUOTE = 200_000  # cents
_NEAR = ("Utrecht", "Nieuwegein", "Zeist", "Houten", "Amersfoort", "Hilversum")


class Talk:
    """What is said with one customer: each thing once, until all were said."""

    def __init__(self, dice: Dice, business: bool) -> None:
        self.calls_in = _deck(dice, phrases.FLEET_CALLS_IN if business else phrases.CALLS_IN)
        self.questions = _deck(dice, phrases.PROSPECT_CALLS_IN)
        self.calls_out = _deck(dice, phrases.FLEET_CALLS_OUT)
        self.asking = _deck(dice, phrases.PROSPECT_CALLS_OUT)
        self.trying = _deck(dice, phrases.FLEET_SHOWROOM if business else phrases.PROSPECT_SHOWROOM)
        self.showroom = _deck(dice, phrases.FLEET_SHOWROOM if business else phrases.SHOWROOM)
        self.meetings = _deck(dice, phrases.MEETINGS)


def _deck(dice: Dice, of: Sequence[T]) -> Iterator[T]:
    return itertools.cycle(dice.sample(of, len(of)))


def attend(world: World) -> None:
    """Everything in which one of us met, called or wrote to a customer."""
    for party in world.parties:
        dice = world.dice("contact", party.key)
        if party.kind == "organisation":
            _firm(world, dice, party)
        elif party.kind == "person":
            _person(world, dice, party)
    _households(world)


# Private people


def _person(world: World, dice: Dice, party: Party) -> None:
    calendar = world.calendar
    if party.organisation is None and not party.is_duplicate:
        talk = Talk(dice, business=False)
        near = party.address.city in _NEAR
        first = party.orders[0] if party.orders else None
        before = first.day if first and first.has_bike else None
        if first and first.channel == "showroom":
            _visit(world, dice, party, first.day, talk, first.at - timedelta(minutes=dice.randint(20, 55)))
        elif before is not None and dice.chance(0.6 if near else 0.16):
            day = max(party.met_day, before - dice.randint(2, 25))
            _visit(world, dice, party, day, talk)
        elif first is None and dice.chance(0.28 if near else 0.06):
            _visit(world, dice, party, party.met_day + dice.randint(0, 20), talk)
        for order in party.orders:
            _after_order(world, dice, party, order)
        for day in _days(dice, party, world, every=260):
            if near and dice.chance(0.55):
                _visit(world, dice, party, day, talk)
            else:
                _call_in(world, dice, party, day, talk)
    if dice.chance(0.12):
        day = party.met_day + dice.randint(1, 300)
        at = calendar.at(dice, calendar.working_day(day), OFFICE)
        who = colleague_for(dice, party)
        world.tell(
            party.key, at, "note", "note_added", "none", f"Note by {first_name(who)}",
            body=dice.choice(phrases.OWNER_NOTES if _owns(party, day) else phrases.NOTES), colleague=who,
        )  # fmt: skip


def _owns(party: Party, day: int) -> bool:
    return any(order.delivered_day is not None and order.delivered_day <= day for order in party.orders)


def _days(dice: Dice, party: Party, world: World, every: float) -> list[int]:
    """Days of contact while the customer cares."""
    days, day = [], party.met_day + dice.expovariate(1 / every)
    while day < world.days:
        if party.is_active(int(day)):
            days.append(int(day))
        day += dice.expovariate(1 / every)
    return days


def _after_order(world: World, dice: Dice, party: Party, order: Order) -> None:
    calendar = world.calendar
    if order.delivered_day is None:
        if any(product.sku == "CHECK" for product, _, _ in order.lines):
            _workshop(world, dice, party, order.day + dice.randint(2, 12))
        return
    if order.has_bike and dice.chance(0.3):
        day = calendar.working_day(order.delivered_day + dice.randint(8, 20))
        _call_out(world, dice, party, day, dice.choice(phrases.FIRST_WEEKS))
    if order.has_bike and dice.chance(0.3) and party.is_active(order.delivered_day + 360):
        _workshop(world, dice, party, order.delivered_day + dice.randint(340, 390))


def _visit(world: World, dice: Dice, party: Party, day: int, talk: Talk, at: datetime | None = None) -> None:
    at = at or world.calendar.at(dice, world.calendar.showroom_day(day), SHOWROOM)
    minutes = 10 * dice.randint(1, 7)
    who = dice.choice(("lea", "lea", "lea", "tomas"))
    test_ride = not party.orders or at < party.orders[0].at
    if test_ride and dice.chance(0.45):
        booked = at - timedelta(hours=dice.randint(20, 130))
        world.tell(
            party.key, booked, "web", "test_ride_booked", "in", f"Booked a test ride for {at:%A}, {at.day} {at:%B}",
            starts_at=at.isoformat(),
        )  # fmt: skip
    world.tell(
        party.key,
        at,
        "showroom",
        "showroom_visited",
        "in",
        f"Visited the showroom for {minutes} minutes",
        body=f"With {first_name(who)}. {next(talk.trying if test_ride else talk.showroom)}",
        colleague=who,
        minutes=minutes,
    )
    if minutes >= 50:
        party.tags.add("showroom regular" if party.orders and at > party.orders[0].at else "test ride")


def _workshop(world: World, dice: Dice, party: Party, day: int) -> None:
    at = world.calendar.at(dice, world.calendar.working_day(day), OFFICE)
    km = dice.randint(4, 60) * 100
    done = dice.choice(phrases.CHECKED)
    world.tell(
        party.key,
        at,
        "workshop",
        "bike_checked",
        "out",
        f"Yearly check done at {km:,} km: {done}",
        kilometres=km,
        colleague="noor",
    )
    if party.phone and dice.chance(0.7):
        world.tell(
            party.key,
            later(at, dice, 20, 200),
            "sms",
            "sms_sent",
            "out",
            "Text: your bike is ready to collect",
            colleague="noor",
        )


def _length(minutes: int) -> str:
    return "one minute" if minutes == 1 else f"{minutes} minutes"


def _call_in(world: World, dice: Dice, party: Party, day: int, talk: Talk) -> None:
    at = world.calendar.at(dice, world.calendar.working_day(day), OFFICE)
    if not party.phone:
        return
    if dice.chance(0.14):
        waited = dice.randint(20, 190)
        world.tell(
            party.key, at, "phone", "call_missed", "in", "Called, and nobody was free", seconds=waited, outcome="missed"
        )
        back = world.calendar.in_office(dice, later(at, dice, 20, 400))
        _tell_call(world, dice, party, back, phrases.CALLS_BACK, "out")
        return
    _tell_call(
        world, dice, party, at, next(talk.calls_in if party.is_business or _owns(party, day) else talk.questions), "in"
    )


def _call_out(world: World, dice: Dice, party: Party, day: int, about: tuple[str, str]) -> None:
    if not party.phone:
        return
    at = world.calendar.at(dice, world.calendar.working_day(day), OFFICE)
    who = colleague_for(dice, party)
    if dice.chance(0.22):
        world.tell(
            party.key, at, "phone", "call_made", "out", f"{first_name(who)} called, no answer",
            colleague=who, seconds=0, outcome="no_answer",
        )  # fmt: skip
        at = world.calendar.at(dice, world.calendar.working_day(day, 2), OFFICE)
    _tell_call(world, dice, party, at, about, "out", who)


def _tell_call(
    world: World, dice: Dice, party: Party, at: datetime, about: tuple[str, str], direction: str, who: str = ""
) -> None:
    who = who or colleague_for(dice, party)
    minutes = max(1, min(55, round(dice.lognormvariate(1.7, 0.7))))
    kind = "call_received" if direction == "in" else "call_made"
    title, said = about
    world.tell(
        party.key,
        at,
        "phone",
        kind,
        direction,
        f"Call with {first_name(who)}, {_length(minutes)}",
        body=f"{title}. {said}",
        colleague=who,
        seconds=minutes * 60 - dice.randint(0, 50),
        outcome="answered",
    )


# Firms


def _firm(world: World, dice: Dice, firm: Party) -> None:
    calendar, contact, talk = world.calendar, firm.voice, Talk(dice, business=True)
    first_day = firm.orders[0].day if firm.orders else world.days
    _win(world, dice, firm, first_day, talk)
    every = 50 if firm.fleet >= 12 else 80 if firm.fleet >= 5 else 130
    for day in _days(dice, firm, world, every):
        someone = contact if dice.chance(0.75) else dice.choice(firm.contacts)
        roll = dice.random()
        if roll < 0.62:
            _call_out(world, dice, someone, day, next(talk.calls_out if day > first_day else talk.asking))
        elif roll < 0.87 and day > first_day:
            _call_in(world, dice, someone, day, talk)
        elif roll >= 0.87:
            _visit(world, dice, someone, day, talk)
    if firm.fleet >= 12 and firm.orders:
        _reviews(world, dice, firm, talk)
    if firm.fleet >= 5 and firm.orders:
        for year in range(calendar.first.year, world.until.year + 1):
            _fleet_letter(world, dice, firm, year)
    large = [order for order in firm.orders[1:] if order.cents >= _WORTH_A_QUOTE]
    if large and dice.chance(0.6):
        order = dice.choice(large)
        _quote(world, dice, firm, order, days_before=dice.randint(6, 30))


def _win(world: World, dice: Dice, firm: Party, first_day: int, talk: Talk) -> None:
    """How a firm is won: a form or a fair, a call, a test ride, a quote, an order or none."""
    calendar, contact = world.calendar, firm.voice
    at = calendar.at(dice, calendar.working_day(firm.met_day), DESK, contact.zone)
    count = max(1, round(firm.fleet * 0.4))
    bikes = "a bike" if count == 1 else f"{catalogue.number(count)} bikes"
    if firm.recruited_by == "fair":
        world.tell(
            contact.key, at, "event", "fair_talk_held", "in", "Talked to us at the cargo bike fair",
            body=f"Runs {firm.fleet} vehicles, mostly vans. Wants to try {bikes}.", colleague=firm.owner or "ines",
        )  # fmt: skip
    elif firm.recruited_by == "call":
        _call_out(world, dice, contact, firm.met_day, ("First call", f"Open to a test with {bikes}. Send material."))
    else:
        world.tell(
            contact.key, at, "web", "form_submitted", "in", f"Asked for a quote for {bikes}",
            body=f"We carry {firm.trade} and would like to know what {bikes} would cost with service.", form="business-quote",
        )  # fmt: skip
    _call_out(
        world,
        dice,
        contact,
        firm.met_day + dice.randint(1, 5),
        ("Talked about what they carry and where", "Wants numbers before a visit."),
    )
    if dice.chance(0.5):
        _visit(world, dice, contact, min(first_day, firm.met_day + dice.randint(3, 20)), talk)
    if not firm.orders or dice.chance(0.5):
        posted = calendar.at(dice, calendar.working_day(firm.met_day + dice.randint(0, 4)), OFFICE)
        world.tell(firm.key, posted, "letter", "letter_posted", "out", "Letter: the brochure for businesses", pages=16)
    if firm.orders and firm.orders[0].cents >= _WORTH_A_QUOTE:
        _quote(world, dice, firm, firm.orders[0], days_before=dice.randint(3, 18))
    elif not firm.orders and dice.chance(0.6):
        _quote(world, dice, firm, None, days_before=0, day=firm.met_day + dice.randint(4, 25), bikes=count)


def _quote(
    world: World, dice: Dice, firm: Party, order: Order | None, *, days_before: int, day: int = 0, bikes: int = 0
) -> None:
    calendar, contact = world.calendar, firm.voice
    if order is not None:
        day, words, cents = max(firm.met_day + 1, order.day - days_before), order.words(), order.cents
    else:
        words = "a Longtail 3" if bikes == 1 else f"{catalogue.number(bikes)} Longtails"
        cents = bikes * catalogue.BY_SKU["LT3"].price
    day = calendar.working_day(day)
    at = calendar.at(dice, day, OFFICE)
    number = f"Q-{1000 + int(firm.key[1:])}{'' if order is None or order.is_first else '-2'}"
    who = firm.owner or "ines"
    if order is not None and at >= order.at:
        return
    world.tell(
        firm.key, at, "email", "quote_sent", "out", f"Quote {number} for {words}, {catalogue.euros(cents)}",
        cents=cents, colleague=who, quote=number, sent_to=contact.name,
    )  # fmt: skip
    if dice.chance(0.7):
        opened = later(at, dice, 10, 2600)
        if order is None or opened < order.at:
            world.tell(contact.key, opened, "email", "quote_viewed", "in", f"Opened quote {number}", quote=number)
    if order is None and dice.chance(0.6):
        lost = calendar.at(dice, calendar.working_day(day + dice.randint(10, 45)), OFFICE)
        why = dice.choice(phrases.DECLINED)
        world.tell(
            firm.key, lost, "email", "quote_declined", "in", f"Declined quote {number}: {why}", quote=number, reason=why
        )


def _reviews(world: World, dice: Dice, firm: Party, talk: Talk) -> None:
    calendar = world.calendar
    day = firm.orders[0].day + dice.randint(60, 100)
    who = firm.owner or "ines"
    while day < world.days:
        if firm.is_active(day):
            minutes = dice.choice((30, 45, 45, 60))
            at = calendar.at(dice, calendar.working_day(day), OFFICE)
            world.tell(
                firm.voice.key, at, "video", "meeting_held", "none", f"Quarter review by video, {minutes} minutes",
                body=next(talk.meetings), colleague=who, minutes=minutes,
            )  # fmt: skip
        day += dice.randint(80, 102)


def _fleet_letter(world: World, dice: Dice, firm: Party, year: int) -> None:
    calendar = world.calendar
    day = calendar.day(calendar.first.replace(year=year, month=10, day=dice.randint(20, 30)))
    if not firm.orders[0].day + 60 < day < world.days or not firm.is_active(day):
        return
    at = calendar.at(dice, calendar.working_day(day), OFFICE)
    pages = dice.randint(2, 4)
    world.tell(
        firm.voice.key,
        at,
        "letter",
        "letter_posted",
        "out",
        "Letter: yearly fleet review",
        pages=pages,
        colleague=firm.owner or "ines",
    )


def _households(world: World) -> None:
    """Households get one letter a year, to all of them."""
    for home in (p for p in world.parties if p.kind == "household"):
        dice = world.dice("letters", home.key)
        calendar = world.calendar
        at = calendar.at(dice, calendar.working_day(home.met_day + dice.randint(1, 12)), OFFICE)
        world.tell(home.key, at, "letter", "letter_posted", "out", "Letter: the family brochure", pages=24)
        for year in range(calendar.first.year, world.until.year + 1):
            day = calendar.day(calendar.first.replace(year=year, month=12, day=dice.randint(10, 18)))
            if home.met_day + 20 < day < world.days and dice.chance(0.7):
                at = calendar.at(dice, calendar.working_day(day), OFFICE)
                world.tell(home.key, at, "letter", "letter_posted", "out", "Letter: a card for the year’s end", pages=1)
