"""Answers of the shell's own views, and what holds for every page: headers, errors, no inline code."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.test import Client, RequestFactory

from rapport.foundation.lib.registry import Registry
from rapport.foundation.ui import queries
from rapport.foundation.ui.middleware import Compress, PlainErrors, SecurityHeaders, SignInAgain
from rapport.foundation.ui.tests.actors import make_actor
from rapport.foundation.ui.types import Finder, Hit
from rapport.foundation.ui.views import components, errors, find, preferences
from rapport.foundation.workspace.errors import Conflict, NotAllowed, NotFound
from rapport.foundation.workspace.types import Action, RolePolicy


@pytest.fixture
def finder(monkeypatch: pytest.MonkeyPatch) -> None:
    registry: Registry[Finder] = Registry("finder")
    registry.register(
        "customer",
        Finder(
            label="Customers",
            needs=(Action.READ, "customer"),
            find=lambda actor, words, limit: [Hit(label=f"<b>{words}</b>", url="/w/kestrel/customers/1")] * limit,
        ),
    )
    registry.register("empty", Finder(label="Deals", find=lambda actor, words, limit: []))
    monkeypatch.setattr(queries, "finders", registry)


def test_results_are_grouped_and_kinds_without_any_left_out(finder: None) -> None:
    assert [(str(group.label), len(group.hits)) for group in queries.found("ma", actor=make_actor(), limit=3)] == [
        ("Customers", 3)
    ]


@pytest.mark.parametrize("words", ["", ">theme"])
def test_nothing_is_searched_without_words(finder: None, words: str) -> None:
    assert queries.found(words, actor=make_actor(), limit=3) == []


def test_who_may_not_read_a_kind_does_not_find_it(finder: None) -> None:
    guest = make_actor(role=RolePolicy("guest", "Guest"))

    assert queries.found("marta", actor=guest, limit=3) == []


def test_the_palette_gets_options_and_a_person_a_page(finder: None, page: Callable[..., Any]) -> None:
    part = page(data={"q": "marta"}, **{"HX-Request": "true", "HX-Target": "div#palette-hits"})
    whole = page(data={"q": "marta"})

    options, html = find.find(part).content.decode(), find.find(whole).content.decode()

    assert options.count('role="option"') == find.LIMIT_IN_PALETTE
    assert "&lt;b&gt;marta&lt;/b&gt;" in options
    assert "<html" not in options
    assert "<h1>Search</h1>" in html
    assert 'value="marta"' in html


def test_appearance_is_kept_in_cookies_and_leads_back(rf: RequestFactory) -> None:
    request = rf.post("/appearance", {"theme": "dark", "density": "enormous", "next": "/w/kestrel/customers/"})

    response = preferences.appearance(request)

    assert (response.status_code, response["Location"]) == (303, "/w/kestrel/customers/")
    assert response.cookies["r-theme"].value == "dark"
    assert "r-density" not in response.cookies


def test_it_never_leads_to_another_site(rf: RequestFactory) -> None:
    for address in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        assert preferences.appearance(rf.post("/appearance", {"next": address}))["Location"] == "/"


def test_only_languages_on_offer_can_be_chosen(rf: RequestFactory) -> None:
    chosen = preferences.language(rf.post("/language", {"language": "de"}))
    refused = preferences.language(rf.post("/language", {"language": "xx"}))

    assert chosen.cookies[settings.LANGUAGE_COOKIE_NAME].value == "de"
    assert settings.LANGUAGE_COOKIE_NAME not in refused.cookies


def test_every_answer_carries_the_security_headers(rf: RequestFactory) -> None:
    response = SecurityHeaders(lambda request: HttpResponse())(rf.get("/"))

    policy = response["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"


def test_a_view_may_set_its_own_policy(rf: RequestFactory) -> None:
    own = HttpResponse(headers={"Content-Security-Policy": "default-src 'none'"})

    assert SecurityHeaders(lambda request: own)(rf.get("/"))["Content-Security-Policy"] == "default-src 'none'"


def test_text_is_compressed_and_keeps_its_tag(rf: RequestFactory) -> None:
    request = rf.get("/", headers={"Accept-Encoding": "gzip"})
    page = HttpResponse("word " * 1000, headers={"ETag": '"7"'})
    font = HttpResponse(b"x" * 5000, content_type="font/woff2")

    compressed, untouched = Compress(lambda _: page)(request), Compress(lambda _: font)(request)

    assert (compressed["Content-Encoding"], compressed["ETag"]) == ("gzip", '"7"')
    assert "Content-Encoding" not in untouched


@pytest.mark.parametrize(
    ("exception", "status", "words"),
    [
        (NotFound(), 404, "There is nothing here"),
        (NotAllowed(), 403, "Your role does not include this"),
        (Conflict("owner"), 409, "Somebody changed this meanwhile"),
    ],
)
def test_errors_of_services_become_pages(
    page: Callable[..., Any], exception: Exception, status: int, words: str
) -> None:
    response = PlainErrors(lambda request: HttpResponse()).process_exception(page(), exception)

    assert response is not None
    assert response.status_code == status
    assert words in response.content.decode()
    assert "Traceback" not in response.content.decode()


def test_other_errors_go_their_way(page: Callable[..., Any]) -> None:
    assert PlainErrors(lambda request: HttpResponse()).process_exception(page(), ValueError()) is None


def test_programs_get_errors_as_json(rf: RequestFactory) -> None:
    for request in (rf.get("/x", headers={"Accept": "application/json"}), rf.get("/api/v1/x")):
        response = errors.not_found(request)

        assert response["Content-Type"] == "application/problem+json"
        assert response.status_code == 404


def test_a_lost_database_is_503_and_needs_none_to_say_so(rf: RequestFactory) -> None:
    try:
        raise OperationalError("the server closed the connection")
    except OperationalError:
        response = errors.server_error(rf.get("/"))

    assert response.status_code == 503
    assert response["Retry-After"] == "10"
    assert "the server closed" not in response.content.decode()


def test_a_bug_is_500_in_plain_words(rf: RequestFactory) -> None:
    try:
        raise ZeroDivisionError("secret detail")
    except ZeroDivisionError:
        response = errors.server_error(rf.get("/"))

    assert response.status_code == 500
    assert "secret detail" not in response.content.decode()


def test_htmx_is_led_to_sign_in_as_a_whole_page(rf: RequestFactory) -> None:
    def to_sign_in(request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect("/account/login/?next=/w/kestrel/find")

    plain = SignInAgain(to_sign_in)(rf.get("/w/kestrel/find"))
    htmx = SignInAgain(to_sign_in)(rf.get("/w/kestrel/find", headers={"HX-Request": "true"}))

    assert plain.status_code == 302
    assert (htmx.status_code, htmx["HX-Redirect"]) == (204, "/account/login/?next=%2F")


def test_a_stranger_meets_an_error_page_without_the_shell(client_for: Callable[..., Client]) -> None:
    response = client_for(None).get("/no/such/page")

    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


def test_the_style_guide_draws_every_component(page: Callable[..., Any]) -> None:
    html = components.components(page("/w/kestrel/components")).content.decode()

    assert "<script>alert(1)</script>" not in html
    for css in (
        "r-panel",
        "r-tag",
        "r-phase",
        "r-tier",
        "r-level",
        "r-meter",
        "r-cs-no",
        "r-ch",
        "r-notice",
        "r-empty",
    ):
        assert css in html


def templates() -> list[Path]:
    return [path for path in Path(settings.BASE_DIR).rglob("templates/**/*.html") if "mail" not in path.parts]


@pytest.mark.parametrize("path", templates(), ids=lambda path: str(path.relative_to(settings.BASE_DIR)))
def test_templates_hold_no_inline_code(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    source = re.sub(r"\{%\s*comment.*?endcomment\s*%\}", "", source, flags=re.DOTALL)

    assert not re.search(r'<script(?![^>]*(?:\ssrc=|type="application/json"))', source)
    assert not re.search(r"<style\b", source)
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", source)
    assert "javascript:" not in source
    assert "hx-on" not in source
    assert not re.search(r"\|\s*safe\b", source) or path.name == "field_said.html"
