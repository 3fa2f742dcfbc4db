"""Stories: what the customers of the documentation have lately been through, told back from the last instant."""

from __future__ import annotations

from datetime import datetime, timedelta

from rapport.demo import catalogue
from rapport.demo.cast import FIRST_NAMES
from rapport.demo.catalogue import BY_SKU
from rapport.demo.phrases import Trouble
from rapport.demo.world import HOME_ZONE, Cart, Case, Party, PlannedOrder, World

_MARCH_PADS = Trouble(
    "Brake pads worn on six Longtails",
    "Two riders noticed longer stopping distances this week. All six are from the March batch.",
    "",
    (1, 2),
    "recall",
)
_AXLE = Trouble(
    "Front axle rattles after 300 km",
    "Since last week the front axle rattles, mostly on cobbles. Is it safe to ride with my daughter in the box?",
    "",
    (1, 2),
)
_CHARGER = Trouble("Charger does not switch on", "It blinks twice and then nothing. We deliver at six.", "", (1, 2))
_COMPANY_NAME = Trouble(
    "Invoice needs our company name", "Voicemail, 40 seconds: asks for a new invoice with the company name.", "", (1, 2)
)
_SECOND_BATTERY = Trouble("Which second battery fits?", "Mine is from 2023, the small one.", "", (1, 2))


class _Cast:
    """Finds the customers of the documentation, and instants counted back from the end."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._by_name = {party.name: party for party in reversed(world.parties)}

    def __getitem__(self, name: str) -> Party:
        return self._by_name[name]

    def ago(self, days: int, clock: str, *, office: bool = False) -> datetime:
        """That many days before the end at that time of day; earlier if it would be later than the end or on a day off."""
        calendar = self.world.calendar
        hours, minutes = clock.split(":")
        day = calendar.days - 1 - days
        at = calendar.instant(day, int(hours) * 3600 + int(minutes) * 60, HOME_ZONE)
        while at > self.world.until or (office and calendar.working_day(day) != day):
            day -= 1
            at = calendar.instant(day, int(hours) * 3600 + int(minutes) * 60, HOME_ZONE)
        return at

    def day(self, days: int) -> int:
        return self.world.calendar.days - 1 - days


def plan(world: World) -> None:
    """Orders, cases and silences, before the other streams go their way."""
    cast = _Cast(world)
    order = world.planned_orders.append
    pedal, grunwerk = cast["Pedal & Post Couriers"], cast["Grünwerk Logistik"]
    order(PlannedOrder(pedal, cast.day(14), (("B500", 12),), days_late=2))
    order(PlannedOrder(grunwerk, cast.day(84), (("LT3", 4), ("LID", 4)), days_late=6))
    order(PlannedOrder(grunwerk, cast.day(63), (("B800", 8), ("PADS", 30)), days_late=4))
    order(PlannedOrder(cast["St. Brigid’s Hospice"], cast.day(27), (("ST1", 4), ("LOCK", 4))))
    order(PlannedOrder(cast["Jonas Weber"], cast.day(89), (("LT3", 1), ("SEAT", 1), ("RAIN", 1))))
    marta, koen = cast["Marta Oliveira"], cast["Koen Schouten"]
    marta.recruited_by = pedal.recruited_by = "referral"
    marta.custom["introduced_by"] = koen.key
    koen.tags.add("ambassador")
    world.link("referred_by", marta, koen, day=marta.met_day)
    world.link("reports_to", marta, cast["Rui Costa"])
    world.link("knows", marta, cast["Siobhan Byrne"])
    grunwerk.lapses.append((cast.day(47), None))
    for name, days in (("Kollwitz Kinderladen", 290), ("Velo Post Antwerp", 40)):
        cast[name].lapses.append((cast.day(days), None))
    for contact in (*grunwerk.contacts, *cast["Kollwitz Kinderladen"].contacts):
        contact.lapses += contact.organisation.lapses if contact.organisation else []
    for name, trouble, days, clock, channel in (
        ("Marta Oliveira", _MARCH_PADS, 1, "16:40", "email"),
        ("Jonas Weber", _AXLE, 2, "17:52", "chat"),
        ("Hanneke van Dijk", _CHARGER, 0, "07:25", "email"),
        ("Théo Lambert", _COMPANY_NAME, 0, "06:50", "phone"),
        ("Hannah Brandt", _SECOND_BATTERY, 0, "08:15", "email"),
    ):
        party, at = cast[name], cast.ago(days, clock)
        case = Case(party, at, world.calendar.day(at.date()), trouble, channel, is_open=True)
        party.cases.append(case)
        world.planned_cases.append(case)


def tell(world: World) -> None:
    """The rest of the stories, after the other streams told theirs."""
    cast = _Cast(world)
    marta, luis, hannah = cast["Marta Oliveira"], cast["Luis Ferreira"], cast["Hannah Brandt"]

    def say(
        name: str,
        days: int,
        clock: str,
        channel: str,
        kind: str,
        direction: str,
        subject: str,
        body: str = "",
        who: str = "",
    ) -> None:
        office = channel in ("phone", "video", "letter", "note")
        at = cast.ago(days, clock, office=office)
        world.tell(cast[name].key, at, channel, kind, direction, subject, body=body, colleague=who)

    for days, clock in ((9, "12:14"), (4, "08:50"), (0, "08:12")):
        _look(world, marta, cast.ago(days, clock), "PLANP")
    recall, read_at = catalogue.RECALL, cast.ago(0, "08:16")
    words = f"Read “{recall.title}”"
    world.tell(marta.key, read_at, "web", "page_viewed", "in", words, url=recall.url, title=recall.title, seconds=140)
    say(
        "Marta Oliveira", 2, "11:05", "phone", "call_made", "out", "Call with Ines, 18 minutes",
        "Needs the six recalled bikes back before the busy weeks. Worried, not angry. Likes that we called first. "
        "I promised a workshop slot within two days.",
        "ines",
    )  # fmt: skip
    say(
        "Marta Oliveira", 29, "14:10", "showroom", "showroom_visited", "in", "Visited the showroom for 40 minutes",
        "With Tomas. Tried Box 3 with the cooling module, asked about payload.", "tomas",
    )  # fmt: skip
    say(
        "Rui Costa", 36, "15:20", "phone", "call_made", "out", "Call with Ines, 12 minutes",
        "Decides on the budget for twelve more Longtails. Wants the price with service for three years.", "ines",
    )  # fmt: skip
    say(
        "Katrin Petersen",
        47,
        "10:00",
        "letter",
        "letter_posted",
        "out",
        "Letter: our apology for two late deliveries",
        who="tomas",
    )
    say("Merle Krause", 270, "09:30", "letter", "letter_posted", "out", "Letter: what is new this spring", who="noor")
    say(
        "Wout Claes",
        12,
        "09:15",
        "email",
        "email_received",
        "in",
        "Wrote: we do not renew the service plan for now",
        who="ines",
    )
    say(
        "Rory Whitfield",
        0,
        "09:00",
        "letter",
        "letter_received",
        "in",
        "Letter from them: fleet check, and two more bikes",
        who="ines",
    )
    say(
        "Jonas Weber", 2, "18:04", "chat", "case_answered", "out", "Noor answered: please do not carry your daughter yet",
        "Thanks for asking first, Jonas. Could you send a short video with sound?", "noor",
    )  # fmt: skip
    say(
        "Jonas Weber",
        0,
        "08:04",
        "email",
        "email_received",
        "in",
        "Sent the video: axle on cobbles",
        "You hear it from second 8.",
    )
    say("Amara Okafor", 6, "19:40", "email", "survey_answered", "in", "Would recommend us: 10 of 10")
    for clock, sku in (("20:25", "PLANP"), ("20:28", "PANN")):
        _look(world, cast["Fenna de Boer"], cast.ago(1, clock), sku)
    say(
        "Priya Raman", 31, "09:05", "phone", "call_made", "out", f"Call with {FIRST_NAMES['ines']}, 7 minutes",
        "Orders less since the market closed in summer. Thinks about selling one bike.", "ines",
    )  # fmt: skip
    parks = cast["City of Utrecht, Parks"]
    cents = 24 * BY_SKU["LT3"].price * 92 // 100
    world.tell(
        parks.key, cast.ago(8, "11:00", office=True), "email", "quote_sent", "out",
        f"Quote Q-1480 for 24 Longtails, {catalogue.euros(cents)}", cents=cents, colleague="ines", quote="Q-1480", sent_to=parks.voice.name,
    )  # fmt: skip
    for party, days, clock, skus in (
        (luis, 1, "09:36", ("LT3", "RAIN", "SEAT")),
        (hannah, 1, "21:05", ("BX2", "B500")),
    ):
        party.subscribed_day = min(party.subscribed_day or party.met_day, cast.day(60))
        party.p_open = 0.9
        _leave_cart(world, party, cast.ago(days, clock), skus)


def _leave_cart(world: World, party: Party, at: datetime, skus: tuple[str, ...]) -> None:
    goods = [BY_SKU[sku] for sku in skus]
    for n, sku in enumerate(skus):
        _look(world, party, at - timedelta(minutes=3 * (len(skus) - n)), sku)
    cents = sum(product.price for product in goods)
    words = catalogue.listing([product.bare for product in goods])
    world.tell(
        party.key,
        at,
        "web",
        "cart_left",
        "in",
        f"Left a cart of {catalogue.euros(cents)}: {words}",
        cents=cents,
        skus=list(skus),
    )
    party.carts.append(Cart(at, cents, ""))


def _look(world: World, party: Party, at: datetime, sku: str) -> None:
    product = BY_SKU[sku]
    price = str(catalogue.money(product.price))
    world.tell(
        party.key, at, "web", "product_viewed", "in", f"Looked at {product.the}",
        url=product.url, sku=sku, product=product.name, price=price, seconds=170,
    )  # fmt: skip
