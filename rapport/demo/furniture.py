"""What the firm set up for itself: custom fields and saved views."""

from __future__ import annotations

from rapport.demo import catalogue
from rapport.demo.types import CustomField, View

_KESTREL = "Bikes"
_CONTACT = "Contact"

FIELDS: tuple[CustomField, ...] = (
    CustomField(
        "bike_model",
        "Bike model",
        "choice",
        choices=tuple((p.sku.lower(), p.name, "") for p in catalogue.BIKES),
        group=_KESTREL,
    ),
    CustomField("fleet_size", "Fleet size", "number", group=_KESTREL, help="Vehicles in use, of any make"),
    CustomField(
        "carries",
        "Carries",
        "choice",
        choices=tuple(
            (value, value.capitalize(), "")
            for value in ("bread", "care", "children", "drinks", "flowers", "parcels", "people", "rental", "tools")
        ),
        group=_KESTREL,
    ),
    CustomField(
        "rides_with",
        "Rides with",
        "multi_choice",
        choices=(
            ("children", "Children", ""),
            ("shopping", "Shopping", ""),
            ("dog", "A dog", ""),
            ("tools", "Tools", ""),
        ),
        group=_KESTREL,
    ),
    CustomField(
        "service_plan",
        "Service plan",
        "choice",
        choices=(("basic", "Basic", ""), ("plus", "Plus", "good"), ("fleet", "Fleet care", "good")),
        group=_KESTREL,
    ),
    CustomField("warranty_until", "Warranty until", "date", group=_KESTREL),
    CustomField("frame_number", "Frame number", "text", group=_KESTREL),
    CustomField("leases", "Leases through the employer", "boolean", group=_KESTREL),
    CustomField(
        "best_reached",
        "Best reached",
        "choice",
        choices=(
            ("mornings", "Mornings", ""),
            ("lunch", "At lunch", ""),
            ("afternoons", "Afternoons", ""),
            ("evenings", "Evenings", ""),
            ("weekends", "At weekends", ""),
        ),
        group=_CONTACT,
    ),
    CustomField(
        "recruited_by",
        "Recruited by",
        "choice",
        choices=(
            ("search_ad", "Search ad", ""),
            ("search", "Search", ""),
            ("social", "Social media", ""),
            ("showroom", "Showroom", ""),
            ("leaflet", "Leaflet", ""),
            ("press", "Press", ""),
            ("fair", "Trade fair", ""),
            ("call", "Our call", ""),
            ("tender", "Tender", ""),
            ("referral", "Referral", "plum"),
        ),
        group=_CONTACT,
    ),
    CustomField("introduced_by", "Introduced by", "relation", target="customer", group=_CONTACT),
    CustomField("credit_limit", "Credit limit", "money", group=_CONTACT),
)


def _behaviour(
    kind: str, op: str, value: int, *, last_days: int = 0, where: list[dict[str, object]] | None = None
) -> dict[str, object]:
    behaviour: dict[str, object] = {"kind": kind}
    if where:
        behaviour["where"] = where
    node: dict[str, object] = {"behaviour": behaviour, "measure": "count", "op": op, "value": value}
    if last_days:
        node["within"] = {"last": last_days, "unit": "days"}
    return node


VIEWS: tuple[View, ...] = (
    View(
        "Fleets",
        {"field": "fleet_size", "op": "at_least", "value": 5},
        ("city", "fleet_size", "carries", "service_plan", "owner"),
        page="organisations",
        is_pinned=True,
    ),
    View(
        "Lapsed, may email",
        {
            "all": [
                _behaviour("order_placed", "at_least", 1),
                _behaviour("order_placed", "at_most", 0, last_days=365),
                _behaviour("newsletter_subscribed", "at_least", 1),
                _behaviour("unsubscribed", "at_most", 0),
            ]
        },
        ("city", "bike_model", "email", "owner"),
        is_pinned=True,
    ),
    View(
        "Reads us, has not ordered since",
        {
            "all": [
                _behaviour("email_opened", "at_least", 3, last_days=180),
                {
                    "behaviour": {"kind": "order_placed"},
                    "measure": "count",
                    "op": "at_most",
                    "value": 0,
                    "within": {"since": "last", "kind": "email_opened"},
                },
            ]
        },
        ("city", "bike_model", "email", "owner"),
    ),
    View(
        "Late deliveries, last 90 days",
        _behaviour(
            "order_delivered",
            "at_least",
            1,
            last_days=90,
            where=[{"property": "days_late", "op": "at_least", "value": 1}],
        ),
        ("city", "phone", "owner"),
    ),
    View(
        "Carts left this month",
        _behaviour("cart_left", "at_least", 1, last_days=30),
        ("city", "email", "owner"),
    ),
    View(
        "Brought by referral",
        {"field": "recruited_by", "op": "is", "value": "referral"},
        ("city", "introduced_by", "bike_model", "owner"),
    ),
)
