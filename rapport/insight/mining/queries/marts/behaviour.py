"""What customers who bought are like: what they buy and what they do, one row each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from rapport.insight.mining.queries.marts import rfm
from rapport.insight.mining.queries.marts.instants import DAY, seconds

if TYPE_CHECKING:
    from datetime import datetime

    from ibis.expr.types import Table

WEB = ("web", "app")
SERVICE = ("service", "workshop")
ANSWERS = ("email_opened", "email_clicked", "email_received", "call_received", "sms_received", "survey_answered")
FEATURES = ("recency_days", "orders", "margin", "tenure_days", "visits", "answers", "cases")


def features(purchase_days: Table, touchpoints: Table, now: datetime) -> Table:
    """customer_id and FEATURES as they are (not scaled), for customers who bought."""
    bought = rfm.summaries(purchase_days)
    meant = touchpoints.filter(touchpoints.occurred_at < ibis.literal(now))
    did = meant.group_by("customer_id").agg(
        met_at=meant.occurred_at.min(),
        visits=meant.channel.isin(WEB).cast("int64").sum(),
        answers=meant.kind.isin(ANSWERS).cast("int64").sum(),
        cases=meant.channel.isin(SERVICE).cast("int64").sum(),
    )
    both = bought.join(did, "customer_id")
    moment = int(now.timestamp())
    return both.select(
        "customer_id",
        recency_days=(moment // DAY - both["last"]).cast("float64"),
        orders=both.orders.cast("float64"),
        margin=both.margin.cast("float64"),
        tenure_days=((moment - seconds(both.met_at)) / DAY).cast("float64"),
        visits=both.visits.cast("float64"),
        answers=both.answers.cast("float64"),
        cases=both.cases.cast("float64"),
    )
