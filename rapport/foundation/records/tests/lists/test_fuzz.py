"""Whatever stands in an address, a list answers with a page or says what is wrong: never with an error of its own."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rapport.foundation.accounts.models import User
from rapport.foundation.records.models import BulkRun
from rapport.foundation.records.rules import conditions
from rapport.foundation.records.rules.conditions import Operator, edit
from rapport.foundation.records.services import bulk
from rapport.foundation.records.tasks import run_bulk
from rapport.foundation.records.tests.conditions.strategies import any_json, trees
from rapport.foundation.records.tests.lists.factories import make_rows, reload

pytestmark = pytest.mark.django_db
LIST = "/w/kestrel/customers/"
ACTS = "/w/kestrel/records/lists/customers/"
many = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
odd = st.text(max_size=12) | st.sampled_from(
    ["\x00", "%", "'", "9" * 400, "-1", "1e999", "2026-02-30", "0001-01-01", "me"]
)
names = st.sampled_from(
    ["view", "where", "q", "sort", "columns", "size", "cursor", "chip", "add", "into", "joined", "apply", "op", "value",
     "value_to", "unit", "currency", "quantifier", "kind", "channel", "measure", "of", "window", "n", "start", "end",
     "since_kind", "p0-property", "p0-op", "p0-value", "set_id", "is_in", "find", "count", "reshape"]
)  # fmt: skip
specs = st.sampled_from(
    ["field:city", "field:birth_date", "field:owner", "field:tags", "field:created_at", "field:kind", "relation:works_at",
     "behaviour:", "behaviour:order_placed", "set:view", "set:import", "menu", "field:", "x"]
)  # fmt: skip
pointers = st.sampled_from(["", "/all/0", "/all/0/not", "/all/0/where", "/any/0", "/all/99", "/x"])
measures = st.sampled_from(["count", "sum", "first", "last"])
windows = st.sampled_from(["", "last", "between", "since_last", "since_first"])


@st.composite
def params(draw: st.DrawFn) -> dict[str, str]:
    made = draw(st.dictionaries(names, odd, max_size=8))
    known = {
        "op": st.sampled_from([op.value for op in Operator]), "add": specs, "chip": pointers, "into": pointers,
        "measure": measures, "window": windows, "where": trees.map(conditions.encode) | any_json.map(lambda j: json.dumps(j, default=str)),
        "apply": st.just("1"),
    }  # fmt: skip
    for name in draw(st.lists(st.sampled_from(sorted(known)), unique=True)):
        made[name] = draw(known[name])
    return made


@pytest.fixture
def client(ada: User, client_for: Callable[[User | None], Client]) -> Client:
    make_rows(3)
    return client_for(ada)


def test_no_address_of_a_list_breaks_it(client: Client) -> None:
    @many
    @given(params(), st.sampled_from([LIST, f"{ACTS}filter", f"{ACTS}views/new"]), st.booleans())
    def asked(sent: dict[str, str], url: str, by_htmx: bool) -> None:
        response = client.get(url, sent, headers={"HX-Request": "true"} if by_htmx else {})
        assert response.status_code in (200, 302, 404, 422)

    asked()


def test_no_bulk_act_breaks_a_list(client: Client) -> None:
    acts = st.sampled_from(["assign:", "assign:x", "tag", "untag", "edit", "restore", "", "drop"])

    @many
    @given(params(), acts, st.lists(odd, max_size=2), st.sampled_from(["", "city", "email", "owner", "kind", "nope"]))
    def sent(more: dict[str, str], act: str, ids: list[str], field: str) -> None:
        body = {**more, "act": act, "ids": ids, "field": field, "confirmed": "1", "all": ""}
        assert client.post(f"{ACTS}bulk", body).status_code in (200, 303, 404, 422)

    sent()


def test_chips_of_any_condition_can_be_opened(client: Client) -> None:
    @many
    @given(trees)
    def opened(tree: conditions.Condition) -> None:
        where = conditions.encode(edit.grouped(tree))
        response = client.get(f"{ACTS}filter", {"where": where, "chip": "/all/0"}, headers={"HX-Request": "true"})
        assert response.status_code in (200, 404)  # the trees are about another record type, so many fields are unknown

    opened()


def test_the_worker_does_a_run_to_its_end(client: Client, workspace: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 2)
    monkeypatch.setattr(bulk, "BATCH", 2)
    rows = make_rows(3)
    client.post(f"{ACTS}bulk", {"all": "1", "act": "tag", "tags": "x"})
    run = BulkRun.objects.get()

    run_bulk(schema="w_00000001", run_id=str(run.pk))

    run.refresh_from_db()
    assert (run.state, run.done) == ("done", 6)
    assert all(reload(row.pk).tags == ["x"] for row in rows)
