"""Every page of a workspace asks the database few questions. A new page is covered the moment it has a URL."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from rapport.foundation.accounts.models import User
from tests.architecture.test_outsider import INSIDE, Route, known, taken_back  # noqa: F401 (known is a fixture)

MOST = 15
ACTS = ("place", "pay", "ship", "deliver", "return", "refund", "cancel")
# Files to be saved, made of everything that is known: as many queries as they have parts, none for each row.
FILES = {"customers:export"}


def addresses(route: Route, known: dict[str, object]) -> Iterator[str]:  # noqa: F811 (known is a fixture)
    """The page for one record of each type that has such pages, and for each thing that can be done with an order."""
    of_types = [{}]
    if "<slug:record_type>" in route.template:
        of_types = [
            {"record_type": name, "record_id": known[f"{name}_id"]}
            for name in ("customer", "order", "product", "subscription", "deal")
        ]
    acts = [{"slug": slug} for slug in ACTS] if route.name == "commerce:order-act" else [{}]
    for one in of_types:
        for act in acts:
            yield "/w/kestrel/" + route.path({**known, **one, **act})


def test_no_page_asks_the_database_more_than_a_few_questions(
    known: dict[str, object],  # noqa: F811 (known is a fixture)
    ada: User,
    client_for: Callable[..., Client],
) -> None:
    browser = client_for(ada)
    browser.get("/w/kestrel/")  # what is only written down on the first visit
    asked = {}

    for route in INSIDE:
        if route.name in FILES:
            continue
        for path in addresses(route, known):
            with taken_back(), CaptureQueriesContext(connection) as queries:
                response = browser.get(path)
            if response.status_code == 200:
                asked[path] = [q["sql"] for q in queries if not q["sql"].startswith("SET search_path")]

    assert len(asked) > 80
    assert {path: len(found) for path, found in asked.items() if len(found) > MOST} == {}
