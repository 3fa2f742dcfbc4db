"""Sums that add up to the cent, and states that follow from what happened."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.stores.commerce.rules import states
from rapport.stores.commerce.rules.costs import cost_of, cost_to_serve
from rapport.stores.commerce.rules.drafts import complete, read_draft, totals_of
from rapport.stores.commerce.rules.money import allocate, is_exact, minor_unit, rounded
from rapport.stores.commerce.rules.products import ListedPrice, category_path, price_for
from rapport.stores.commerce.rules.rates import Rates
from rapport.stores.commerce.rules.states import Facts, LineFacts, delivery_of, status_of
from rapport.stores.commerce.rules.subscriptions import renews_on
from rapport.stores.commerce.rules.totals import Line, totals
from rapport.stores.commerce.types import Act, Delivery, Status

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD", "USD"])
D = Decimal


def amounts(currency: str, most: int = 100_000) -> st.SearchStrategy[Decimal]:
    return st.integers(0, most).map(lambda n: n * minor_unit(currency))


@st.composite
def baskets(draw: st.DrawFn) -> dict[str, Any]:
    currency = draw(CURRENCIES)
    lines = []
    for _ in range(draw(st.integers(1, 8))):
        quantity = draw(st.decimals("0.001", "50", places=3))
        price = draw(st.decimals("0", "5000", places=4))
        gross = rounded(quantity * price, currency)
        unit = minor_unit(currency)
        discount = draw(st.integers(0, int(gross / unit))) * unit
        rate = draw(st.sampled_from([D("0"), D("0.07"), D("0.19"), D("0.21"), D("0.055")]))
        cost = draw(st.none() | st.decimals("0", "3000", places=4))
        lines.append(Line(quantity=quantity, unit_price=price, discount=discount, tax_rate=rate, unit_cost=cost))
    left = sum((rounded(one.quantity * one.unit_price, currency) - one.discount for one in lines), D(0))
    off = draw(st.integers(0, int(left / minor_unit(currency)))) * minor_unit(currency)
    return {
        "lines": lines,
        "currency": currency,
        "order_discount": off,
        "shipping": draw(amounts(currency, 5000)),
        "shipping_tax_rate": draw(st.sampled_from([D("0"), D("0.21")])),
        "prices_include_tax": draw(st.booleans()),
    }


@given(baskets())
def test_order_is_the_sum_of_its_lines_to_the_cent(basket: dict[str, Any]) -> None:
    found = totals(**basket)
    currency = basket["currency"]

    assert found.total == found.net + found.shipping + found.tax
    assert sum(one.net for one in found.lines) == found.net
    assert sum(one.order_share for one in found.lines) == basket["order_discount"]
    amounts_of_all = (found.total, found.net, found.tax, found.shipping, found.discount, found.subtotal)
    assert all(is_exact(amount, currency) for amount in amounts_of_all)
    assert all(one.net >= 0 and one.tax >= 0 and one.order_share >= 0 for one in found.lines)
    if basket["prices_include_tax"]:
        assert found.total == found.subtotal - found.discount + basket["shipping"]


@given(baskets())
def test_margin_is_net_less_cost_and_unknown_with_the_first_unknown_cost(basket: dict[str, Any]) -> None:
    found = totals(**basket)

    if all(line.unit_cost is not None for line in basket["lines"]):
        assert found.margin == sum(one.margin or D(0) for one in found.lines) == found.net - (found.cost or D(0))
    else:
        assert found.margin is None


@given(CURRENCIES, st.data())
def test_parts_of_a_sum_add_up_to_it_and_follow_their_weights(currency: str, data: st.DataObject) -> None:
    total = data.draw(amounts(currency))
    weights = data.draw(st.lists(amounts(currency), min_size=1, max_size=12))

    parts = allocate(total, weights, currency)

    assert sum(parts) == total
    assert all(part >= 0 for part in parts)
    whole = sum(weights)
    if whole:
        unit = minor_unit(currency)
        assert all(abs(part - total * weight / whole) < unit for part, weight in zip(parts, weights, strict=True))


def test_cents_that_are_left_go_to_who_was_cut_off_most() -> None:
    assert allocate(D("10.00"), [D(1), D(1), D(1)], "EUR") == [D("3.34"), D("3.33"), D("3.33")]
    assert allocate(D("100"), [D(1), D(2)], "JPY") == [D("33"), D("67")]


def test_tax_lies_within_prices_or_comes_on_top() -> None:
    line = Line(quantity=D(2), unit_price=D("60.50"), tax_rate=D("0.21"), unit_cost=D("30"))

    inside = totals([line], currency="EUR")
    on_top = totals([line], currency="EUR", prices_include_tax=False)

    assert (inside.net, inside.tax, inside.total, inside.margin) == (D("100.00"), D("21.00"), D("121.00"), D("40.00"))
    assert (on_top.net, on_top.tax, on_top.total) == (D("121.00"), D("25.41"), D("146.41"))


def problems_of(**values: Any) -> dict[str, str]:
    raw = {"currency": "EUR", "lines": [{"name": "Bell", "quantity": 1, "unit_price": "20"}], **values}
    draft, problems = read_draft(raw, now=NOW)
    return problems or complete(draft, {}, costs={})[1]


@pytest.mark.parametrize(
    ("values", "field", "word"),
    [
        ({"currency": "EURO"}, "currency", "not a currency"),
        ({"currency": "XXX"}, "currency", "not a currency"),
        ({"currency": ""}, "currency", "three letters"),
        ({"lines": []}, "lines", "at least one"),
        ({"lines": [{"name": "Bell", "quantity": -1, "unit_price": 2}]}, "lines.0.quantity", "a return"),
        ({"lines": [{"name": "Bell", "quantity": 1, "unit_price": -2}]}, "lines.0.unit_price", "negative"),
        ({"lines": [{"name": "Bell", "quantity": "many"}]}, "lines.0.quantity", "a number"),
        ({"lines": [{"quantity": 1, "unit_price": 2}]}, "lines.0", "Name the product"),
        ({"lines": [{"name": "Bell", "unit_price": 2, "discount": 3}]}, "lines.0.discount", "larger than the line"),
        ({"lines": [{"name": "Bell"}]}, "lines.0.unit_price", "no price"),
        ({"lines": [{"name": "Bell", "unit_price": 2, "tax_rate": 21}]}, "lines.0.tax_rate", "0.21"),
        ({"discount": "21"}, "discount", "larger than the order"),
        ({"discount": "0.001"}, "discount", "no smaller unit"),
        ({"placed_at": "2027-01-01T00:00:00Z"}, "placed_at", "future"),
        ({"placed_at": "2026-01-01T00:00:00"}, "placed_at", "time zone"),
        ({"placed_at": "yesterday"}, "placed_at", "time zone"),
        ({"total": "-5"}, "total", "negative"),
        ({"prices_include_tax": False, "total": "99"}, "total", "come to"),
        ({"ship_to": "home"}, "ship_to", "address"),
    ],
)  # fmt: skip
def test_bad_orders_are_refused_by_field_with_a_way_to_mend_them(values: dict[str, Any], field: str, word: str) -> None:
    problems = problems_of(**values)

    assert word in problems[field], problems


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
                        ["lines", "currency", "quantity", "unit_price", "name", "discount", "tax_rate", "total", "sku"]), inner, max_size=5), max_leaves=20))  # fmt: skip
def test_whatever_is_sent_is_read_or_refused(value: Any) -> None:
    for raw in ({"lines": value, "currency": "EUR"}, {"lines": [value], "currency": "EUR"}, value):
        if isinstance(raw, dict):
            draft, problems = read_draft(raw, now=NOW)
            if not problems and not complete(draft, {}, costs={})[1]:
                assert totals_of(complete(draft, {}, costs={})[0]).total >= 0


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_what_a_source_calls_the_total_is_what_the_order_comes_to(price: int, total: int) -> None:
    """Less than its lines is a discount, more is for shipping."""
    raw = {
        "currency": "EUR",
        "total": str(D(total) / 100),
        "lines": [{"name": "Bell", "unit_price": str(D(price) / 100)}],
    }
    draft, _ = read_draft(raw, now=NOW)

    completed, problems = complete(draft, {}, costs={})

    assert problems == {}
    assert totals_of(completed).total == D(total) / 100


def test_cents_of_rounding_by_the_order_go_into_the_tax() -> None:
    lines = [{"name": "Nut", "quantity": 1, "unit_price": "0.33", "tax_rate": "0.19"} for _ in range(3)]
    draft, _ = read_draft(
        {"currency": "EUR", "prices_include_tax": False, "total": "1.18", "lines": lines}, now=NOW
    )  # line by line it would be 1.17

    completed, problems = complete(draft, {}, costs={})

    assert problems == {}
    assert (totals_of(completed).total, totals_of(completed).net) == (D("1.18"), D("0.99"))


# States


def facts(**values: Any) -> Facts:
    lines = values.pop("lines", [LineFacts(id="a", quantity=D(2))])
    return Facts(**{"total": D(100), "placed_at": NOW, "lines": lines, **values})


def goods(**values: Any) -> list[LineFacts]:
    return [LineFacts(id="a", quantity=D(2), **{name: D(value) for name, value in values.items()})]


@pytest.mark.parametrize(
    ("given_facts", "status", "delivery"),
    [
        (facts(placed_at=None), Status.CART, Delivery.OPEN),
        (facts(), Status.PLACED, Delivery.OPEN),
        (facts(paid=D(99)), Status.PLACED, Delivery.OPEN),
        (facts(paid=D(100)), Status.PAID, Delivery.OPEN),
        (facts(paid=D(100), lines=goods(shipped=1), shipments=1), Status.PAID, Delivery.PART),
        (facts(lines=goods(shipped=2), shipments=1), Status.SHIPPED, Delivery.UNDER_WAY),
        (facts(lines=goods(shipped=2), shipments=1, delivered=1), Status.SHIPPED, Delivery.DELIVERED),
        (facts(paid=D(100), lines=goods(shipped=2), shipments=1, delivered=1), Status.COMPLETED, Delivery.DELIVERED),
        (facts(paid=D(100), lines=goods(shipped=2, returned=2), shipments=1), Status.RETURNED, Delivery.UNDER_WAY),
        (facts(cancelled_at=NOW, paid=D(100)), Status.CANCELLED, Delivery.OPEN),
        (facts(paid=D(100), lines=[LineFacts(id="a", quantity=D(1), needs_shipping=False)]), Status.COMPLETED, Delivery.NOTHING),
    ],
)  # fmt: skip
def test_status_follows_from_what_happened(given_facts: Facts, status: Status, delivery: Delivery) -> None:
    assert (status_of(given_facts), delivery_of(given_facts)) == (status, delivery)


def test_each_state_allows_what_makes_sense_in_it() -> None:
    assert states.possible(facts(placed_at=None)) == {Act.SAVE_CART, Act.PLACE, Act.CANCEL}
    assert states.possible(facts()) == {Act.PAY, Act.SHIP, Act.CANCEL}
    assert states.possible(facts(paid=D(100))) == {Act.SHIP, Act.REFUND, Act.CANCEL}
    assert states.possible(facts(lines=goods(shipped=2), shipments=1)) == {Act.PAY, Act.DELIVER, Act.RETURN}
    assert states.possible(facts(cancelled_at=NOW, paid=D(5))) == {Act.REFUND}
    assert states.possible(facts(cancelled_at=NOW)) == set()


# Prices, rates, costs, renewals


def test_price_is_that_of_the_largest_quantity_reached_in_the_list_that_holds() -> None:
    product, wholesale = uuid4(), uuid4()
    prices = [
        ListedPrice(list_id=wholesale, product_id=product, currency="EUR", amount=D(70), is_standard=False),
        ListedPrice(list_id=uuid4(), product_id=product, currency="EUR", amount=D(100)),
        ListedPrice(list_id=uuid4(), product_id=product, currency="EUR", amount=D(90), from_quantity=D(10)),
        ListedPrice(list_id=uuid4(), product_id=product, currency="EUR", amount=D(80), valid_from=date(2026, 11, 1), valid_until=date(2026, 11, 30)),
        ListedPrice(list_id=uuid4(), product_id=product, currency="USD", amount=D(110)),
    ]  # fmt: skip

    def price(quantity: int, on: date, currency: str = "EUR", list_id: Any = None) -> Decimal | None:
        return price_for(prices, product_id=product, quantity=D(quantity), currency=currency, on=on, list_id=list_id)

    assert price(1, date(2026, 10, 1)) == 100
    assert price(12, date(2026, 10, 1)) == 90
    assert price(1, date(2026, 11, 30)) == 80
    assert price(1, date(2026, 12, 1)) == 100
    assert price(1, date(2026, 10, 1), "USD") == 110
    assert price(1, date(2026, 10, 1), "JPY") is None
    assert price(1, date(2026, 11, 5), list_id=wholesale) == 70


def test_rate_of_the_day_converts_and_none_is_made_up() -> None:
    rates = Rates.of("EUR", [("USD", date(2026, 1, 1), D("0.9")), ("USD", date(2026, 6, 1), D("0.8"))])

    assert rates.home_amount(D(100), "USD", date(2026, 5, 31)) == 90
    assert rates.home_amount(D(100), "USD", date(2026, 6, 1)) == 80
    assert rates.home_amount(D(100), "USD", date(2025, 12, 31)) is None
    assert rates.home_amount(D(100), "GBP", date(2026, 6, 1)) is None
    assert rates.converted(D(90), "EUR", "USD", date(2026, 2, 1)) == 100


def test_most_specific_price_of_the_cost_table_holds_and_what_has_none_is_counted() -> None:
    table = {("phone", "call_made"): D(8), ("phone", ""): D(5), ("", "letter_posted"): D(2)}

    assert cost_of(table, "phone", "call_made") == 8
    assert cost_of(table, "phone", "call_missed") == 5
    assert cost_of(table, "letter", "letter_posted") == 2
    found = cost_to_serve(table, [("phone", "call_made", 3), ("web", "page_viewed", 40)])
    assert (found.amount, found.priced, found.unpriced) == (24, 3, 40)


def test_renewal_on_the_31st_stays_there_after_a_shorter_month() -> None:
    assert renews_on(date(2026, 1, 31), "month", 0) == date(2026, 2, 28)
    assert renews_on(date(2026, 1, 31), "month", 1) == date(2026, 3, 31)
    assert renews_on(date(2026, 11, 5), "quarter", 0) == date(2027, 2, 5)
    assert renews_on(date(2024, 2, 29), "year", 0) == date(2025, 2, 28)


def test_category_is_a_tidy_path() -> None:
    assert category_path(" Bikes/ Cargo  bikes //") == "Bikes / Cargo bikes"


def test_future_is_not_yet_and_a_day_is_left_for_clocks() -> None:
    _draft, problems = read_draft(
        {"currency": "EUR", "placed_at": (NOW + timedelta(hours=20)).isoformat(), "lines": [{"name": "Bell", "unit_price": 1}]},
        now=NOW,
    )  # fmt: skip

    assert problems == {}
