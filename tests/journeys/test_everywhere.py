"""The same house on a phone, without scripts, and from right to left."""

from __future__ import annotations

from tests.journeys.house import House
from tests.journeys.visitor import Open


def test_works_on_a_phone(visit: Open, house: House) -> None:
    owner = visit("owner", phone=True, has_touch=True, is_mobile=True)
    page = owner.go("")
    page.get_by_role("link", name="Open menu").or_(page.get_by_role("button", name="Open menu")).first.tap()
    page.locator("#menu[open]").wait_for()
    owner.look("menu", within="#menu")
    page.locator("#menu").get_by_role("link", name="Today").tap()
    page.locator(".r-tabbar").get_by_role("link", name="Customers").tap()
    page.get_by_role("heading", level=1, name="Customers").wait_for()
    owner.look("list-on-a-phone")
    page.locator("tbody a.r-who").first.tap()
    page.locator("#timeline").wait_for()
    assert page.is_hidden("#facts")
    page.get_by_role("tab", name="Facts").tap()
    page.locator("#facts").wait_for()
    owner.look("facts-on-a-phone")
    page.get_by_role("tab", name="Related").tap()
    page.locator("#relationships").wait_for()
    page.get_by_role("tab", name="Timeline").tap()
    page.fill("#composer [name=body]", "Met at the ferry")
    page.get_by_role("button", name="Save note").tap()
    page.locator("#timeline", has_text="Met at the ferry").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_creates_filters_edits_and_logs_without_scripts(visit: Open, house: House) -> None:
    owner = visit("owner", javascript=False)
    page = owner.go("customers/new")
    page.fill("[name=given_name]", "Ottilie")
    page.fill("[name=family_name]", "Plain")
    page.click("#customer-form .btn-primary")
    page.get_by_role("heading", level=1, name="Ottilie Plain").wait_for()
    owner.look("made")

    page.fill("#composer [name=body]", "Reads without scripts")
    page.get_by_role("button", name="Save note").click()
    page.get_by_text("Reads without scripts").first.wait_for()

    owner.go("customers/?view=all&q=Ottilie")
    page.get_by_role("link", name="Ottilie Plain").click()
    page.locator("#facts").get_by_role("link", name="Edit", exact=True).click()
    page.fill("[name=city]", "Emden")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("heading", level=1, name="Ottilie Plain").wait_for()
    page.locator("#facts", has_text="Emden").wait_for()

    owner.go("customers/?view=all")
    page.get_by_role("button", name="Add filter").or_(page.get_by_role("link", name="Add filter")).first.click()
    page.locator(".r-filter-open").get_by_role("link", name="City", exact=True).click()
    page.locator(".r-filter-open [name=value]").fill("Emden")
    page.locator(".r-filter-open").get_by_role("button", name="Apply").click()
    page.locator(".r-chip", has_text="Emden").wait_for()
    page.get_by_role("link", name="Ottilie Plain").wait_for()
    owner.look("filtered")


def test_reads_from_right_to_left_in_arabic(visit: Open, house: House) -> None:
    rita = visit("rita")
    page = rita.go("customers/")
    page.locator(".r-side .r-me .r-ws").first.click()
    with page.expect_navigation():
        page.locator(".r-side [name=language]").first.select_option("ar")
    try:
        assert page.get_attribute("html", "dir") == "rtl"
        assert page.get_attribute("html", "lang") == "ar"
        side, main = page.locator(".r-side").first.bounding_box(), page.locator("#main").bounding_box()
        assert side is not None
        assert main is not None
        assert side["x"] > main["x"]
        rita.look("list-in-arabic")
        page.locator("tbody a.r-who").first.click()
        page.locator("#timeline").wait_for()
        rita.look("customer-in-arabic")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    finally:
        page.locator(".r-side .r-me .r-ws").first.click()
        with page.expect_navigation():
            page.locator(".r-side [name=language]").first.select_option("en")
