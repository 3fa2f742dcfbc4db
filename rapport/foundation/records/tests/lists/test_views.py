"""List pages over HTTP: whole and as fragments, without and with JavaScript's help."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from rapport.foundation.accounts.models import User
from rapport.foundation.records.models import BulkRun, Operation, SavedView
from rapport.foundation.records.services import bulk
from rapport.foundation.records.tests.lists.factories import make_rows, reload

pytestmark = pytest.mark.django_db
LIST = "/w/kestrel/customers/"
ACTS = "/w/kestrel/records/lists/customers/"  # what can be done to a list, wherever it is
DELFT = quote('{"all":[{"field":"city","op":"is","value":"Delft"}]}')
HTMX = {"HX-Request": "true"}
ClientFor = Callable[[User | None], Client]


@pytest.fixture
def client(ada: User, client_for: ClientFor) -> Client:
    browser = client_for(ada)
    browser.get(LIST)  # what is only written down on the first visit
    return browser


def text(response: Any) -> str:
    return str(response.content.decode())


def test_a_list_asks_the_database_the_same_for_one_row_and_for_fifty(client: Client, ada: User) -> None:
    asked = []
    for number in (1, 49):
        make_rows(number)
        with CaptureQueriesContext(connection) as queries:
            response = client.get(LIST)
        assert response.status_code == 200
        asked.append([query for query in queries.captured_queries if not query["sql"].startswith("SET search_path")])

    assert len(asked[0]) == len(asked[1]) <= 15


def test_the_same_address_gives_a_page_and_a_fragment(client: Client) -> None:
    make_rows(3)

    page, fragment = client.get(LIST), client.get(LIST, headers=HTMX)

    assert "<html" in text(page)
    assert "<html" not in text(fragment)
    assert text(fragment).lstrip().startswith('<div id="list"')
    assert "HX-Request" in page["Vary"]


def test_a_filter_is_a_plain_form_that_leads_to_a_permalink(client: Client) -> None:
    make_rows(8)

    response = client.get(LIST, {"apply": "1", "add": "field:city", "op": "is", "value": "Delft", "view": "all"})

    assert response.status_code == 302
    assert (
        response["Location"]
        == f"{LIST}?view=all&where=%7B%22all%22%3A%5B%7B%22field%22%3A%22city%22%2C%22op%22%3A%22is%22%2C%22value%22%3A%22Delft%22%7D%5D%7D"
    )
    shown = text(client.get(response["Location"]))
    assert "2 customers" in shown
    assert "Customers where" in shown


def test_with_htmx_the_list_comes_at_once_and_the_address_follows(client: Client) -> None:
    make_rows(8)

    response = client.get(LIST, {"apply": "1", "add": "field:city", "op": "is", "value": "Delft"}, headers=HTMX)

    assert response.status_code == 200
    assert response["HX-Push-Url"].startswith(f"{LIST}?where=")


def test_a_refused_filter_comes_back_with_the_reason(client: Client) -> None:
    sent = {"apply": "1", "add": "field:birth_date", "op": "before", "value": "soon"}

    page, fragment = client.get(LIST, sent), client.get(LIST, sent, headers=HTMX)

    assert page.status_code == fragment.status_code == 422
    assert "This is not a date." in text(page)
    assert 'value="soon"' in text(page)
    assert fragment["HX-Retarget"] == "#add"


@pytest.mark.parametrize(
    ("pointer", "form"), [({"chip": "/all/0"}, "f-all-0"), ({"into": "/all/0"}, "f-all-0"), ({}, "add")]
)
def test_a_refused_filter_comes_back_into_the_form_it_was_written_in(
    client: Client, pointer: dict[str, str], form: str
) -> None:
    tree = {"all": [{"field": "birth_date", "op": "is_empty"}]}
    sent = {
        "apply": "1",
        "where": json.dumps(tree),
        "add": "field:birth_date",
        "op": "before",
        "value": "soon",
    } | pointer

    in_menu = client.get(LIST, sent, headers=HTMX)
    on_page = client.get(LIST, sent, headers=HTMX | {"HX-Source": f"form#{form}-open"})

    assert (in_menu.status_code, on_page.status_code) == (422, 422)
    assert in_menu["HX-Retarget"] == f"#{form}"
    assert on_page["HX-Retarget"] == f"#{form}-open"


@pytest.mark.parametrize(
    ("sent", "node"),
    [
        ({"add": "field:city", "op": "any_of", "value": "Delft\nHamburg"}, {"field": "city", "op": "any_of", "value": ["Delft", "Hamburg"]}),
        ({"add": "field:birth_date", "op": "in_next", "value": "2", "unit": "weeks"}, {"field": "birth_date", "op": "in_next", "value": {"n": 2, "unit": "weeks"}}),
        ({"add": "field:birth_date", "op": "between", "value": "2026-01-01", "value_to": "2026-02-01"}, {"field": "birth_date", "op": "between", "value": ["2026-01-01", "2026-02-01"]}),
        ({"add": "field:tags", "op": "has_all", "value": "a, b"}, {"field": "tags", "op": "has_all", "value": ["a", "b"]}),
        ({"add": "field:owner", "op": "is", "value": "me"}, {"field": "owner", "op": "is", "value": "me"}),
        ({"add": "field:city", "op": "is_empty"}, {"field": "city", "op": "is_empty"}),
        ({"add": "relation:works_at", "quantifier": "count", "op": "at_least", "value": "2"}, {"relation": "works_at", "quantifier": "count", "op": "at_least", "value": 2}),
        ({"add": "behaviour:order_placed", "kind": "order_placed", "measure": "sum", "of": "amount", "op": "more_than", "value": "99,50", "window": "last", "n": "30", "unit": "days"},
         {"behaviour": {"kind": "order_placed"}, "measure": "sum", "of": "amount", "op": "more_than", "value": 99.5, "within": {"last": 30, "unit": "days"}}),
        ({"add": "behaviour:", "kind": "email_opened", "channel": "email", "measure": "count", "op": "at_most", "value": "0", "window": "since_last", "since_kind": "order_placed", "p0-property": "subject", "p0-op": "contains", "p0-value": "Spring"},
         {"behaviour": {"kind": "email_opened", "channel": "email", "where": [{"property": "subject", "op": "contains", "value": "Spring"}]}, "measure": "count", "op": "at_most", "value": 0, "within": {"since": "last", "kind": "order_placed"}}),
    ],
)  # fmt: skip
def test_every_kind_of_filter_can_be_made_by_a_form(client: Client, sent: dict[str, str], node: dict[str, Any]) -> None:
    response = client.get(LIST, {"apply": "1", **sent}, headers=HTMX)

    assert response.status_code == 200, text(response)
    where = Client().get("/", QUERY_STRING=response["HX-Push-Url"].partition("?")[2]).wsgi_request.GET["where"]  # type: ignore[attr-defined]  # the test client adds it
    assert json.loads(where) == {"all": [node]}
    chip = client.get(f"{ACTS}filter", {"where": where, "chip": "/all/0"}, headers=HTMX)
    again = {name: value for name, value in sent.items() if name != "add"}
    same = client.get(LIST, {"apply": "1", "where": where, "chip": "/all/0", **again}, headers=HTMX)
    assert chip.status_code == 200
    assert same["HX-Push-Url"] == response["HX-Push-Url"]


def test_an_alternative_becomes_a_group_and_the_joiner_turns_it(client: Client) -> None:
    make_rows(8)

    response = client.get(
        LIST,
        {"apply": "1", "where": '{"all":[{"field":"city","op":"is","value":"Delft"}]}', "add": "field:city", "into": "/all/0", "joined": "any", "op": "is", "value": "Hamburg"},
        headers=HTMX,
    )  # fmt: skip

    assert "4 customers" in text(response)
    assert (
        quote(
            '{"all":[{"any":[{"field":"city","op":"is","value":"Delft"},{"field":"city","op":"is","value":"Hamburg"}]}]}',
            safe="",
        )
        in response["HX-Push-Url"]
    )
    assert quote('{"all":[{"all":[{"field":"city","op":"is","value":"Delft"}', safe="") in text(response)


@pytest.mark.parametrize("query", ["add=menu", "add=field:city", "add=behaviour:", "add=relation:works_at", "add=set:view", f"where={DELFT}&chip=/all/0"])  # fmt: skip
def test_without_javascript_the_form_stands_in_the_page(client: Client, query: str) -> None:
    response = client.get(f"{LIST}?{query}")

    assert response.status_code == 200
    assert "r-filter-panel" in text(response)


def test_a_filter_in_the_address_that_makes_no_sense_says_so(client: Client) -> None:
    make_rows(3)

    for where in ("nonsense", '{"field":"gone","op":"is_empty"}'):
        response = client.get(LIST, {"where": where})
        assert response.status_code == 422
        assert "This filter can" in text(response)
        assert "Customer 000" not in text(response)


@pytest.mark.parametrize("query", ["chip=/all/9", "add=field:gone", "add=relation:gone", "add=nothing", "add=set:gone"])
def test_a_form_for_what_is_not_there_is_not_found(client: Client, query: str) -> None:
    assert client.get(f"{ACTS}filter?{query}", headers=HTMX).status_code == 404


def test_nobody_matching_names_the_condition_to_drop(client: Client) -> None:
    make_rows(8)
    where = '{"all":[{"field":"city","op":"is","value":"Bremen"},{"field":"name","op":"contains","value":"Cust"}]}'

    shown = text(client.get(LIST, {"where": where}))

    assert "Without “City is Bremen” there would be 8." in shown
    assert "Drop “City is Bremen”" in shown


def test_text_of_people_is_shown_not_run(client: Client) -> None:
    make_rows(1, name="<script>alert(1)</script>", tags=["<img src=x onerror=y>"], city='"><svg onload=z>')

    shown = text(client.get(LIST, {"columns": "city,tags", "q": '"><script>'})) + text(
        client.get(LIST, {"columns": "city,tags"})
    )

    for hostile in ("<script>alert", "<img src=x", "<svg onload", '"><script>'):
        assert hostile not in shown


def test_a_large_list_counts_exactly_when_asked(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    make_rows(60)

    assert "60 customers" in text(client.get(LIST, {"count": "all"}))


# Cells


def cell_url(row: Any, field: str = "city") -> str:
    return f"{ACTS}rows/{row.pk}/{field}?at=1"


def test_a_cell_is_edited_in_place_and_can_be_undone(client: Client) -> None:
    (row,) = make_rows(1, city="Delft")

    form = text(client.get(cell_url(row), headers=HTMX))
    saved = client.post(cell_url(row), {"value": "Gouda", "version": "1"}, headers=HTMX)

    assert 'value="Delft"' in form
    assert reload(row.pk).city == "Gouda"
    assert "r-saved" in text(saved)
    undo_url = json.loads(saved["HX-Trigger"])["toast"]["undo_url"]
    assert client.post(undo_url, headers=HTMX).status_code == 204
    assert reload(row.pk).city == "Delft"


def test_a_refused_value_keeps_the_cell_open_with_the_reason(client: Client) -> None:
    (row,) = make_rows(1)

    response = client.post(cell_url(row, "email"), {"value": "nonsense", "version": "1"}, headers=HTMX)

    assert response.status_code == 422
    assert 'value="nonsense"' in text(response)
    assert "is not an e-mail address" in text(response)
    assert reload(row.pk).email == "c0@example.org"


def test_a_cell_that_somebody_else_changed_first_asks_to_look_again(client: Client) -> None:
    (row,) = make_rows(1, city="Delft")
    client.post(cell_url(row), {"value": "Gouda", "version": "1"})

    response = client.post(cell_url(row), {"value": "Bremen", "version": "1"}, headers=HTMX)

    assert response.status_code == 409
    assert reload(row.pk).city == "Gouda"


def test_a_reader_sees_cells_and_cannot_edit_them(ben: User, client_for: ClientFor, set_role: Any) -> None:
    (row,) = make_rows(1, city="Delft")
    set_role(ben, "read_only")
    reader = client_for(ben)

    assert "data-edit" not in text(reader.get(LIST))
    assert "form" not in text(reader.get(cell_url(row), headers=HTMX))
    assert reader.post(cell_url(row), {"value": "Gouda"}).status_code == 403
    assert reload(row.pk).city == "Delft"


# Bulk acts


def test_chosen_rows_are_assigned_tagged_and_deleted(client: Client, actor: Any) -> None:
    rows = make_rows(3)
    ids = [str(row.pk) for row in rows[:2]]

    for act, more in ((f"assign:{actor.member_id}", {}), ("tag", {"tags": "vip, new"}), ("delete", {})):
        response = client.post(f"{ACTS}bulk", {"ids": ids, "act": act, **more}, headers=HTMX)
        assert response.status_code == 200, act
        assert "toast" in json.loads(response["HX-Trigger"])

    done = reload(rows[0].pk)
    assert (done.owner_id, done.tags, bool(done.deleted_at)) == (actor.member_id, ["vip", "new"], True)
    assert not reload(rows[2].pk).deleted_at
    assert "1 customer<" in text(client.get(LIST))
    assert "2 customers" in text(client.get(LIST, {"view": "bin"}))


def test_all_that_match_means_the_filter_not_the_page(client: Client) -> None:
    rows = make_rows(8)

    client.post(
        f"{ACTS}bulk", {"all": "1", "where": '{"field":"city","op":"is","value":"Delft"}', "act": "tag", "tags": "x"}
    )

    assert sum("x" in reload(row.pk).tags for row in rows) == 2


def test_without_javascript_a_bulk_act_leads_back_to_the_list(client: Client) -> None:
    (row,) = make_rows(1)

    response = client.post(f"{ACTS}bulk", {"ids": [str(row.pk)], "act": "delete", "sort": "name"})

    assert response.status_code == 303
    assert response["Location"] == f"{LIST}?sort=name"
    assert "Undo" in text(client.get(response["Location"]))


def test_changing_a_field_asks_which_and_to_what(client: Client) -> None:
    (row,) = make_rows(1, city="Delft")
    ids = {"ids": [str(row.pk)], "act": "edit"}

    which = client.post(f"{ACTS}bulk", ids)
    what = client.post(f"{ACTS}bulk", {**ids, "field": "city"})
    wrong = client.post(f"{ACTS}bulk", {**ids, "field": "email", "value": "x", "confirmed": "1"})
    done = client.post(f"{ACTS}bulk", {**ids, "field": "city", "value": "Gouda", "confirmed": "1"})

    assert which.status_code == what.status_code == 200
    assert "City" in text(which)
    assert 'name="value"' in text(what)
    assert wrong.status_code == 422
    assert done.status_code == 303
    assert reload(row.pk).city == "Gouda"


def test_the_list_leads_to_its_export(client: Client) -> None:
    (row,) = make_rows(1)

    shown = text(client.get(LIST, {"sort": "name"}))

    assert f'href="{ACTS}export?sort=name"' in shown
    assert f'formaction="{ACTS}export"' in shown
    assert client.post(f"{ACTS}export", {"ids": [str(row.pk)]}).status_code == 200


def test_nothing_chosen_is_said_kindly(client: Client) -> None:
    response = client.post(f"{ACTS}bulk", {"act": "delete"})

    assert response.status_code == 303
    assert not Operation.objects.exists()


def test_many_rows_lead_to_a_page_with_the_progress(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 3)
    make_rows(5)

    response = client.post(f"{ACTS}bulk", {"all": "1", "act": "tag", "tags": "x"})

    run = BulkRun.objects.get()
    assert response["Location"] == f"/w/kestrel/records/runs/{run.pk}"
    assert "0 of 5 records" in text(client.get(response["Location"]))
    assert client.post(f"{response['Location']}/cancel").status_code == 303
    assert "Stopped" in text(client.get(response["Location"], headers=HTMX))


# Views


def test_a_list_is_saved_as_a_view_and_used(client: Client) -> None:
    make_rows(8)

    form = client.get(f"{ACTS}views/new?where={DELFT}")
    response = client.post(f"{ACTS}views/new?where={DELFT}&columns=city", {"name": "In Delft", "is_shared": "on"})

    view = SavedView.objects.get()
    assert "Customers where City is Delft" in text(form)
    assert response["Location"] == f"{LIST}?view={view.pk}"
    assert (view.is_shared, view.columns) == (True, ["city"])
    shown = text(client.get(response["Location"]))
    assert "2 customers" in shown
    assert "In Delft" in shown
    refused = client.post(f"{ACTS}views/new?where={DELFT}", {"name": "In Delft"})
    assert refused.status_code == 422


def test_a_view_is_pinned_renamed_changed_and_removed(client: Client) -> None:
    make_rows(8)
    client.post(f"{ACTS}views/new?where={DELFT}", {"name": "In Delft"})
    view = SavedView.objects.get()
    url = f"/w/kestrel/records/views/{view.pk}"

    client.post(f"{ACTS}views/mark", {"view": str(view.pk), "act": "pin"})
    client.post(f"{url}/name", {"name": "Delft and round"})
    client.post(f"{url}?view={view.pk}&sort=name", {"act": "save"})

    view.refresh_from_db()
    assert (view.name, view.sort) == ("Delft and round", "name")
    assert view.condition == {"all": [{"field": "city", "op": "is", "value": "Delft"}]}
    assert text(client.get(LIST)).count("Delft and round") >= 2
    client.post(url, {"act": "remove"})
    client.get(LIST)  # says that it is removed
    assert "Delft and round" not in text(client.get(f"{LIST}?view=all"))


# Outsiders


def test_an_outsider_reaches_nothing(cleo: User, client_for: ClientFor, client: Client) -> None:
    (row,) = make_rows(1, city="Delft")
    client.post(f"{ACTS}views/new?where={DELFT}", {"name": "In Delft"})
    view = SavedView.objects.get()
    outsider = client_for(cleo)

    for url in (LIST, f"{ACTS}filter", cell_url(row), f"{ACTS}views/new", f"/w/kestrel/records/views/{view.pk}/name"):
        assert outsider.get(url).status_code == 404
    own = ACTS.replace("kestrel", "harbour")
    assert outsider.post(f"{own}bulk", {"ids": [str(row.pk)], "act": "delete"}).status_code in (303, 404)
    assert outsider.get(f"{own}rows/{row.pk}/city").status_code == 404
    assert outsider.get(f"/w/harbour/records/views/{view.pk}/name").status_code == 404
    assert not reload(row.pk).deleted_at


def test_a_phone_number_reads_from_the_left_in_every_language(client: Client) -> None:
    make_rows(1, phone="+491711234567")

    listed = text(client.get(f"{LIST}?columns=phone"))

    assert '<bdi dir="ltr">' in listed
