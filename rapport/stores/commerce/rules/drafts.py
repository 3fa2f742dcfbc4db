"""Orders on their way in: from what was sent or typed to values that can be stored, or sentences that say what to mend.

Amounts come as JSON numbers or texts. Problems are named by the field, "lines.0.quantity".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from rapport.stores.commerce.rules import totals as sums
from rapport.stores.commerce.rules.money import LARGEST, ZERO, is_currency, is_exact, minor_unit, rounded

MOST_LINES = 500
MOST_QUANTITY = Decimal(10) ** 9
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)  # clocks and time zones differ
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_PLACE = ("name", "street", "postal_code", "city", "region", "country")


@dataclass(frozen=True, kw_only=True)
class KnownProduct:
    """What an order takes from a product unless it says otherwise. Price and cost are in `currency`."""

    id: UUID
    sku: str
    name: str
    category: str = ""
    needs_shipping: bool = True
    price: Decimal | None = None
    cost: Decimal | None = None
    currency: str = ""
    tax_rate: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class DraftLine:
    """One line; None: not said."""

    name: str = ""
    sku: str = ""
    product_id: UUID | None = None
    category: str = ""
    needs_shipping: bool | None = None
    quantity: Decimal = Decimal(1)
    unit_price: Decimal | None = None
    discount: Decimal = ZERO
    tax_rate: Decimal | None = None
    unit_cost: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Draft:
    """An order as it was said."""

    lines: tuple[DraftLine, ...]
    currency: str = ""
    number: str = ""
    channel: str = "shop"
    placed_at: datetime | None = None
    discount: Decimal = ZERO
    shipping: Decimal = ZERO
    shipping_tax_rate: Decimal | None = None
    prices_include_tax: bool = True
    price_list_id: UUID | None = None
    ship_to: Mapping[str, str] | None = None
    notes: str = ""
    total: Decimal | None = None  # said by the source; the order comes to exactly this


def read_draft(raw: Mapping[str, Any], *, now: datetime) -> tuple[Draft, dict[str, str]]:
    """The draft and what is wrong with it. A draft with problems is not to be used."""
    reader = _Reader()
    lines = raw.get("lines")
    if not isinstance(lines, Sequence) or isinstance(lines, str | bytes) or not lines:
        reader.problems["lines"] = _("An order needs at least one line.")
        lines = ()
    elif len(lines) > MOST_LINES:
        reader.problems["lines"] = _("At most %(n)s lines; this has %(has)s.") % {"n": MOST_LINES, "has": len(lines)}
        lines = ()
    draft = Draft(
        lines=tuple(_line(reader, f"lines.{n}", line) for n, line in enumerate(lines)),
        currency=reader.currency(raw, "currency"),
        number=reader.text(raw, "number", 80),
        channel=reader.text(raw, "channel", 40) or "shop",
        placed_at=reader.instant(raw, "placed_at", now),
        discount=reader.amount(raw, "discount") or ZERO,
        shipping=reader.amount(raw, "shipping") or ZERO,
        shipping_tax_rate=reader.share(raw, "shipping_tax_rate"),
        prices_include_tax=reader.flag(raw, "prices_include_tax", default=True),
        price_list_id=reader.id(raw, "price_list_id"),
        ship_to=reader.place(raw, "ship_to"),
        notes=reader.text(raw, "notes", 5000, lines=True),
        total=reader.amount(raw, "total"),
    )
    return draft, reader.problems


def _line(reader: _Reader, where: str, raw: Any) -> DraftLine:
    if not isinstance(raw, Mapping):
        reader.problems[where] = _("A line names a product, a quantity and a price.")
        return DraftLine()
    quantity = reader.number(raw, "quantity", where)
    if quantity is None:
        quantity = Decimal(1)
    elif quantity <= 0:
        reader.problems[f"{where}.quantity"] = _(
            "The quantity must be more than zero. Goods that come back are a return."
        )
    elif quantity >= MOST_QUANTITY or quantity != round(quantity, 4):
        reader.problems[f"{where}.quantity"] = _("At most nine digits before and four after the point.")
    line = DraftLine(
        name=reader.text(raw, "name", 240, where),
        sku=reader.text(raw, "sku", 80, where),
        product_id=reader.id(raw, "product_id", where),
        category=reader.text(raw, "category", 240, where),
        needs_shipping=reader.flag(raw, "needs_shipping", where, default=None),
        quantity=quantity,
        unit_price=reader.amount(raw, "unit_price" if "unit_price" in raw else "price", where),
        discount=reader.amount(raw, "discount", where) or ZERO,
        tax_rate=reader.share(raw, "tax_rate", where),
        unit_cost=reader.amount(raw, "unit_cost", where),
    )
    if not (line.name or line.sku or line.product_id):
        reader.problems[where] = _("Name the product: its SKU, its id or what it is called.")
    return line


def complete(
    draft: Draft, products: Mapping[str, KnownProduct], *, costs: Mapping[str, Decimal | None]
) -> tuple[Draft, dict[str, str]]:
    """Fill in what the products know: `products` by SKU and by id, `costs` by product id in the order's currency."""
    problems: dict[str, str] = {}
    lines = []
    for n, line in enumerate(draft.lines):
        known = products.get(str(line.product_id)) if line.product_id else products.get(line.sku) if line.sku else None
        if line.product_id and known is None:
            problems[f"lines.{n}.product_id"] = _("There is no such product.")
        price = line.unit_price
        if price is None and known and known.currency == draft.currency:
            price = known.price
        if price is None:
            problems[f"lines.{n}.unit_price"] = _("Say what one of it costs; no price in this currency is known.")
            price = ZERO
        lines.append(
            replace(
                line,
                product_id=known.id if known else None,
                sku=line.sku or (known.sku if known else ""),
                name=line.name or (known.name if known else line.sku),
                category=line.category or (known.category if known else ""),
                needs_shipping=line.needs_shipping
                if line.needs_shipping is not None
                else (known.needs_shipping if known else True),
                unit_price=price,
                tax_rate=line.tax_rate if line.tax_rate is not None else (known.tax_rate if known else None) or ZERO,
                unit_cost=line.unit_cost if line.unit_cost is not None else costs.get(str(known.id)) if known else None,
            )
        )
    completed = replace(draft, lines=tuple(lines), shipping_tax_rate=_shipping_tax(draft, lines))
    return _matched(completed, problems)


def _shipping_tax(draft: Draft, lines: Sequence[DraftLine]) -> Decimal:
    """Shipping is taxed like what is shipped, at the highest rate of it, unless the order says otherwise."""
    if draft.shipping_tax_rate is not None:
        return draft.shipping_tax_rate
    return max((line.tax_rate or ZERO for line in lines), default=ZERO)


def _matched(draft: Draft, problems: dict[str, str]) -> tuple[Draft, dict[str, str]]:
    """Discounts that can be given, and a total that is exactly the one said: less is a discount, more is for shipping."""
    left = []
    for name, said in (("discount", draft.discount), ("shipping", draft.shipping), ("total", draft.total)):
        if said is not None and not is_exact(said, draft.currency):
            problems[name] = unit_problem(draft.currency)
    for n, line in enumerate(draft.lines):
        if not is_exact(line.discount, draft.currency):
            problems[f"lines.{n}.discount"] = unit_problem(draft.currency)
        amount = rounded(line.quantity * (line.unit_price or ZERO), draft.currency)
        if amount >= LARGEST:
            problems[f"lines.{n}.unit_price"] = _("This line comes to more than can be stored.")
        if line.discount > amount:
            problems[f"lines.{n}.discount"] = _("The discount is larger than the line.")
        left.append(amount - line.discount)
    if draft.discount > sum(left, ZERO):
        problems["discount"] = _("The discount is larger than the order.")
    if draft.total is None or problems:
        return draft, problems
    if not draft.prices_include_tax:
        found = totals_of(draft).total
        if found != draft.total:  # beyond what rounding each line explains
            problems["total"] = _("The lines come to %(found)s with tax, not to %(said)s.") % {
                "found": found,
                "said": draft.total,
            }
        return draft, problems
    difference = draft.total - (sum(left, ZERO) - draft.discount + draft.shipping)
    if difference > 0:
        draft = replace(draft, shipping=draft.shipping + difference)
    elif difference < 0:
        discount = draft.discount - difference
        if discount > sum(left, ZERO):
            problems["total"] = _("The total is less than shipping alone.")
        draft = replace(draft, discount=discount)
    return draft, problems


def totals_of(draft: Draft) -> sums.Totals:
    """What a completed draft comes to. Cents by which a shop rounds otherwise than line by line go into the tax."""
    found = sums.totals(
        [
            sums.Line(
                quantity=line.quantity,
                unit_price=line.unit_price or ZERO,
                discount=line.discount,
                tax_rate=line.tax_rate or ZERO,
                unit_cost=line.unit_cost,
            )
            for line in draft.lines
        ],
        currency=draft.currency,
        order_discount=draft.discount,
        shipping=draft.shipping,
        shipping_tax_rate=draft.shipping_tax_rate or ZERO,
        prices_include_tax=draft.prices_include_tax,
    )
    return found if draft.total is None else sums.within_rounding(found, draft.total, draft.currency)


def unit_problem(currency: str) -> str:
    return _("%(currency)s has no smaller unit than %(unit)s.") % {"currency": currency, "unit": minor_unit(currency)}


def money_problem(amount: Decimal, currency: str, *, most: Decimal | None = None, over: str = "") -> str:
    """What is wrong with an amount that is paid or refunded; `over` says what it must not be more than."""
    if not amount.is_finite() or amount <= 0:
        return _("The amount must be more than zero.")
    if amount >= LARGEST:
        return _("This amount is too large.")
    if not is_exact(amount, currency):
        return unit_problem(currency)
    if most is not None and amount > most:
        return over % {"most": most.quantize(minor_unit(currency)), "currency": currency}
    return ""


def instant_problem(at: datetime, *, now: datetime, not_before: datetime | None = None) -> str:
    """Nothing that happened lies in the future, nor before the order."""
    if at > now + AHEAD:
        return _("This lies in the future. Check the date and its time zone.")
    if at < EARLIEST:
        return _("This is before the year 1900.")
    if not_before and at < not_before - AHEAD:
        return _("This is before the order was placed.")
    return ""


class _Reader:
    """Takes values out of JSON and notes what is wrong with them."""

    def __init__(self) -> None:
        self.problems: dict[str, str] = {}
        self._currency = ""

    def note(self, name: str, where: str, reason: str) -> None:
        self.problems[f"{where}.{name}" if where else name] = reason

    def text(self, raw: Mapping[str, Any], name: str, most: int, where: str = "", *, lines: bool = False) -> str:
        value = raw.get(name)
        if value is None:
            return ""
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            self.note(name, where, _("This must be a text."))
            return ""
        value = "\n".join(_CONTROL.sub(" ", part).strip() for part in (value.split("\n") if lines else [value])).strip()
        if len(value) > most:
            self.note(name, where, _("At most %(n)s characters.") % {"n": most})
        return value[:most]

    def number(self, raw: Mapping[str, Any], name: str, where: str = "") -> Decimal | None:
        value = raw.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
            self.note(name, where, _("This must be a number."))
            return None
        try:
            found = Decimal(str(value).strip())
        except InvalidOperation:
            found = Decimal("NaN")
        if not found.is_finite():
            self.note(name, where, _("This must be a number, with a point before its decimals."))
            return None
        return found

    def amount(self, raw: Mapping[str, Any], name: str, where: str = "") -> Decimal | None:
        found = self.number(raw, name, where)
        if found is None:
            return None
        if found < 0:
            self.note(
                name,
                where,
                _("An amount can't be negative. What is taken off is a discount, what is paid back a refund."),
            )
        elif found >= LARGEST:
            self.note(name, where, _("This amount is too large."))
        elif found != round(found, 4):
            self.note(name, where, _("At most four digits after the point."))
        return found

    def share(self, raw: Mapping[str, Any], name: str, where: str = "") -> Decimal | None:
        """A rate between 0 and 1; 21 % may be said as `tax_percent`: 21."""
        found = self.number(raw, name, where)
        percent = name.replace("rate", "percent")
        if found is None and (found := self.number(raw, percent, where)) is not None:
            found /= 100
        if found is not None and not 0 <= found < 1:
            self.note(name, where, _("A rate is a share from 0 to 1: 0.21 for 21 %."))
            return None
        return None if found is None else round(found, 5)

    def flag(self, raw: Mapping[str, Any], name: str, where: str = "", *, default: Any = None) -> Any:
        value = raw.get(name)
        if value is None or value == "":
            return default
        if value in (True, "true", "on", "1", 1):
            return True
        if value in (False, "false", "off", "0", 0):
            return False
        self.note(name, where, _("This must be true or false."))
        return default

    def id(self, raw: Mapping[str, Any], name: str, where: str = "") -> UUID | None:
        value = raw.get(name)
        if value is None or value == "":
            return None
        try:
            return value if isinstance(value, UUID) else UUID(str(value))
        except ValueError:
            self.note(name, where, _("This is not an id."))
            return None

    def instant(self, raw: Mapping[str, Any], name: str, now: datetime) -> datetime | None:
        value = raw.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                value = None
        if not isinstance(value, datetime) or value.tzinfo is None:
            self.note(name, "", _("Write the instant with its time zone, such as 2026-11-20T14:30:00Z."))
            return None
        if reason := instant_problem(value, now=now):
            self.note(name, "", reason)
            return None
        return value

    def currency(self, raw: Mapping[str, Any], name: str) -> str:
        value = str(raw.get(name) or "").strip().upper()
        if not is_currency(value):
            self.note(
                name,
                "",
                _("“%(code)s” is not a currency in use. Write three letters, such as EUR.") % {"code": value[:12]}
                if value
                else _("Say the currency: three letters, such as EUR."),
            )
        return value[:3]

    def place(self, raw: Mapping[str, Any], name: str) -> Mapping[str, str] | None:
        value = raw.get(name)
        if value in (None, "", {}):
            return None
        if not isinstance(value, Mapping):
            self.note(name, "", _("An address has name, street, postal_code, city and country."))
            return None
        return {part: text for part in _PLACE if (text := self.text(value, part, 240, name))}
