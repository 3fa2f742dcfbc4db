"""What a workspace adds of its own: fields, and a website that reports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from tests.journeys.house import House
from tests.journeys.visitor import Open


def test_adds_a_field_and_uses_it_in_a_form_a_column_and_a_filter(visit: Open, house: House) -> None:
    owner = visit("owner")
    page = owner.go("fields/?type=customer")
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
    page.locator("tbody tr", has_text="Aaltje Rekstra").get_by_text("Full").wait_for()
    owner.look("own-field-in-the-list")


def test_connects_a_website_and_sees_a_visitor_become_a_customer(visit: Open, house: House) -> None:
    owner = visit("owner")
    page = owner.go("settings/websites/")
    page.get_by_role("link", name="Connect website").first.click()
    with shop() as (address, pages):
        page.fill("[name=name]", "Harbour shop")
        page.fill("[name=allowed_origins]", address)
        owner.look("new-website")
        page.get_by_role("button", name="Make the key").click()
        page.get_by_role("heading", level=1, name="Harbour shop").wait_for()
        pages["/"] = f"<title>Cargo bikes by the quay</title><h1>Bikes</h1>{page.inner_text('#snippet')}"
        pages["/longtail"] = f"<title>Longtail 4</title><h1>Longtail</h1>{page.inner_text('#snippet')}"

        guest = visit()
        guest.page.goto(f"{address}/")
        page.locator("#feed li", has_text="Cargo bikes by the quay").wait_for()
        assert guest.context.cookies() == []
        guest.page.evaluate("rapport.consent(true)")
        guest.page.goto(f"{address}/longtail")
        page.locator("#feed li", has_text="Longtail 4").wait_for()
        assert "Unknown visitor" in page.locator("#feed li", has_text="Longtail 4").first.inner_text()

        guest.page.evaluate("rapport.identify({email: 'sanne@kade.example', name: 'Sanne Kade'})")
        guest.page.evaluate("rapport.track('file_downloaded', {title: 'Price list'})")
        page.locator("#feed li", has_text="Price list").wait_for()
        owner.look("arrivals")

        owner.go("customers/?view=all&q=Sanne+Kade")
        page.get_by_role("link", name="Sanne Kade").click()
        page.locator("#timeline", has_text="Longtail 4").wait_for()
        page.locator("#timeline", has_text="Price list").wait_for()


@contextmanager
def shop() -> Iterator[tuple[str, dict[str, str]]]:
    """Somebody's website on a port of its own; what stands at a path is put into the dictionary."""
    pages: dict[str, str] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path in pages
            self.send_response(200 if found else 204)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            if found:
                self.wfile.write(f"<!doctype html><html lang=en>{pages[self.path]}</html>".encode())

        def log_message(self, *_: Any) -> None:
            """The journey says enough."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", pages
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
