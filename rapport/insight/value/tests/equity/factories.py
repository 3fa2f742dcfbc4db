"""Customers with a value, and runs of scores, made by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from rapport.foundation.lib import clock
from rapport.insight.value.extension_points import ScoresWritten, ValueThen
from rapport.insight.value.services.equity import keep_equity
from rapport.stores.customers.models import Customer, CustomerPhase, Lifecycle
from rapport.stores.customers.rules.scores import ScoreRow
from rapport.stores.customers.services.scores import write_scores

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)


def score(customer: Customer, value: str | None, **more: Any) -> ScoreRow:
    amount = Decimal(value) if value is not None else None
    row: dict[str, Any] = {
        "customer_id": customer.pk,
        "lifetime_value": amount,
        "low": amount - 10 if amount is not None else None,
        "high": amount + 10 if amount is not None else None,
        "spent": Decimal(0),
        "p_alive": 0.9,
        "churn_risk": 0.1,
        "expected_orders": 1.0,
        "next_order_on": None,
        "tier": "gold",
        "last_order_on": NOW.date(),
        "frequency": 2,
        "latency_days": None,
        "monetary": None,
        "rfm": "",
        "reason": "" if amount is not None else "too_few_buyers",
        "model": "bg_nbd",
        "currency": "EUR",
    }
    return ScoreRow(**{**row, **more})


def make_customer(name: str, *, recruited_at: datetime = NOW - timedelta(days=700), **more: Any) -> Customer:
    """A customer whose life is told: loyal since they were recruited, unless told otherwise."""
    phases = more.pop("phases", [("loyal", recruited_at, None)])
    extensions = more.pop("extensions", [])
    customer = Customer.objects.create(name=name, **more)
    Lifecycle.objects.create(
        customer_id=customer.pk,
        phase=phases[-1][0],
        since=phases[-1][1],
        recruited_at=recruited_at,
        first_products=["bike"],
        extensions=[{"product": product, "at": at.isoformat()} for product, at in extensions],
        digest=uuid4(),
        rules_version=1,
        computed_at=clock.now(),
    )
    for position, (phase, since, until) in enumerate(phases):
        CustomerPhase.objects.create(
            customer_id=customer.pk, position=position, phase=phase, since=since, until=until, cause="purchase"
        )
    return customer


def run(
    rows: Iterable[ScoreRow],
    *,
    at: datetime = NOW,
    model_key: str = "one",
    values_at: Callable[[datetime], Iterable[ValueThen]] | None = None,
    totals: Iterable[str] = (),
) -> UUID:
    """Write these scores and have equity worked out, as the worker does."""
    run_id = uuid4()
    write_scores(rows, run_id=run_id, at=at)
    keep_equity(
        ScoresWritten(
            run_id=run_id,
            at=at,
            currency="EUR",
            model_key=model_key,
            values_at=values_at,
            totals=[Decimal(total) for total in totals],
        )
    )
    return run_id
