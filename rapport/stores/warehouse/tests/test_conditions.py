"""The compiler to Ibis and the one to the ORM find the same customers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rapport.foundation.records import policies
from rapport.foundation.records.models import CustomField, SavedView
from rapport.foundation.records.queries import conditions as orm
from rapport.foundation.records.queries.fields import record_type
from rapport.foundation.records.rules import conditions as language
from rapport.foundation.records.rules.conditions import Condition
from rapport.foundation.workspace.types import Action, Actor, RecordRules, RolePolicy, RowRule, Rows
from rapport.stores.ledger.tests.conditions.test_compiled import store
from rapport.stores.ledger.tests.conditions.trees import CUSTOM, attributes, behaviours, relateds, trees
from rapport.stores.ledger.tests.conditions.world import ADA, NOW, make_world
from rapport.stores.warehouse.errors import Unanswerable
from rapport.stores.warehouse.queries import conditions
from rapport.stores.warehouse.queries.engine import Engine, open_engine
from rapport.stores.warehouse.services.writing import write
from rapport.stores.warehouse.tests.engines import chdb_engine

pytestmark = pytest.mark.django_db
quick = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], derandomize=True
)
ZONES = ["Europe/Berlin", "America/Los_Angeles", "Pacific/Kiritimati", "Asia/Kolkata"]


@pytest.fixture
def berliner(actor: Actor) -> Actor:
    return replace(actor, member_id=ADA, timezone="Europe/Berlin")


def by_orm(tree: Condition, actor: Actor, now: datetime) -> set[str]:
    held = orm.compile_condition(tree, record_type("customer"), actor=actor, now=now)
    return {str(one) for one in policies.visible(actor, "customer").filter(held).values_list("pk", flat=True)}


def by_ibis(tree: Condition, engine: Engine, actor: Actor, now: datetime) -> set[str]:
    rows = engine.run(conditions.compile(tree, record_type("customer"), engine, now, actor=actor))
    found = rows["customer_id"].to_pylist()
    assert len(found) == len(set(found))
    return set(found)


@pytest.mark.parametrize("kind", ["attributes", "behaviour", "relations", "trees"])
def test_both_compilers_find_the_same(kind: str, workspace: Any, berliner: Actor) -> None:
    store(make_world(seed=11, customs=CUSTOM))
    write()
    strategy: st.SearchStrategy[Any] = {
        "attributes": attributes(), "behaviour": behaviours(), "relations": relateds(attributes()), "trees": trees,
    }[kind]  # fmt: skip

    with open_engine() as engine:

        @settings(quick, max_examples=60 if kind == "behaviour" else 30)
        @given(strategy, st.sampled_from(ZONES), st.sampled_from([0, 0, -900, 700, 1440]))
        def agree(tree: Condition, zone: str, minutes: int) -> None:
            somebody = replace(berliner, timezone=zone)
            now = NOW + timedelta(minutes=minutes)
            assert by_ibis(tree, engine, somebody, now) == by_orm(tree, somebody, now)

        agree()


def test_clickhouse_finds_the_same(workspace: Any, berliner: Actor) -> None:
    store(make_world(seed=12, customs=CUSTOM))
    write()

    with open_engine() as engine, chdb_engine() as other:

        @settings(quick, max_examples=15)
        @given(st.one_of(behaviours(), trees))
        @example(language.from_json(SINCE))
        def agree(tree: Condition) -> None:
            assert by_ibis(tree, other, berliner, NOW) == by_ibis(tree, engine, berliner, NOW)

        agree()


SINCE = {
    "all": [
        {"behaviour": {"kind": "email_opened"}, "op": "at_least", "value": 3, "within": {"last": 30, "unit": "days"}},
        {"behaviour": {"kind": "order_placed"}, "op": "at_most", "value": 0, "within": {"since": "last", "kind": "email_opened"}},
    ]
}  # fmt: skip


def test_opened_three_times_and_not_ordered_since(workspace: Any, berliner: Actor) -> None:
    store(make_world(seed=7, customs=CUSTOM))
    write()
    tree = language.from_json(SINCE)

    with open_engine() as engine:
        found = by_ibis(tree, engine, berliner, NOW)

    assert found
    assert found == by_orm(tree, berliner, NOW)


def test_late_touch_points_count_once_they_are_written(workspace: Any, berliner: Actor) -> None:
    world = make_world(seed=5, customs=CUSTOM)
    late, world.touches = world.touches[:80], world.touches[80:]
    store(world)
    write()
    world.touches, world.people, world.aliases, world.edges, world.retracted = late, [], {}, [], set()
    tree = language.from_json({"behaviour": {}, "op": "at_least", "value": 8})
    from rapport.stores.ledger.models import Touchpoint
    from rapport.stores.warehouse.models import Arrival

    at = NOW - timedelta(days=1)
    Touchpoint.objects.bulk_create(
        [
            Touchpoint(
                customer_id=t.customer_id, occurred_at=t.at, id=t.id, channel=t.channel, kind=t.kind, source=t.source,
                properties=t.properties, recorded_at=at,
            )
            for t in late
        ]
    )  # fmt: skip
    ids = sorted(t.id for t in late)
    Arrival.objects.create(recorded_at=at, first_id=ids[0], last_id=ids[-1], count=len(ids))

    write()

    with open_engine() as engine:
        assert by_ibis(tree, engine, berliner, NOW) == by_orm(tree, berliner, NOW)


@pytest.mark.parametrize(
    "rule",
    [
        RowRule(Rows.OWN),
        RowRule(Rows.NONE),
        RowRule(Rows.CONDITION, {"field": "city", "op": "is", "value": "Hamburg"}),
    ],
)
def test_only_customers_the_actor_sees_are_found(rule: RowRule, workspace: Any, berliner: Actor) -> None:
    store(make_world(seed=7, customs=CUSTOM))
    write()
    role = RolePolicy("some", "Some", default=RecordRules(actions={Action.READ: rule}))
    somebody = replace(berliner, role=role)
    tree = language.from_json(
        {"relation": "works_at", "quantifier": "none", "where": {"field": "city", "op": "is_not_empty"}}
    )

    with open_engine() as engine:
        assert by_ibis(tree, engine, somebody, NOW) == by_orm(tree, somebody, NOW)


def test_a_view_is_looked_into_and_one_that_leads_back_to_itself_holds_nobody(workspace: Any, berliner: Actor) -> None:
    store(make_world(seed=7, customs=CUSTOM))
    write()
    view = SavedView.objects.create(
        name="Hamburg", page="customers", record_type="customer", is_shared=True, condition={"field": "city", "op": "is", "value": "Hamburg"},
        member_id=berliner.member_id,
    )  # fmt: skip
    inside = language.from_json({"set": "view", "id": str(view.pk), "is_in": True})
    outside = language.from_json({"set": "view", "id": str(view.pk), "is_in": False})

    with open_engine() as engine:
        for tree in (inside, outside):
            assert by_ibis(tree, engine, berliner, NOW) == by_orm(tree, berliner, NOW)


def test_what_is_not_in_the_warehouse_is_said(workspace: Any, berliner: Actor) -> None:
    store(make_world(seed=7, customs=CUSTOM))
    write()
    CustomField.objects.create(record_type="customer", name="younger", label="Younger", kind="text")
    unknown = [
        {"field": "younger", "op": "is", "value": "x"},
        {"relation": "x_boat__customer", "quantifier": "any"},
        {"set": "nowhere", "id": str(UUID(int=3)), "is_in": True},
    ]

    with open_engine() as engine:
        for plain in unknown:
            with pytest.raises(Unanswerable):
                conditions.compile(plain, record_type("customer"), engine, NOW, actor=berliner)
        with pytest.raises(Unanswerable):
            conditions.compile({"all": []}, "touchpoint", engine, NOW)


def test_zone_of_now_holds_where_the_system_asks(workspace: Any, actor: Actor) -> None:
    store(make_world(seed=7, customs=CUSTOM))
    write()
    tree = language.from_json({"behaviour": {}, "op": "at_least", "value": 1, "within": {"last": 1, "unit": "days"}})
    tokyo = NOW.astimezone(ZoneInfo("Asia/Tokyo"))

    with open_engine() as engine:
        rows = engine.run(conditions.compile(tree, "customer", engine, tokyo))

    assert set(rows["customer_id"].to_pylist()) == by_orm(tree, replace(actor, timezone="Asia/Tokyo"), NOW)
