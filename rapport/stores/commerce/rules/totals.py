"""What an order comes to: discounts, tax inside or on top of prices, and contribution margin, line by line.

Each line is rounded to the minor unit and the order is the sum of its lines, so that what is printed adds up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from rapport.stores.commerce.rules.money import ZERO, allocate, minor_unit, rounded


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line as it was entered. `discount` is off the line as a whole; `unit_cost` None: not known."""

    quantity: Decimal
    unit_price: Decimal
    discount: Decimal = ZERO
    tax_rate: Decimal = ZERO  # a share: 0.21
    unit_cost: Decimal | None = None


@dataclass(frozen=True)
class LineTotals:
    gross: Decimal  # quantity times price
    order_share: Decimal  # its part of the discount on the whole order
    net: Decimal
    tax: Decimal
    cost: Decimal | None
    margin: Decimal | None


@dataclass(frozen=True)
class Totals:
    """total = net + shipping + tax, where tax holds that of shipping too. Cost and margin: None while a cost is unknown."""

    lines: tuple[LineTotals, ...]
    subtotal: Decimal
    discount: Decimal
    net: Decimal
    shipping: Decimal
    tax: Decimal
    total: Decimal
    cost: Decimal | None
    margin: Decimal | None


def totals(
    lines: Sequence[Line],
    *,
    currency: str,
    order_discount: Decimal = ZERO,
    shipping: Decimal = ZERO,
    shipping_tax_rate: Decimal = ZERO,
    prices_include_tax: bool = True,
) -> Totals:
    """The discount on the order is shared out by what each line comes to after its own."""
    gross = [rounded(line.quantity * line.unit_price, currency) for line in lines]
    after = [amount - line.discount for amount, line in zip(gross, lines, strict=True)]
    shares = allocate(order_discount, after, currency)
    found = []
    for line, amount, left, share in zip(lines, gross, after, shares, strict=True):
        net, tax = net_and_tax(left - share, line.tax_rate, currency, included=prices_include_tax)
        cost = None if line.unit_cost is None else rounded(line.quantity * line.unit_cost, currency)
        found.append(LineTotals(amount, share, net, tax, cost, None if cost is None else net - cost))
    shipping_net, shipping_tax = net_and_tax(shipping, shipping_tax_rate, currency, included=prices_include_tax)
    net = sum((one.net for one in found), ZERO)
    tax = sum((one.tax for one in found), shipping_tax)
    costs = [one.cost for one in found if one.cost is not None]
    cost = sum(costs, ZERO) if len(costs) == len(found) else None
    return Totals(
        lines=tuple(found),
        subtotal=sum(gross, ZERO),
        discount=sum((line.discount for line in lines), order_discount),
        net=net,
        shipping=shipping_net,
        tax=tax,
        total=net + shipping_net + tax,
        cost=cost,
        margin=None if cost is None else net - cost,
    )


def net_and_tax(amount: Decimal, rate: Decimal, currency: str, *, included: bool) -> tuple[Decimal, Decimal]:
    """An amount parted into what is the firm's and what is tax."""
    if not included:
        return amount, rounded(amount * rate, currency)
    net = rounded(amount / (1 + rate), currency)
    return net, amount - net


def within_rounding(found: Totals, said: Decimal, currency: str) -> Totals:
    """The same totals coming to what was said, where they differ by no more than a minor unit a line; else as they were."""
    difference = said - found.total
    if not difference or not found.lines or abs(difference) > minor_unit(currency) * (len(found.lines) + 1):
        return found
    place = max(range(len(found.lines)), key=lambda i: found.lines[i].tax)
    if found.lines[place].tax + difference < 0:
        return found
    lines = list(found.lines)
    lines[place] = replace(lines[place], tax=lines[place].tax + difference)
    return replace(found, lines=tuple(lines), tax=found.tax + difference, total=said)
