"""The simulated firm lives: phases of every kind, sources with their costs, and all of it goes with the firm."""

from __future__ import annotations

from collections import Counter

from rapport.demo.load import load
from rapport.demo.types import Firm
from rapport.foundation.records.services.undo import undo
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.models import Customer, SourceCost
from rapport.stores.customers.queries import phases as queries


def test_customers_are_in_every_phase_and_sources_cost_something(actor: Actor, firm: Firm) -> None:
    load(actor=actor, firm=firm)

    found = Counter(Customer.objects.values_list("phase", flat=True))
    assert set(found) >= {"prospect", "onboarding", "growing", "loyal", "at_risk", "lapsed", "won_back"}
    assert max(found.values()) < 0.8 * sum(found.values())
    page = queries.sources_page(actor=actor)
    assert len([line for line in page.lines if line.each is not None]) >= 5


def test_costs_and_the_source_field_go_with_the_firm(actor: Actor, small_firm: Firm) -> None:
    operation = load(actor=actor, firm=small_firm)
    assert (queries.settings().source_field, SourceCost.objects.count() > 0) == ("recruited_by", True)

    undo(actor=actor, operation_id=operation.id)

    assert (queries.settings().source_field, SourceCost.objects.count()) == ("source", 0)
