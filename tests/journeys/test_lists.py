"""The list: sentences, views, rows, keys."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from tests.journeys.house import House
from tests.journeys.visitor import Open


def test_asks_in_a_sentence_keeps_it_as_a_view_and_opens_it_from_the_sidebar(visit: Open, house: House) -> None:
    owner = visit("owner")
    page = owner.go("customers/?view=all")
    owner.look("list")
    everyone = page.locator("tbody tr").count()

    page.click("[data-filter-add]")
    page.locator("#add [data-menu-find]").fill("country")
    page.locator("#add .dropdown-item:visible", has_text="Country").first.click()
    page.locator("#add [name=op]").wait_for()
    owner.look("filter", within="#add")
    page.locator("#add [name=value]").fill("DE")
    page.locator("#add").get_by_role("button", name="Apply").click()
    page.locator(".r-chip", has_text="Country").wait_for()

    page.click("[data-filter-add]")
    page.locator("#add [data-menu-find]").fill("touch point")
    page.locator("#add .dropdown-item:visible").first.click()
    page.locator("#add [name=kind]").wait_for()
    page.locator("#add [name=kind]").select_option("order_placed")
    page.locator("#add [name=value]").fill("2")
    page.locator("#add").get_by_role("button", name="Apply").click()
    page.locator(".r-chip").nth(1).wait_for()
    owner.settled()
    owner.look("sentence")
    found = page.locator(".r-list-sum b").inner_text()
    assert page.locator("tbody tr").count() <= everyone

    page.get_by_role("button", name="Save view", exact=True).click()
    page.get_by_role("link", name="Save as a new view").last.click()
    page.locator("#sheet[open]").wait_for()
    page.fill("#sheet [name=name]", "German regulars")
    page.check("#sheet [name=is_shared]")
    page.locator("#sheet").get_by_role("button", name="Save view").click()
    page.locator(".r-tabs a[aria-current]", has_text="German regulars").wait_for()
    page.get_by_role("button", name="View", exact=True).click()
    page.get_by_role("button", name="Pin to the sidebar").click()
    page.locator(".r-side .r-nav", has_text="German regulars").first.wait_for()

    owner.go("")
    page.locator(".r-side .r-nav a", has_text="German regulars").first.click()
    page.locator(".r-chip").nth(1).wait_for()
    assert page.locator(".r-list-sum b").inner_text() == found
    nora = visit("rita")
    nora.go("customers/")
    nora.page.locator(".r-tabs a", has_text="German regulars").wait_for()


def test_sorts_pages_tags_many_and_takes_it_back(visit: Open, house: House) -> None:
    owner = visit("owner")
    page = owner.go("customers/?view=all&sort=name")
    first = page.locator("tbody a.r-who").first.inner_text()
    page.locator("a[rel=next]").click()
    page.wait_for_url("**cursor=**")
    assert page.locator("tbody a.r-who").first.inner_text() != first
    page.locator("a[rel=prev]").click()
    owner.page.locator("tbody a.r-who >> nth=0", has_text=first.splitlines()[0]).wait_for()
    page.locator("thead a.r-sort").first.click()
    page.locator("thead th[aria-sort=descending]").wait_for()
    assert parse_qs(urlsplit(page.url).query)["sort"] == ["-name"]

    for at in range(3):
        page.locator("tbody .r-pick").nth(at).check()
    page.get_by_text("3 selected").wait_for()
    owner.look("chosen")
    page.locator("#bulk").get_by_role("button", name="Tag", exact=True).click()
    page.fill("#bulk-tags", "harvest fair")
    page.locator("#bulk").get_by_role("button", name="Add", exact=True).click()
    owner.toast("3")
    tagged = "select count(*) from customers_customer where 'harvest fair' = any(tags)"
    assert house.ask(tagged) == 3
    owner.undo("3")
    assert house.ask(tagged) == 0


def test_puts_a_customer_into_the_bin_and_takes_it_out(visit: Open, house: House) -> None:
    owner = visit("owner")
    page = owner.go("customers/new?kind=organisation")
    page.fill("[name=name]", "Wattwurm Verleih")
    page.click("#customer-form .btn-primary")
    page.get_by_role("heading", level=1, name="Wattwurm Verleih").wait_for()

    owner.go("customers/?view=all&q=Wattwurm")
    page.locator("tbody .r-pick").first.check()
    page.locator("#bulk").get_by_role("button", name="Delete").click()
    owner.toast("1")
    page.get_by_role("heading", name="Nothing is called").wait_for()
    owner.look("nothing-matches")

    owner.go("records/bin?q=Wattwurm")
    owner.look("bin")
    page.get_by_role("button", name="Restore Wattwurm Verleih").click()
    owner.toast("1 record is back")
    owner.go("customers/?view=all&q=Wattwurm")
    page.get_by_role("link", name="Wattwurm Verleih").wait_for()


def test_walks_the_list_and_finds_a_customer_by_keys_alone(visit: Open, house: House) -> None:
    owner = visit("owner")
    page = owner.go("customers/?view=all&sort=name")
    names = page.locator("tbody a.r-who .r-clip.d-block:not(.r-sub)")
    press = page.keyboard.press
    for key in ("j", "x", "j", "j", "k", "x"):
        press(key)
    page.get_by_text("2 selected").wait_for()
    assert page.evaluate("document.activeElement.closest('tr').rowIndex") == 2
    press("e")
    page.locator("form[data-cell]").wait_for()
    press("Escape")
    page.locator("form[data-cell]").wait_for(state="detached")
    owner.until("document.activeElement.matches('[data-edit]')")
    press("Enter")
    page.locator("form[data-cell]").wait_for()
    press("Escape")
    page.locator("form[data-cell]").wait_for(state="detached")
    press("j")
    third = names.nth(2).inner_text()
    press("Enter")
    page.get_by_role("heading", level=1, name=third).wait_for()

    wanted = house.ask(
        "select name from customers_customer where kind = 'organisation' and deleted_at is null and merged_into_id is null"
        " and length(name) > 14 order by name limit 1"
    )
    typo = wanted[:5] + wanted[6:]
    press("Control+k")
    page.keyboard.type(typo.lower(), delay=20)
    page.locator("#palette-hits [role=option]", has_text=wanted).first.wait_for()
    owner.look("palette", within="#palette")
    while not page.locator("#palette [aria-selected=true]").inner_text().strip().startswith(wanted):
        press("ArrowDown")
    press("Enter")
    page.get_by_role("heading", level=1, name=wanted).wait_for()
    press("?")
    page.locator("dialog[open]").wait_for()
    owner.look("shortcuts", within="dialog[open]")
