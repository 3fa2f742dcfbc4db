"""Mail: who subscribed, what was sent, opened and clicked, and who had enough."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rapport.demo import rhythm
from rapport.demo.rhythm import DESK, LEISURE, Dice
from rapport.demo.streams import web
from rapport.demo.world import Cart, Party, World, later

P_SUBSCRIBES = 0.52
P_UNSUBSCRIBES = 0.009  # after each mailing; thrice that for those who have stopped caring
P_BOUNCES = 0.004


@dataclass(frozen=True)
class Mailing:
    """A mailing that goes out every year."""

    slug: str
    subject: str
    link: str
    month: int
    day: int  # zero: the day before Black Friday
    buyers: str


MAILINGS: tuple[Mailing, ...] = (
    Mailing("parcel-cost", "What a delivered parcel costs by bike", "See the numbers", 1, 20, "business"),
    Mailing("spring-check", "Ready for spring? Your bike might not be", "Book a check", 3, 4, "private"),
    Mailing("fleet-spring", "Spring offer: every fifth Longtail at cost", "Ask for a quote", 4, 8, "business"),
    Mailing("without-a-car", "Four weekends without a car", "Read the stories", 5, 12, "private"),
    Mailing("cooling", "Cooling on two wheels", "See the module", 6, 3, "business"),
    Mailing("holiday-routes", "Seven routes for a holiday with the box", "Get the maps", 6, 24, "private"),
    Mailing("back-to-school", "Back to school, dry and on time", "See what helps", 8, 26, "private"),
    Mailing("fleet-check", "Your fleet check in December", "Pick a date", 11, 2, "business"),
    Mailing("lights-on", "Lights on: what the dark months ask of a bike", "Check the list", 10, 20, "private"),
    Mailing("repair-first", "Black Friday the slow way: repair first", "Look at parts", 11, 0, "private"),
    Mailing("workshop-letter", "A letter from the workshop", "Read on", 12, 15, "private business"),
)


def subscribe(world: World) -> None:
    """Who wants to hear from us, from when."""
    for party in world.parties:
        if not party.email or party.kind != "person":
            continue
        dice = world.dice("subscription", party.key)
        if not dice.chance(0.66 if party.is_business else P_SUBSCRIBES + 0.25 * party.is_duplicate):
            continue
        party.subscribed_day = party.met_day + (0 if dice.chance(0.6) else dice.randint(1, 60))
        at = world.calendar.at(dice, party.subscribed_day, DESK if party.is_business else LEISURE, party.zone)
        where = dice.choice(("in the shop", "on the site", "on the site", "in the showroom"))
        world.tell(
            party.key, at, "web", "newsletter_subscribed", "in", f"Signed up for the newsletter {where}",
            topics=["fleets"] if party.is_business else ["tips", "offers"], confirmed_at=later(at, dice, 1, 300).isoformat(),
        )  # fmt: skip


@dataclass(frozen=True)
class Mail:
    """One mail that is due to one person, if they still want it then."""

    party: Party
    at: datetime
    subject: str
    campaign: str
    link: str
    dice: Dice
    interest: float = 1.0  # against the mean of what they open


class Outbox:
    """Mails in the order in which they fall due, so that who unsubscribes gets no later one."""

    def __init__(self) -> None:
        self._due: list[tuple[datetime, int, Mail]] = []
        self._count = 0

    def put(self, mail: Mail) -> None:
        self._count += 1
        heapq.heappush(self._due, (mail.at, self._count, mail))

    def take(self) -> Mail | None:
        return heapq.heappop(self._due)[2] if self._due else None


def correspond(world: World) -> None:
    """All mailings, and the mails that follow an event."""
    calendar, outbox = world.calendar, Outbox()
    for year in range(calendar.first.year, world.until.year + 1):
        for mailing in MAILINGS:
            if mailing.day:
                on = calendar.first.replace(year=year, month=mailing.month, day=mailing.day)
            else:
                on = rhythm.black_friday(year) - timedelta(days=1)
            day = calendar.day(on)
            if 0 <= day < calendar.days:
                _post(world, outbox, mailing, calendar.working_day(day), year)
    for party in world.parties:
        if party.subscribed_day is not None:
            _follow_up(world, outbox, party)
    while mail := outbox.take():
        day = calendar.day(mail.at.date())
        wanted = mail.party.subscribed_day is not None and mail.party.subscribed_day < day
        if wanted and mail.party.unsubscribed_day is None and mail.at <= world.until:
            carts = len(mail.party.carts)
            _one_mail(world, mail, day)
            for cart in mail.party.carts[carts:]:
                _rescue(world, outbox, mail.party, cart, mail.dice)


def _post(world: World, outbox: Outbox, mailing: Mailing, day: int, year: int) -> None:
    campaign = f"{mailing.slug}-{year}"
    dice = world.dice("mailing", campaign)
    start = world.calendar.instant(day, 9 * 3600 + dice.randint(0, 5400), "Europe/Amsterdam")
    sent = 0
    for party in world.parties:
        if party.subscribed_day is None or party.subscribed_day >= day:
            continue
        if ("business" if party.is_business else "private") in mailing.buyers:
            at = start + timedelta(seconds=sent * 2)  # thirty a minute
            outbox.put(Mail(party, at, mailing.subject, campaign, mailing.link, dice))
            sent += 1


def _one_mail(world: World, mail: Mail, day: int) -> None:
    """What comes of it: it bounces, lies there, is opened, is clicked, is the last."""
    party, at, dice, subject = mail.party, mail.at, mail.dice, mail.subject
    tags: dict[str, Any] = {"campaign": mail.campaign, "title": subject}
    world.tell(party.key, at, "email", "email_sent", "out", f"Mail: {subject}", **tags)
    if dice.chance(P_BOUNCES):
        back_at = later(at, dice, 0.1, 4)
        words = f"“{subject}” came back: mailbox full"
        world.tell(party.key, back_at, "email", "email_bounced", "in", words, bounce="soft", **tags)
        return
    active = party.is_active(day)
    buys_soon = any(0 <= order.day - day <= 6 for order in party.orders)
    p_open = min(0.95, party.p_open * mail.interest * (1.0 if active else 0.3) * (1.8 if buys_soon else 1.0))
    if not dice.chance(p_open):
        _perhaps_unsubscribe(world, mail, day, at, 0.2 if active else 0.6)
        return
    opened_at = _opens(world, dice, party, at, day)
    world.tell(party.key, opened_at, "email", "email_opened", "in", f"Opened “{subject}”", **tags)
    if dice.chance(0.55 if buys_soon else 0.17 if active else 0.06):
        clicked_at = later(opened_at, dice, 0.3, 6)
        words = f"Clicked “{mail.link}” in “{subject}”"
        if world.tell(party.key, clicked_at, "email", "email_clicked", "in", words, link=mail.link, **tags):
            arrives = clicked_at + timedelta(seconds=dice.randint(3, 12))
            web.after_click(world, party, arrives, mail.campaign, subject, dice)
    _perhaps_unsubscribe(world, mail, day, later(opened_at, dice, 0.5, 5), 1.0 if active else 3.0)


def _opens(world: World, dice: Dice, party: Party, at: datetime, day: int) -> datetime:
    """Half open within hours, the rest on the evenings of the next days."""
    if dice.chance(0.55):
        return later(at, dice, 2, 500)
    hours = DESK if party.is_business else LEISURE
    return max(
        later(at, dice, 5, 60), world.calendar.at(dice, day + dice.choice((0, 1, 1, 2, 3, 5)), hours, party.zone)
    )


def _perhaps_unsubscribe(world: World, mail: Mail, day: int, at: datetime, factor: float) -> None:
    if mail.dice.chance(P_UNSUBSCRIBES * factor):
        words = "Unsubscribed from the newsletter"
        if world.tell(mail.party.key, at, "email", "unsubscribed", "in", words, campaign=mail.campaign):
            mail.party.unsubscribed_day = day


def _follow_up(world: World, outbox: Outbox, party: Party) -> None:
    """Mails that an event calls for: a new bike, a year with it, a cart left, a long silence."""
    dice = world.dice("follow-up", party.key)
    calendar = world.calendar

    def put(day: int, seconds: int, subject: str, campaign: str, link: str, interest: float) -> None:
        outbox.put(Mail(party, calendar.instant(day, seconds, party.zone), subject, campaign, link, dice, interest))

    for order in party.orders:
        if order.delivered_day is None or not order.has_bike:
            continue
        if order.is_first:
            put(order.delivered_day + 12, 36_900, "Your first 100 km", "first-100-km", "Read on", 1.5)
            _ask_score(world, dice, party, order.delivered_day + 35, bool(order.days_late))
        if party.is_active(order.delivered_day + 335):
            put(order.delivered_day + 335, 36_000, "Time for the yearly check", "yearly-check", "Pick a date", 1.2)
    for cart in party.carts:
        _rescue(world, outbox, party, cart, dice)
    for gone, back in party.lapses:
        day = gone + dice.randint(240, 330) if back is None else back - dice.randint(1, 3)
        seconds = 36_000 + dice.randint(0, 3600)
        put(day, seconds, "We miss the sound of your bell", "win-back", "See what is new", 1.4)


def _rescue(world: World, outbox: Outbox, party: Party, cart: Cart, dice: Dice) -> None:
    """Four hours after a cart worth €500 was left, between nine and six, unless it was bought meanwhile."""
    at = cart.left_at + timedelta(hours=4)
    local = at.astimezone(ZoneInfo(party.zone))
    if not 9 <= local.hour < 18:
        day = world.calendar.day(local.date()) + (local.hour >= 18)
        at = world.calendar.instant(day, 9 * 3600 + 60 * dice.randint(0, 40), party.zone)
    if cart.cents < 50_000 or any(cart.left_at < order.at < at for order in party.orders):
        return
    subject = f"Still thinking about {cart.only}?" if cart.only else "Your cart is still here"
    outbox.put(Mail(party, at, subject, "cart-rescue", "Take me to my cart", dice, 1.3))


def _ask_score(world: World, dice: Dice, party: Party, day: int, late: bool) -> None:
    if not dice.chance(0.3):
        return
    score = max(0, min(10, round(dice.gauss(6.4 if late else 8.6, 1.6))))
    at = world.calendar.at(dice, day, LEISURE, party.zone)
    world.tell(
        party.key, at, "email", "survey_answered", "in", f"Would recommend us: {score} of 10", score=score, survey="nps"
    )
