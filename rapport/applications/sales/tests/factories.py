"""Deals and pipelines for tests."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rapport.applications.sales.models import Deal, Pipeline, Stage
from rapport.applications.sales.queries.pipelines import forget
from rapport.foundation.records.services.records import create_record, update_record
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.stores.customers.models import Customer
from rapport.stores.customers.tests.factories import make_organisation


def make_deal(name: str = "20 Box 3", customer: Customer | None = None, actor: Actor = SYSTEM, **values: Any) -> Deal:
    customer = customer or make_organisation()
    return create_record(actor=actor, record_type="deal", values={"name": name, "customer": str(customer.pk), **values})


def change(deal: Deal, actor: Actor = SYSTEM, **values: Any) -> Any:
    """The operation that changed it."""
    _changed, operation = update_record(actor=actor, record_type="deal", record_id=deal.pk, values=values)
    deal.refresh_from_db()
    return operation


def make_pipeline(key: str = "fleet", *stages: dict[str, Any], **values: Any) -> Pipeline:
    """With the stages Look, Offer, Sign, Won and Lost unless told otherwise."""
    row = Pipeline.objects.create(key=key, label=key.capitalize(), position=Pipeline.objects.count(), **values)
    usual: tuple[dict[str, Any], ...] = (
        {"name": "look", "probability": Decimal("0.25"), "days_expected": 10},
        {"name": "offer", "probability": Decimal("0.5"), "days_expected": 10},
        {"name": "sign", "probability": Decimal("0.75")},
        {"name": "won", "kind": "won", "probability": Decimal(1)},
        {"name": "lost", "kind": "lost"},
    )
    more = {stage["name"]: stage for stage in stages}
    for position, stage in enumerate(usual):
        merged = {**stage, **more.get(stage["name"], {})}
        name = merged.pop("name")
        Stage.objects.create(key=f"{key}-{name}", pipeline=row, label=name.capitalize(), position=position, **merged)
    forget()
    return row
