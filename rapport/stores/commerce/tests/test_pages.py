"""Pages of orders, products and subscriptions, as people use them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from rapport.foundation.accounts.models import User
from rapport.foundation.lib import clock
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.stores.commerce.models import Order, PriceList, Product, Rate, Subscription, TouchCost
from rapport.stores.commerce.services import orders, settings, subscriptions, taking_up
from rapport.stores.commerce.tests.factories import line, make_order, make_product
from rapport.stores.customers.models import Customer
from rapport.stores.customers.tests.factories import make_customer
from rapport.stores.ledger.tests.factories import touch

pytestmark = pytest.mark.django_db
BASE = "/w/kestrel"
D = Decimal


@pytest.fixture
def browser(ada: User, client_for: Callable[[User | None], Client]) -> Client:
    found = client_for(ada)
    found.get(f"{BASE}/settings/")
    return found


@pytest.fixture
def marta(workspace: Any) -> Customer:
    return make_customer()


def text(response: Any) -> str:
    return str(response.content.decode())


def order_url(order: Order) -> str:
    return f"{BASE}/records/order/{order.pk}/"


def test_order_page_shows_lines_totals_margin_shipments_payments_and_what_is_next(
    browser: Client, marta: Customer
) -> None:
    make_product()
    order = make_order(marta, {"sku": "LT3", "quantity": 2}, line(), number="K-1")
    orders.pay_order(actor=SYSTEM, order_id=order.pk, amount=D(10720), method="transfer")
    orders.ship_order(actor=SYSTEM, order_id=order.pk, carrier="Our own van", tracking="3S77")

    page = text(browser.get(order_url(order)))

    for said in (
        "K-1",
        "Longtail 3",
        "Marta Oliveira",
        "€10,720",
        "transfer",
        "Our own van",
        "3S77",
        "Mark as delivered",
        "1 line has no cost",
    ):
        assert said in page, said


def test_order_page_costs_the_same_for_one_line_and_for_fifty(
    browser: Client, marta: Customer, django_assert_max_num_queries: Any
) -> None:
    small = make_order(marta, line())
    large = make_order(marta, *[line(name=f"Part {n}") for n in range(50)])
    for order in (small, large):
        orders.ship_order(actor=SYSTEM, order_id=order.pk)

    with django_assert_max_num_queries(15) as one:
        browser.get(order_url(small))
    with django_assert_max_num_queries(len(one)):
        browser.get(order_url(large))


def test_lists_show_amounts_with_their_currency_and_what_kind_of_thing_a_row_is(
    browser: Client, marta: Customer
) -> None:
    make_product(price="1250.5")
    make_order(marta, line(unit_price="1250.5"), number="K-1", currency="USD")
    subscriptions.start_subscription(
        actor=SYSTEM, customer_id=marta.pk, name="Service", interval="month", amount=D("9.5"), currency="EUR"
    )

    products, placed, subscribed, people = (
        text(browser.get(f"{BASE}/{place}/"))
        for place in ("commerce/products", "commerce/orders", "commerce/subscriptions", "customers")
    )

    assert "€1,250.50" in products
    assert "US$1,250.50" in placed
    assert "€9.50" in subscribed
    for page, mark in ((products, "package"), (placed, "shopping-bag"), (subscribed, "refresh")):
        (head,) = re.findall(r'<a class="r-who"[^>]*>(.*?)</span>', page)
        assert f"#{mark}" in head
        assert "r-av-icon" in head
    assert "r-av-icon" not in people
    assert ">MO</span>" in people


def test_facts_of_a_product_show_its_price_with_the_currency(browser: Client) -> None:
    product = make_product(price="1250.5")

    assert "€1,250.50" in text(browser.get(f"{BASE}/records/product/{product.pk}/"))


def test_recent_changes_say_in_words_what_was_done_with_orders_and_subscriptions(
    browser: Client, actor: Actor, marta: Customer
) -> None:
    order = make_order(marta, line(), number="K-1", actor=actor)
    orders.ship_order(actor=actor, order_id=order.pk)
    row, _ = subscriptions.start_subscription(
        actor=actor, customer_id=marta.pk, name="Service", interval="month", amount=D(9), currency="EUR"
    )
    subscriptions.end_subscription(actor=actor, subscription_id=row.pk)

    page = text(browser.get(f"{BASE}/records/changes"))

    for said in ("placed the order", "shipped the order", "started the subscription", "ended the subscription"):
        assert said in page, said
    assert "order_" not in page
    assert "subscription_" not in page


def test_order_is_made_through_the_form(browser: Client, marta: Customer) -> None:
    product = make_product()
    url = f"{BASE}/commerce/orders/new"

    begun = browser.get(f"{url}?customer={marta.pk}")
    basket = {"customer": str(marta.pk), "currency": "EUR", "prices_include_tax": "on", "channel": "shop"}
    added = browser.post(url, {**basket, "product": str(product.pk), "do": "add"})
    rows = {"line": "0", "line-0-product_id": str(product.pk), "line-0-name": "Longtail 3", "line-0-quantity": "2"}
    live = browser.post(url, {**basket, **rows, "shipping": "30"}, headers={"HX-Request": "true"})
    placed = browser.post(url, {**basket, **rows, "shipping": "30", "do": "place"})

    order = Order.objects.get()
    assert "Marta Oliveira" in text(begun)
    assert "Longtail 3" in text(added)
    assert "€10,730" in text(live)
    assert "<html" not in text(live)
    assert (placed.status_code, placed.headers["Location"]) == (303, order_url(order))
    assert (order.total, order.status, order.customer_id) == (D(10730), "placed", marta.pk)


def test_product_that_was_picked_stays_picked_until_it_is_added(browser: Client, marta: Customer) -> None:
    product, _other = make_product(), make_product("Longtail 4", sku="LT4")
    url = f"{BASE}/commerce/orders/new"
    basket = {"customer": str(marta.pk), "currency": "EUR", "channel": "shop", "product__q": "longtail"}

    while_typing = text(browser.post(url, {**basket, "product": str(product.pk)}, headers={"HX-Request": "true"}))
    added = text(browser.post(url, {**basket, "product": str(product.pk), "do": "add"}))
    which = text(browser.post(url, {**basket, "do": "add"}))

    assert f'value="{product.pk}" checked' in while_typing
    assert f'value="{product.pk}" checked' not in added
    assert 'name="line-0-name" value="Longtail 3"' in added
    assert "Longtail 4" in which
    assert 'name="line-0-name"' not in which


def test_form_says_what_is_wrong_beside_the_line_and_keeps_what_was_typed(browser: Client, marta: Customer) -> None:
    url = f"{BASE}/commerce/orders/new"
    basket = {"customer": str(marta.pk), "currency": "EUR", "channel": "shop", "do": "place"}
    rows = {"line": "0", "line-0-name": "Bell", "line-0-quantity": "-2", "line-0-unit_price": "20"}

    refused = browser.post(url, {**basket, **rows})
    empty = browser.post(url, basket)

    assert refused.status_code == empty.status_code == 422
    assert "Goods that come back are a return." in text(refused)
    assert 'value="Bell"' in text(refused)
    assert "at least one line" in text(empty)
    assert not Order.objects.exists()


def test_cart_is_saved_changed_and_placed(browser: Client, marta: Customer) -> None:
    url = f"{BASE}/commerce/orders/new"
    basket = {"customer": str(marta.pk), "currency": "EUR", "channel": "shop"}
    rows = {"line": "0", "line-0-name": "Bell", "line-0-quantity": "1", "line-0-unit_price": "20"}
    browser.post(url, {**basket, **rows, "do": "save"})
    cart = Order.objects.get()

    shown = text(browser.get(f"{BASE}/commerce/orders/{cart.pk}/edit"))
    browser.post(f"{BASE}/commerce/orders/{cart.pk}/edit", {**basket, **rows, "line-0-quantity": "3", "do": "save"})
    removed = browser.post(f"{BASE}/commerce/orders/{cart.pk}/edit", {**basket, **rows, "do": "remove-0"})
    browser.post(f"{BASE}/commerce/orders/{cart.pk}/place", {})
    late = browser.get(f"{BASE}/commerce/orders/{cart.pk}/edit")

    order = Order.objects.get()
    assert 'value="20"' in shown
    assert 'name="line"' not in text(removed)
    assert (order.total, order.status) == (D(60), "placed")
    assert late.status_code == 303


@pytest.mark.parametrize("slug", ["pay", "ship", "deliver", "return", "refund", "cancel"])
def test_acts_are_forms_that_work_as_pages_and_say_when_they_make_no_sense(
    browser: Client, marta: Customer, slug: str
) -> None:
    fresh, full = make_order(marta), make_order(marta)
    orders.ship_order(actor=SYSTEM, order_id=full.pk)
    orders.pay_order(actor=SYSTEM, order_id=full.pk, amount=D(5))
    order = fresh if slug in ("ship", "cancel") else full

    form = browser.get(f"{BASE}/commerce/orders/{order.pk}/{slug}")
    values = {"amount": "5", "shipment": str(order.shipments.first().pk) if slug == "deliver" else "", "reason": "x"}
    lines = {f"items.{each.pk}": "1" for each in order.lines.all()} if slug in ("ship", "return") else {}
    wrong = browser.post(
        f"{BASE}/commerce/orders/{order.pk}/{slug}", {**values, **lines, "amount": "-5", "at": "2199-01-01T10:00"}
    )
    done = browser.post(f"{BASE}/commerce/orders/{order.pk}/{slug}", {**values, **lines})
    senseless = browser.get(f"{BASE}/commerce/orders/{make_order(marta).pk}/refund")

    assert form.status_code == 200
    assert wrong.status_code == (303 if slug == "cancel" else 422)
    assert done.status_code == 303
    assert senseless.status_code == 303


def test_act_is_undone_from_the_page(browser: Client, marta: Customer) -> None:
    order = make_order(marta)
    browser.post(f"{BASE}/commerce/orders/{order.pk}/pay", {"amount": "20"})

    history = text(browser.get(f"{BASE}/records/order/{order.pk}/history"))
    undo = history.split('action="')[1:]
    url = next(part.split('"')[0] for part in undo if "/undo" in part)
    browser.post(url)

    assert "Payment" in history
    assert Order.objects.get().status == "placed"
    assert Order.objects.get().paid == 0


def test_lists_have_views_filters_and_search(browser: Client, marta: Customer) -> None:
    paid, open_ = make_order(marta, number="PAID-1"), make_order(marta, number="OPEN-1")
    orders.pay_order(actor=SYSTEM, order_id=paid.pk, amount=D(20))
    orders.ship_order(actor=SYSTEM, order_id=paid.pk)
    orders.deliver_shipment(actor=SYSTEM, order_id=paid.pk)

    everything = text(browser.get(f"{BASE}/commerce/orders/"))
    still_open = text(browser.get(f"{BASE}/commerce/orders/?view=open"))
    to_ship = text(browser.get(f"{BASE}/commerce/orders/?view=to-ship"))
    unpaid = text(browser.get(f"{BASE}/commerce/orders/?view=unpaid"))
    found = text(browser.get(f"{BASE}/commerce/orders/?q=paid-1"))

    assert "PAID-1" in everything
    assert "OPEN-1" in everything
    for page in (still_open, to_ship, unpaid):
        assert "OPEN-1" in page
        assert "PAID-1" not in page
    assert "PAID-1" in found
    assert open_.number not in found


@pytest.mark.parametrize("path", ["orders", "products", "subscriptions"])
def test_lists_cost_the_same_for_few_and_for_many(
    browser: Client, marta: Customer, path: str, django_assert_max_num_queries: Any
) -> None:
    make_product(sku="P0")
    make_order(marta)
    subscriptions.start_subscription(
        actor=SYSTEM, customer_id=marta.pk, interval="month", currency="EUR", name="Box", amount=D(10)
    )
    with django_assert_max_num_queries(15) as few:
        browser.get(f"{BASE}/commerce/{path}/")
    for n in range(12):
        other = make_customer(f"Customer {n}")
        make_product(f"Product {n}", sku=f"P{n + 1}")
        make_order(other)
        subscriptions.start_subscription(
            actor=SYSTEM, customer_id=other.pk, interval="month", currency="EUR", name="Box", amount=D(10)
        )

    with django_assert_max_num_queries(len(few)):
        browser.get(f"{BASE}/commerce/{path}/")


def test_customer_page_shows_orders_what_was_bought_and_margin_after_serving(browser: Client, marta: Customer) -> None:
    make_product()
    order = make_order(marta, {"sku": "LT3", "quantity": 2}, number="K-1")
    orders.ship_order(actor=SYSTEM, order_id=order.pk, promised_on=(clock.now() - timedelta(days=2)).date())
    make_order(marta, line(), number="K-2")
    subscriptions.start_subscription(
        actor=SYSTEM, customer_id=marta.pk, interval="year", currency="EUR", name="Service plan Plus", amount=D(390)
    )
    settings.set_touch_cost(actor=SYSTEM, channel="phone", kind="", amount=D("7.50"))
    touch(marta.pk, channel="phone", kind="call_made")

    customer_page = text(browser.get(f"{BASE}/customers/{marta.pk}/"))
    panel = text(browser.get(f"{BASE}/commerce/customers/{marta.pk}/orders", headers={"HX-Request": "true"}))

    assert f"/commerce/customers/{marta.pk}/orders" in customer_page
    assert "<html" not in panel
    for said in ("K-1", "K-2", "€10,720", "Late", "Longtail 3", "2 ×", "Service plan Plus", "€7.50", "without 1 order"):
        assert said in panel, said
    assert "€2,435.48" in panel  # 10,700 / 1.21 less 6,400 of cost, less one call


def test_customer_panel_leaves_out_what_can_not_be_converted_and_says_so(browser: Client, marta: Customer) -> None:
    make_order(marta, line(), currency="USD")
    make_order(marta, line(), currency="CHF")
    settings.set_rate(actor=SYSTEM, currency="USD", rate=D("0.5"), valid_from=datetime(2020, 1, 1, tzinfo=UTC).date())

    page = text(browser.get(f"{BASE}/commerce/customers/{marta.pk}/orders"))

    assert "1, €10<" in page
    assert "1 order in a currency without a rate" in page


def test_customer_panel_costs_a_fixed_number_of_queries(
    marta: Customer, actor: Actor, django_assert_max_num_queries: Any
) -> None:
    from rapport.stores.commerce.queries.customer_orders import customer_orders

    settings.set_touch_cost(actor=SYSTEM, channel="", kind="", amount=D(1))
    for _ in range(8):
        order = make_order(marta, line(), line(name="Horn"))
    orders.ship_order(actor=SYSTEM, order_id=order.pk)

    with django_assert_max_num_queries(7):
        found = customer_orders(actor=actor, ids=[marta.pk], today=clock.now().date())

    assert found is not None
    assert (found.sums.orders, found.more) == (8, 3)


def test_orders_stay_with_the_customer_through_merge_and_export(browser: Client, actor: Actor, marta: Customer) -> None:
    from rapport.stores.customers.services.merges import merge_customers

    other = make_customer("M. Oliveira")
    make_order(other, number="K-9")
    merge_customers(actor=actor, surviving_id=marta.pk, absorbed_id=other.pk, chosen={})

    page = text(browser.get(f"{BASE}/commerce/customers/{other.pk}/orders"))
    listed = text(browser.get(f"{BASE}/commerce/orders/"))

    assert "K-9" in page
    assert "Marta Oliveira" in listed


def test_product_is_added_and_its_page_says_what_was_sold(browser: Client, marta: Customer) -> None:
    added = browser.post(
        f"{BASE}/records/product/new",
        {"name": "Longtail 3", "sku": "LT3", "price": "5350", "cost": "3200", "currency": "EUR", "is_sold": "true"},
    )
    product = Product.objects.get()
    order = make_order(marta, {"sku": "LT3"}, number="K-1")
    orders.ship_order(actor=SYSTEM, order_id=order.pk)

    page = text(browser.get(f"{BASE}/records/product/{product.pk}/"))

    assert added.status_code == 303
    for said in ("€5,350", "€2,150", "K-1", "Marta Oliveira", "in 1 order"):
        assert said in page, said


def test_pages_of_products_and_subscriptions_ask_few_questions(
    browser: Client, marta: Customer, django_assert_max_num_queries: Any
) -> None:
    product = make_product()
    make_order(marta, {"sku": "LT3"})
    row, _ = subscriptions.start_subscription(
        actor=SYSTEM, customer_id=marta.pk, interval="month", currency="EUR", product_id=product.pk
    )

    with django_assert_max_num_queries(15):
        browser.get(f"{BASE}/records/product/{product.pk}/")
    with django_assert_max_num_queries(15):
        browser.get(f"{BASE}/records/subscription/{row.pk}/")


def test_forms_and_panels_of_orders_ask_few_questions(
    browser: Client, marta: Customer, django_assert_max_num_queries: Any
) -> None:
    make_product()
    order = make_order(marta, {"sku": "LT3", "quantity": 2}, line())
    orders.ship_order(actor=SYSTEM, order_id=order.pk)
    orders.pay_order(actor=SYSTEM, order_id=order.pk, amount=D(20))
    settings.set_touch_cost(actor=SYSTEM, channel="", kind="", amount=D(1))

    for path in ("pay", "deliver", "return", "refund"):
        with django_assert_max_num_queries(15):
            assert browser.get(f"{BASE}/commerce/orders/{order.pk}/{path}").status_code == 200
    with django_assert_max_num_queries(15):
        browser.get(f"{BASE}/commerce/customers/{marta.pk}/orders")


def test_payments_and_refunds_stand_on_the_page_in_their_order(browser: Client, marta: Customer) -> None:
    order = make_order(marta, number="K-1")
    orders.pay_order(actor=SYSTEM, order_id=order.pk, amount=D(20), method="transfer", reference="R-77")
    orders.refund_order(actor=SYSTEM, order_id=order.pk, amount=D(5), reason="scratched")

    page = text(browser.get(order_url(order)))

    for said in ("transfer", "R-77", "−€5", "scratched"):
        assert said in page, said
    assert page.index("R-77") < page.index("scratched")


def test_subscription_is_started_renewed_ended_and_each_can_be_taken_back(
    browser: Client, actor: Actor, marta: Customer
) -> None:
    from rapport.foundation.records.services.undo import undo

    product = make_product("Plan", sku="PLAN", price="30", kind="service")
    begun = browser.post(f"{BASE}/commerce/subscriptions/new", {
        "customer": str(marta.pk), "product_id": str(product.pk), "interval": "month", "quantity": "1", "currency": "EUR", "started_on": "2026-01-31",
    })  # fmt: skip
    row = Subscription.objects.get()
    refused = browser.post(
        f"{BASE}/commerce/subscriptions/new",
        {"customer": str(uuid4()), "interval": "month", "quantity": "0", "currency": "EUR"},
    )
    browser.post(f"{BASE}/commerce/subscriptions/{row.pk}/renew", {"renewed_on": "2026-02-28"})
    renewed = Subscription.objects.get()
    _row, ended = subscriptions.end_subscription(actor=actor, subscription_id=row.pk, reason="moved")
    undo(actor=actor, operation_id=ended.id)

    assert (begun.status_code, refused.status_code) == (303, 422)
    assert (row.name, row.amount, str(row.renews_on)) == ("Plan", D(30), "2026-02-28")
    assert (renewed.renewals, str(renewed.renews_on)) == (1, "2026-03-31")
    assert Subscription.objects.get().status == "active"
    assert browser.get(f"{BASE}/commerce/subscriptions/{row.pk}/end").status_code == 200


def test_rates_costs_and_price_lists_are_set_on_their_pages(browser: Client, marta: Customer) -> None:
    product = make_product()

    browser.post(f"{BASE}/commerce/rates/", {"currency": "USD", "rate": "0.9", "valid_from": "2026-01-01"})
    own = browser.post(f"{BASE}/commerce/rates/", {"currency": "EUR", "rate": "0.9", "valid_from": "2026-01-01"})
    browser.post(f"{BASE}/commerce/costs/", {"channel": "phone", "kind": "", "amount": "5"})
    browser.post(
        f"{BASE}/commerce/price-lists/",
        {"name": "Autumn", "currency": "EUR", "valid_from": "2026-09-01", "is_standard": "on"},
    )
    held = PriceList.objects.get()
    browser.post(
        f"{BASE}/commerce/price-lists/{held.pk}/",
        {"do": "price", "product": str(product.pk), "from_quantity": "3", "amount": "5000"},
    )
    browser.post(
        f"{BASE}/commerce/price-lists/{held.pk}/",
        {"do": "list", "name": "Fall", "currency": "EUR", "is_standard": "on"},
    )
    order = make_order(marta, {"sku": "LT3", "quantity": 3})

    assert (Rate.objects.get().rate, TouchCost.objects.get().amount) == (D("0.9"), D(5))
    assert own.status_code == 422
    assert PriceList.objects.get().name == "Fall"
    assert order.total == D(15000)
    for path, said in (
        ("rates", "USD"),
        ("costs", "Phone"),
        ("price-lists", "Fall"),
        (f"price-lists/{held.pk}", "Longtail 3"),
    ):
        assert said in text(browser.get(f"{BASE}/commerce/{path}/"))
    for path, pk in (("rates", Rate.objects.get().pk), ("costs", TouchCost.objects.get().pk)):
        browser.post(f"{BASE}/commerce/{path}/{pk}/remove")
    browser.post(f"{BASE}/commerce/price-lists/{held.pk}/prices/{held.prices.get().pk}/remove")
    browser.post(f"{BASE}/commerce/price-lists/{held.pk}/remove")
    assert not Rate.objects.exists()
    assert not TouchCost.objects.exists()
    assert not PriceList.objects.exists()


def test_what_was_not_taken_up_is_listed_with_its_reason(browser: Client, marta: Customer) -> None:
    touch(
        marta.pk,
        kind="order_placed",
        amount=D(5),
        currency="EUR",
        properties={"order": "K-7", "lines": [{"sku": "A", "quantity": -1}]},
    )
    taking_up.take_up()

    page = text(browser.get(f"{BASE}/commerce/orders/unread"))

    assert "K-7" in page
    assert "Goods that come back are a return." in page
