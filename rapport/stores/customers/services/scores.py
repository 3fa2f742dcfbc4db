"""Scores come in from insight as one run, or for a few customers, and months are closed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from rapport.foundation.records.services.copying import NULL, copy_columns
from rapport.stores.customers.rules.scores import ScoreRow

_CHUNK = 25_000
_COLUMNS = ScoreRow._fields
_LOCK = 0x5C0E5
_STAGE = """
    create temporary table score_incoming (
        customer_id uuid, lifetime_value numeric(14,2), low numeric(14,2), high numeric(14,2), spent numeric(14,2),
        p_alive numeric(5,4), churn_risk numeric(5,4), expected_orders numeric(10,3), next_order_on date,
        tier varchar(10), last_order_on date, frequency integer, latency_days numeric(8,1), monetary numeric(14,2),
        rfm varchar(3), reason varchar(24), model varchar(16), currency varchar(3)
    ) on commit drop
"""
# Whoever was merged away or erased since the run read its data gets no score: theirs is the survivor's.
_STANDING = "join customers_customer c on c.id = i.customer_id and c.merged_into_id is null"
_CHANGES = f"""
    insert into customers_scorechange
        (customer_id, at, run_id, tier_before, tier_after, value_before, value_after)
    select i.customer_id, %(at)s, %(run_id)s::uuid, s.tier, i.tier, s.lifetime_value, i.lifetime_value
    from score_incoming i {_STANDING} join customers_score s on s.customer_id = i.customer_id
    where s.tier <> i.tier
    on conflict (customer_id, at) do nothing
"""  # noqa: S608  # names of our own
_INSERT = f"""
    insert into customers_score (run_id, at, {", ".join(_COLUMNS)})
    select %(run_id)s::uuid, %(at)s::timestamptz, {", ".join(f"i.{name}" for name in _COLUMNS)} from score_incoming i {_STANDING}
"""  # noqa: S608  # names of our own


@transaction.atomic
def write_scores(rows: Iterable[ScoreRow], *, run_id: UUID, at: datetime, everyone: bool = True) -> int:
    """Put the scores of a run in the place of those before, all at once or, when anything fails, not at all.

    `everyone`: the rows are all there are, and scores of others are removed; otherwise others keep theirs. Every customer
    comes once. Returns how many customers have a score of this run.
    """
    said: dict[str, Any] = {"run_id": str(run_id), "at": at}
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s, hashtext(current_schema()))", [_LOCK])
        cursor.execute("drop table if exists score_incoming")
        cursor.execute(_STAGE)
        incoming = iter(rows)
        while part := list(islice(incoming, _CHUNK)):
            columns = zip(*part, strict=True)
            copy_columns(
                "score_incoming", {name: _texts(each) for name, each in zip(_COLUMNS, columns, strict=True)}, len(part)
            )
        cursor.execute("analyze score_incoming")
        cursor.execute(_CHANGES, said)
        if everyone:
            cursor.execute("delete from customers_score")
        else:
            cursor.execute("delete from customers_score s using score_incoming i where s.customer_id = i.customer_id")
        cursor.execute(_INSERT, said)
        written: int = cursor.rowcount
        if everyone:
            cursor.execute("analyze customers_score")
        cursor.execute("drop table score_incoming")
    return written


@transaction.atomic
def close_period(period: date) -> int:
    """Keep today's scores as those with which the month of `period` closed; again, and they are replaced.

    Returns how many customers were kept.
    """
    first = period.replace(day=1)
    with connection.cursor() as cursor:
        cursor.execute("delete from customers_scoresnapshot where period = %s", [first])
        cursor.execute(
            "insert into customers_scoresnapshot (customer_id, period, lifetime_value, p_alive, tier)"
            " select customer_id, %s, lifetime_value, p_alive, tier from customers_score",
            [first],
        )
        return int(cursor.rowcount)


def _texts(values: Iterable[object]) -> list[str]:
    return [NULL if value is None else str(value) for value in values]
