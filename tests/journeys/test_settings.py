"""What a workspace adds of its own."""

from __future__ import annotations

from tests.journeys.house import House
from tests.journeys.visitor import Open


def test_adds_a_field_and_uses_it_in_a_form_a_column_and_a_filter(visit: Open, house: House) -> None:
    owner = visit("owner")
    page = owner.go("records/fields/?type=customer")
    owner.look("fields")
    page.get_by_role("link", name="Add field").click()
    page.locator("#sheet[open]").wait_for()
    page.fill("#sheet [name=label]", "Rack size")
    page.select_option("#sheet [name=kind]", "choice")
    page.locator("#sheet [name=choice_label]").nth(0).fill("Half")
    page.locator("#sheet [name=choice_label]").nth(1).fill("Full")
    page.check("#sheet [name=in_list]")
    owner.look("new-field", within="#sheet")
    page.locator("#sheet").get_by_role("button", name="Add field").click()
    page.locator("#own-h ~ ol, .r-lines").get_by_text("Rack size", exact=True).first.wait_for()
    name = house.ask("select name from records_customfield where label = 'Rack size'")

    owner.go("customers/new")
    page.fill("[name=given_name]", "Aaltje")
    page.fill("[name=family_name]", "Rekstra")
    if not page.is_visible(f"[name={name}]"):
        page.click("details.r-more summary")
    page.select_option(f"[name={name}]", label="Full")
    page.click("#customer-form .btn-primary")
    page.get_by_role("heading", level=1, name="Aaltje Rekstra").wait_for()
    page.locator(f"#fact-{name}", has_text="Full").wait_for()

    owner.go("customers/?view=all")
    page.get_by_role("button", name="Columns").click()
    page.check(f"[name=columns][value={name}]")
    page.get_by_role("button", name="Show these").click()
    page.locator("thead", has_text="Rack size").wait_for()
    page.click("[data-filter-add]")
    page.locator("#add [data-menu-find]").fill("rack")
    page.locator("#add .dropdown-item:visible").first.click()
    page.locator("#add label", has_text="Full").locator("input").check()
    page.locator("#add").get_by_role("button", name="Apply").click()
    page.locator(".r-chip", has_text="Rack size").wait_for()
    page.locator(".r-list-sum", has_text="1 customer").wait_for()
    page.locator("tbody tr", has_text="Aaltje Rekstra").get_by_text("Full").locator("visible=true").first.wait_for()
    owner.look("own-field-in-the-list")
