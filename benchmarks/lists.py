"""Server time of lists: orders, filters, words, deep pages and behaviour, asked through the whole stack in one process.

What a request costs in processor time and bytes over HTTP is measured by `requests`.
"""

from __future__ import annotations

import argparse
import html
import json
import re
import time
from typing import Any
from urllib.parse import quote, urlencode

from benchmarks.firm import firm, postmaster_pid
from benchmarks.machine import Times, cpu_ms, family, heading

LIST = "/w/bench/customers/"
ORDERED = {"behaviour": {"kind": "order_placed"}}
CONDITIONS: dict[str, dict[str, Any]] = {
    "mine (owner, indexed)": {"field": "owner", "op": "is", "value": "me"},
    "city is (indexed)": {"field": "city", "op": "is", "value": "Köln"},
    "tag (GIN)": {"field": "tags", "op": "has_any", "value": ["fleet"]},
    "name contains (trigram)": {"field": "name", "op": "contains", "value": "weber 10"},
    "opened 3 times in 30 days": {
        "behaviour": {"kind": "email_opened"}, "op": "at_least", "value": 3, "within": {"last": 30, "unit": "days"},
    },
    "ordered in the last 30 days": {**ORDERED, "within": {"last": 30, "unit": "days"}},
    "never ordered": {**ORDERED, "op": "at_most", "value": 0},
    "opened, not ordered since": {
        "all": [
            {"behaviour": {"kind": "email_opened"}, "op": "at_least", "value": 1, "within": {"last": 30, "unit": "days"}},
            {**ORDERED, "op": "at_most", "value": 0, "within": {"since": "last", "kind": "email_opened"}},
        ]
    },
    "nobody matches": {"all": [{"field": "city", "op": "is", "value": "Nowhere"}, {"field": "kind", "op": "is", "value": "person"}]},
}  # fmt: skip


def main(arguments: argparse.Namespace) -> None:
    with firm(arguments.size) as (size, workspace):
        client = _signed_in(workspace)
        heading("Lists", size=size.name, customers=size.customers, touchpoints=size.touchpoints)
        print(f"{'':32}{'server time':46}CPU web + db    queries")
        for name, url in _urls(client):
            _ask(client, name, url, arguments.times)


def _urls(client: Any) -> list[tuple[str, str]]:
    urls = [("first page, newest", f"{LIST}?view=all")]
    urls += [(f"first page by {sort}", f"{LIST}?sort={sort}") for sort in ("name", "-name", "city", "-city")]
    urls.append(("organisations", "/w/bench/customers/organisations/"))
    urls.append(("words: part of a name", f"{LIST}?q=oliveira+12"))
    urls.append(("page 20 by city", _deep(client, f"{LIST}?sort=city", 20)))
    urls += [(name, f"{LIST}?where={quote(json.dumps(where))}") for name, where in CONDITIONS.items()]
    urls.append(("counted to the last one", f"{LIST}?view=all&count=all"))
    return urls


def _deep(client: Any, url: str, pages: int) -> str:
    """The address of a later page, reached as a person would."""
    for _ in range(pages):
        found = re.search(r'rel="next" href="([^"]+)"', client.get(url).content.decode())
        if found:
            url = html.unescape(found[1])
    return url


def _ask(client: Any, name: str, url: str, times: int) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        status = client.get(url).status_code
    asked = sum(not query["sql"].startswith("SET search_path") for query in queries.captured_queries)
    if status != 200:
        raise SystemExit(f"{name}: {url} answered {status}")
    spent = []
    database = family(postmaster_pid())
    web_before, database_before = time.process_time(), cpu_ms(database)
    for _ in range(times):
        started = time.perf_counter()
        client.get(url)
        spent.append((time.perf_counter() - started) * 1000)
    web = (time.process_time() - web_before) * 1000 / times
    data = (cpu_ms(database) - database_before) / times
    print(f"{name:32}{Times(spent)!s:46}{web:6.1f} + {data:6.1f} ms{asked:8}")


def _signed_in(workspace: Any) -> Any:
    from django.conf import settings
    from django.core.signals import request_finished
    from django.db import close_old_connections
    from django.test import Client

    from rapport.foundation.accounts import tenancy
    from rapport.foundation.accounts.models import User

    tenancy.enter_public()
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    settings.ALLOWED_HOSTS = ["testserver"]
    request_finished.disconnect(close_old_connections)  # one process, one connection
    client = Client()
    client.force_login(
        User.objects.get(email="bench@example.com"), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    client.get(f"{LIST}?{urlencode({'view': 'all'})}")
    return client
