"""Web: sessions on the firm's site, by customers, by people not yet known, and by strangers who stay so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rapport.demo import catalogue
from rapport.demo.catalogue import Article, Product
from rapport.demo.rhythm import DESK, LEISURE, TRAFFIC, Dice
from rapport.demo.types import Visitor
from rapport.demo.world import Cart, Party, World


@dataclass(frozen=True)
class Origin:
    """Where a session came from, as its first page tells."""

    words: str  # empty: nothing worth saying
    referrer: str = ""
    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""

    def properties(self) -> dict[str, Any]:
        names = ("referrer", "utm_source", "utm_medium", "utm_campaign")
        return {name: value for name in names if (value := getattr(self, name))}


DIRECT = Origin("")
SEARCH = Origin("a search", "https://search.example/")
ORIGINS: tuple[tuple[Origin, int], ...] = (
    (DIRECT, 30),
    (SEARCH, 26),
    (Origin("the ad “Cargo bike test ride”", "https://search.example/", "search", "cpc", "test-ride"), 13),
    (Origin("the ad “Spring on three wheels”", "https://search.example/", "search", "cpc", "spring-range"), 6),
    (Origin("a post of ours", "https://social.example/", "social", "paid_social", "school-run"), 9),
    (Origin("a post of ours", "https://social.example/", "social", "organic_social", ""), 5),
    (Origin("the article in De Stadskrant", "https://stadskrant.example/", "stadskrant", "referral", ""), 4),
    (Origin("the leaflet", "", "leaflet", "print", "door-to-door-utrecht"), 3),
    (Origin("a fellow rider’s link", "", "ambassador", "referral", "tell-a-friend"), 3),
    (Origin("the price comparison", "https://compare.example/", "compare", "affiliate", "cargo-bikes"), 3),
)
_BUSINESS_ORIGINS: tuple[tuple[Origin, int], ...] = (
    (DIRECT, 30),
    (SEARCH, 30),
    (Origin("the ad “Bikes instead of vans”", "https://search.example/", "search", "cpc", "bikes-for-vans"), 14),
    (Origin("the trade magazine", "https://lastmile.example/", "lastmile", "referral", ""), 8),
    (Origin("the fair’s list of exhibitors", "https://fair.example/", "fair", "referral", "cargo-fair"), 6),
)
_CAMPAIGN_MONTHS = {"spring-range": (3, 4, 5), "school-run": (8, 9, 10)}


def browse(world: World) -> None:
    """Sessions of people we know or will know: before an order, and now and then."""
    for party in world.parties:
        if party.kind != "person" or party.is_duplicate:
            continue
        dice = world.dice("web", party.key)
        buyer = party.organisation if party.organisation and party.organisation.voice is party else party
        _before_known(world, dice, party)
        for order in buyer.orders:
            if order.channel != "web":
                continue
            _before_order(world, dice, party, order.day, order.at, order.is_first, [p for p, _, _ in order.lines])
        _now_and_then(world, dice, party)


def _before_known(world: World, dice: Dice, party: Party) -> None:
    """What somebody looked at before telling who they are; it is the visitor's, until the two are joined."""
    if not party.visitor:
        return
    visitor = next_visitor(world, party.visitor)
    first = world.calendar.day(visitor.first_seen_at.date()) + 1
    origin = _origin(dice, party.is_business, world.calendar.on(first).month)
    day = first
    for n in range(1 + dice.poisson(1.2)):
        if day >= party.met_day:
            break
        at = _moment(world, dice, party, day)
        session(world, dice, party.visitor, at, origin if n == 0 else DIRECT, party.is_business, _wishes(dice, party))
        day += dice.randint(1, 9)


def next_visitor(world: World, key: str) -> Visitor:
    return world.visitors[int(key[1:]) - 1]


def _moment(world: World, dice: Dice, party: Party, day: int) -> datetime:
    return world.calendar.at(dice, day, DESK if party.is_business else LEISURE, party.zone)


def _wishes(dice: Dice, party: Party) -> list[Product]:
    """What they look at, most often bikes."""
    return dice.choices(_pool(party.is_business), k=dice.randint(1, 2))


def _before_order(
    world: World, dice: Dice, party: Party, order_day: int, order_at: datetime, first: bool, goods: Sequence[Product]
) -> None:
    """People look, look again, and then order."""
    if first:
        for _ in range(dice.poisson(0.7 * party.web_habit + 0.25)):
            day = order_day - 1 - int(dice.expovariate(1 / 8))
            if day > party.met_day:
                session(
                    world,
                    dice,
                    party.key,
                    _moment(world, dice, party, day),
                    None,
                    party.is_business,
                    [dice.choice(goods)],
                )
    if dice.chance(0.42 if party.is_business else 0.6):
        at = order_at - timedelta(minutes=dice.randint(4, 22))
        session(world, dice, party.key, at, DIRECT, party.is_business, goods[:2], cart=False)


def _now_and_then(world: World, dice: Dice, party: Party) -> None:
    calendar = world.calendar
    every = 150 / (0.25 + party.web_habit)
    day = calendar.after(TRAFFIC, float(party.met_day), dice.expovariate(1 / every))
    while day < calendar.days:
        whole = int(day)
        if party.is_active(whole) or dice.chance(0.12):
            at = _moment(world, dice, party, whole)
            case = next((c for c in party.cases if 0 <= whole - c.day <= 2), None)
            wishes = [] if case or dice.chance(0.3) else _wishes(dice, party)
            origin = None if dice.chance(0.35) else DIRECT
            session(world, dice, party.key, at, origin, party.is_business, wishes, party=party)
        day = calendar.after(TRAFFIC, day, dice.expovariate(1 / every))


def after_click(world: World, party: Party, at: datetime, campaign: str, words: str, dice: Dice) -> None:
    """The visit that follows a click in a mail."""
    origin = Origin(f"the mail “{words}”", "", "newsletter", "email", campaign)
    wishes = _wishes(dice, party) if dice.chance(0.45) else []
    session(world, dice, party.key, at, origin, party.is_business, wishes, party=party)


def _origin(dice: Dice, business: bool, month: int) -> Origin:
    pool = _BUSINESS_ORIGINS if business else ORIGINS
    origin = dice.choices([o for o, _ in pool], [w for _, w in pool])[0]
    months = _CAMPAIGN_MONTHS.get(origin.utm_campaign)
    return SEARCH if months and month not in months else origin


_PRIVATE_ARTICLES = tuple(a for a in catalogue.ARTICLES if "private" in a.buyers for _ in range(a.weight))
_BUSINESS_ARTICLES = tuple(a for a in catalogue.ARTICLES if "business" in a.buyers for _ in range(a.weight))


def _articles(dice: Dice, business: bool, has_wishes: bool) -> list[Article]:
    """What is read before, or instead of, looking at products."""
    count = dice.choice((0, 0, 0, 0, 1, 1, 1, 2) if has_wishes else (1, 1, 1, 1, 1, 1, 2, 2, 3))
    return list(dict.fromkeys(dice.choices(_BUSINESS_ARTICLES if business else _PRIVATE_ARTICLES, k=count)))


_HOME_DEVICES = ("phone",) * 7 + ("computer",) * 4 + ("tablet",)
_DESK_DEVICES = ("computer",) * 8 + ("phone",) * 3 + ("tablet",)


def session(
    world: World,
    dice: Dice,
    key: str,
    at: datetime,
    origin: Origin | None,
    business: bool,
    wishes: Sequence[Product],
    *,
    cart: bool = True,
    party: Party | None = None,
    most: int = 9,
) -> int:
    """One visit to the site: where it came from, what was read and looked at, perhaps a cart left. Returns its length."""
    origin = origin or _origin(dice, business, at.month)
    device = dice.choice(_DESK_DEVICES if business else _HOME_DEVICES)
    common: dict[str, Any] = {"session": f"{dice.getrandbits(48):012x}", "device": device}
    told = 0
    for article in _articles(dice, business, bool(wishes)):
        if told >= most:
            return told
        seconds = max(5, round(dice.lognormvariate(4.0, 0.9)))
        words = f"Read “{article.title}”"
        extra = origin.properties() if told == 0 else {}
        if told == 0 and origin.words:
            words = f"Came from {origin.words} and read “{article.title}”"
        told += world.tell(
            key,
            at,
            "web",
            "page_viewed",
            "in",
            words,
            url=article.url,
            title=article.title,
            seconds=seconds,
            **common,
            **extra,
        )
        at += timedelta(seconds=seconds + dice.randint(1, 8))
    for product in dict.fromkeys(wishes):
        if told >= most:
            return told
        seconds = max(6, round(dice.lognormvariate(4.3, 0.8)))
        extra = origin.properties() if told == 0 else {}
        told += world.tell(
            key, at, "web", "product_viewed", "in", f"Looked at {product.the}",
            url=product.url, sku=product.sku, product=product.name, price=str(catalogue.money(product.price)), seconds=seconds, **common, **extra,
        )  # fmt: skip
        at += timedelta(seconds=seconds + dice.randint(1, 8))
    if cart and wishes and told < most and dice.chance(0.1):
        goods = list(dict.fromkeys(wishes))
        cents = sum(p.price for p in goods)
        words = catalogue.listing([p.bare for p in goods])
        left = world.tell(
            key, at, "web", "cart_left", "in", f"Left a cart of {catalogue.euros(cents)}: {words}",
            cents=cents, skus=[p.sku for p in goods], **common,
        )  # fmt: skip
        told += left
        if left and party is not None:
            party.carts.append(Cart(at, cents, goods[0].the if len(goods) == 1 else ""))
    return told


def strangers(world: World) -> None:
    """Visitors nobody ever got to know. Most visits are theirs; they fill what is left of the touch points."""
    dice = world.dice("strangers")
    left = world.touchpoints - len(world.touches)
    while left > 0:
        key = f"v{len(world.visitors) + 1}"
        business = dice.chance(0.18)
        day = world.calendar.pick(dice, TRAFFIC)
        cookie = f"{dice.getrandbits(96):024x}"
        first: datetime | None = None
        for n in range(dice.choices((1, 2, 3, 4), (72, 17, 7, 4))[0]):
            at = world.calendar.at(dice, day, DESK if business else LEISURE)
            wishes = dice.choices(_pool(business), k=dice.randint(1, 2)) if dice.chance(0.45) else []
            told = session(world, dice, key, at, None if n == 0 else DIRECT, business, wishes, most=max(0, left))
            if told and first is None:
                first = at
            left -= told
            day += dice.randint(1, 14)
        if first is not None:
            world.visitors.append(Visitor(key, cookie, first))


def _pool(business: bool) -> Sequence[Product]:
    return _BUSINESS_GOODS if business else _PRIVATE_GOODS


_PRIVATE_GOODS = tuple(
    p for p in catalogue.for_buyer("private") for _ in range(p.weight * (4 if p.category == "bike" else 1))
)
_BUSINESS_GOODS = tuple(
    p for p in catalogue.for_buyer("business") for _ in range(p.weight * (4 if p.category == "bike" else 1))
)
