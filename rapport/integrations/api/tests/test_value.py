"""Customer equity over the API."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django_tenants.utils import schema_context

from rapport.foundation.accounts.models import User, Workspace
from rapport.foundation.records.models import SavedView
from rapport.foundation.workspace.models import Member, Role
from rapport.foundation.workspace.queries.members import actor_of_member
from rapport.foundation.workspace.services.tokens import create_token
from rapport.foundation.workspace.types import Actor
from rapport.insight.value.models import EquityView
from rapport.insight.value.services.equity import keep_view
from rapport.insight.value.tests.equity.factories import NOW, make_customer, run, score
from rapport.integrations.api.tests.conftest import Api
from rapport.stores.customers.models import Customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def worked_out(workspace: Workspace) -> dict[str, Customer]:
    """A year apart: Anna is worth more, ten stay as they were."""
    people = {name: make_customer(name, source="Referral") for name in ("Anna", *(f"C{n}" for n in range(10)))}
    run([score(each, "100") for each in people.values()], at=NOW - timedelta(days=365))
    run([score(each, "180" if name == "Anna" else "100") for name, each in people.items()])
    return people


def test_equity_is_read_with_its_range_its_change_and_its_customers(
    api: Api, worked_out: dict[str, Customer], django_assert_max_num_queries: Any
) -> None:
    api("GET", "/customers?limit=1")
    with django_assert_max_num_queries(15):
        told = api("GET", "/equity").json()

    assert (told["is_worked_out"], told["currency"], told["customers"], told["value"]) == (True, "EUR", 11, "1180")
    assert Decimal(told["low"]) < 1180 < Decimal(told["high"])
    (year,) = (one for one in told["changes"] if one["period"] == "year")
    assert (year["opening"], year["closing"]) == ("1100", "1180")
    assert sum(Decimal(part["value"]) for part in year["parts"]) == 80
    assert [one["value"] for one in told["history"]] == ["1100", "1180"]
    assert sum(one["customers"] for one in told["tenths"]) == 11
    (referred,) = (one for one in told["groups"] if one["by"] == "source")
    assert (referred["name"], referred["value"]) == ("Referral", "1180")


def test_every_figure_names_the_customers_it_counts(api: Api, worked_out: dict[str, Customer]) -> None:
    told = api("GET", "/equity").json()
    (year,) = (one for one in told["changes"] if one["period"] == "year")
    figures = [told, *told["tenths"], *told["groups"], *told["cohorts"]["items"], *year["parts"]]

    for figure in figures:
        found = api("GET", f"/customers?limit=500&where={quote(json.dumps(figure['where']))}").json()["items"]
        assert len(found) == figure["customers"], figure


def test_equity_of_a_view_counts_its_customers_only(api: Api, worked_out: dict[str, Customer], actor: Actor) -> None:
    view = SavedView.objects.create(
        page="customers", record_type="customer", name="A", is_shared=True, member_id=actor.member_id,
        condition={"field": "name", "op": "is", "value": "Anna"},
    )  # fmt: skip
    before = api("GET", f"/equity?view={view.pk}").json()
    EquityView.objects.create(view_id=view.pk)
    keep_view(view.pk)

    told = api("GET", f"/equity?view={view.pk}").json()

    assert before["is_worked_out"] is False
    assert (told["customers"], told["value"]) == (1, "180")
    assert [(one["name"], one["is_worked_out"]) for one in told["views"]] == [("A", True)]
    assert api("GET", f"/equity?view={worked_out['Anna'].pk}").status_code == 404


def test_without_values_the_reason_is_told(api: Api) -> None:
    run([score(make_customer("Anna"), None)])

    told = api("GET", "/equity").json()

    assert (told["is_worked_out"], told["value"]) == (False, None)
    assert told["reasons"] == [{"reason": "Too few customers have bought so far.", "customers": 1}]


def test_only_who_sees_everyone_with_their_value_may_read_it(
    worked_out: object, ben: User, workspace: Workspace, set_role: Callable[[User, str], None], client_for: Any
) -> None:
    Role.objects.create(key="own", name="Own", policy={"records": {"customer": {"actions": {"read": {"rows": "own"}}}}})
    set_role(ben, "own")
    actor = actor_of_member(Member.objects.get(user_id=ben.pk).pk, workspace)
    assert actor is not None
    _, raw = create_token(actor=actor, workspace=workspace, name="Ben", scopes=frozenset({"*:read"}), expires_at=None)

    answer = Api(client_for(None), raw)("GET", "/equity")

    assert answer.status_code == 403
    assert "1180" not in answer.content.decode()


def test_outsider_reads_nothing_of_it(
    worked_out: object, cleo: User, other_workspace: Workspace, client_for: Callable[[User | None], Client]
) -> None:
    with schema_context(other_workspace.schema_name):
        actor = actor_of_member(Member.objects.get(user_id=cleo.pk).pk, other_workspace)
        assert actor is not None
        _, raw = create_token(
            actor=actor, workspace=other_workspace, name="Cleo", scopes=frozenset({"*:read"}), expires_at=None
        )

    told = Api(client_for(None), raw)("GET", "/equity").json()

    assert told["is_worked_out"] is False
    assert told["value"] is None


def test_the_document_tells_of_equity(api: Api) -> None:
    document = api("GET", "/openapi.json").json()

    said = document["paths"]["/api/v1/equity"]["get"]
    assert said["operationId"] == "get_equity"
    assert said["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].endswith("/Equity")
