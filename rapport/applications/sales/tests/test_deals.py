"""Deals written from everywhere: the same rules hold, the timeline tells of it, and everything can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django_tenants.utils import tenant_context

from rapport.applications.sales.models import Deal, DealStage
from rapport.applications.sales.queries.customer_deals import customer_deals
from rapport.applications.sales.queries.pipelines import pipelines
from rapport.applications.sales.tests.factories import change, make_deal, make_pipeline
from rapport.foundation.lib import clock
from rapport.foundation.records import policies
from rapport.foundation.records.models import Operation
from rapport.foundation.records.rules.bulk import Act, Selection
from rapport.foundation.records.services import bulk, records
from rapport.foundation.records.services.undo import undo
from rapport.foundation.workspace.errors import Conflict, Invalid, NotAllowed
from rapport.foundation.workspace.models import Role
from rapport.foundation.workspace.types import Actor
from rapport.stores.commerce.models import Rate
from rapport.stores.customers.queries.customers import all_ids
from rapport.stores.customers.services.merges import merge_customers
from rapport.stores.customers.tests.factories import make_customer, make_organisation
from rapport.stores.customers.tests.importing.conftest import csv_of
from rapport.stores.ledger.models import Touchpoint
from rapport.stores.ledger.queries.touchpoints import standing

pytestmark = pytest.mark.django_db
D = Decimal


def told(deal: Deal) -> list[str]:
    rows = standing(Touchpoint.objects.filter(source="sales", properties__deal=str(deal.pk))).order_by(
        "recorded_at", "id"
    )
    return [row.kind for row in rows]


def stretches(deal: Deal) -> list[tuple[str, bool]]:
    rows = DealStage.objects.filter(deal=deal).order_by("since", "id")
    return [(row.stage, row.until is None) for row in rows]


def test_a_deal_begins_in_the_first_stage_with_the_workspaces_currency(workspace: Any) -> None:
    deal = make_deal(amount="1200")

    assert (deal.stage, deal.pipeline, deal.state, deal.currency) == ("qualify", "sales", "open", "EUR")
    assert stretches(deal) == [("qualify", True)]
    assert told(deal) == ["deal_opened"]


def test_moving_keeps_how_long_it_was_where_and_winning_says_the_amount(workspace: Any) -> None:
    deal = make_deal(amount="1200")

    change(deal, stage="propose")
    change(deal, stage="won")

    assert (deal.state, deal.closed_on, deal.closed_from) == ("won", clock.now().date(), "propose")
    assert stretches(deal) == [("qualify", False), ("propose", False), ("won", True)]
    assert told(deal) == ["deal_opened", "deal_moved", "deal_won"]
    won = Touchpoint.objects.get(kind="deal_won")
    assert (won.amount, won.currency, won.customer_id) == (D(1200), "EUR", deal.customer_id)
    assert won.properties["from"] == "Propose"


def test_reopening_keeps_the_history(workspace: Any) -> None:
    deal = make_deal()
    change(deal, stage="lost", lost_reason="price", lost_note="Ten per cent cheaper elsewhere")

    change(deal, stage="agree")

    assert (deal.state, deal.closed_on, deal.lost_reason) == ("open", None, "price")
    assert stretches(deal) == [("qualify", False), ("lost", False), ("agree", True)]
    lost = DealStage.objects.get(stage="lost")
    assert (lost.lost_reason, lost.closed_on, lost.closed_from) == ("price", clock.now().date(), "qualify")


def test_undoing_a_move_takes_back_its_stretch_and_its_touch_point(actor: Actor) -> None:
    deal = make_deal(actor=actor, amount="10")
    change(deal, actor, stage="propose")
    since = deal.stage_since
    won = change(deal, actor, stage="won")

    undo(actor=actor, operation_id=won.id)

    deal.refresh_from_db()
    assert (deal.stage, deal.state, deal.closed_on, deal.stage_since) == ("propose", "open", None, since)
    assert stretches(deal) == [("qualify", False), ("propose", True)]
    assert told(deal) == ["deal_opened", "deal_moved"]


def test_undoing_a_reopening_closes_it_as_it_was(actor: Actor) -> None:
    deal = make_deal(actor=actor, stage="won", amount="10", closed_on="2026-03-02")
    reopened = change(deal, actor, stage="agree")

    undo(actor=actor, operation_id=reopened.id)

    deal.refresh_from_db()
    assert (deal.state, deal.closed_on) == ("won", date(2026, 3, 2))
    assert stretches(deal) == [("won", True)]


def test_undoing_a_new_deal_removes_it_and_what_was_told_of_it(actor: Actor) -> None:
    deal = make_deal(actor=actor)

    undo(actor=actor, operation_id=deal.operation_id)

    assert not Deal.objects.exists()
    assert not DealStage.objects.exists()
    assert told(deal) == []


def test_undoing_a_new_deal_somebody_worked_on_puts_it_into_the_bin(actor: Actor) -> None:
    deal = make_deal(actor=actor)
    change(deal, actor, stage="propose")

    undo(actor=actor, operation_id=deal.operation_id)

    deal.refresh_from_db()
    assert deal.deleted_at is not None


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"stage": "won"}, "amount"), ({"stage": "lost"}, "lost_reason"), ({"stage": "nowhere"}, "stage"), ({"stage": ""}, "stage"),
        ({"amount": "-1"}, "amount"), ({"currency": "XXQ"}, "currency"), ({"closed_on": "2026-01-01"}, "closed_on"),
        ({"name": ""}, "name"), ({"name": "x" * 241}, "name"), ({"state": "won"}, "state"), ({"amount": "1e14"}, "amount"),
    ],
)  # fmt: skip
def test_bad_values_are_refused_by_field(workspace: Any, values: dict[str, Any], field: str) -> None:
    deal = make_deal()

    with pytest.raises(Invalid) as refused:
        change(deal, **values)

    assert field in refused.value.problems
    assert told(deal) == ["deal_opened"]


def test_the_rules_of_a_pipeline_hold_for_bulk_edits_which_say_why(actor: Actor) -> None:
    make_pipeline("fleet", {"name": "sign", "required": ["expected_close_on"]}, may_skip=False)
    one, other = make_deal("One", actor=actor), make_deal("Other", actor=actor, stage="fleet-offer")

    with pytest.raises(Invalid) as refused:
        bulk.bulk_act(
            actor=actor, selection=Selection(page="deals", ids=(str(one.pk), str(other.pk))),
            act=Act("edit", values={"stage": "fleet-sign"}),
        )  # fmt: skip

    assert set(refused.value.problems) & {"stage", "expected_close_on"}
    assert {each.stage for each in Deal.objects.all()} == {"fleet-look", "fleet-offer"}


def test_bulk_moves_are_one_operation_that_can_be_undone(actor: Actor, django_assert_max_num_queries: Any) -> None:
    deals = [make_deal(f"Deal {n}", actor=actor) for n in range(12)]
    ids = tuple(str(deal.pk) for deal in deals)

    with django_assert_max_num_queries(60):
        done = bulk.bulk_act(
            actor=actor, selection=Selection(page="deals", ids=ids), act=Act("edit", values={"stage": "propose"})
        )
    moved = DealStage.objects.filter(stage="propose", until=None).count()
    assert done.operation_id
    undo(actor=actor, operation_id=done.operation_id)

    assert moved == 12
    assert {stretches(deal)[0] for deal in deals} == {("qualify", True)}
    assert {tuple(told(deal)) for deal in deals} == {("deal_opened",)}


def test_who_moves_a_card_that_was_moved_meanwhile_is_told(actor: Actor) -> None:
    deal = make_deal(actor=actor)
    seen = {"version": deal.version, "stage": deal.stage}
    change(deal, actor, stage="propose")

    with pytest.raises(Conflict) as conflict:
        records.update_record(
            actor=actor, record_type="deal", record_id=deal.pk, values={"stage": "agree"},
            expected_version=seen["version"], seen={"stage": seen["stage"]},
        )  # fmt: skip

    assert conflict.value.current["stage"] == "propose"
    assert stretches(deal) == [("qualify", False), ("propose", True)]


def test_stages_of_another_workspace_are_unknown_here(workspace: Any, other_workspace: Any) -> None:
    make_pipeline("fleet")
    with tenant_context(other_workspace):
        with pytest.raises(Invalid):
            make_deal(stage="fleet-look")
        deal = make_deal()

    assert deal.stage == "qualify"


def test_deals_are_imported_with_their_stages_and_taken_out_again(run: Callable[..., Any], actor: Actor) -> None:
    make_organisation("Grünwerk Logistik")
    content = csv_of(
        ("Deal name", "Account", "Stage", "Value", "Currency", "Close date", "Closed date", "Lost reason"),
        ("Replace 40 bikes", "Grünwerk Logistik", "Propose", "236000", "EUR", "2026-12-28", "", ""),
        ("Depot trailers", "Grünwerk Logistik", "Won", "18500", "EUR", "", "2026-03-02", ""),
        ("Rain capes", "Grünwerk Logistik", "Lost", "900", "EUR", "", "2026-03-02", ""),
        ("Who", "Nobody here", "Propose", "1", "EUR", "", "", ""),
    )

    row = run(content, name="deals.csv", into="deal")

    assert (row.counts["new"], row.counts["refused"]) == (2, 2)
    won = Deal.objects.get(name="Depot trailers")
    assert (won.state, won.closed_on) == ("won", date(2026, 3, 2))
    assert Touchpoint.objects.get(kind="deal_won").occurred_at == datetime(2026, 3, 2, 12, tzinfo=UTC)
    operation = Operation.objects.get(kind="import")
    undo(actor=actor, operation_id=operation.id)
    assert not Deal.objects.exists()
    assert not standing(Touchpoint.objects.filter(source="sales")).exists()


def test_imports_obey_the_rules_of_the_pipeline(run: Callable[..., Any]) -> None:
    make_organisation("Grünwerk Logistik")
    make_pipeline("fleet", {"name": "sign", "may_begin": False}, {"name": "offer", "required": ["amount"]})
    content = csv_of(
        ("Deal name", "Account", "Stage", "Value"),
        ("Good", "Grünwerk Logistik", "Look", ""),
        ("Begins too far on", "Grünwerk Logistik", "Sign", "5"),
        ("Has no amount", "Grünwerk Logistik", "Offer", ""),
    )

    row = run(content, name="deals.csv", into="deal")

    assert (row.counts["new"], row.counts["refused"]) == (1, 2)
    assert [deal.name for deal in Deal.objects.all()] == ["Good"]


def test_who_may_not_see_a_customer_sees_no_deal_of_theirs(
    ben: Any, set_role: Callable[..., None], actor_for: Callable[..., Actor]
) -> None:
    Role.objects.create(
        key="own", name="Own",
        policy={"powers": [], "default": {"actions": {"read": {"rows": "all"}}},
                "records": {"customer": {"actions": {"read": {"rows": "own"}}},
                            "deal": {"actions": {"read": {"rows": "all"}, "update": {"rows": "all"}}}}},
    )  # fmt: skip
    set_role(ben, "own")
    bens = actor_for(ben)
    make_deal("Hidden")
    shown = make_deal("Shown", make_customer(owner=str(bens.member_id)))

    assert [deal.pk for deal in policies.visible(bens, "deal")] == [shown.pk]


def test_read_only_people_move_nothing(
    ben: Any, set_role: Callable[..., None], actor_for: Callable[..., Actor]
) -> None:
    set_role(ben, "read_only")
    deal = make_deal()

    with pytest.raises(NotAllowed):
        change(deal, actor_for(ben), stage="propose")

    assert stretches(deal) == [("qualify", True)]


def test_a_deal_follows_its_customer_through_a_merge(actor: Actor) -> None:
    stays, goes = make_organisation("Pedal & Post"), make_organisation("Pedal and Post")
    make_deal(customer=goes, amount="100")
    merge_customers(actor=actor, surviving_id=stays.pk, absorbed_id=goes.pk)

    found = customer_deals(actor=actor, ids=all_ids(stays.pk), today=clock.now().date())

    assert found
    assert (found.open, found.worth.amount) == (1, D(100))


def test_amounts_in_another_currency_without_a_rate_are_said(actor: Actor) -> None:
    customer = make_organisation()
    make_deal(customer=customer, amount="100", currency="USD")
    make_deal(customer=customer, amount="50", currency="CHF")
    Rate.objects.create(currency="USD", valid_from=clock.now().date() - timedelta(days=3), rate=D("0.9"))

    found = customer_deals(actor=actor, ids=[customer.pk], today=clock.now().date())

    assert found
    assert (found.worth.amount, found.worth.without_rate) == (D(90), 1)


def test_pipelines_are_read_once_for_a_visit(workspace: Any, django_assert_num_queries: Any) -> None:
    make_pipeline("fleet")
    first = pipelines()

    with django_assert_num_queries(0):
        assert pipelines() is first
    make_pipeline("service")

    assert [each.key for each in pipelines().all] == ["fleet", "service"]
