"""How the simulated firm keeps the life cycle: who recruited somebody, and what its sources cost in the last year."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from rapport.foundation.lib import clock
from rapport.foundation.records.models import Operation
from rapport.foundation.records.services.provisions import created_by, note_created
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.queries import phases as queries
from rapport.stores.customers.services import phases

FIELD = "recruited_by"
# Euros spent in twelve months; who comes by themselves or is sent by a friend costs little.
_SPENT = {
    "search_ad": 9_400, "social": 4_800, "fair": 6_200, "leaflet": 2_100, "press": 1_500, "showroom": 3_000, "call": 5_600,
    "tender": 1_900, "referral": 700,
}  # fmt: skip


def provide(actor: Actor, operation: Operation) -> None:
    """Only where nobody has said anything of the kind, so that the firm's own words stay."""
    found = queries.settings()
    if found.source_field != queries.SOURCE_FIELD or FIELD not in queries.source_fields():
        return
    phases.save_settings(actor=actor, rules=found.rules, source_field=FIELD)
    until = clock.now().date()
    since = until - timedelta(days=364)
    costs = [phases.NewSourceCost(source, "total", Decimal(euros), since, until) for source, euros in _SPENT.items()]
    made = [row.pk for row in phases.add_source_costs(actor=actor, costs=costs)]
    note_created(operation, "source_cost", made)


def tell() -> None:
    """Everyone's phases, at once: nobody looks at the demo before the worker would have come to it."""
    phases.tell_all_due()


def take_back(actor: Actor, operation: Operation) -> None:
    """What the firm kept goes with it; costs that somebody removed meanwhile are gone already."""
    made = created_by(operation, "source_cost")
    if not made:
        return
    phases.drop_source_costs(made)
    found = queries.settings()
    if found.source_field == FIELD:
        phases.save_settings(actor=actor, rules=found.rules, source_field=queries.SOURCE_FIELD)
