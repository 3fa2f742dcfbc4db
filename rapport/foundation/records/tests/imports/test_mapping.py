"""Columns find their fields: by what people chose, by the heading, by the system it came from, by the values."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from rapport.foundation.records.rules.mapping import (
    ColumnPlan,
    SourceColumn,
    currency_in,
    field_name,
    fingerprint,
    folded_heading,
    guess_mapping,
    headings_for,
    recognised,
)
from rapport.foundation.records.types import Field, FieldKind

MANY = ("other_emails", "other_phones")


def f(name: str, kind: FieldKind = FieldKind.TEXT, **extra: Any) -> Field:
    return Field(name=name, label=extra.pop("label", name.replace("_", " ").capitalize()), kind=kind, **extra)


PEOPLE = (
    f("name", aliases=("full name", "company")),
    f("given_name", aliases=("first name", "vorname")),
    f("family_name", aliases=("last name", "nachname")),
    f("email", FieldKind.EMAIL, key=True, label="E-mail", aliases=("email", "e-mail address")),
    f("other_emails", FieldKind.EMAIL),
    f("phone", FieldKind.PHONE, key=True, aliases=("telephone", "mobile")),
    f("other_phones", FieldKind.PHONE),
    f("organisation_name", label="Works at", aliases=("company", "employer")),
    f("job_title", aliases=("title", "position")),
    f("street"),
    f("postal_code", aliases=("zip",)),
    f("city", aliases=("town", "ort")),
    f("region"),
    f("country"),
    f("website", FieldKind.URL),
    f("birth_date", FieldKind.DATE),
    f("owner", FieldKind.MEMBER),
    f("source"),
    f("tags", FieldKind.TAGS),
    f("notes", FieldKind.LONG_TEXT),
    f("external_id", key=True),
)
LOG = (
    f("customer_external_id", aliases=("customer id", "customer"), key=True),
    f("customer_id", FieldKind.RELATION, aliases=("rapport id",)),
    f("occurred_at", FieldKind.INSTANT, aliases=("date", "time")),
    f("amount", FieldKind.NUMBER, aliases=("dollar value", "total", "value")),
    f("currency"),
)
RAW = ("customer_external_id", "occurred_at", "amount")


def columns(headings: list[str], rows: list[list[Any]] | None = None) -> list[SourceColumn]:
    rows = rows or []
    return [SourceColumn(place, heading, tuple(row[place] for row in rows)) for place, heading in enumerate(headings)]


def mapped(
    headings: list[str], rows: list[list[Any]] | None = None, targets: tuple[Field, ...] = PEOPLE, **extra: Any
) -> dict[str, str]:
    guess = guess_mapping(columns(headings, rows), targets, many=MANY, **extra)
    return {plan.heading: plan.target for plan in guess.columns if plan.target}


@pytest.mark.parametrize(
    ("heading", "folded"),
    [
        ("MailingCity", "mailing city"),
        ("mailing_city", "mailing city"),
        ("E-mail 1 - Value", "e mail 1 value"),
        ("\ufeffFirst Name", "first name"),
        ("Country/Region", "country region"),
        ("  Straße ", "strasse"),
    ],
)
def test_headings_are_compared_without_their_looks(heading: str, folded: str) -> None:
    assert folded_heading(heading) == folded


def test_names_labels_and_aliases_are_known_in_the_language_of_the_page() -> None:
    assert mapped(["E-mail", "VORNAME", "family_name", "Works at", "Colour"]) == {
        "E-mail": "email",
        "VORNAME": "given_name",
        "family_name": "family_name",
        "Works at": "organisation_name",
    }
    with override("de"):
        assert mapped(["Works at"]) == {"Works at": "organisation_name"}


def test_a_field_takes_one_column_and_a_second_address_its_own_place() -> None:
    assert mapped(["Email", "E-mail address", "City", "Town"]) == {
        "Email": "email",
        "E-mail address": "other_emails",
        "City": "city",
    }


EXPORTS = {
    "HubSpot contacts": (
        ["Record ID", "First Name", "Last Name", "Email", "Phone Number", "Contact owner", "Associated Company", "Job Title", "Create Date", "Country/Region"],
        {"Record ID": "external_id", "First Name": "given_name", "Last Name": "family_name", "Email": "email", "Phone Number": "phone", "Contact owner": "owner", "Associated Company": "organisation_name", "Job Title": "job_title", "Country/Region": "country"},
    ),
    "HubSpot companies": (
        ["Record ID", "Company name", "Company owner", "Phone Number", "City", "Company Domain Name"],
        {"Record ID": "external_id", "Company name": "name", "Company owner": "owner", "Phone Number": "phone", "City": "city", "Company Domain Name": "website"},
    ),
    "Salesforce contacts": (
        ["Id", "AccountId", "LastName", "FirstName", "MailingStreet", "MailingCity", "MailingCountry", "Phone", "MobilePhone", "Email", "Title", "LeadSource", "CreatedDate"],
        {"Id": "external_id", "LastName": "family_name", "FirstName": "given_name", "MailingStreet": "street", "MailingCity": "city", "MailingCountry": "country", "Phone": "phone", "MobilePhone": "other_phones", "Email": "email", "Title": "job_title", "LeadSource": "source"},
    ),
    "Salesforce accounts": (
        ["Account ID", "Account Name", "Account Owner", "Billing Street", "Billing City", "Website"],
        {"Account ID": "external_id", "Account Name": "name", "Account Owner": "owner", "Billing Street": "street", "Billing City": "city", "Website": "website"},
    ),
    "Pipedrive persons": (
        ["Person - ID", "Person - Name", "Person - Email - Work", "Person - Email - Home", "Person - Phone - Work", "Person - Organization", "Person - Owner"],
        {"Person - ID": "external_id", "Person - Name": "name", "Person - Email - Work": "email", "Person - Email - Home": "other_emails", "Person - Phone - Work": "phone", "Person - Organization": "organisation_name", "Person - Owner": "owner"},
    ),
    "Pipedrive organisations": (
        ["Organization - ID", "Organization - Name", "Organization - Owner", "Organization - Address"],
        {"Organization - ID": "external_id", "Organization - Name": "name", "Organization - Owner": "owner", "Organization - Address": "street"},
    ),
    "Mailchimp": (
        ["Email Address", "First Name", "Last Name", "Phone Number", "Birthday", "MEMBER_RATING", "OPTIN_TIME", "CC", "EUID", "TAGS"],
        {"Email Address": "email", "First Name": "given_name", "Last Name": "family_name", "Phone Number": "phone", "CC": "country", "EUID": "external_id", "TAGS": "tags"},
    ),
    "Google Contacts": (
        ["First Name", "Last Name", "Organization Name", "Organization Title", "Birthday", "Labels", "E-mail 1 - Label", "E-mail 1 - Value", "E-mail 2 - Value", "Phone 1 - Value", "Address 1 - City"],
        {"First Name": "given_name", "Last Name": "family_name", "Organization Name": "organisation_name", "Organization Title": "job_title", "Birthday": "birth_date", "Labels": "tags", "E-mail 1 - Value": "email", "E-mail 2 - Value": "other_emails", "Phone 1 - Value": "phone", "Address 1 - City": "city"},
    ),
    "Outlook contacts": (
        ["Title", "First Name", "Last Name", "Company", "Job Title", "Business Street", "Business City", "Business Phone", "Mobile Phone", "E-mail Address", "E-mail 2 Address", "Categories"],
        {"First Name": "given_name", "Last Name": "family_name", "Company": "organisation_name", "Job Title": "job_title", "Business Street": "street", "Business City": "city", "Business Phone": "phone", "Mobile Phone": "other_phones", "E-mail Address": "email", "E-mail 2 Address": "other_emails", "Categories": "tags"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("system", EXPORTS)
def test_exports_of_other_systems_are_recognised_and_mapped(system: str) -> None:
    headings, expected = EXPORTS[system]

    known = recognised(headings)

    assert known is not None
    assert known.name == system
    assert mapped(headings) == expected


def test_a_raw_purchase_log_without_headings_is_mapped_by_place() -> None:
    rows = [["00004", "0001", "19970101", "2", "29.33"], ["00004", "0001", "19970118", "2", "29.73"]]
    headings = headings_for(None, 5)

    assert mapped(headings, rows, LOG, has_header=False, raw_log=RAW) == {
        "Column 1": "customer_external_id",
        "Column 3": "occurred_at",
        "Column 5": "amount",
    }


def test_a_purchase_log_with_headings_names_currency_and_customer() -> None:
    rows = [["00001", "19970101", "1", "11.77"]]
    guess = guess_mapping(columns(["customer_id", "date", "number_of_cds", "dollar_value"], rows), LOG, raw_log=RAW)

    assert [plan.target for plan in guess.columns] == ["customer_external_id", "occurred_at", "", "amount"]
    assert guess.columns[3].options["currency"] == "USD"


def test_an_address_column_is_found_under_any_heading() -> None:
    assert mapped(["Wer", "Was"], [["ann@example.org", "x"], ["ben@example.org", "y"]]) == {"Wer": "email"}


def test_what_people_chose_before_is_chosen_again() -> None:
    before = (ColumnPlan(0, "A", "city"), ColumnPlan(1, "B", "new:number"), ColumnPlan(2, "C", ""))
    guess = guess_mapping(columns(["A", "B", "E-mail"]), PEOPLE, remembered=before)

    assert [(plan.target, plan.reason) for plan in guess.columns] == [
        ("city", "remembered"),
        ("new:number", "remembered"),
        ("", ""),
    ]


def test_a_remembered_field_that_is_gone_is_guessed_anew() -> None:
    guess = guess_mapping(columns(["City"]), PEOPLE, remembered=(ColumnPlan(0, "City", "gone"),))

    assert [plan.target for plan in guess.columns] == ["city"]


def test_files_of_one_shape_share_a_fingerprint() -> None:
    first = fingerprint("customer", columns(["E-Mail", "City"]), has_header=True)

    assert first == fingerprint("customer", columns(["e-mail", "CITY"], [["a", "b"]]), has_header=True)
    assert first != fingerprint("customer", columns(["City", "E-Mail"]), has_header=True)
    assert first != fingerprint("touchpoint", columns(["E-Mail", "City"]), has_header=True)


def test_headings_are_made_up_where_there_are_none() -> None:
    assert headings_for(["A", None, " ", "A"], 5) == ["A", "Column 2", "Column 3", "A (2)", "Column 5"]


def test_new_fields_get_names_that_codes_can_have() -> None:
    assert field_name("Größe (cm)", []) == "groe_cm"
    assert field_name("2nd phone", ["f_2nd_phone"]) == "f_2nd_phone_2"
    assert field_name("名前", []) == "field"


def test_currencies_are_read_off_headings() -> None:
    assert [currency_in(heading) for heading in ("dollar_value", "Umsatz (EUR)", "Price £", "Amount", "EUR/USD")] == [
        "USD",
        "EUR",
        "GBP",
        "",
        "",
    ]


@given(
    st.lists(st.text(max_size=20), min_size=1, max_size=8),
    st.lists(st.lists(st.text(max_size=8), min_size=8, max_size=8), max_size=3),
)
def test_guessing_takes_any_file_and_uses_no_field_twice(headings: list[str], rows: list[list[str]]) -> None:
    guess = guess_mapping(columns(headings_for(headings, len(headings)), rows), PEOPLE, many=MANY)

    targets = [plan.target for plan in guess.columns if plan.target and plan.target not in MANY]
    assert len(targets) == len(set(targets))
    assert [ColumnPlan.from_json(plan.as_json()) for plan in guess.columns] == list(guess.columns)
