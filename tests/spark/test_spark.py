"""Every mart, and conditions of every sort, say on a Spark cluster what they say on DuckDB."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ibis.common.exceptions import IbisError

from rapport.foundation.records.queries.fields import record_type
from rapport.foundation.records.rules import conditions as language
from rapport.foundation.workspace.types import Actor
from rapport.stores.ledger.tests.conditions.test_compiled import store
from rapport.stores.ledger.tests.conditions.trees import CUSTOM
from rapport.stores.ledger.tests.conditions.world import ADA, NOW, make_world
from rapport.stores.warehouse.extension_points import marts
from rapport.stores.warehouse.queries import conditions
from rapport.stores.warehouse.queries.engine import Engine, SparkEngine, open_engine
from rapport.stores.warehouse.services.writing import write
from rapport.stores.warehouse.tests.engines import values
from rapport.stores.warehouse.tests.firm import found_firm

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(1800)]

CONDITIONS: list[dict[str, Any]] = [
    {"all": [
        {"behaviour": {"kind": "email_opened"}, "op": "at_least", "value": 3, "within": {"last": 30, "unit": "days"}},
        {"behaviour": {"kind": "order_placed"}, "op": "at_most", "value": 0, "within": {"since": "last", "kind": "email_opened"}},
    ]},
    {"behaviour": {"where": [{"property": "subject", "op": "contains", "value": "SPRING"}]}, "measure": "sum", "of": "amount", "op": "more_than", "value": "10.5"},
    {"behaviour": {"where": [{"property": "size", "op": "at_least", "value": 5}, {"property": "ok", "op": "is", "value": True}]}, "op": "at_least", "value": 1},
    {"behaviour": {"channel": "web"}, "measure": "last", "op": "not_in_last", "value": {"n": 10, "unit": "days"}},
    {"behaviour": {}, "measure": "first", "of": "size", "op": "is", "value": "large"},
    {"relation": "knows", "quantifier": "count", "op": "at_least", "value": 2, "where": {"field": "city", "op": "is_not_empty"}},
    {"not": {"relation": "works_at__inverse", "quantifier": "any"}},
    {"any": [
        {"field": "city", "op": "contains", "value": "ham"},
        {"field": "tags", "op": "has_all", "value": ["a", "b"]},
        {"field": "birth_date", "op": "in_next", "value": {"n": 20, "unit": "days"}},
        {"field": "own_money", "op": "between", "value": [5, 12]},
        {"field": "own_instant", "op": "in_last", "value": {"n": 6, "unit": "hours"}},
    ]},
]  # fmt: skip


@pytest.fixture(autouse=True)
def lake_folder(settings: Any, tmp_path: Path) -> None:
    settings.WAREHOUSE_PATH = tmp_path / "warehouse"


def test_every_mart_says_the_same_on_a_cluster(workspace: Any, settings: Any, cluster: str) -> None:
    found_firm()
    write()
    with open_engine() as engine:
        expected = {name: values(engine.run(mart(engine))) for name, mart in marts.items()}
    settings.WAREHOUSE = cluster

    with open_engine() as engine:
        assert isinstance(engine, SparkEngine)
        wrong = {name: said for name, mart in marts.items() if (said := _difference(engine, mart, expected[name]))}

    assert wrong == {}


def _difference(engine: Engine, mart: Callable[[Engine], Any], expected: list[tuple[Any, ...]]) -> str:
    """Of each mart in turn: one that fails does not hide the others."""
    try:
        found = values(engine.run(mart(engine)))
    except IbisError as error:
        return f"{type(error).__name__}: {error}"
    missing, extra = ([row for row in one if row not in other] for one, other in ((expected, found), (found, expected)))
    return f"missing {missing[:2]}, too many {extra[:2]}" if found != expected else ""


def test_conditions_find_the_same_on_a_cluster(workspace: Any, actor: Actor, settings: Any, cluster: str) -> None:
    store(make_world(seed=11, customs=CUSTOM))
    write()
    berliner = replace(actor, member_id=ADA, timezone="Europe/Berlin")
    customers, trees = record_type("customer"), [language.from_json(plain) for plain in CONDITIONS]

    def answers() -> list[list[str]]:
        with open_engine() as engine:
            return [
                sorted(
                    engine.run(conditions.compile(tree, customers, engine, NOW, actor=berliner))[
                        "customer_id"
                    ].to_pylist()
                )
                for tree in trees
            ]

    expected = answers()
    settings.WAREHOUSE = cluster

    assert answers() == expected
    assert any(expected)
