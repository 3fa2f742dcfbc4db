"""What Rapport has found out about the firm's customers, seen as it is: worked out by the worker, looked at everywhere."""

from __future__ import annotations

import pytest

from rapport.waiting import eventually
from tests.journeys.house import House
from tests.journeys.visitor import Open, Visitor

# Opening the demo asks the worker for all that the nights of three years would have worked out.
ASKED = (
    "select count(*) from public.procrastinate_jobs where task_name = 'demo.work_out' and status in ('todo', 'doing')"
)
FAILED = "select count(*) from public.procrastinate_jobs where task_name = 'demo.work_out' and status = 'failed'"
WORK = 120_000

pytestmark = [pytest.mark.usefixtures("worker"), pytest.mark.timeout(900)]


@pytest.fixture(autouse=True)
def worked_out(house: House, worker: None) -> None:
    eventually(lambda: house.ask(ASKED) == 0, within=600, for_what="the values of the demo firm")
    assert house.ask(FAILED) == 0


def drawn(visitor: Visitor) -> None:
    """Every chart of the page; one draws itself when it is about to be seen."""
    charts = visitor.page.locator("[data-chart]")
    for index in range(charts.count()):
        charts.nth(index).scroll_into_view_if_needed()
        charts.nth(index).locator("svg").first.wait_for()
    visitor.page.evaluate("scrollTo(0, 0)")


def look(visitor: Visitor, path: str, heading: str, name: str) -> None:
    visitor.go(path)
    visitor.page.get_by_role("heading", level=1, name=heading).first.wait_for()
    drawn(visitor)
    visitor.look(name)


def test_sees_what_customers_are_worth(visit: Open) -> None:
    owner = visit("owner")

    look(owner, "insight/", "Lifetime value", "lifetime-value")
    look(owner, "insight/equity", "Customer equity", "equity")
    look(owner, "insight/scorecard/", "Scorecard", "scorecard")
    look(owner, "warehouse/", "Warehouse", "warehouse")

    page = owner.go("insight/equity")
    assert page.locator("[data-chart=bridge] text").first.is_visible()
    page.locator(".r-chart summary").first.click()
    page.locator(".r-chart table").first.wait_for()


def test_sees_patterns_and_asks_questions(visit: Open) -> None:
    owner = visit("owner")
    look(owner, "insight/patterns/", "Patterns", "patterns")

    for path, heading in (
        ("rfm", "Recency and frequency"),
        ("cohorts", "Cohorts"),
        ("baskets", "Bought together"),
        ("groups", "Groups"),
    ):
        page = owner.go(f"insight/{path}/")
        now, anew = (page.get_by_role("button", name=f"Work it out {word}") for word in ("now", "anew"))
        now.or_(anew).first.wait_for(timeout=WORK)
        if now.is_visible():
            now.click()
            anew.wait_for(timeout=WORK)
        look(owner, f"insight/{path}/", heading, path)


def test_sees_orders_products_and_subscriptions(visit: Open) -> None:
    owner = visit("owner")
    page = owner.page

    for path, heading in (("orders", "Orders"), ("products", "Products"), ("subscriptions", "Subscriptions")):
        look(owner, f"commerce/{path}/", heading, path)
        page.locator("tbody th a, tbody a.r-who").first.click()
        page.get_by_role("heading", level=1, name=heading).wait_for(state="detached")
        page.get_by_role("heading", level=1).first.wait_for()
        owner.look(f"one-of-{path}")
