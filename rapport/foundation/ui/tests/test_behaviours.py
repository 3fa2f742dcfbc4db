"""What the scripts of the shell do, in a real browser, under the real content security policy."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings

from rapport.foundation.lib.registry import Registry
from rapport.foundation.ui import extension_points, queries
from rapport.foundation.ui.tests.site import served
from rapport.foundation.ui.types import Finder, Hit, MenuEntry, PaletteCommand, Pinned, QuickCreate
from rapport.waiting import eventually

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.journey

CHROMIUM = os.environ.get("RAPPORT_CHROMIUM") or shutil.which("chromium") or ""
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"]
ARGUMENTS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
AXE = Path(settings.BASE_DIR).parent / "assets" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert CHROMIUM, "Chromium is not installed; `make setup` installs it where it may"
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def site(empty_registries: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    hits = [Hit(label="Marta Oliveira", url="/w/kestrel/find?q=marta", icon="user", hint="<b>Rotterdam</b>")]
    finders: Registry[Finder] = Registry("finder")
    finders.register(
        "customer", Finder(label="Customers", find=lambda actor, words, limit: hits if words == "oliv" else [])
    )
    monkeypatch.setattr(queries, "finders", finders)
    extension_points.menu.register(
        "find", MenuEntry(label="Search", url_name="ui:find", icon="search", go="s", in_tab_bar=True)
    )
    extension_points.commands.register(
        "theme", PaletteCommand(label="Switch light and dark", icon="sun", action="theme")
    )
    extension_points.quick_create.register("note", QuickCreate(label="Note", url_name="ui:find", icon="note", key="n"))
    extension_points.pinned.register("views", lambda actor: [Pinned(label="Value at risk", url="/w/kestrel/find?v=1")])
    with served() as address:
        yield address


@pytest.fixture
def tab(browser: Browser, site: str) -> Iterator[Page]:
    """The style guide in a fresh window. Whatever the browser complains about fails the test."""
    complaints: list[str] = []
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
    page.goto(f"{site}/w/kestrel/components")
    yield page
    context.close()
    assert complaints == []


def focused(page: Page) -> Any:
    return page.evaluate("document.activeElement.name || document.activeElement.id || document.activeElement.tagName")


def test_the_palette_finds_on_the_server_and_moves_by_arrows(tab: Page) -> None:
    tab.keyboard.press("Control+k")
    assert focused(tab) == "q"
    tab.keyboard.type("oliv")
    tab.wait_for_selector("#palette-hits [role=option]")

    assert "<b>Rotterdam</b>" in tab.inner_text("#palette-hits")
    tab.wait_for_selector("#palette-q[aria-activedescendant=palette-customer-1]")

    tab.keyboard.press("Enter")
    tab.wait_for_url("**/find?q=marta")


def test_the_palette_says_when_nothing_matches(tab: Page) -> None:
    tab.keyboard.press("Control+k")
    tab.keyboard.type("zzz")
    tab.wait_for_selector("#palette-none:not([hidden])")

    assert tab.get_attribute("#palette-q", "aria-expanded") == "false"


def test_commands_need_no_request_and_pages_seen_come_back(tab: Page) -> None:
    tab.clock.install()
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.keyboard.press("Control+k")
    tab.keyboard.type("> switch")
    tab.clock.run_for(1000)  # longer than the pause after which words are looked for
    tab.keyboard.press("Enter")
    theme = tab.get_attribute("html", "data-bs-theme")
    assert theme == "dark"
    assert [url for url in asked if "/find" in url] == []

    tab.goto(tab.url.replace("components", "find"))
    assert tab.get_attribute("html", "data-bs-theme") == "dark"
    tab.keyboard.press("Escape")
    tab.evaluate("document.activeElement.blur()")
    tab.keyboard.press("/")
    assert "Components" in tab.inner_text("#palette-recent")


def test_rows_are_chosen_by_keys(tab: Page) -> None:
    for key in "jjxkx":
        tab.keyboard.press(key)

    assert "2 selected" in tab.inner_text(".r-bulk")
    assert tab.locator("tr.r-on").count() == 2

    tab.locator(".r-pick").nth(4).click(modifiers=["Shift"])
    assert "5 selected" in tab.inner_text(".r-bulk")

    tab.check("[data-all]")
    tab.click("[data-all-matching]")
    assert tab.input_value("input[name=all]") == "1"

    tab.click("[data-clear]")
    assert tab.is_hidden(".r-bulk")


def test_single_keys_can_be_switched_off(tab: Page) -> None:
    tab.keyboard.press("?")
    tab.uncheck("[data-keys-toggle]")
    tab.keyboard.press("Escape")
    tab.keyboard.press("j")
    tab.keyboard.press("x")

    assert tab.is_hidden(".r-bulk")


def test_a_cell_is_edited_in_place_and_the_edit_undone(tab: Page) -> None:
    tab.keyboard.press("j")
    tab.keyboard.press("e")
    tab.wait_for_selector("form[data-cell]")
    assert focused(tab) == "owner"

    tab.select_option("form[data-cell] select", "Noor")
    tab.wait_for_selector("#toasts >> text=Owner changed to Noor.")
    assert tab.inner_text("#cell-1").strip() == "Noor"
    tab.wait_for_function("document.activeElement.matches('#cell-1 [data-edit]')")

    tab.click("#toasts >> text=Undo")
    tab.wait_for_selector("#toasts >> text=Undone.")
    tab.wait_for_selector("#cell-1 >> text=Tomas")  # the page as the server has it


def test_the_side_dialog_keeps_a_refused_form_and_closes_on_a_good_one(tab: Page) -> None:
    tab.click("text=Add customer")
    tab.wait_for_selector("#sheet[open]")
    assert tab.inner_text("#sheet-h") == "New customer"
    assert focused(tab) == "name"

    tab.evaluate("document.querySelector('#sheet form').noValidate = true")
    tab.click("#sheet-body >> text=Add customer")
    tab.wait_for_selector("#sheet_name_error")
    assert tab.is_visible("#sheet")

    tab.fill("#sheet_name", "Marta Oliveira")
    tab.click("#sheet-body >> text=Add customer")
    tab.wait_for_selector("#sheet", state="hidden")
    assert "Customer added." in tab.inner_text("#toasts")


def test_a_failed_request_leaves_the_page_and_says_so(tab: Page) -> None:
    tab.evaluate("htmx.ajax('GET', '/w/kestrel/broken', {target: '#main'})")
    tab.wait_for_selector("#toasts >> text=That did not load")

    assert tab.is_visible("h1")
    assert "Traceback" not in tab.inner_text("main")


def test_filter_menus_are_fetched_when_opened_and_closed_by_apply(tab: Page) -> None:
    tab.click(".r-chip-b >> nth=0")
    tab.wait_for_selector(".r-filter >> text=Platinum")
    tab.click("[data-menu-close]")
    tab.wait_for_selector(".r-filter >> text=Platinum", state="hidden")

    tab.evaluate("document.activeElement.blur()")
    tab.keyboard.press("f")
    tab.keyboard.type("own")
    assert tab.locator(".r-filter .dropdown-item:visible").count() == 1


def test_tabs_and_the_composer(tab: Page) -> None:
    tab.focus("#tab-1")
    tab.keyboard.press("ArrowRight")
    assert tab.is_visible("#panel-2")
    assert tab.is_hidden("#panel-1")

    tab.locator("[name=kind][value=call]").check(force=True)
    tab.fill("#ct", "They need the bikes by Thursday")
    assert tab.inner_text("[data-send]") == "Log call"
    assert tab.is_visible("text=Answered")
    tab.reload()
    assert tab.input_value("#ct") == "They need the bikes by Thursday"


def test_a_feed_fills_by_itself_until_paused(tab: Page) -> None:
    from playwright.sync_api import expect

    tab.clock.install()
    asked: list[str] = []
    answered: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("requestfinished", lambda request: answered.append(request.url))
    tab.evaluate(
        """() => {
          document.querySelector('#main').insertAdjacentHTML('beforeend',
            '<ol id="feed" data-feed="/w/kestrel/feed" data-feed-seconds="0.05"></ol>' +
            '<button data-feed-pause="#feed">Pause</button>');
          document.dispatchEvent(new Event('htmx:after:swap'));
        }"""
    )
    tab.wait_for_selector("#feed >> text=Touch point 3")
    tab.click("[data-feed-pause]")
    eventually(lambda: tab.evaluate("1") and len(asked) == len(answered), for_what="the answer that was on its way")
    before = len(asked)
    tab.clock.run_for(5000)

    assert len(asked) == before > 2
    expect(tab.locator("#feed li")).to_have_count(before)
    assert tab.inner_text("#feed li >> nth=0") == f"Touch point {before}"


def test_arabic_turns_the_page_around(tab: Page) -> None:
    tab.click(".r-side .r-me .r-ws")
    with tab.expect_navigation():
        tab.select_option(".r-side [name=language]", "ar")

    assert tab.get_attribute("html", "dir") == "rtl"
    side, main = tab.locator(".r-side").first.bounding_box(), tab.locator("#main").bounding_box()
    assert side is not None
    assert main is not None
    assert side["x"] > main["x"]
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_menus_and_forms_work_without_scripts(browser: Browser, site: str) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(f"{site}/w/kestrel/components")

    page.focus(".r-me .r-ws")
    page.click(".r-me [name=theme][value=dark]")

    assert page.get_attribute("html", "data-bs-theme") == "dark"
    assert page.is_visible(".r-bulk")
    page.click(".r-find")
    assert page.inner_text("h1") == "Search"
    context.close()


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, site: str, width: int, theme: Any) -> None:
    assert AXE.is_file(), "axe-core is not installed; `rapport assets` fetches it"
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce", bypass_csp=True
    )
    page = context.new_page()
    page.goto(f"{site}/w/kestrel/components")
    page.add_script_tag(path=AXE)

    def violations(within: str = "html") -> list[str]:
        found = page.evaluate("within => axe.run(within)", within)["violations"]
        return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found]

    assert violations() == []
    page.keyboard.press("Control+k")
    page.keyboard.type("oliv")
    page.wait_for_selector("#palette-hits [role=option]")
    assert violations("#palette") == []
    page.keyboard.press("Escape")
    page.click("text=Add customer")
    page.wait_for_selector("#sheet[open]")
    assert violations("#sheet") == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()


# Where the figures of a bridge stand, one a bar, in the order of the bars.
PLACES = """(chart) => JSON.parse(chart.nextElementSibling.textContent).marks.map((mark) => {
  const figure = [...chart.querySelectorAll('text')].find((each) => each.textContent === mark.text);
  const box = figure?.getBoundingClientRect();
  return box ? {x: box.x + box.width / 2, y: box.y, left: box.left, right: box.right} : {x: 0, y: 0};
})"""


def rises(places: list[dict[str, float]], axis: str) -> bool:
    found = [place[axis] for place in places]
    return found == sorted(set(found)) and found[0] > 0


def test_charts_are_drawn_follow_the_theme_and_lead_to_their_customers(tab: Page) -> None:
    from playwright.sync_api import expect

    bridge = tab.locator("[data-chart=bridge]")
    bridge.scroll_into_view_if_needed()
    figure = bridge.locator("text", has_text="+€4.1M")
    figure.wait_for(state="attached")
    light = figure.get_attribute("fill") or ""
    fading = tab.evaluate("document.querySelector('[data-theme-toggle]').click() ?? document.getAnimations().length")
    assert fading == 0, "who wants less motion gets none, and a page of thousands of transitions stands still"
    expect(figure).not_to_have_attribute("fill", light)

    tab.set_viewport_size({"width": 390, "height": 844})
    expect(bridge).to_have_css("height", "178px")
    bridge.scroll_into_view_if_needed()
    places = eventually(
        lambda: rises(found := bridge.evaluate(PLACES), "y") and found, for_what="bars that lie, one under the other"
    )
    assert all(0 <= place["left"] < place["right"] <= 390 for place in places)

    tab.set_viewport_size({"width": 1440, "height": 900})
    bridge.scroll_into_view_if_needed()
    eventually(lambda: rises(bridge.evaluate(PLACES), "x"), for_what="bars that stand, one beside the other")
    box = bridge.bounding_box()
    assert box
    tab.mouse.click(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.5)
    tab.wait_for_url("**?chart=recruited")


def test_every_kind_of_chart_is_drawn(tab: Page) -> None:
    charts = tab.locator("[data-chart]")
    for index in range(charts.count()):
        charts.nth(index).scroll_into_view_if_needed()
        charts.nth(index).locator("svg path").first.wait_for(state="attached")

    assert charts.count() == 7


def test_charts_that_a_swap_brings_are_drawn(tab: Page) -> None:
    tab.locator("[data-chart=bars]").first.scroll_into_view_if_needed()
    tab.wait_for_selector("[data-chart=bars] svg path", state="attached")
    tab.evaluate(
        """() => new Promise((swapped) => {
          document.addEventListener('htmx:after:settle', () => swapped(), {once: true});
          htmx.ajax('GET', location.pathname, {target: '#main', select: '#main', swap: 'outerMorph'});
        })"""
    )

    tab.locator("[data-chart=bars]").first.scroll_into_view_if_needed()
    tab.wait_for_selector("[data-chart=bars] svg path", state="attached")
    assert tab.locator("[data-chart=bars]").first.locator("svg").count() == 1


def test_the_table_behind_a_chart_has_its_links(tab: Page) -> None:
    tab.locator(".r-chart:has([data-chart=bridge]) summary").click()
    tab.locator(".r-chart:has([data-chart=bridge]) td, .r-chart:has([data-chart=bridge]) th a").first.wait_for()

    assert tab.locator(".r-chart:has([data-chart=bridge]) th a").first.get_attribute("href") == "?chart=recruited"
