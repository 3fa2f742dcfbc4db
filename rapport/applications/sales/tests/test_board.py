"""The board: sums from one statement, columns that page by themselves, cards that move and come back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from rapport.applications.sales.models import Deal, DealStage
from rapport.applications.sales.queries.board import CARDS, board, column
from rapport.applications.sales.services.rhythm import tell_rhythm
from rapport.applications.sales.tests.factories import change, make_deal, make_pipeline
from rapport.applications.sales.tests.test_pages import BASE, HX, browser, text
from rapport.foundation.lib import clock
from rapport.foundation.records.services.undo import undo
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.stores.commerce.models import Rate
from rapport.stores.customers.services.followups import open_follow_up
from rapport.stores.customers.tests.factories import make_organisation
from rapport.stores.ledger.tests.factories import touch

__all__ = ["browser"]
pytestmark = pytest.mark.django_db
D = Decimal
FORM = "application/x-www-form-urlencoded"


def drop(browser: Client, deal: Deal, stage: str, *, version: int | None = None, came_from: str = "") -> Any:
    body = f"stage={stage}&version={version or deal.version}&from={came_from or deal.stage}"
    return browser.patch(f"{BASE}/sales/deals/{deal.pk}/move?pipeline=sales", body, content_type=FORM, headers=HX)


def columns(actor: Actor = SYSTEM, **more: Any) -> dict[str, Any]:
    return {each.stage.key: each for each in board(actor=actor, now=clock.now(), **more).columns}


def test_sums_are_of_all_deals_of_a_column_weighted_by_its_odds(workspace: Any) -> None:
    customer = make_organisation()
    for n in range(CARDS + 5):
        make_deal(f"Deal {n}", customer, amount="100")
    make_deal("Dollars", customer, amount="100", currency="USD")
    make_deal("Francs", customer, amount="100", currency="CHF")
    make_deal("No amount", customer)
    Rate.objects.create(currency="USD", valid_from=date(2026, 1, 1), rate=D("0.5"))

    found = board(actor=SYSTEM, now=clock.now())
    qualify = found.columns[0]

    assert (qualify.number, qualify.worth.amount, qualify.worth.without_rate) == (CARDS + 8, D(2550), 1)
    assert qualify.weighted == D(510)
    assert len(qualify.cards) == CARDS
    assert (found.open_number, found.open.amount) == (CARDS + 8, D(2550))


def test_a_column_pages_by_itself_and_shows_every_deal_once(workspace: Any) -> None:
    customer = make_organisation()
    for n in range(CARDS * 2 + 3):
        day = (date(2027, 1, 1) + timedelta(days=n // 3)).isoformat() if n % 4 else None
        make_deal(f"Deal {n}", customer, expected_close_on=day)

    first = columns()["qualify"]
    seen = [card.deal.pk for card in first.cards]
    following = first.following
    while following:
        cards, following = column(actor=SYSTEM, stage="qualify", after=following, now=clock.now())
        seen += [card.deal.pk for card in cards]

    assert len(seen) == len(set(seen)) == CARDS * 2 + 3
    days = [Deal.objects.get(pk=pk).expected_close_on or date.max for pk in seen]
    assert days == sorted(days)


def test_only_what_was_won_this_quarter_stands_on_the_board(workspace: Any) -> None:
    customer = make_organisation()
    make_deal("Now", customer, amount="10", stage="won")
    make_deal("Long ago", customer, amount="10", stage="won", closed_on="2020-05-05")
    make_deal("Gone", customer, stage="lost", lost_reason="price")

    found = columns()

    assert "lost" not in found
    assert [card.deal.name for card in found["won"].cards] == ["Now"]
    assert found["won"].worth.amount == D(10)


def test_the_board_asks_as_much_for_one_card_as_for_a_hundred(
    browser: Client, workspace: Any, django_assert_max_num_queries: Any
) -> None:
    make_deal("One", make_organisation("One"))
    url = f"{BASE}/sales/board/"
    browser.get(url)

    with django_assert_max_num_queries(15) as few:
        browser.get(url)
    for n in range(60):
        make_deal(f"Deal {n}", make_organisation(f"Firm {n}"), stage=("qualify", "propose", "agree")[n % 3], amount="5")
    with django_assert_max_num_queries(len(few)):
        page = text(browser.get(url))

    assert "61 deals" in page
    assert "Firm 59" in page
    assert "Show more" in page


def test_a_card_says_its_next_step_how_long_it_stands_and_whether_it_is_quiet(browser: Client, workspace: Any) -> None:
    now = clock.now()
    quiet, busy = make_organisation("Quiet & Co"), make_organisation("Busy & Co")
    for days in (60, 67, 74):
        touch(quiet.pk, occurred_at=now - timedelta(days=days))
    for days in (2, 9, 16):
        touch(busy.pk, occurred_at=now - timedelta(days=days))
    make_deal("Silent fleet", quiet, amount="100")
    lively = make_deal("Lively fleet", busy, amount="50")
    open_follow_up(
        actor=SYSTEM, customer_id=busy.pk, title="Route study", due_on=now.date() + timedelta(days=2), about=("deal", lively.pk)
    )  # fmt: skip
    Deal.objects.update(created_at=now - timedelta(days=90))
    Deal.objects.filter(pk=lively.pk).update(stage_since=now - timedelta(days=22))
    tell_rhythm()

    page = text(browser.get(f"{BASE}/sales/board/"))

    cards = {card.deal.name: card for card in columns()["qualify"].cards}
    assert cards["Silent fleet"].quiet_days == 60
    assert cards["Lively fleet"].quiet_days is None
    assert cards["Lively fleet"].age == "overdue"
    for said in (
        "Quiet for 60 days",
        "No next step yet",
        "Route study",
        "22 days here, 14 expected",
        "1 has gone quiet",
        "€100",
    ):
        assert said in page, said


def test_a_dropped_card_moves_and_the_heads_of_all_columns_come_along(browser: Client, workspace: Any) -> None:
    deal = make_deal(amount="1000")

    answer = drop(browser, deal, "propose")

    deal.refresh_from_db()
    said = text(answer)
    assert (answer.status_code, deal.stage) == (200, "propose")
    assert f'id="deal-{deal.pk}"' in said
    assert 'data-version="2"' in said
    assert 'id="head-qualify"' in said
    assert 'id="head-propose"' in said
    assert 'id="board-says"' in said
    assert "undo" in answer.headers["HX-Trigger"]


def test_a_card_that_may_not_go_there_stays_and_says_why(browser: Client, workspace: Any) -> None:
    make_pipeline("fleet", {"name": "sign", "required": ["expected_close_on"]}, may_skip=False)
    deal = make_deal()

    skipped = drop(browser, deal, "fleet-sign")
    asked = drop(browser, deal, "fleet-lost")

    deal.refresh_from_db()
    assert (skipped.status_code, asked.status_code) == (422, 422)
    assert "No stage is skipped" in skipped.json()["reason"]
    assert asked.json()["asks"] is True
    assert deal.stage == "fleet-look"


def test_the_second_of_two_people_who_move_one_card_is_told(browser: Client, workspace: Any) -> None:
    deal = make_deal()
    seen = deal.version
    change(deal, stage="agree")

    answer = drop(browser, deal, "propose", version=seen, came_from="qualify")

    deal.refresh_from_db()
    assert answer.status_code == 409
    assert "“Agree”" in answer.json()["reason"]
    assert deal.stage == "agree"


def test_a_card_whose_amount_somebody_changed_meanwhile_still_moves(browser: Client, workspace: Any) -> None:
    deal = make_deal()
    seen = deal.version
    change(deal, amount="5")

    assert drop(browser, deal, "propose", version=seen, came_from="qualify").status_code == 200


def test_the_menu_twin_moves_without_a_script_and_asks_what_losing_needs(browser: Client, workspace: Any) -> None:
    deal = make_deal()
    url = f"{BASE}/sales/deals/{deal.pk}/move"
    token = {"version": str(deal.version), "from": deal.stage}

    menu = text(browser.get(url))
    form = text(browser.get(f"{url}?stage=lost"))
    refused = browser.post(url, {**token, "stage": "lost"})
    lost = browser.post(url, {**token, "stage": "lost", "lost_reason": "timing", "lost_note": "Next year"})

    deal.refresh_from_db()
    assert "Understand" in menu
    assert "Lost, say why" in menu
    assert "Not the right time" in form
    assert (refused.status_code, lost.status_code) == (422, 303)
    assert (deal.state, deal.lost_reason, deal.lost_note) == ("lost", "timing", "Next year")


def test_who_may_only_read_moves_nothing(
    ben: Any, set_role: Callable[..., None], client_for: Callable[..., Client], workspace: Any
) -> None:
    set_role(ben, "read_only")
    reader = client_for(ben)
    deal = make_deal()

    page = text(reader.get(f"{BASE}/sales/board/"))
    answer = drop(reader, deal, "propose")

    assert "data-move-menu" not in page
    assert answer.status_code == 403
    assert DealStage.objects.count() == 1


def test_a_deal_is_added_from_its_column(browser: Client, workspace: Any) -> None:
    customer = make_organisation()
    url = f"{BASE}/sales/deals/new?stage=propose"

    form = text(browser.get(url))
    refused = browser.post(url, {"name": "Third fleet", "stage": "propose"})
    made = browser.post(
        url, {"name": "Third fleet", "stage": "propose", "customer": str(customer.pk), "amount": "54000"}
    )

    assert "Expected close" in form
    assert (refused.status_code, made.status_code) == (422, 303)
    assert Deal.objects.get().stage == "propose"


def test_mine_are_mine(actor: Actor, workspace: Any) -> None:
    make_deal("Mine", owner=str(actor.member_id))
    make_deal("Nobody’s", make_organisation("Other"))

    assert [card.deal.name for card in columns(owner=actor.member_id)["qualify"].cards] == ["Mine"]


def test_undoing_a_drop_brings_the_card_back(actor: Actor) -> None:
    deal = make_deal(actor=actor)
    moved = change(deal, actor, stage="agree")

    undo(actor=actor, operation_id=moved.id)

    assert [card.deal.pk for card in columns(actor)["qualify"].cards] == [deal.pk]
