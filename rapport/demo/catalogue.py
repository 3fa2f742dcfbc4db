"""What Kestrel Cargo Bikes sells and what its site says about it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cache

SITE = "https://kestrel.example"


@dataclass(frozen=True)
class Product:
    sku: str
    name: str
    plural: str
    price: int  # cents
    category: str  # bike, battery, accessory, part, service, fleet
    buyers: str = "private business"
    weight: int = 4

    @property
    def is_shipped(self) -> bool:
        return self.category != "service"

    @property
    def bare(self) -> str:
        """In the middle of a sentence: Longtail 3, rain cover."""
        return self.name if self._is_proper else self.name[0].lower() + self.name[1:]

    @property
    def the(self) -> str:
        return self.name if self._is_proper else f"the {self.bare}"

    def some(self, count: int) -> str:
        """So many of them: a rain cover, two rain covers, 12 batteries."""
        if count > 1:
            return f"{number(count)} {self.plural}"
        if self.bare.endswith("s") or (self._is_proper and self.category == "service"):
            return self.bare
        return f"{'an' if self.bare[0] in 'aeiou' else 'a'} {self.bare}"

    @property
    def _is_proper(self) -> bool:
        return (
            self.category == "bike"
            or self.name[-1].isdigit()
            or (" " in self.name and self.category == "service" and self.sku != "CHECK")
        )

    @property
    def group(self) -> str:
        """The category as a path."""
        return CATEGORIES[self.category][0]

    @property
    def cost(self) -> int:
        """In cents."""
        return round(self.price * 100 / (100 + TAX_PERCENT) * CATEGORIES[self.category][1] / 100)

    @property
    def url(self) -> str:
        return f"{SITE}/products/{self.sku.lower()}"


PRODUCTS: tuple[Product, ...] = (
    Product("LT3", "Longtail 3", "Longtails", 535_000, "bike", weight=9),
    Product("BX3", "Box 3", "Box 3s", 679_000, "bike", weight=6),
    Product("BX2", "Box 2", "Box 2s", 549_000, "bike", weight=5),
    Product("ST1", "Shorttail", "Shorttails", 345_000, "bike", weight=6),
    Product("BX3C", "Box 3 Cool", "Box 3 Cools", 845_000, "bike", "business", 3),
    Product("TR7", "Trike 7", "Trike 7s", 795_000, "bike", weight=2),
    Product("LT2R", "Longtail 2, refurbished", "refurbished Longtail 2s", 245_000, "bike", "private", 4),
    Product("B500", "Battery 500", "batteries", 54_000, "battery"),
    Product("B800", "Battery 800", "large batteries", 79_000, "battery"),
    Product("TL80", "Trailer 80", "trailers", 89_000, "accessory", weight=2),
    Product("TL150", "Trailer 150", "large trailers", 139_000, "accessory", "business", 3),
    Product("COOL", "Cooling module", "cooling modules", 165_000, "fleet", "business", 2),
    Product("LID", "Box lid", "box lids", 32_900, "accessory", weight=3),
    Product("RAIN", "Rain cover", "rain covers", 24_900, "accessory", weight=8),
    Product("SEAT", "Child seat", "child seats", 18_900, "accessory", "private", 8),
    Product("BENCH", "Second bench", "second benches", 15_900, "accessory", weight=4),
    Product("GPS", "Tracker", "trackers", 14_900, "accessory", weight=4),
    Product("DISP", "Display", "displays", 13_900, "part", weight=2),
    Product("LOCK", "Lock set", "lock sets", 12_900, "accessory", weight=6),
    Product("PANN", "Panniers", "pairs of panniers", 11_900, "accessory", weight=6),
    Product("CHRG", "Charger", "chargers", 11_900, "part", weight=3),
    Product("TYRE", "Tyre set", "tyre sets", 9_800, "part", weight=5),
    Product("DOG", "Dog ramp", "dog ramps", 9_500, "accessory", "private", 3),
    Product("HELM", "Helmet", "helmets", 8_900, "accessory", weight=5),
    Product("LITE", "Light set", "light sets", 7_900, "accessory", weight=5),
    Product("CAPE", "Rain cape", "rain capes", 6_900, "accessory", weight=5),
    Product("CHAIN", "Chain kit", "chain kits", 6_800, "part", weight=5),
    Product("WOOL", "Wool blanket", "wool blankets", 6_500, "accessory", "private", 3),
    Product("KIDH", "Child helmet", "child helmets", 5_900, "accessory", "private", 5),
    Product("NET", "Cargo net", "cargo nets", 2_900, "accessory", weight=5),
    Product("PADS", "Brake pads", "sets of brake pads", 2_400, "part", weight=7),
    Product("TUBE", "Inner tube", "inner tubes", 1_900, "part", weight=6),
    Product("CHECK", "Yearly check", "yearly checks", 9_500, "service", weight=6),
    Product("PLANB", "Service plan Basic", "service plans Basic", 18_000, "service", weight=4),
    Product("PLANP", "Service plan Plus", "service plans Plus", 39_000, "service", weight=4),
    Product("FLEET", "Fleet care", "bikes in fleet care", 29_000, "service", "business", 5),
    Product("WRAP", "Lettering", "letterings", 38_000, "fleet", "business", 3),
)
BY_SKU = {product.sku: product for product in PRODUCTS}
BIKES = tuple(p for p in PRODUCTS if p.category == "bike")


# What the shop calls categories, and what of the price without tax making or buying one takes.
CATEGORIES = {
    "bike": ("Bikes", 62), "battery": ("Bikes / Batteries", 58), "accessory": ("Accessories", 48), "part": ("Parts", 45),
    "service": ("Services", 40), "fleet": ("Fleet", 55),
}  # fmt: skip
TAX_PERCENT = 21
# What a touch point costs the firm, in cents, by channel and kind.
COSTS = {
    ("phone", ""): 650, ("visit", ""): 9_500, ("showroom", ""): 1_800, ("letter", ""): 240, ("email", "email_sent"): 2,
    ("email", "email_received"): 310, ("service", ""): 1_150, ("workshop", ""): 5_400, ("shipping", "order_shipped"): 1_450,
    ("shipping", "order_returned"): 2_100, ("web", ""): 0, ("chat", ""): 280,
}  # fmt: skip


@cache
def for_buyer(buyer: str) -> tuple[Product, ...]:
    return tuple(p for p in PRODUCTS if buyer in p.buyers)


@dataclass(frozen=True)
class Article:
    path: str
    title: str
    buyers: str = "private business"
    weight: int = 4

    @property
    def url(self) -> str:
        return SITE + self.path


ARTICLES: tuple[Article, ...] = (
    Article("/", "Cargo bikes made in Utrecht", weight=14),
    Article("/bikes", "All bikes", weight=12),
    Article("/prices", "What a bike costs, all in", weight=8),
    Article("/showroom", "Come and try one", "private", 7),
    Article("/read/two-children", "Choosing a bike for two children", "private", 7),
    Article("/read/battery-winter", "How far a battery goes in winter"),
    Article("/read/without-a-car", "Four families without a car", "private", 5),
    Article("/read/school-run", "The school run in the rain", "private", 4),
    Article("/read/first-100-km", "Your first 100 km", "private", 4),
    Article("/read/dog", "Riding with a dog in the box", "private", 3),
    Article("/read/lease", "Leasing through your employer", weight=4),
    Article("/business", "Cargo bikes for business", "business", 10),
    Article("/business/cost-per-parcel", "What a delivered parcel costs by bike", "business", 7),
    Article("/business/fleet-care", "Fleet care: one price, no standing still", "business", 6),
    Article("/business/subsidies", "Subsidies for cargo bikes this year", "business", 5),
    Article("/business/cooling", "Cooling on two wheels", "business", 3),
    Article("/business/cases/couriers", "How couriers in Rotterdam replaced nine vans", "business", 5),
    Article("/help/brake-pad-recall", "Brake pad recall, step by step", weight=2),
    Article("/help/noises", "Noises and what they mean", weight=3),
    Article("/help/charge", "Charging, storing and caring for the battery", weight=3),
    Article("/help/tyre-pressure", "The right tyre pressure", weight=2),
    Article("/help/delivery-times", "Delivery times", weight=3),
    Article("/help/returns", "Sending something back", weight=2),
    Article("/about", "Who we are", weight=3),
)
RECALL = next(a for a in ARTICLES if a.path == "/help/brake-pad-recall")


def money(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


def euros(cents: int) -> str:
    """As people read it: €6,480 or €24.90."""
    return f"€{cents // 100:,}" if cents % 100 == 0 else f"€{cents / 100:,.2f}"


def listing(parts: list[str]) -> str:
    """As people say it: a, b and c."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def number(count: int) -> str:
    """In words below ten."""
    return _NUMBERS[count] if 0 <= count < 10 else f"{count:,}"


_ORDINALS = {3: "third", 4: "fourth", 5: "fifth", 6: "sixth", 7: "seventh", 8: "eighth", 9: "ninth", 10: "tenth"}


def times(count: int) -> str:
    """ "", " again", " for the third time"…"""
    if count <= 1:
        return ""
    if count == 2:
        return " again"
    return f" for the {_ORDINALS[count]} time" if count in _ORDINALS else " once more"
