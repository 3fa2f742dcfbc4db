"""Records of one's own: defined, filled from a file, asked about, taken back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rapport.waiting import eventually
from tests.journeys.house import House
from tests.journeys.visitor import Open

if TYPE_CHECKING:
    from playwright.sync_api import Route

BOATS = "select count(*) from custom_record where type = 'x_boat' and deleted_at is null"
SOMEBODY = (
    "select email from customers_customer where email <> '' and kind = 'person' and deleted_at is null"
    " and merged_into_id is null order by id limit 1 offset %s"
)
NAME_OF = "select name from customers_customer where email = %s"
WORK = 60_000


@pytest.mark.timeout(480)  # a long way, each page of which is looked at
@pytest.mark.usefixtures("worker")
def test_defines_boats_brings_them_in_finds_their_customers_and_takes_them_back(
    visit: Open, house: House, tmp_path: Path
) -> None:
    first, second = house.ask(SOMEBODY, 0), house.ask(SOMEBODY, 1)
    owner = visit("owner")
    page = owner.go("records/types/")
    page.get_by_role("link", name="Add record type").click()
    page.locator("#sheet[open]").wait_for()
    page.fill("#sheet [name=label]", "Boat")
    page.fill("#sheet [name=plural]", "Boats")
    page.fill("#sheet [name=title_label]", "Name of the boat")
    page.locator("#sheet .r-icon-pick").nth(1).click()
    owner.look("define", within="#sheet")
    page.locator("#sheet").get_by_role("button", name="Add record type").click()
    page.get_by_role("heading", level=1, name="Fields").wait_for()

    for label, kind in (("Length", "number"), ("Registration", "text")):
        page.get_by_role("link", name="Add field").first.click()
        page.locator("#sheet[open]").wait_for()
        page.fill("#sheet [name=label]", label)
        page.select_option("#sheet [name=kind]", kind)
        page.locator("#sheet").get_by_role("button", name="Add field").click()
        page.locator("main .r-strong", has_text=label).wait_for()

    page.locator(".r-side").get_by_text("Your own records").first.click()
    page.locator(".r-side a", has_text="Boats").first.click()
    page.get_by_role("heading", level=1, name="Boats").wait_for()
    file = tmp_path / "boats.csv"
    file.write_text(
        "Name of the boat,Length,Registration,Customer\n"
        f"Seagull,9.5,NL-1,{first}\nAlbatross,12,NL-2,{first}\nTern,4,NL-3,{second}\n"
    )
    page.get_by_role("link", name="Import").first.click()
    page.set_input_files("[name=file]", file)
    page.get_by_role("button", name="Read the file").click()
    page.locator("#import-plan").wait_for()
    page.get_by_role("button", name="Check all rows").click()
    page.get_by_role("heading", name="What would happen").wait_for(timeout=WORK)
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_role("button", name="Undo this import").wait_for(timeout=WORK)
    assert house.ask(BOATS) == 3
    imported = page.url

    owner.go("records/x_boat/?view=all")
    assert page.locator("tbody tr").count() == 3
    page.get_by_role("link", name="Seagull").first.click()
    page.locator("#facts").wait_for()
    owner.look("boat")
    page.locator("#fact-length [data-edit]").click()
    page.locator("#fact-length input[name=length]").fill("10.5")
    page.press("#fact-length input[name=length]", "Enter")
    owner.undo("Length changed")

    owner.go("customers/?view=all")
    page.click("[data-filter-add]")
    page.locator("#add [data-menu-find]").fill("boats")
    page.locator("#add .dropdown-item:visible", has_text="Boats").first.click()
    page.locator("#add").get_by_role("button", name="Apply").click()
    page.locator(".r-chip", has_text="any boat").wait_for()
    owner.settled()
    assert page.locator("tbody tr").count() == 2
    page.locator(".r-chip", has_text="any boat").first.click()
    page.get_by_role("link", name="Ask something of them").click()
    page.locator("[data-menu-find]:visible").fill("length")
    page.locator(".dropdown-item:visible", has_text="Length").first.click()
    page.locator("[name=op]:visible").wait_for()
    # The form takes the shape of "is more than" while the figure is already typed; the figure stays.
    asked: list[Route] = []
    page.route(re.compile(r"/filter\?"), lambda route: asked.append(route), times=1)
    page.locator("[name=op]:visible").select_option("more_than")
    page.locator("[name=value]:visible").fill("9")
    eventually(lambda: page.evaluate("1") and asked, for_what="the question for the other shape")
    asked[0].continue_()
    page.locator("[name=op]:visible option[value=more_than][selected]").wait_for(state="attached")
    owner.settled()
    assert page.locator("[name=value]:visible").input_value() == "9"
    page.get_by_role("button", name="Apply").locator("visible=true").first.click()
    page.locator(".r-chip", has_text="Length is more than 9").wait_for()
    owner.settled()
    owner.look("customers-with-boats")
    assert page.locator("tbody tr").count() == 1

    page.locator("tbody a", has_text=house.ask(NAME_OF, first)).first.click()
    panel = page.locator("section", has=page.get_by_role("heading", name="Boats"))
    panel.get_by_role("link", name="Albatross").wait_for()

    page.goto(imported)
    page.get_by_role("button", name="Undo this import").click()
    page.get_by_text("Taken back.").first.wait_for(timeout=WORK)
    assert house.ask(BOATS) == 0
