"""The state of a simulation while it runs: parties with their stories, and what has been told of them so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rapport.demo import catalogue
from rapport.demo.catalogue import Product
from rapport.demo.phrases import Trouble
from rapport.demo.rhythm import Calendar, Dice
from rapport.demo.types import Address, Identity, Kind, Link, Touch, Visitor

YEARS = 3
HOME_ZONE = "Europe/Amsterdam"


@dataclass(slots=True, eq=False)
class Order:
    """One purchase on its way: ordered, shipped, delivered, paid."""

    buyer: Party
    at: datetime
    day: int
    lines: list[tuple[Product, int, int]]  # product, quantity, price of one in cents
    channel: str
    is_first: bool
    number: str = ""
    delivered_day: int | None = None
    days_late: int = 0

    @property
    def cents(self) -> int:
        return sum(quantity * price for _, quantity, price in self.lines)

    @property
    def has_bike(self) -> bool:
        return any(product.category == "bike" for product, _, _ in self.lines)

    @property
    def is_shipped(self) -> bool:
        return any(product.is_shipped for product, _, _ in self.lines)

    def words(self) -> str:
        parts = [p.some(n) for p, n, _ in self.lines]
        return catalogue.listing(parts)


@dataclass(slots=True, eq=False)
class Case:
    """Something that went wrong."""

    customer: Party  # who told us
    at: datetime
    day: int
    trouble: Trouble
    channel: str
    bikes: int = 1
    number: int = 0
    is_open: bool = False  # a story wants it unsolved
    words: dict[str, Any] = field(default_factory=dict)  # what the trouble's sentences leave open


@dataclass(frozen=True)
class Cart:
    """A cart somebody left without ordering."""

    left_at: datetime
    cents: int
    only: str  # "the rain cover" when nothing else is in it


@dataclass(frozen=True)
class PlannedOrder:
    """An order that a story calls for."""

    buyer: Party
    day: int
    lines: tuple[tuple[str, int], ...]  # article, quantity
    days_late: int = 0


@dataclass(slots=True, eq=False)
class Party:
    """A customer in the making. Streams read the traits and add to the story."""

    key: str
    kind: Kind
    name: str
    address: Address
    zone: str
    met_day: int  # when the firm came to know them
    met_at: datetime
    given: str = ""
    family: str = ""
    email: str = ""
    phone: str = ""
    job_title: str = ""
    language: str = ""
    website: str = ""
    birth_date: date | None = None
    notes: str = ""
    owner: str = ""
    recruited_by: str = ""
    tags: set[str] = field(default_factory=set)
    custom: dict[str, Any] = field(default_factory=dict)
    identities: list[Identity] = field(default_factory=list)
    cookie: str = ""
    contacts: list[Party] = field(default_factory=list)  # of an organisation, who decides first
    organisation: Party | None = None  # of a contact
    household: Party | None = None
    trade: str = ""  # what an organisation carries
    rides_with: tuple[str, ...] = ()
    is_buyer: bool = False
    is_duplicate: bool = False
    fleet: int = 0
    # Traits
    p_open: float = 0.3
    web_habit: float = 1.0
    rate_per_day: float = 0.0
    p_dropout: float = 0.0
    # Story
    orders: list[Order] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    lapses: list[tuple[int, int | None]] = field(default_factory=list)  # stopped caring, came back
    subscribed_day: int | None = None
    unsubscribed_day: int | None = None
    carts: list[Cart] = field(default_factory=list)
    visitor: str = ""  # key of the anonymous visitor they once were

    @property
    def is_business(self) -> bool:
        return self.kind == "organisation" or self.organisation is not None

    @property
    def voice(self) -> Party:
        """Who speaks for this customer: an organisation's first contact, everybody else for themselves."""
        return self.contacts[0] if self.contacts else self

    def is_active(self, day: int) -> bool:
        """Whether the customer still means to buy from us."""
        return not any(gone <= day and (back is None or day < back) for gone, back in self.lapses)


class World:
    """One simulation. `until` is its last instant; nothing later is told."""

    def __init__(self, *, seed: int, until: datetime, customers: int, touchpoints: int) -> None:
        self.seed = seed
        self.until = until.astimezone(UTC).replace(microsecond=0)
        self.customers = customers
        self.touchpoints = touchpoints
        last = self.until.astimezone(ZoneInfo(HOME_ZONE)).date()
        first = _years_before(last, YEARS)
        self.calendar = Calendar(first, (last - first).days + 1)
        self.start_at = datetime.combine(first, time(), ZoneInfo(HOME_ZONE)).astimezone(UTC)
        self.parties: list[Party] = []
        self.visitors: list[Visitor] = []
        self.links: list[Link] = []
        self.touches: list[Touch] = []
        self.planned_orders: list[PlannedOrder] = []
        self.planned_cases: list[Case] = []

    def dice(self, *scope: str) -> Dice:
        """Chance of its own for each stream and customer."""
        return Dice(f"{self.seed}/{'/'.join(scope)}")

    @property
    def days(self) -> int:
        return self.calendar.days

    def tell(
        self,
        party: str,
        at: datetime,
        channel: str,
        kind: str,
        direction: str,
        subject: str,
        *,
        cents: int | None = None,
        body: str = "",
        colleague: str = "",
        **properties: Any,
    ) -> bool:
        """Write down a touch point, unless it lies in the future."""
        if at > self.until or at < self.start_at:
            return False
        amount = None if cents is None else catalogue.money(cents)
        self.touches.append(Touch(party, at, channel, kind, direction, subject, amount, properties, body, colleague))
        return True

    def first_told(self) -> dict[str, datetime]:
        """The first touch point of each customer and visitor, of what has been told so far."""
        first: dict[str, datetime] = {}
        for touch in self.touches:
            known = first.get(touch.party)
            if known is None or touch.at < known:
                first[touch.party] = touch.at
        return first

    def link(self, kind: str, one: Party, other: Party, *, role: str = "", day: int | None = None) -> None:
        since = None if day is None else self.calendar.on(day)
        self.links.append(Link(kind, one.key, other.key, role, since))


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return day.replace(year=day.year - years, day=28)


def later(at: datetime, dice: Dice, low_minutes: float, high_minutes: float) -> datetime:
    return at + timedelta(seconds=int(60 * dice.uniform(low_minutes, high_minutes)))
