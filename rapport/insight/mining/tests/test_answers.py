from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from rapport.foundation.accounts.models import User
from rapport.foundation.lib import clock
from rapport.foundation.records.policies import visible
from rapport.foundation.records.queries.conditions import compile_condition
from rapport.foundation.records.queries.fields import record_type
from rapport.foundation.records.rules import conditions
from rapport.foundation.workspace.errors import Invalid, NotAllowed
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.insight.mining.models import Answer, CustomerSet, SetMember, State
from rapport.insight.mining.services import answers, sets
from rapport.insight.mining.types import Act, Baskets, Clusters, Cohorts, Funnel, Part, Question, Reason, Rfm
from rapport.stores.commerce.services.orders import cancel_order
from rapport.stores.commerce.tests.factories import line, make_order
from rapport.stores.customers.models import Customer, CustomerAlias
from rapport.stores.customers.tests.factories import make_customer
from rapport.stores.warehouse.services.writing import write

pytestmark = pytest.mark.django_db
VIEW, ORDER = Act(kind="page_viewed"), Act(kind="order_placed")


def gathered(actor: Actor, question: Question, part: Part) -> CustomerSet:
    row = sets.want_set(actor=actor, question=question, part=part)
    sets.gather(row.pk)
    row.refresh_from_db()
    return row


def names_in(row: CustomerSet) -> list[str]:
    tree = conditions.from_json({"set": "pattern", "id": str(row.pk), "is_in": True})
    found = compile_condition(tree, record_type("customer"), actor=SYSTEM, now=clock.now())
    return sorted(visible(SYSTEM, "customer").filter(found).values_list("name", flat=True))


def test_asking_hands_the_question_to_the_worker_once(actor: Actor, deferred: dict[str, list[UUID]]) -> None:
    first = answers.ask(actor=actor, question=Rfm())
    second = answers.ask(actor=actor, question=Rfm())

    assert first.pk == second.pk
    assert deferred["answer"] == [first.pk]


def test_question_a_killed_worker_left_is_handed_over_again(actor: Actor, deferred: dict[str, list[UUID]]) -> None:
    answer = answers.ask(actor=actor, question=Rfm())
    Answer.objects.update(state=State.WORKING, asked_at=clock.now() - timedelta(hours=1))

    answers.ask(actor=actor, question=Rfm())

    assert deferred["answer"] == [answer.pk, answer.pk]


def test_forged_questions_are_refused(actor: Actor, deferred: dict[str, list[UUID]]) -> None:
    with pytest.raises(Invalid):
        answers.ask(actor=actor, question=Funnel((ORDER,)))

    assert not Answer.objects.exists()
    assert deferred["answer"] == []


def test_readers_may_not_ask(ben: User, actor_for: Any, set_role: Any, deferred: dict[str, list[UUID]]) -> None:
    set_role(ben, "read_only")

    with pytest.raises(NotAllowed):
        answers.ask(actor=actor_for(ben), question=Rfm())

    assert not Answer.objects.exists()


def test_without_a_warehouse_there_is_a_reason(workspace: Any) -> None:
    answer = answers.answered(Rfm())

    assert (answer.state, answer.reason) == (State.NOTHING, Reason.NO_WAREHOUSE)


def test_grid_counts_every_buyer_once(firm: list[Customer]) -> None:
    answer = answers.answered(Rfm())

    assert answer.state == State.DONE
    assert answer.data_until is not None
    assert answer.result is not None
    assert sum(cell["customers"] for cell in answer.result["cells"]) == len(firm)
    assert sum(move["customers"] for move in answer.result["moves"]) <= len(firm)


def test_cells_of_the_grid_hold_the_customers_they_count(firm: list[Customer], actor: Actor, deferred: Any) -> None:
    answer = answers.answered(Rfm())
    assert answer.result is not None
    seen: list[str] = []

    for cell in answer.result["cells"]:
        row = gathered(actor, Rfm(), Part("cell", cell["r"], cell["f"]))
        assert (row.size, row.strangers) == (cell["customers"], 0)
        seen += names_in(row)

    assert sorted(seen) == sorted(customer.name for customer in firm)


def test_few_customers_are_not_enough(workspace: Any, actor: Actor) -> None:
    from rapport.stores.ledger.tests.factories import touch

    touch(make_customer().pk, kind="order_placed", channel="shop", amount=Decimal(5), currency="EUR")
    write()

    for question, reason in ((Rfm(), Reason.FEW_CUSTOMERS), (Clusters(), Reason.FEW_CUSTOMERS)):
        answer = answers.answered(question)
        assert (answer.state, answer.reason, answer.have) == (State.NOTHING, reason, 1)
        assert answer.result is None


def test_funnel_counts_customers_and_visitors(firm: list[Customer], actor: Actor, deferred: Any) -> None:
    question = Funnel((VIEW, ORDER), days=30)

    answer = answers.answered(question)
    reached = gathered(actor, question, Part("reached", 1))
    lost = gathered(actor, question, Part("lost", 1))
    bought = gathered(actor, question, Part("reached", 2))

    assert answer.result is not None
    assert [step["n"] for step in answer.result["steps"]] == [21, 20]
    assert answer.result["steps"][1]["wait"] == 3 * 86_400
    assert (reached.size, reached.strangers) == (20, 1)
    assert (lost.size, lost.strangers) == (0, 1)
    assert names_in(bought) == [customer.name for customer in firm[1::2]]


def test_cohorts_count_and_hold_the_same_customers(firm: list[Customer], actor: Actor, deferred: Any) -> None:
    from rapport.insight.mining.queries.answers import pinned

    answer = answers.answered(Cohorts(unit="month", periods=24))
    assert answer.result is not None
    question = pinned(answer)
    sizes = answer.result["sizes"]
    largest = max(range(len(sizes)), key=lambda i: sizes[i])

    whole = gathered(actor, question, Part("cohort", largest))
    came = gathered(actor, question, Part("came", largest, 1))
    away = gathered(actor, question, Part("away", largest, 1))

    assert sum(sizes) == len(firm)
    assert whole.size == sizes[largest]
    assert came.size == answer.result["came"][largest][1]
    assert came.size + away.size == whole.size
    assert answer.result["closed"] == answer.result["periods"] - 1


def test_question_about_what_nobody_did_has_a_reason(firm: list[Customer]) -> None:
    answer = answers.answered(Funnel((Act(kind="never_done"), ORDER)))

    assert (answer.state, answer.reason) == (State.NOTHING, Reason.NOTHING_THERE)


def test_engine_that_gives_up_leaves_the_former_answer(firm: list[Customer], monkeypatch: pytest.MonkeyPatch) -> None:
    from rapport.insight.mining.services import answering

    before = answers.answered(Rfm()).result

    def broken(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(answering, "result_of", broken)
    after = answers.answered(Rfm())

    assert (after.state, after.reason) == (State.NOTHING, Reason.BROKEN)
    assert after.result == before


def test_set_follows_merges_made_since(firm: list[Customer], actor: Actor, deferred: Any) -> None:
    row = gathered(actor, Funnel((VIEW, ORDER)), Part("reached", 2))
    heir = make_customer("Heir")
    Customer.objects.filter(pk=firm[1].pk).update(deleted_at=clock.now(), merged_into_id=heir.pk)
    CustomerAlias.objects.create(absorbed_id=firm[1].pk, surviving_id=heir.pk, reason="merged")

    assert "Heir" in names_in(row)
    assert firm[1].name not in names_in(row)


def test_set_that_is_gone_holds_nobody(workspace: Any) -> None:
    make_customer()

    assert names_in(CustomerSet(pk=uuid4())) == []


def test_set_gathered_anew_replaces_its_members(firm: list[Customer], actor: Actor, deferred: Any) -> None:
    row = gathered(actor, Funnel((VIEW, ORDER)), Part("reached", 2))
    SetMember.objects.create(set_id=row.pk, customer_id=uuid4())

    sets.gather(row.pk)

    assert SetMember.objects.filter(set_id=row.pk).count() == 20


def test_baskets_without_orders_have_a_reason(firm: list[Customer]) -> None:
    answer = answers.answered(Baskets())

    assert answer.state == State.NOTHING
    assert answer.reason in (Reason.NOTHING_THERE, Reason.FEW_BASKETS)


def test_what_is_bought_together_is_found_with_those_who_have_half_of_it(
    workspace: Any, actor: Actor, deferred: Any
) -> None:
    for number in range(12):
        customer = make_customer(f"Buyer {number:02}")
        things = [["Trailer", "Cover"]] * 12 if number < 6 else [["Trailer"], ["Bell", "Basket"], ["Lamp", "Lock"]] * 3
        for names in things:
            make_order(customer, *[line(name=name, category="Gear") for name in names])
    cancelled = make_order(customer, line(name="Trailer"), line(name="Cover"))
    cancel_order(actor=SYSTEM, order_id=cancelled.pk)
    write()

    answer = answers.answered(Baskets())

    assert answer.result, answer.reason
    rule = next(r for r in answer.result["rules"] if r["having"] == ["Trailer"])
    assert (rule["also"], rule["n"], rule["n_having"], rule["missing"]) == ("Cover", 72, 90, 6)
    assert rule["q"] < 0.001
    row = gathered(actor, Baskets(), Part("without", items=("Trailer", "Cover")))
    assert names_in(row) == [f"Buyer {number:02}" for number in range(6, 12)]
    assert answers.answered(Baskets(item="category")).reason in (Reason.FEW_BASKETS, Reason.NO_RULES)
