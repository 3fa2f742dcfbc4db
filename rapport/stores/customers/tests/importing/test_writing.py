"""Rows become customers: added, found by a key, compared, linked; and all of it can be taken back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection

from rapport.foundation.records.models import Change, Import, Operation
from rapport.foundation.records.services import imports, statistics
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.models import Address, Customer, DuplicateProposal, Identity, Relationship
from rapport.stores.customers.tests.importing.conftest import csv_of, lines

pytestmark = pytest.mark.django_db

PEOPLE = csv_of(
    ("First name", "Last name", "E-mail", "Phone", "Company", "Street", "Zip", "City", "Country", "Birthday", "Tags", "Customer number"),
    ("Marta", "Oliveira", "Marta@Example.org", "+351912345678", "Pedal & Post", "Rua 1", "1000", "Lisboa", "Portugal", "1980-02-29", "vip; fair", "K1"),
    ("Jonas", "Berg", "jonas@example.org", "", "Pedal & Post", "", "", "Oslo", "NO", "", "", "K2"),
    ("Ann", "", "ann@", "", "", "", "", "", "", "31.02.1980", "", "K3"),
)  # fmt: skip


def test_rows_become_customers_with_all_that_hangs_on_them(run: Callable[..., Import], actor: Actor) -> None:
    row = run(PEOPLE, namespace="shop")

    assert row.state == "done"
    assert row.counts == {"new": 2, "updated": 0, "unchanged": 0, "refused": 1, "warned": 0, "organisations": 1}
    marta = Customer.objects.get(email="marta@example.org")
    assert (marta.name, marta.kind, marta.city, marta.country, str(marta.birth_date)) == (
        "Marta Oliveira",
        "person",
        "Lisboa",
        "PT",
        "1980-02-29",
    )
    assert marta.tags == ["vip", "fair"]
    assert marta.search == "marta oliveira marta@example.org 351912345678 pedal & post lisboa"
    assert marta.operation_id == row.operation_id
    assert set(
        Identity.objects.filter(customer_id=marta.pk).values_list("kind", "namespace", "value", "is_primary")
    ) == {
        ("email", "", "marta@example.org", True),
        ("phone", "", "+351912345678", True),
        ("external", "shop", "K1", False),
    }
    assert [str(one) for one in Address.objects.filter(customer_id=marta.pk)] == ["Rua 1, 1000 Lisboa, PT"]
    firm = Customer.objects.get(kind="organisation")
    assert firm.name == "Pedal & Post"
    assert Relationship.objects.filter(type_id="works_at", to_customer_id=firm.pk).count() == 2
    operation = Operation.objects.get(pk=row.operation_id)
    assert (operation.kind, operation.label, operation.counts) == (
        "import",
        "people.csv",
        {"created": 2, "refused": 1, "organisations": 1},
    )


def test_refused_rows_come_back_with_reasons(run: Callable[..., Import]) -> None:
    row = run(PEOPLE)

    head, refused = lines(row)
    assert head.startswith("Row,What to mend,First name,Last name")
    assert refused.startswith("4,")
    assert "E-mail: ann@ is not an e-mail address: nothing stands after the @." in refused
    assert "Birthday: 31.02.1980 is not a date: February 1980 has 29 days, not 31." in refused


def test_a_dry_run_writes_nothing_and_counts_the_same(bring: Callable[..., Import], actor: Actor) -> None:
    row = bring(PEOPLE)

    checked = imports.begin_check(actor=actor, import_id=row.pk)

    assert checked.state == "ready"
    assert not Customer.objects.exists()
    assert not Operation.objects.filter(kind="import").exists()
    done = imports.begin_run(actor=actor, import_id=row.pk)
    assert done.counts == checked.checked_counts


def test_the_same_file_again_changes_nothing(run: Callable[..., Import]) -> None:
    run(PEOPLE)

    again = run(PEOPLE)

    assert again.counts == {"new": 0, "updated": 0, "unchanged": 2, "refused": 1, "warned": 0}
    assert Customer.objects.count() == 3


def test_known_customers_get_new_values_with_history(run: Callable[..., Import]) -> None:
    run(PEOPLE)

    row = run(
        csv_of(
            ("E-mail", "Last name", "City", "Tags"),
            ("marta@example.org", "Silva", "Porto", "vip, spring"),
            ("new@example.org", "New", "", ""),
        )
    )

    assert row.counts["new"], row.counts["updated"] == (1, 1)
    marta = Customer.objects.get(email="marta@example.org")
    assert (marta.name, marta.family_name, marta.city, marta.tags, marta.version) == (
        "Marta Silva",
        "Silva",
        "Porto",
        ["vip", "fair", "spring"],
        2,
    )
    assert "marta silva" in marta.search
    change = Change.objects.get(record_id=marta.pk)
    assert change.before == {
        "family_name": "Oliveira",
        "city": "Lisboa",
        "name": "Marta Oliveira",
        "tags": ["vip", "fair"],
    }
    assert change.after == {
        "family_name": "Silva",
        "city": "Porto",
        "name": "Marta Silva",
        "tags": ["vip", "fair", "spring"],
    }


def test_empty_cells_leave_values_alone_and_filling_only_fills(run: Callable[..., Import]) -> None:
    run(PEOPLE)

    row = run(
        csv_of(("E-mail", "City", "Job title"), ("marta@example.org", "Porto", "Buyer"), ("jonas@example.org", "", "")),
        existing="fill",
    )

    assert row.counts["updated"], row.counts["unchanged"] == (1, 1)
    marta = Customer.objects.get(email="marta@example.org")
    assert (marta.city, marta.job_title) == ("Lisboa", "Buyer")


def test_customers_can_be_left_as_they_are(run: Callable[..., Import]) -> None:
    run(PEOPLE)

    row = run(csv_of(("E-mail", "City"), ("marta@example.org", "Porto"), ("x@example.org", "Rome")), existing="leave")

    assert (row.counts["new"], row.counts["unchanged"]) == (1, 1)


@pytest.mark.parametrize(
    ("heading", "value", "key"), [("Phone", "+351912345678", "phone"), ("Customer number", "K1", "external_id")]
)
def test_any_key_finds_people(run: Callable[..., Import], heading: str, value: str, key: str) -> None:
    run(PEOPLE, namespace="shop")

    row = run(csv_of((heading, "City", "Name"), (value, "Porto", "Marta Oliveira")), key=key, namespace="shop")

    assert row.counts["updated"] == 1
    assert Customer.objects.get(email="marta@example.org").city == "Porto"


def test_ids_of_different_systems_are_kept_apart(run: Callable[..., Import]) -> None:
    run(PEOPLE, namespace="shop")

    row = run(csv_of(("Customer number", "Name"), ("K1", "Somebody else")), key="external_id", namespace="till")

    assert row.counts["new"] == 1


def test_the_id_of_rapport_brings_an_export_back(run: Callable[..., Import]) -> None:
    run(PEOPLE)
    marta = Customer.objects.get(email="marta@example.org")

    row = run(
        csv_of(
            ("Rapport id", "City"),
            (marta.pk, "Porto"),
            ("not-an-id", "Rome"),
            ("0192f3a0-0000-7000-8000-000000000000", "Rome"),
        ),
        key="id",
    )

    assert (row.counts["updated"], row.counts["new"], row.counts["refused"]) == (1, 0, 2)


def test_rows_of_one_person_in_one_file_are_taken_in_turn(
    run: Callable[..., Import], bring: Callable[..., Import], actor: Actor
) -> None:
    content = csv_of(
        ("E-mail", "Name", "City"),
        ("a@x.org", "A", "Rome"),
        ("A@x.org", "A", "Oslo"),
        ("a@x.org", "A", "Oslo"),
        ("b@x.org", "B", "Bern"),
    )
    checked = imports.begin_check(actor=actor, import_id=bring(content).pk)

    row = run(content)

    assert row.counts == checked.checked_counts
    assert (row.counts["new"], row.counts["updated"], row.counts["unchanged"]) == (2, 1, 1)
    assert Customer.objects.get(email="a@x.org").city == "Oslo"


def test_an_address_of_somebody_else_is_a_warning_and_a_proposal(run: Callable[..., Import]) -> None:
    run(csv_of(("Name", "Phone", "Customer number"), ("Marta", "+351912345678", "1")), key="external_id")

    row = run(csv_of(("Name", "Phone", "Customer number"), ("M. Oliveira", "+351912345678", "2")), key="external_id")

    assert (row.counts["new"], row.counts["warned"], row.counts["refused"]) == (1, 1, 0)
    first, second = Customer.objects.order_by("created_at", "id")
    proposal = DuplicateProposal.objects.get()
    assert {proposal.first_id, proposal.second_id} == {first.pk, second.pk}
    assert Identity.objects.get(kind="phone").customer_id == first.pk
    assert second.phone == "+351912345678"


def test_two_new_people_with_one_number_are_warned_of(run: Callable[..., Import]) -> None:
    row = run(csv_of(("Name", "E-mail", "Phone"), ("A", "a@x.org", "+351912345678"), ("B", "b@x.org", "+351912345678")))

    assert (row.counts["new"], row.counts["warned"]) == (2, 1)
    assert DuplicateProposal.objects.count() == 1


def test_the_same_address_in_two_columns_is_one(run: Callable[..., Import]) -> None:
    row = run(csv_of(("Name", "E-mail", "Other email"), ("A", "a@x.org", "A@x.org; second@x.org")))

    assert row.counts["new"] == 1
    assert set(Identity.objects.values_list("value", "is_primary")) == {("a@x.org", True), ("second@x.org", False)}


def test_binned_customers_are_not_changed_behind_peoples_backs(run: Callable[..., Import], actor: Actor) -> None:
    from rapport.foundation.records.services.records import bin_records

    run(PEOPLE)
    bin_records(actor=actor, record_type="customer", ids=[Customer.objects.get(email="marta@example.org").pk])

    row = run(csv_of(("E-mail", "City"), ("marta@example.org", "Porto")))

    assert (row.counts["refused"], row.counts["updated"], row.counts["new"]) == (1, 0, 0)


def test_merged_customers_are_found_by_either_address(run: Callable[..., Import], actor: Actor) -> None:
    from rapport.stores.customers.services.merges import merge_customers

    run(csv_of(("Name", "E-mail"), ("A", "a@x.org"), ("B", "b@x.org")))
    a, b = Customer.objects.get(email="a@x.org"), Customer.objects.get(email="b@x.org")
    merge_customers(actor=actor, surviving_id=a.pk, absorbed_id=b.pk)

    row = run(csv_of(("E-mail", "City"), ("b@x.org", "Porto")))

    assert row.counts["updated"] == 1
    assert Customer.objects.get(pk=a.pk).city == "Porto"


def test_new_columns_become_fields_that_go_with_the_import(run: Callable[..., Import], actor: Actor) -> None:
    from rapport.foundation.records.models import CustomField

    row = run(
        csv_of(("Name", "Shoe size", "Paid"), ("A", "42", "€ 12,50"), ("B", "41.5", "")),
        targets={1: "new:number", 2: "new:money"},
        bad_values="leave",
    )

    custom = Customer.objects.get(name="A").custom
    assert custom["shoe_size"] == "42"
    assert set(CustomField.objects.values_list("name", "kind")) == {("shoe_size", "number"), ("paid", "money")}
    imports.begin_undo(actor=actor, import_id=row.pk)
    assert not CustomField.objects.exists()
    assert not Customer.objects.exists()


def test_life_never_runs_backwards(run: Callable[..., Import], actor: Actor) -> None:
    from rapport.foundation.records.services.fields import create_field

    stages = [{"value": value, "label": value.capitalize()} for value in ("prospect", "customer", "loyal")]
    create_field(
        actor=actor,
        record_type="customer",
        label="Lifecycle stage",
        kind="choice",
        name="lifecycle_stage",
        choices=stages,
    )
    run(csv_of(("E-mail", "Name", "Lifecycle stage"), ("a@x.org", "A", "customer")))

    back = run(csv_of(("E-mail", "Lifecycle stage"), ("a@x.org", "prospect")))
    onward = run(csv_of(("E-mail", "Lifecycle stage"), ("a@x.org", "Loyal")))

    assert (back.counts["unchanged"], onward.counts["updated"]) == (1, 1)
    assert Customer.objects.get().custom == {"lifecycle_stage": "loyal"}


def test_households_and_organisations_are_customers_too(run: Callable[..., Import]) -> None:
    run(csv_of(("Company name", "Company domain name", "City"), ("Pedal & Post", "pedal.example", "Oslo")))
    row = run(csv_of(("Name", "Household"), ("Ann Lee", "Lee"), ("Bo Lee", "Lee")))

    assert Customer.objects.get(name="Pedal & Post").kind == "organisation"
    assert row.counts["organisations"] == 1
    assert (
        Relationship.objects.filter(
            type_id="member_of", to_customer_id=Customer.objects.get(kind="household").pk
        ).count()
        == 2
    )


def test_planner_is_told_of_what_a_large_import_wrote(
    run: Callable[..., Import], monkeypatch: pytest.MonkeyPatch
) -> None:
    def times_told() -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute("select pg_stat_clear_snapshot()")
            cursor.execute(
                "select pg_stat_get_analyze_count(name::regclass) from unnest(%s::text[]) as name",
                [["customers_customer", "customers_identity", "records_change"]],
            )
            return [number for (number,) in cursor.fetchall()]

    before = times_told()
    run(PEOPLE, namespace="shop")
    after_a_small_one = times_told()
    monkeypatch.setattr(statistics, "MUCH", 2)
    run(PEOPLE.replace("Marta@", "Maria@").replace("jonas@", "james@"), namespace="other")

    assert after_a_small_one == before
    assert times_told() == [number + 1 for number in before]
