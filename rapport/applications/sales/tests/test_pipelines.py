"""Setting up pipelines: what people may change, and where deals go when their stage is retired."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from rapport.applications.sales.models import Deal, Pipeline, Stage
from rapport.applications.sales.queries.pipelines import pipelines
from rapport.applications.sales.services.pipelines import order_stage, retire_stage, save_pipeline, save_stage
from rapport.applications.sales.tests.factories import change, make_deal
from rapport.applications.sales.tests.test_pages import BASE, browser, text
from rapport.foundation.records.services.undo import undo
from rapport.foundation.workspace.errors import Invalid, NotAllowed
from rapport.foundation.workspace.types import Actor

__all__ = ["browser"]
pytestmark = pytest.mark.django_db


def test_the_first_change_makes_the_preset_ones_own_and_deals_stay_where_they_are(actor: Actor) -> None:
    deal = make_deal(stage="propose")

    made = save_pipeline(actor=actor, label="Service contracts", may_skip=False)

    assert [each.key for each in pipelines().all] == ["sales", "service-contracts"]
    assert pipelines().stage(deal.stage).label == "Propose"  # type: ignore[union-attr]  # it exists
    assert [stage.kind for stage in pipelines().pipeline(made.key).stages] == ["open"] * 4 + ["won", "lost"]  # type: ignore[union-attr]  # it exists


def test_a_new_stage_stands_before_won_and_can_be_moved_and_renamed(actor: Actor) -> None:
    stage = save_stage(actor=actor, pipeline="sales", values={"label": "Pilot", "probability": Decimal("0.7")})

    order_stage(actor=actor, key=stage.key, by=-1)
    save_stage(actor=actor, pipeline="sales", key=stage.key, values={"label": "Trial"})

    labels = [each.label for each in pipelines().all[0].stages]
    assert labels == ["Qualify", "Understand", "Propose", "Trial", "Agree", "Won", "Lost"]


def test_a_stage_with_deals_asks_where_they_go_and_all_of_it_can_be_undone(actor: Actor) -> None:
    deals = [make_deal(f"Deal {n}", stage="propose") for n in range(3)]

    with pytest.raises(Invalid, match="into"):
        retire_stage(actor=actor, key="propose")
    with pytest.raises(Invalid):
        retire_stage(actor=actor, key="propose", into="won")
    operation = retire_stage(actor=actor, key="propose", into="agree")
    moved = {deal.stage for deal in Deal.objects.all()}
    with pytest.raises(Invalid):
        make_deal("Late", stage="propose")
    undo(actor=actor, operation_id=operation.id)

    assert moved == {"agree"}
    assert {deal.stage for deal in Deal.objects.all()} == {"propose"}
    assert not pipelines().stage("propose").retired  # type: ignore[union-attr]  # it exists
    assert change(deals[0], actor, stage="agree") is not None


def test_who_was_moved_on_meanwhile_stays_there(actor: Actor) -> None:
    stays, goes = make_deal("One", stage="propose"), make_deal("Other", stage="propose")
    operation = retire_stage(actor=actor, key="propose", into="agree")
    change(stays, actor, stage="qualify")

    undo(actor=actor, operation_id=operation.id)

    stays.refresh_from_db()
    goes.refresh_from_db()
    assert (stays.stage, goes.stage) == ("qualify", "propose")


def test_the_only_won_stage_stays(actor: Actor) -> None:
    with pytest.raises(Invalid):
        retire_stage(actor=actor, key="won")


def test_members_set_up_nothing(ben: Any, actor_for: Callable[..., Actor], workspace: Any) -> None:
    with pytest.raises(NotAllowed):
        save_pipeline(actor=actor_for(ben), label="Mine")

    assert not Pipeline.objects.exists()


def test_pipelines_are_set_up_on_their_page(
    browser: Client, workspace: Any, django_assert_max_num_queries: Any
) -> None:
    url = f"{BASE}/sales/pipelines/"
    make_deal()

    made = browser.post(f"{url}new", {"label": "Fleets", "may_skip": "on", "approval_above": "50000"})
    unnamed = browser.post(f"{url}new", {"label": " "})
    added = browser.post(
        f"{url}fleets/stages/new",
        {"label": "Pilot", "probability": "70", "days_expected": "20", "required": ["amount"], "may_begin": "on"},
    )
    with django_assert_max_num_queries(15):
        page = text(browser.get(url))
    asked = browser.post(f"{BASE}/sales/stages/qualify/retire", {"into": ""})
    retired = browser.post(f"{BASE}/sales/stages/qualify/retire", {"into": "propose"})
    again = browser.post(f"{BASE}/sales/stages/qualify/reinstate")

    assert [answer.status_code for answer in (made, unnamed, added, asked, retired, again)] == [
        303,
        422,
        303,
        422,
        303,
        303,
    ]
    assert Stage.objects.get(label="Pilot").probability == Decimal("0.7")
    for said in ("Fleets", "Pilot", "Deals don’t move back", "Approval above 50,000"):
        assert said in page, said
    assert text(browser.get(f"{url}fleets/stages/fleets-pilot")).count("checked") >= 2
