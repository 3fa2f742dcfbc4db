"""Files that come in, and go again."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.journeys.house import House
from tests.journeys.visitor import Open

ORDERS = "select count(*) from touchpoint where kind = 'order_placed' and currency = 'USD'"
BUYERS = (
    "select count(*) from customers_customer c join customers_identity i on i.customer_id = c.id"
    " where i.namespace = 'cdnow' and c.deleted_at is null"
)
WORK = 150_000  # a file of thousands of rows on a busy machine


@pytest.mark.usefixtures("worker")
def test_brings_in_the_orders_of_cdnow_and_takes_them_back(visit: Open, house: House) -> None:
    found = find_spec("lifetimes")
    assert found is not None
    assert found.origin is not None
    sample = Path(found.origin).parent / "datasets" / "CDNOW_sample.txt"

    owner = visit("owner")
    page = owner.go("customers/")
    page.get_by_role("link", name="Import").first.click()
    page.get_by_role("heading", level=1, name="Import a file").wait_for()
    owner.look("file")
    page.locator("[name=into][value=touchpoint]").or_(page.locator("select[name=into]")).first.wait_for()
    if page.locator("select[name=into]").count():
        page.select_option("[name=into]", "touchpoint")
    else:
        page.check("[name=into][value=touchpoint]")
    page.set_input_files("[name=file]", sample)
    page.get_by_role("button", name="Read the file").click()
    page.locator("#import-plan").wait_for()
    page.fill("#import-plan [name=namespace]", "cdnow")
    page.press("#import-plan [name=namespace]", "Tab")
    owner.settled()
    page.fill("#import-plan [name=currency]", "USD")
    page.press("#import-plan [name=currency]", "Tab")
    owner.settled()
    owner.look("columns")
    page.get_by_role("button", name="Check all rows").click()
    page.get_by_role("heading", name="What would happen").wait_for(timeout=WORK)
    assert tally(page.inner_text(".r-tally")) == {"New": "6,919", "Updated": "0", "Unchanged": "0", "Refused": "0"}
    assert house.ask(ORDERS) == 0
    owner.look("checked")

    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_role("button", name="Undo this import").wait_for(timeout=WORK)
    assert tally(page.inner_text(".r-tally"))["New"] == "6,919"
    assert house.ask(ORDERS) == 6919
    assert house.ask(BUYERS) == 2357
    owner.look("imported")

    owner.go("touchpoints/?kind=order_placed&until=1998-12-31")
    page.locator("tbody tr").first.wait_for()
    assert "$" in page.inner_text("tbody tr >> nth=0")
    page.locator("tbody a").first.click()
    page.locator("#timeline .r-ev").first.wait_for()

    owner.go("records/imports/")
    page.get_by_role("link", name="CDNOW_sample.txt").click()
    page.get_by_role("button", name="Undo this import").click()
    page.get_by_text("Taken back.").first.wait_for(timeout=WORK)
    owner.look("taken-back")
    assert house.ask(BUYERS) == 0
    owner.go("touchpoints/?kind=order_placed&until=1998-12-31")
    assert page.locator("tbody tr").count() == 0


def tally(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if line.strip()]
    shown = dict(zip(lines[::2], lines[1::2], strict=False))
    return {name: shown[name] for name in ("New", "Updated", "Unchanged", "Refused")}
