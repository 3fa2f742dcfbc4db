"""A website of the firm's own, its visitors, and what Rapport hears of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, LiteralString

import pytest

from rapport.launch.up import free_port
from rapport.waiting import eventually
from tests.journeys.house import House
from tests.journeys.visitor import Open, Visitor

# Robots are left out: the visitors of this journey say that they are none.
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36"
NO_ROBOT = "Object.defineProperty(Object.getPrototypeOf(navigator), 'webdriver', {get: () => false})"


class Site:
    """Serves the same page under every path, with the snippet in it."""

    def __init__(self) -> None:
        self.snippet = ""
        self.source = ""
        self.port = free_port("127.0.0.1", 18100)
        site = self

        class Page(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = f"<!doctype html><title>Shop{self.path[:20]}</title><link rel=icon href=data:,>{site.snippet}<p>Bikes"
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Page)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.server.shutdown()
    made.server.server_close()


def connect(owner: Visitor, site: Site, name: str) -> str:
    """Make a key as the owner does; answers it."""
    page = owner.go("settings/websites/new/")
    page.fill("[name=name]", name)
    page.fill("[name=allowed_origins]", site.origin)
    page.get_by_role("button", name="Make the key").click()
    snippet = page.locator("#snippet").text_content() or ""
    site.snippet = snippet
    site.source = f"web:{owner.here.rstrip('/')[-12:]}"
    return snippet.split('data-key="')[1].split('"')[0]


def shopper(visit: Open) -> Visitor:
    one = visit(user_agent=AGENT)
    one.context.add_init_script(NO_ROBOT)
    return one


def heard(house: House, site: Site, kind: str, count: int, more: LiteralString = "true") -> None:
    """Waits until that many touch points of the kind have come in from the site."""
    query: LiteralString = f"select count(*) from touchpoint where source = %s and kind = %s and {more}"
    eventually(lambda: house.ask(query, site.source, kind) == count, for_what=f"{count} of {kind}")


def test_visits_are_counted_without_consent_and_join_the_customer_with_it(
    visit: Open, house: House, site: Site
) -> None:
    owner = visit("owner")
    connect(owner, site, "Bike shop")
    guest = shopper(visit)

    guest.page.goto(f"{site.origin}/bikes?utm_source=mail&secret=1#top")
    heard(
        house, site, "page_viewed", 1, "properties ->> 'utm_source' = 'mail' and properties ->> 'url' like '%%/bikes'"
    )
    guest.page.evaluate("history.pushState({}, '', '/bikes/longtail')")
    heard(house, site, "page_viewed", 2)
    assert guest.context.cookies() == []
    assert guest.page.evaluate("localStorage.length") == 0
    assert house.ask("select count(*) from customers_identity where kind = 'cookie' and source = %s", site.source) == 0
    assert house.ask("select count(distinct customer_id) from touchpoint where source = %s", site.source) == 1
    guest.page.evaluate("rapport.identify({email: 'never-told@guest.example'})")

    other = shopper(visit)
    other.page.goto(f"{site.origin}/start")
    other.page.evaluate("rapport.consent(true)")
    other.page.evaluate("rapport.track('test_ride_looked_at', {bike: 'Longtail 3'})")
    heard(house, site, "test_ride_looked_at", 1)
    assert [cookie["name"] for cookie in other.context.cookies()] == ["_rapport"]
    other.page.goto(f"{site.origin}/contact")
    other.page.evaluate("rapport.identify({email: 'Gerda@guest.example', name: 'Gerda Guest', vip: 'no'})")
    heard(house, site, "identified", 1)

    found = house.ask("select id from customers_customer where email = 'gerda@guest.example' and name = 'Gerda Guest'")
    assert found is not None
    assert house.ask("select count(*) from customers_identity where value = 'never-told@guest.example'") == 0
    page = owner.go(f"customers/{found}/")
    page.locator("#timeline").get_by_role("heading", name="Test ride looked at").wait_for()
    page.locator("#timeline").get_by_role("heading", name="Made themselves known").wait_for()
    owner.look("joined-timeline")

    other.page.evaluate("rapport.consent(false)")
    assert other.context.cookies() == []


def test_what_cannot_be_sent_at_once_is_sent_later(visit: Open, house: House, site: Site) -> None:
    owner = visit("owner")
    key = connect(owner, site, "Shop on a train")
    site.snippet = site.snippet.replace(' data-consent="required"', "")
    guest = shopper(visit)
    guest.page.goto(f"{site.origin}/tunnel")
    eventually(lambda: guest.page.evaluate("document.cookie") != "", for_what="a cookie")

    with guest.forgiving("ERR_INTERNET_DISCONNECTED", "Failed to load resource"):
        guest.context.set_offline(True)
        guest.page.evaluate("rapport.track('tunnel_entered', {})")
        eventually(
            lambda: "tunnel_entered" in guest.page.evaluate("localStorage._rapport_queue || ''"),
            for_what="the event among those that are kept",
        )
        guest.context.set_offline(False)
        heard(house, site, "tunnel_entered", 1)
    guest.complaints = [each for each in guest.complaints if "DISCONNECTED" not in each]

    page = owner.go("settings/websites/")
    page.get_by_role("link", name="Shop on a train").click()
    page.locator("#feed .r-strong", has_text="Tunnel entered").wait_for()
    owner.look("what-arrives")
    page.get_by_role("button", name="Send a test").click()
    page.locator("#feed .r-strong", has_text="Beacon tested").wait_for()
    page = owner.go("touchpoints/")
    page.select_option("[name=channel]", "web")
    page.locator("#touchpoints td", has_text="Shop on a train").first.wait_for()
    owner.look("all-touch-points")
    page = owner.go("settings/websites/")
    page.get_by_role("link", name="Shop on a train").click()
    page.get_by_role("button", name="Disconnect this website").click()
    owner.toast("Disconnected")
    assert house.ask("select count(*) from ledger_writekey where key = %s and revoked_at is null", key) == 0


def test_a_signal_of_the_browser_counts_as_no(visit: Open, house: House, site: Site) -> None:
    owner = visit("owner")
    connect(owner, site, "Quiet shop")
    site.snippet = site.snippet.replace(' data-consent="required"', "")
    guest = shopper(visit)
    guest.context.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {get: () => true})")

    guest.page.goto(f"{site.origin}/quiet")
    heard(house, site, "page_viewed", 1, "properties ->> 'url' like '%%/quiet'")

    assert guest.context.cookies() == []
    guest.page.evaluate("rapport.consent(true)")
    assert [cookie["name"] for cookie in guest.context.cookies()] == ["_rapport"]
