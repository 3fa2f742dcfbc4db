"""Scores: written as one run, read by everyone, columns of the list."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from rapport.foundation.records.extension_points import list_pages
from rapport.foundation.records.queries import lists
from rapport.foundation.records.queries.vocabulary import Words, readable_type
from rapport.foundation.records.rules.conditions import EVERYTHING, from_json
from rapport.foundation.records.rules.lists import ListState
from rapport.foundation.workspace.types import Actor, FieldAccess, RecordRules, RolePolicy
from rapport.integrations.api.tests.conftest import Api, api  # noqa: F401  # a fixture
from rapport.stores.customers.models import Score, ScoreChange, ScoreSnapshot
from rapport.stores.customers.queries import scores
from rapport.stores.customers.rules.scores import ScoreRow
from rapport.stores.customers.services.merges import merge_customers
from rapport.stores.customers.services.scores import close_period, write_scores
from rapport.stores.customers.tests.factories import make_customer

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def row(customer_id: UUID, value: float | None = 100.0, tier: str = "silver", **values: Any) -> ScoreRow:
    made = ScoreRow(
        customer_id=customer_id,
        lifetime_value=value,
        low=None if value is None else value / 2,
        high=None if value is None else value * 2,
        spent=40.5,
        p_alive=0.75,
        churn_risk=0.25,
        expected_orders=2.5,
        next_order_on=date(2026, 12, 24),
        tier=tier,
        last_order_on=date(2026, 11, 2),
        frequency=3,
        latency_days=31.5,
        monetary=12.25,
        rfm="545",
        reason="",
        model="bg_nbd",
        currency="EUR",
    )
    return made._replace(**values)


def write(*rows: ScoreRow, at: datetime = AT, everyone: bool = True) -> int:
    return write_scores(rows, run_id=uuid4(), at=at, everyone=everyone)


def test_a_run_takes_the_place_of_the_one_before(actor: Actor) -> None:
    one, other = make_customer("One"), make_customer("Other")
    write(row(one.pk), row(other.pk))

    written = write(row(one.pk, 250.0), at=LATER)

    assert written == 1
    found = scores.score_of(actor=actor, customer_ids=[one.pk])
    assert found is not None
    assert (found.lifetime_value, found.low, found.high) == (Decimal("250.00"), Decimal("125.00"), Decimal("500.00"))
    assert found.recency_days == 21
    assert found.purchases == 4
    assert scores.score_of(actor=actor, customer_ids=[other.pk]) is None


def test_a_few_can_be_written_beside_the_others(actor: Actor) -> None:
    one, other = make_customer("One"), make_customer("Other")
    write(row(one.pk), row(other.pk))

    write(row(one.pk, 1.0), at=LATER, everyone=False)

    assert Score.objects.get(pk=one.pk).lifetime_value == 1
    assert Score.objects.get(pk=other.pk).lifetime_value == 100


def test_a_run_that_fails_leaves_the_one_before(actor: Actor) -> None:
    one = make_customer("One")
    write(row(one.pk))

    def killed() -> Any:
        yield row(one.pk, 999.0)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        write_scores(killed(), run_id=uuid4(), at=LATER)

    assert Score.objects.get(pk=one.pk).lifetime_value == 100


def test_whoever_was_merged_or_is_gone_since_the_run_began_has_no_score(actor: Actor) -> None:
    survivor, absorbed = make_customer("Survivor"), make_customer("Absorbed")
    merge_customers(actor=actor, surviving_id=survivor.pk, absorbed_id=absorbed.pk)

    written = write(row(survivor.pk), row(absorbed.pk, 5.0), row(uuid4(), 7.0))

    assert written == 1
    found = scores.scores_of(actor=actor, customer_ids=[absorbed.pk, survivor.pk])
    assert found[absorbed.pk].customer_id == survivor.pk
    assert found[absorbed.pk].lifetime_value == found[survivor.pk].lifetime_value == 100


def test_rises_and_falls_are_kept(actor: Actor) -> None:
    one = make_customer("One")
    write(row(one.pk, 100.0, "silver"))
    write(row(one.pk, 110.0, "silver"), at=LATER)
    assert not ScoreChange.objects.exists()

    write(row(one.pk, 900.0, "gold"), at=datetime(2026, 11, 24, tzinfo=UTC))

    (change,) = scores.changes_of(actor=actor, customer_ids=[one.pk])
    assert (change.tier_before, change.tier_after) == ("silver", "gold")
    assert (change.value_before, change.value_after) == (110, 900)


def test_a_month_is_closed_once_however_often(actor: Actor) -> None:
    one = make_customer("One")
    write(row(one.pk))
    close_period(date(2026, 11, 30))
    write(row(one.pk, 300.0), at=LATER)

    assert close_period(date(2026, 11, 1)) == 1

    (kept,) = scores.history_of(actor=actor, customer_ids=[one.pk])
    assert (kept.period, kept.lifetime_value) == (date(2026, 11, 1), 300)
    assert ScoreSnapshot.objects.count() == 1


def test_tiers_are_summed_over_visible_customers(actor: Actor) -> None:
    write(*(row(make_customer(f"C{n}").pk, 10.0 * n, "gold" if n > 2 else "bronze") for n in range(1, 5)))

    found = {each.tier: (each.customers, each.value) for each in scores.tier_totals(actor=actor)}

    assert found == {"gold": (2, Decimal("70.00")), "bronze": (2, Decimal("30.00"))}


def test_a_role_that_hides_values_sees_none(actor: Actor) -> None:
    one = make_customer("One")
    write(row(one.pk))
    hidden = RecordRules(RolePolicy("x", "X").default.actions, {"lifetime_value": FieldAccess.HIDDEN})
    blind = replace(actor, role=replace(actor.role, records={"customer": hidden}))

    assert scores.score_of(actor=blind, customer_ids=[one.pk]) is None
    assert scores.tier_totals(actor=blind) == []


# Columns of the list


def _page(actor: Actor, sort: str, where: Any = None, cursor: str = "", size: int = 3) -> lists.RowsPage:
    words = Words(readable_type("customer", actor=actor), actor)
    page = list_pages["customers"]
    rows = lists.matching_rows(page, from_json(where) if where else EVERYTHING, words=words)
    state = replace(ListState(sort=sort, cursor=cursor), size=size)
    return lists.rows_page(rows, page, state, words=words, columns=("lifetime_value", "value_tier", "churn_risk"))


@pytest.fixture
def ten(actor: Actor) -> list[UUID]:
    """Ten customers, of whom three have no score and one has a score without a value; two are worth the same."""
    made = [make_customer(f"Customer {n}").pk for n in range(10)]
    values = [50.0, 10.0, 50.0, 90.0, 20.0, None, 70.0]
    write(
        *(
            row(one, value, "gold" if value and value > 60 else "bronze" if value else "", churn_risk=n / 10)
            for n, (one, value) in enumerate(zip(made[:7], values, strict=True))
        )
    )
    return made


@pytest.mark.parametrize("sort", ["lifetime_value", "-lifetime_value", "churn_risk", "-churn_risk", "-next_order_on"])
def test_paging_by_value_shows_everyone_once_and_those_without_last(actor: Actor, ten: list[UUID], sort: str) -> None:
    seen: list[lists.Row] = []
    cursor, pages = "", []
    while True:
        pages.append(_page(actor, sort, cursor=cursor))
        seen += pages[-1].rows
        cursor = pages[-1].following
        if not cursor:
            break

    assert sorted(one.id for one in seen) == sorted(ten)
    if sort.endswith("lifetime_value"):
        values = [one.cells[0].value for one in seen]
        known = [value for value in values if value is not None]
        assert known == sorted(known, reverse=sort.startswith("-"))
        assert values[6:] == [None] * 4
    back = _page(actor, sort, cursor=pages[-1].previous)
    assert [one.id for one in back.rows] == [one.id for one in pages[-2].rows]


def test_values_and_tiers_filter_the_list(actor: Actor, ten: list[UUID]) -> None:
    def found(where: Any) -> set[UUID]:
        return {one.id for one in _page(actor, "name", where, size=50).rows}

    def of(*numbers: int) -> set[UUID]:
        return {ten[n] for n in numbers}

    assert found({"field": "value_tier", "op": "is", "value": "gold"}) == of(3, 6)
    assert found({"field": "lifetime_value", "op": "at_least", "value": 50}) == of(0, 2, 3, 6)
    assert found({"field": "lifetime_value", "op": "is_empty"}) == of(5, 7, 8, 9)
    assert found({"not": {"field": "lifetime_value", "op": "at_least", "value": 50}}) == of(1, 4, 5, 7, 8, 9)
    assert found({"field": "churn_risk", "op": "more_than", "value": 0.4}) == of(5, 6)
    assert found({"field": "next_order_on", "op": "is_not_empty"}) == of(0, 1, 2, 3, 4, 5, 6)


def test_pages_of_the_list_ask_the_same_number_of_queries(
    actor: Actor, ten: list[UUID], django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(6):
        _page(actor, "-lifetime_value", size=2)
    with django_assert_max_num_queries(6):
        _page(actor, "-lifetime_value", size=9)


def test_the_api_answers_with_values(api: Api, actor: Actor, django_assert_max_num_queries: Any) -> None:  # noqa: F811 (api is a fixture)
    one = make_customer("One")
    make_customer("Two")
    write(row(one.pk))

    shown = api("GET", f"/customers/{one.pk}?fields=lifetime_value,value_tier,churn_risk,next_order_on").json()

    assert Decimal(shown["lifetime_value"]) == 100
    assert shown["value_tier"] == "silver"
    assert Decimal(shown["churn_risk"]) == Decimal("0.25")
    assert shown["next_order_on"] == "2026-12-24"
    listed = api("GET", "/customers?sort=-lifetime_value&fields=name,lifetime_value").json()["items"]
    assert [item["name"] for item in listed] == ["One", "Two"]
    assert listed[1]["lifetime_value"] is None


def test_nobody_writes_a_value_over_the_api(api: Api, actor: Actor) -> None:  # noqa: F811 (api is a fixture)
    one = make_customer("One")

    answer = api("PATCH", f"/customers/{one.pk}", {"lifetime_value": "1000000"})

    assert answer.status_code == 422
    assert "lifetime_value" in json.dumps(answer.json())
