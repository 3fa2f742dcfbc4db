"""Keeping the ledger's table in partitions. Runs once a day, in each workspace; doing it twice is harmless."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from rapport.foundation.lib import clock
from rapport.stores.ledger.rules import partitions as rules
from rapport.stores.ledger.rules.partitions import Closing, Partition
from rapport.stores.ledger.services.statistics import renew_statistics

LOCK_TIMEOUT_MS = 5_000
_PARTITIONS = """
    select c.relname, pg_get_expr(c.relpartbound, c.oid) from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'touchpoint'::regclass order by c.relname
"""


def keep_partitions(*, threshold: int = rules.THRESHOLD) -> list[str]:
    """Split the open partition when it is due; returns the names of the partitions made.

    Reading and writing go on, but for the moment of the exchange. When that cannot get its lock within five seconds
    nothing has changed, and the next day tries again. Errors: OperationalError then.
    """
    now = clock.now()
    standing = partitions()
    if not rules.is_due(standing, now=now, is_large=_holds(threshold)):
        return []
    plan = rules.closing(standing, now=now, latest=_latest())
    is_replaced = plan.closed.lower == plan.closed.upper
    if not is_replaced:
        _promise_border(plan.closed)
    with transaction.atomic():
        _execute([f"set local lock_timeout = {LOCK_TIMEOUT_MS}", "lock table touchpoint in access exclusive mode"])
        if is_replaced and _holds(1):
            return []  # something came in meanwhile: it is closed as a partition of its own tomorrow
        _exchange(plan, is_replaced=is_replaced)
    renew_statistics()
    return [month.name for month in plan.months]


def partitions() -> list[Partition]:
    with connection.cursor() as cursor:
        cursor.execute(_PARTITIONS)
        return [rules.partition_of(name, bound) for name, bound in cursor.fetchall()]


def _promise_border(closed: Partition) -> None:
    """Have it checked, under a lock that hinders nobody, that no row lies outside: the exchange then reads no rows."""
    test = f"occurred_at < '{_text(closed.upper)}'"
    if closed.lower:
        test += f" and occurred_at >= '{_text(closed.lower)}'"
    _execute([f"alter table {rules.OPEN} drop constraint if exists {rules.OPEN}_border"])
    _execute([f"alter table {rules.OPEN} add constraint {rules.OPEN}_border check ({test}) not valid"])
    _execute([f"alter table {rules.OPEN} validate constraint {rules.OPEN}_border"])


def _exchange(plan: Closing, *, is_replaced: bool) -> None:
    closed = plan.closed
    _execute([f"alter table touchpoint detach partition {rules.OPEN}"])
    if is_replaced:
        _execute([f"drop table {rules.OPEN}"])
    else:
        _execute(
            [
                f"alter table {rules.OPEN} rename to {closed.name}",
                f"alter table touchpoint attach partition {closed.name} {_bounds(closed)}",
                f"alter table {closed.name} drop constraint {rules.OPEN}_border",
                f"revoke update, delete, truncate on {closed.name} from current_user",
            ]
        )
    for partition in (*plan.months, plan.opened):
        _execute(
            [
                f"create table {partition.name} partition of touchpoint {_bounds(partition)}",
                f"revoke update, delete, truncate on {partition.name} from current_user",
            ]
        )


def _bounds(partition: Partition) -> str:
    lower = f"'{_text(partition.lower)}'" if partition.lower else "minvalue"
    upper = f"'{_text(partition.upper)}'" if partition.upper else "maxvalue"
    return f"for values from ({lower}) to ({upper})"


def _text(at: datetime | None) -> str:
    return at.isoformat() if at else ""


def _holds(count: int) -> bool:
    """Whether the open partition has at least that many rows, counting no further."""
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from (select 1 from touchpoint_open limit %s) t", [count])
        return bool(cursor.fetchone()[0] >= count)


def _latest() -> datetime | None:
    with connection.cursor() as cursor:
        cursor.execute("select max(occurred_at) from touchpoint_open")
        row: Any = cursor.fetchone()
        return row[0]


def _execute(statements: Iterable[str]) -> None:
    """Names and instants in these come from the rules, never from people."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
