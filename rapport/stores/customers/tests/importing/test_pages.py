"""The pages of imports, walked as a browser without JavaScript walks them; and with htmx."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from rapport.foundation.accounts.models import User
from rapport.foundation.records.models import Import
from rapport.stores.customers.models import Customer
from rapport.stores.customers.tests.importing.conftest import csv_of

pytestmark = pytest.mark.django_db
HOME = "/w/kestrel/records/imports/"
PEOPLE = csv_of(
    ("First name", "Last name", "E-mail", "Birthday", "Shoe size"),
    ("Marta", "Oliveira", "marta@example.org", "03/04/1980", "42"),
    ("Jonas", "Berg", "jonas@", "05/06/1981", "43"),
)
HTMX = {"HX-Request": "true"}


@pytest.fixture
def browser(client_for: Callable[[User | None], Client], ada: User) -> Client:
    return client_for(ada)


def upload(browser: Client, content: str | bytes = PEOPLE, name: str = "people.csv", into: str = "customer") -> Any:
    raw = content.encode() if isinstance(content, str) else content
    return browser.post(f"{HOME}new", {"into": into, "file": SimpleUploadedFile(name, raw)})


def sent(row: Import, **changes: Any) -> dict[str, Any]:
    """What the form of columns and questions sends as it stands."""
    fields = {f"column-{each['position']}": each["target"] for each in row.mapping}
    fields |= {name: ("on" if value is True else value) for name, value in row.options.items() if value is not False}
    return {**fields, "key_field": row.key_field, **changes}


def test_a_file_is_brought_mapped_checked_imported_and_taken_back(browser: Client) -> None:
    assert "Bring your customers in" in browser.get(HOME).content.decode()
    assert 'type="file"' in browser.get(f"{HOME}new?into=customer").content.decode()

    answer = upload(browser)
    row = Import.objects.get()
    page_url = f"/w/kestrel/records/imports/{row.pk}"
    assert (answer.status_code, answer["Location"]) == (303, page_url)

    page = browser.get(page_url).content.decode()
    assert '<option value="given_name" selected>' in page
    assert "jonas@ is not an e-mail address: nothing stands after the @." in page
    assert "These values can be read in two ways" in page

    answer = browser.post(f"{page_url}/cell", {"row": "3", "column": "2", "text": "jonas@example.org"})
    assert answer.status_code == 303
    answer = browser.post(
        f"{page_url}/plan", sent(row, **{"date_order-3": "mdy", "column-4": "new:number", "go": "check"})
    )
    assert (answer.status_code, answer["Location"]) == (303, page_url)
    page = browser.get(page_url).content.decode()
    assert "What would happen" in page
    assert not Customer.objects.exists()

    browser.post(f"{page_url}/run")
    page = browser.get(page_url).content.decode()
    assert "Undo this import" in page
    marta, jonas = Customer.objects.order_by("-name")
    assert (marta.name, str(marta.birth_date), marta.custom) == ("Marta Oliveira", "1980-03-04", {"shoe_size": "42"})
    assert jonas.email == "jonas@example.org"
    assert "people.csv" in browser.get(HOME).content.decode()

    browser.post(f"{page_url}/undo")
    assert "Taken back" in browser.get(page_url).content.decode()
    assert not Customer.objects.exists()


def test_a_remembered_file_is_mapped_as_last_time(browser: Client) -> None:
    upload(browser)
    first = Import.objects.get()
    browser.post(f"/w/kestrel/records/imports/{first.pk}/plan", sent(first, **{"column-4": "job_title", "go": "run"}))

    upload(browser)

    again = Import.objects.exclude(pk=first.pk).get()
    assert [each["target"] for each in again.mapping] == [
        "given_name",
        "family_name",
        "email",
        "birth_date",
        "job_title",
    ]
    assert "as last time" in browser.get(f"/w/kestrel/records/imports/{again.pk}").content.decode()


def test_refused_rows_can_be_fetched(browser: Client) -> None:
    upload(browser)
    row = Import.objects.get()
    browser.post(f"/w/kestrel/records/imports/{row.pk}/run")

    answer = browser.get(f"/w/kestrel/records/imports/{row.pk}/refused")

    assert "attachment" in answer["Content-Disposition"]
    assert "jonas@ is not an e-mail address" in b"".join(answer.streaming_content).decode()


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "empty.csv", "This file is empty."),
        (b"%PDF-1.7", "a.pdf", "not a table"),
        (b"PK\x03\x04", "a.xlsx", "damaged"),
    ],
)
def test_what_is_no_table_is_refused_on_the_form(browser: Client, content: bytes, name: str, said: str) -> None:
    answer = upload(browser, content, name)

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Import.objects.exists()


def test_a_form_without_a_file_says_so(browser: Client) -> None:
    answer = browser.post(f"{HOME}new", {"into": "customer"})

    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"column-0": "email"}, "Another column goes there already."),
        ({"column-0": "", "column-1": "", "column-2": "", "key_field": ""}, "Choose a column for the name"),
        ({"column-0": "nonsense"}, "There is no such field."),
        ({"key_field": "phone"}, "No column goes to this field"),
        ({"region": "Germany"}, "Two letters, such as NL."),
        ({"kind": "robot"}, "robot"),
    ],
)
def test_a_plan_that_does_not_hold_together_is_refused(browser: Client, changes: dict[str, str], said: str) -> None:
    upload(browser)
    row = Import.objects.get()

    answer = browser.post(f"/w/kestrel/records/imports/{row.pk}/plan", sent(row, **changes))

    assert answer.status_code == 422
    assert said in answer.content.decode()
    row.refresh_from_db()
    assert row.mapping[0]["target"] == "given_name"


def test_htmx_gets_the_region_with_the_preview_as_it_is_now(browser: Client) -> None:
    upload(browser)
    row = Import.objects.get()

    answer = browser.post(
        f"/w/kestrel/records/imports/{row.pk}/plan", sent(row, **{"date_order-3": "mdy"}), headers=HTMX
    )

    page = answer.content.decode()
    assert answer.status_code == 200
    assert page.lstrip().startswith('<div id="import"')
    assert "two ways" not in page


def test_a_file_read_wrongly_is_read_again(browser: Client) -> None:
    upload(browser, "a;b\n1;x\n2;y\n")
    row = Import.objects.get()

    browser.post(
        f"/w/kestrel/records/imports/{row.pk}/format", {"delimiter": ",", "encoding": "cp1252", "header_asked": "1"}
    )

    row.refresh_from_db()
    assert (row.format["delimiter"], row.format["encoding"], row.format["has_header"]) == (",", "cp1252", False)
    assert row.format["headings"] == ["Column 1"]


def test_a_draft_can_be_forgotten(browser: Client, django_capture_on_commit_callbacks: Any) -> None:
    from pathlib import Path

    from django.core.files.storage import default_storage

    upload(browser)
    row = Import.objects.get()
    path = Path(default_storage.path(row.storage_key))
    assert path.exists()

    with django_capture_on_commit_callbacks(execute=True):
        browser.post(f"/w/kestrel/records/imports/{row.pk}/discard")

    assert not Import.objects.exists()
    assert not path.exists()


def test_who_may_not_import_finds_nothing(
    client_for: Callable[[User | None], Client], ben: User, set_role: Callable[[User, str], None], browser: Client
) -> None:
    upload(browser)
    row = Import.objects.get()
    set_role(ben, "read_only")
    other = client_for(ben)

    assert other.get(HOME).status_code == 404
    assert other.get(f"/w/kestrel/records/imports/{row.pk}").status_code == 404
    assert other.post(f"/w/kestrel/records/imports/{row.pk}/run").status_code == 404


def test_another_workspace_finds_nothing(
    client_for: Callable[[User | None], Client], cleo: User, browser: Client
) -> None:
    upload(browser)
    row = Import.objects.get()

    assert client_for(cleo).get(f"/w/harbour/records/imports/{row.pk}").status_code == 404
    assert client_for(cleo).get(f"/w/kestrel/records/imports/{row.pk}").status_code == 404


def test_hostile_cells_and_names_are_shown_as_text(browser: Client) -> None:
    upload(
        browser, csv_of(("<script>a</script>", "E-mail"), ("<img src=x onerror=y>", "<b>bad</b>")), name="<i>x</i>.csv"
    )
    row = Import.objects.get()

    page = browser.get(f"/w/kestrel/records/imports/{row.pk}").content.decode()

    for hostile in ("<script>a", "<img src=x", "<b>bad", "<i>x"):
        assert hostile not in page
