from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import ProgrammingError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from rapport.foundation.accounts.models import Workspace
from rapport.foundation.lib import clock
from rapport.foundation.workspace.types import Actor
from rapport.stores.ledger.models import Touchpoint
from rapport.stores.ledger.queries.timeline import timeline
from rapport.stores.ledger.rules import partitions as rules
from rapport.stores.ledger.rules.partitions import OPEN, Partition
from rapport.stores.ledger.services.partitions import keep_partitions, partitions
from rapport.stores.ledger.tasks import keep_partitions as task
from rapport.stores.ledger.tests.factories import NOON, make_customer, touch


def test_it_goes_monthly_above_the_threshold_and_months_follow_in_advance(actor: Actor) -> None:
    customer = make_customer()
    for days in (0, 10, 40, 9000):
        touch(customer.pk, occurred_at=NOON - timedelta(days=days))
    with clock.frozen(NOON):
        before = timeline(actor=actor, customer_id=customer.pk).entries

        assert keep_partitions(threshold=5) == []
        assert keep_partitions(threshold=4) == ["touchpoint_2026_12", "touchpoint_2027_01", "touchpoint_2027_02"]
        assert keep_partitions(threshold=4) == [], "doing it again changes nothing"

        assert timeline(actor=actor, customer_id=customer.pk).entries == before

    names = {partition.name for partition in partitions()}
    assert names == {"touchpoint_until_2026_12", "touchpoint_2026_12", "touchpoint_2027_01", "touchpoint_2027_02", OPEN}
    with clock.frozen(datetime(2027, 1, 5, tzinfo=UTC)):
        touch(customer.pk, occurred_at=clock.now())
        assert keep_partitions() == ["touchpoint_2027_03", "touchpoint_2027_04"]
    assert _count("touchpoint_2027_01") == 1
    assert _count(OPEN) == 0


def test_the_planner_knows_the_parts_at_once(workspace: Workspace) -> None:
    customer = make_customer()
    for days in (0, 10, 40):
        touch(customer.pk, occurred_at=NOON - timedelta(days=days))

    with clock.frozen(NOON):
        keep_partitions(threshold=3)

    with connection.cursor() as cursor:
        cursor.execute("select pg_stat_clear_snapshot()")
        cursor.execute(
            "select pg_stat_get_analyze_count(i.inhrelid) from pg_inherits i where i.inhparent = 'touchpoint'::regclass"
        )
        told = [number for (number,) in cursor.fetchall()]
    assert len(told) == 5
    assert all(told)


def test_a_maintenance_that_was_missed_for_long_is_made_up_for(workspace: Workspace) -> None:
    customer = make_customer()
    with clock.frozen(NOON):
        touch(customer.pk)
        keep_partitions(threshold=1)
    later = datetime(2028, 5, 15, tzinfo=UTC)
    with clock.frozen(later):
        touch(customer.pk, occurred_at=later)
        assert _count(OPEN) == 1
        made = keep_partitions()

    assert made[0] == "touchpoint_2028_06"
    assert _count("touchpoint_2027_03_until_2028_06") == 1
    assert Touchpoint.objects.count() == 2


def test_every_partition_is_sealed_and_indexed_as_the_first(workspace: Workspace) -> None:
    with clock.frozen(NOON):
        touch(make_customer().pk)
        keep_partitions(threshold=1)

    for partition in partitions():
        for statement in ("update {} set kind = 'x'", "delete from {}", "truncate {}"):
            with (
                pytest.raises(ProgrammingError, match="permission denied"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(statement.format(partition.name))
        with connection.cursor() as cursor:
            cursor.execute(
                "select count(*) from pg_index where indrelid = %s::regclass and indisvalid", [partition.name]
            )
            assert cursor.fetchone() == (3,), partition
            cursor.execute(
                "select count(*) from pg_constraint where conrelid = %s::regclass and contype = 'c'", [partition.name]
            )
            assert cursor.fetchone() == (0,), partition


@pytest.mark.django_db(transaction=True)
def test_the_task_sees_to_every_workspace(
    workspace: Workspace, other_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keep_partitions, "__kwdefaults__", {"threshold": 1})
    for one in (workspace, other_workspace):
        connection.set_tenant(one)
        with clock.frozen(NOON):
            touch(uuid4_customer())
    connection.set_schema_to_public()

    with clock.frozen(NOON):
        task(timestamp=0)

    for one in (workspace, other_workspace):
        connection.set_tenant(one)
        assert len(partitions()) == 5


def uuid4_customer() -> Any:
    return make_customer(str(uuid4())).pk


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 1), timezones=st.just(UTC)),
    st.integers(0, 90),
    st.integers(0, 60),
)
def test_partitions_cover_all_time_without_overlap(now: datetime, ahead_hours: int, months_later: int) -> None:
    standing = [Partition(OPEN, None, None)]
    latest = now + timedelta(hours=min(ahead_hours, 24))
    for moment in (now, rules.next_month(rules.month_of(now), months_later) + timedelta(days=3)):
        if not rules.is_due(standing, now=moment, is_large=True):
            continue
        plan = rules.closing(standing, now=moment, latest=latest if moment == now else None)
        standing = [p for p in standing if p.name != OPEN]
        if plan.closed.lower != plan.closed.upper:
            standing.append(plan.closed)
        standing += [*plan.months, plan.opened]

        ordered = sorted(standing, key=lambda p: p.lower or datetime.min.replace(tzinfo=UTC))
        assert ordered[0].lower is None
        assert ordered[-1] == plan.opened
        assert all(a.upper == b.lower for a, b in itertools.pairwise(ordered))
        assert len({p.name for p in standing}) == len(standing)
        assert not rules.is_due(standing, now=moment, is_large=True)
        assert plan.closed.upper is not None
        assert moment != now or plan.closed.upper > latest


def _count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"select count(*) from {table}")
        return int(cursor.fetchone()[0])
