"""The compiled filter and plain Python agree on every customer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rapport.foundation.lib import clock
from rapport.foundation.records import policies
from rapport.foundation.records.models import CustomField
from rapport.foundation.records.queries import conditions as compiler
from rapport.foundation.records.queries.fields import record_type
from rapport.foundation.records.rules import conditions
from rapport.foundation.records.rules.conditions import Condition, Vocabulary
from rapport.foundation.records.types import RecordType
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.models import Customer, CustomerAlias, Relationship
from rapport.stores.customers.rules.customers import search_text
from rapport.stores.ledger.models import Retraction, Touchpoint
from rapport.stores.ledger.tests.conditions.trees import CUSTOM, attributes, behaviours, relateds, trees
from rapport.stores.ledger.tests.conditions.world import ADA, NOW, World, holders, make_world

WORLD = make_world(seed=7, customs=CUSTOM)
many = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def store(world: World) -> None:
    """Write the world into the workspace."""
    absorbed_into = {one.id: None for one in world.people}
    Customer.objects.bulk_create(
        [
            Customer(
                id=one.id,
                **{("owner_id" if name == "owner" else name): value for name, value in one.values.items()},
                custom=one.custom,
                operation_id=one.operation_id,
                deleted_at=None if one.alive else NOW,
                merged_into_id=absorbed_into[one.id],
                search=search_text(
                    name=one.values["name"],
                    email=one.values["email"],
                    phone="",
                    organisation_name="",
                    city=one.values["city"],
                ),
            )
            for one in world.people
        ]
    )
    CustomerAlias.objects.bulk_create(
        [
            CustomerAlias(absorbed_id=absorbed, surviving_id=standing, reason="identified")
            for absorbed, standing in world.aliases.items()
        ]
    )
    Relationship.objects.bulk_create(
        [
            Relationship(type_id=name, from_customer_id=start, to_customer_id=end, until=until)
            for name, start, end, until in world.edges
        ]
    )
    Touchpoint.objects.bulk_create(
        [
            Touchpoint(
                customer_id=t.customer_id, occurred_at=t.at, id=t.id, channel=t.channel, kind=t.kind, direction=t.direction,
                source=t.source, subject=t.subject, amount=t.amount, currency=t.currency, properties=t.properties,
                batch_id=t.batch_id,
            )
            for t in world.touches
        ]
    )  # fmt: skip
    batches = {t.batch_id for t in world.touches}
    Retraction.objects.bulk_create(
        [
            Retraction(batch_id=one, actor_name="Ada")
            if one in batches
            else Retraction(touchpoint_id=one, actor_name="Ada")
            for one in world.retracted
        ]
    )
    CustomField.objects.bulk_create(
        [
            CustomField(record_type="customer", name=f.name, label=f.label, kind=f.kind.value, target=f.target,
                        choices=[{"value": c.value, "label": str(c.label)} for c in f.choices])
            for f in CUSTOM
        ]
    )  # fmt: skip


@pytest.fixture
def customers(workspace: Any) -> RecordType:
    store(WORLD)
    return record_type("customer")


@pytest.fixture
def berliner(actor: Actor) -> Actor:
    return replace(actor, member_id=ADA, timezone="Europe/Berlin")


def found(tree: Condition, customers: RecordType, berliner: Actor) -> set[UUID]:
    held = compiler.compile_condition(tree, customers, actor=berliner, now=NOW)
    return set(policies.visible(berliner, "customer").filter(held).values_list("pk", flat=True))


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("kind", ["attributes", "behaviour", "relations", "trees"])
def test_the_compiled_filter_finds_whom_plain_python_finds(
    kind: str, seed: int, workspace: Any, berliner: Actor
) -> None:
    world = make_world(seed=seed, customs=CUSTOM)
    store(world)
    customers = record_type("customer")
    strategy: st.SearchStrategy[Any] = {
        "attributes": attributes(), "behaviour": behaviours(), "relations": relateds(attributes()), "trees": trees,
    }[kind]  # fmt: skip

    @many
    @given(strategy)
    def agree(tree: Condition) -> None:
        vocabulary = Vocabulary(
            record_types={"customer": customers}, relations={"customer": customers.relations}, sets={"import": "import"}
        )
        assert conditions.validate(tree, customers, vocabulary) == []
        assert found(tree, customers, berliner) == holders(tree, world, customers)

    agree()


def test_opened_three_times_and_not_ordered_since(customers: RecordType, berliner: Actor) -> None:
    tree = conditions.from_json(
        {
            "all": [
                {"behaviour": {"kind": "email_opened"}, "op": "at_least", "value": 3, "within": {"last": 30, "unit": "days"}},
                {"behaviour": {"kind": "order_placed"}, "op": "at_most", "value": 0, "within": {"since": "last", "kind": "email_opened"}},
            ]
        }
    )  # fmt: skip

    who = found(tree, customers, berliner)

    assert who == holders(tree, WORLD, customers)
    assert who


def test_a_condition_is_one_query_without_correlation(customers: RecordType, berliner: Actor) -> None:
    tree = conditions.from_json(
        {
            "any": [
                {
                    "behaviour": {"kind": "order_placed"},
                    "measure": "sum",
                    "of": "amount",
                    "op": "at_least",
                    "value": 10,
                },
                {"relation": "works_at", "where": {"behaviour": {"kind": "page_viewed"}}},
            ]
        }
    )

    with clock.frozen(NOW):
        rows = compiler.matching(tree, customers, actor=berliner)

    sql = str(rows.query).upper()
    assert "EXISTS" not in sql
    assert "LATERAL" not in sql


@pytest.mark.parametrize(
    "value", ["'; DROP TABLE touchpoint; --", "%", "\\", "a' OR '1'='1", "{}", "$1", "%(x)s", "%s"]
)
def test_what_people_write_is_only_ever_a_value(value: str, customers: RecordType, berliner: Actor) -> None:
    plain = {
        "any": [
            {"field": "name", "op": "contains", "value": value},
            {"field": "own_text", "op": "is", "value": value},
            {"field": "tags", "op": "has_any", "value": [value]},
            {"behaviour": {"where": [{"property": value, "op": "is", "value": value}, {"property": "subject", "op": "contains", "value": value}]}, "measure": "sum", "of": value, "op": "more_than", "value": 1},
            {"behaviour": {}, "measure": "last", "of": value, "op": "starts_with", "value": value},
        ]
    }  # fmt: skip
    tree = conditions.from_json(plain)

    assert found(tree, customers, berliner) == holders(tree, WORLD, customers)
