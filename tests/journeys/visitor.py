"""Somebody at a browser: goes, looks, and notices everything that is wrong with what they are shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rapport.launch.checkout import PACKAGE
from rapport.waiting import eventually
from tests.journeys.house import PASSWORD, House

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, Response

AXE = PACKAGE.parent / "assets" / "node_modules" / "axe-core" / "axe.min.js"
WAIT = 45_000  # how long at most; nothing waits that long unless the machine is busy with other things
# Colours fade, each element after the one around it, when the theme changes; axe is to see where they end.
RUN_AXE = """async ([within, rules]) => {
  for (let calm = 0, frames = 0; calm < 3 && frames < 120; frames += 1) {
    await new Promise(requestAnimationFrame);
    calm = document.getAnimations().some((each) => each.effect?.getComputedTiming().endTime < 5000) ? 0 : calm + 1;
  }
  const options = {resultTypes: ['violations'], ...(rules && {runOnly: {type: 'rule', values: rules}})};
  return (await axe.run(within ?? document, options)).violations;
}"""
COLOURS = ["color-contrast", "link-in-text-block"]  # in the dark nothing else is different
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}")

_audited: set[str] = set()  # pages of this session that axe has seen


class Visitor:
    def __init__(self, house: House, context: BrowserContext, folder: Path, *, number: int, audits: bool) -> None:
        self.house = house
        self.context = context
        self.folder = folder
        self.number = number
        self.audits = audits
        self.complaints: list[str] = []
        self.forgiven: list[str] = ["422"]  # a refused form comes back with this status, which Chromium logs
        self.pages_seen: dict[str, str] = {}
        self.shots = 0
        context.set_default_timeout(WAIT)
        context.on("console", self._console)
        context.on("weberror", lambda error: self._complain("script", str(error.error)))
        context.on("requestfailed", self._failed)
        context.on("response", self._response)
        self.page: Page = context.new_page()

    # --- going ---

    def go(self, path: str) -> Page:
        self.page.goto(self.house.at(path))
        return self.page

    @property
    def here(self) -> str:
        """The page's address within the workspace."""
        return urlsplit(self.page.url).path.removeprefix(f"/w/{self.house.slug}/")

    def sign_in(self, person: str, password: str = PASSWORD) -> None:
        self.page.fill("[name=login]", self.house.people[person].email)
        self.page.fill("[name=password]", password)
        self.page.click("main button[type=submit] >> nth=0")

    def toast(self, text: str) -> Locator:
        """Waits for the note that says so."""
        note = self.page.locator("#toasts .r-toast", has_text=text).last
        note.wait_for()
        return note

    def undo(self, text: str) -> None:
        """Takes back what the note speaks of, by its button."""
        self.toast(text).get_by_role("button", name="Undo").click()
        self.toast("ndone")

    def settled(self) -> None:
        """htmx has nothing under way."""
        self.until("!document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')")

    def until(self, expression: str) -> None:
        """Playwright's own way to wait for an expression evaluates it in the page, which its security policy forbids."""
        eventually(lambda: self.page.evaluate(expression), within=WAIT / 1000, for_what=expression)

    @contextmanager
    def forgiving(self, *words: str) -> Iterator[None]:
        """What the browser says of these is part of the journey."""
        before = list(self.forgiven)
        self.forgiven += words
        yield
        self.page.evaluate("null")  # what the browser said before it answers has reached us before its answer
        self.forgiven = before

    # --- looking ---

    def look(self, name: str, within: str | None = None) -> None:
        """A screenshot, and axe on what is there: light and dark, on a wide screen and on a phone."""
        if within is None:
            _audited.add(self._kind_of(self.page.url))
        self._shot(name)
        if not self.audits:
            return
        self._audit(f"{name}, light", within)
        with self._dark():
            self._audit(f"{name}, dark", within, COLOURS)
        wide = self.page.viewport_size
        if within is None and wide and wide["width"] > 400:
            self.page.set_viewport_size({"width": 390, "height": 844})
            self._shot(f"{name}-phone")
            self._audit(f"{name}, phone", within)
            with self._dark():
                self._audit(f"{name}, phone in the dark", within, COLOURS)
            if not self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
                self._complain("layout", f"{name} is wider than a phone: {self.page.url}")
            self.page.set_viewport_size(wide)

    def _audit(self, name: str, within: str | None, rules: list[str] | None = None) -> None:
        if not self.page.evaluate("typeof axe === 'object'"):
            self.page.evaluate(AXE.read_text())
        for found in self.page.evaluate(RUN_AXE, [within, rules]):
            nodes = "; ".join(f"{node['html'][:300]} ({node['failureSummary']})" for node in found["nodes"][:3])
            self._complain("axe", f"{name}: {found['id']}: {nodes}")

    @contextmanager
    def _dark(self) -> Iterator[None]:
        before = self.page.evaluate(
            "() => { const b = document.documentElement.dataset.bsTheme;"
            " document.documentElement.dataset.bsTheme = 'dark';"
            " document.dispatchEvent(new Event('r-theme')); return b; }"  # charts draw themselves anew
        )
        yield
        self.page.evaluate(
            "b => { document.documentElement.dataset.bsTheme = b; document.dispatchEvent(new Event('r-theme')); }",
            before,
        )

    def _shot(self, name: str) -> None:
        self.shots += 1
        self.page.screenshot(path=self.folder / f"{self.number}-{self.shots:02d}-{name}.png")

    def finish(self, *, look_at_the_rest: bool) -> None:
        """Pages that the journey came through and nobody has looked at yet are looked at now."""
        self._shot("end")
        if look_at_the_rest and self.audits:
            for kind, url in self.pages_seen.items():
                if kind in _audited:
                    continue
                self.forgiven.append("40")
                answer = self.page.goto(url)
                if answer is not None and answer.status == 200 and self._kind_of(self.page.url) == kind:
                    self.look(re.sub(r"\W+", "-", kind).strip("-")[:60])
                _audited.add(kind)
        self.context.close()

    # --- noticing ---

    def _kind_of(self, url: str) -> str:
        return ID.sub("id", urlsplit(url).path)

    def _complain(self, kind: str, words: str) -> None:
        self.complaints.append(f"{kind}: {words}")

    def _console(self, said: ConsoleMessage) -> None:
        if said.type != "error" and "Content Security" not in said.text:
            return
        if not any(words in said.text for words in self.forgiven):
            self._complain("console", f"{said.text} ({said.location.get('url')})")

    def _failed(self, request: Request) -> None:
        # Aborted: the visitor went on, or typed on, before the answer came; a download is no page either.
        if request.failure != "net::ERR_ABORTED":
            self._complain("request", f"{request.method} {request.url}: {request.failure}")

    def _response(self, response: Response) -> None:
        if response.status >= 500:
            log = self.house.log.read_text(errors="replace")[-3000:]
            self._complain("server", f"{response.status} {response.request.method} {response.url}\n{log}")
        request: Any = response.request
        is_page = response.status == 200 and request.method == "GET" and request.is_navigation_request()
        if (
            is_page
            and response.url.startswith(self.house.address)
            and "html" in response.headers.get("content-type", "")
        ):
            self.pages_seen.setdefault(self._kind_of(response.url), response.url)


Open = Callable[..., Visitor]
