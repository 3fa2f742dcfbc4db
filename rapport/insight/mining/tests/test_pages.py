from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import pytest
from django.test import Client

from rapport.foundation.accounts.models import User
from rapport.insight.mining.models import Answer, CustomerSet, Pattern, SavedFunnel
from rapport.insight.mining.rules.questions import to_json
from rapport.insight.mining.services import answers, patterns, sets
from rapport.insight.mining.tests.world import findable_firm
from rapport.insight.mining.types import Act, Clusters, Cohorts, Funnel, Rfm
from rapport.stores.customers.models import Customer
from rapport.testing import part_of

pytestmark = pytest.mark.django_db
HOME = "/w/kestrel/insight"
PAGES = ("patterns", "rfm", "groups", "baskets", "cohorts", "funnels")
Browser = Callable[[User | None], Client]
FORM = {
    "name": "From page to order", "days": "30", "count_from": "first",
    "kind_0": "page_viewed", "kind_1": "order_placed", "op_0": "is", "op_1": "more_than", "property_1": "amount", "value_1": "50",
}  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_pages_of_a_new_workspace_say_what_will_be_there(page: str, ada: User, client_for: Browser) -> None:
    response = client_for(ada).get(f"{HOME}/{page}/")

    assert response.status_code == 200
    assert "r-empty" in response.content.decode()


@pytest.mark.parametrize("page", PAGES)
def test_pages_ask_few_queries(page: str, ada: User, client_for: Browser, django_assert_max_num_queries: Any) -> None:
    browser = client_for(ada)
    browser.get(f"{HOME}/{page}/")

    with django_assert_max_num_queries(15):
        browser.get(f"{HOME}/{page}/")


def test_page_asks_the_worker_and_waits(ada: User, client_for: Browser, deferred: dict[str, list[UUID]]) -> None:
    browser = client_for(ada)
    page = browser.get(f"{HOME}/rfm/").content.decode()
    question = json.loads(part_of(r'name="question" value="([^"]+)"', page).replace("&quot;", '"'))

    response = browser.post(
        f"{HOME}/questions/ask/", {"question": json.dumps(question), "next": "/w/kestrel/insight/rfm/"}
    )

    assert (response.status_code, response.headers["Location"]) == (303, "/w/kestrel/insight/rfm/")
    assert deferred["answer"] == [Answer.objects.get().pk]
    waiting = browser.get(f"{HOME}/rfm/").content.decode()
    assert 'hx-trigger="every 1s"' in waiting
    assert "<progress" in waiting


@pytest.mark.parametrize("next_page", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_nobody_is_led_away(next_page: str, ada: User, client_for: Browser, deferred: Any) -> None:
    asked = {"question": json.dumps(to_json(Rfm())), "next": next_page}

    response = client_for(ada).post(f"{HOME}/questions/ask/", asked)

    assert response.headers["Location"] == "/w/kestrel/insight/patterns/"


@pytest.mark.parametrize("question", ["", "{", '{"type": "rfm", "x": [1', '{"type":"other"}', "\x00", "[]"])
def test_what_is_no_question_is_not_found(question: str, ada: User, client_for: Browser) -> None:
    assert client_for(ada).post(f"{HOME}/questions/ask/", {"question": question}).status_code == 404


def test_figures_lead_to_their_customers(
    firm: list[Customer], ada: User, client_for: Browser, deferred: dict[str, list[UUID]]
) -> None:
    browser = client_for(ada)
    answers.answered(Rfm())
    page = browser.get(f"{HOME}/rfm/").content.decode()
    link = re.search(r'href="(/w/kestrel/insight/questions/[^"]+/customers/\?part=[^"]+)"', page)
    assert link

    shown = browser.get(link[1])
    part = json.loads(unquote(link[1].split("part=")[1]).replace("+", " "))
    posted = browser.post(link[1].split("?")[0], {"part": json.dumps(part)})
    waiting = browser.get(posted.headers["Location"])
    sets.gather(CustomerSet.objects.get().pk)
    ready = browser.get(posted.headers["Location"])
    listed = browser.get(ready.headers["Location"])

    assert "Show customers" in shown.content.decode()
    assert "every 1s" in waiting.content.decode()
    assert ready.status_code == 303
    assert f"{CustomerSet.objects.get().size} customer" in listed.content.decode()
    assert "the pattern" in listed.content.decode()


def test_funnel_is_built_from_a_form_and_shown(
    firm: list[Customer], ada: User, client_for: Browser, deferred: Any
) -> None:
    browser = client_for(ada)

    saved = browser.post(f"{HOME}/funnels/new/", FORM)
    funnel = SavedFunnel.objects.get()
    waiting = browser.get(saved.headers["Location"]).content.decode()
    for answer_id in deferred["answer"]:
        answers.work_on_answer(answer_id)
    page = browser.get(saved.headers["Location"]).content.decode()

    assert saved.status_code == 303
    assert "<progress" in waiting
    assert "Order placed, amount is more than 50" in page
    assert "95% go all the way within 30 days" in page
    assert "3 days" in page
    assert "From page to order" in browser.get(f"{HOME}/funnels/").content.decode()
    assert 'value="50.0"' in browser.get(f"{HOME}/funnels/{funnel.pk}/edit/").content.decode()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"kind_1": ""}, "two steps at least"),
        ({"name": " "}, "required"),
        ({"value_1": "much"}, "Enter a number"),
        ({"op_1": "contains"}, "compared so"),
        ({"days": "0"}, "greater than or equal to 1"),
        ({"kind_0": "x' or 1=1"}, "valid choice"),
    ],
)
def test_wrong_funnels_come_back_with_the_reason(
    change: dict[str, str], problem: str, ada: User, client_for: Browser, deferred: Any
) -> None:
    response = client_for(ada).post(f"{HOME}/funnels/new/", FORM | change)

    assert response.status_code == 422
    assert problem in response.content.decode()
    assert not SavedFunnel.objects.exists()


def test_funnel_names_are_free_once(ada: User, client_for: Browser, deferred: Any) -> None:
    browser = client_for(ada)
    browser.post(f"{HOME}/funnels/new/", FORM)

    again = browser.post(f"{HOME}/funnels/new/", FORM)
    changed = browser.post(f"{HOME}/funnels/{SavedFunnel.objects.get().pk}/edit/", FORM | {"days": "7"})
    removed = browser.post(f"{HOME}/funnels/{SavedFunnel.objects.get().pk}/remove/")

    assert (again.status_code, changed.status_code, removed.status_code) == (422, 303, 303)
    assert not SavedFunnel.objects.exists()


def test_everything_that_was_answered_is_drawn(workspace: Any, ada: User, client_for: Browser, deferred: Any) -> None:
    findable_firm()
    browser = client_for(ada)
    for question in (Rfm(), Clusters(), Cohorts(unit="month", periods=24)):
        answer = answers.answered(question)
        assert answer.result, (answer.kind, answer.reason, answer.have)

    drawn = {page: browser.get(f"{HOME}/{page}/").content.decode() for page in ("rfm", "groups", "cohorts")}

    assert "Champions" in drawn["rfm"]
    assert "groups hold best" in drawn["groups"]
    assert "come again within" in drawn["cohorts"]
    assert all("/customers/?part=" in page for page in drawn.values())
    assert browser.get(f"{HOME}/cohorts/?unit=week&start=order_placed&since=2026-01-05").status_code == 200


def test_patterns_become_views_or_go_away(workspace: Any, ada: User, client_for: Browser, deferred: Any) -> None:
    findable_firm()
    SavedFunnel.objects.create(
        name="Cart", question=to_json(Funnel((Act(kind="cart_left"), Act(kind="order_placed")), days=5))
    )
    browser = client_for(ada)
    browser.post(f"{HOME}/patterns/find/")
    assert "Looking for patterns" in browser.get(f"{HOME}/patterns/").content.decode()

    patterns.find_patterns(deferred["patterns"][0])
    page = browser.get(f"{HOME}/patterns/").content.decode()
    kinds = set(Pattern.objects.values_list("kind", flat=True))

    assert {"cluster", "rfm_slipped", "funnel"} <= kinds
    assert "have slipped away since" in page
    assert "stop after “Cart left”" in page

    lost = Pattern.objects.get(kind="funnel")
    made = browser.post(f"{HOME}/patterns/{lost.pk}/view/")
    sets.gather(CustomerSet.objects.get(is_kept=True).pk)
    listed = browser.get(made.headers["Location"]).content.decode()
    assert f"{lost.n} customer" in listed

    slipped = Pattern.objects.get(kind="rfm_slipped")
    browser.post(f"{HOME}/patterns/{slipped.pk}/dismiss/")
    patterns.find_patterns(patterns.begin_run())
    slipped.refresh_from_db()
    assert slipped.status == Pattern.Status.DISMISSED
    assert "have slipped away since" not in browser.get(f"{HOME}/patterns/").content.decode()
    browser.post(f"{HOME}/patterns/{slipped.pk}/back/")
    assert "have slipped away since" in browser.get(f"{HOME}/patterns/").content.decode()
    refused = browser.post(f"{HOME}/patterns/{lost.pk}/dismiss/")
    assert refused.status_code == 303
    lost.refresh_from_db()
    assert lost.status == Pattern.Status.ACCEPTED


def test_who_sees_only_some_customers_sees_no_figures_of_all(
    ben: User, set_role: Callable[[User, str], None], client_for: Browser, workspace: Any
) -> None:
    from rapport.foundation.workspace.models import Role

    policy = {"records": {"customer": {"actions": {"read": {"rows": "own"}}}}}
    Role.objects.create(key="own", name="Own", policy=policy)
    set_role(ben, "own")

    for page in PAGES:
        assert client_for(ben).get(f"{HOME}/{page}/").status_code == 403
