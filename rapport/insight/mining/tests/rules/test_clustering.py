from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from rapport.insight.mining.errors import NotEnough
from rapport.insight.mining.rules.clustering import Scale, grouped, scale_of
from rapport.insight.mining.types import Reason


def three_kinds(count: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    rng = np.random.default_rng(5)
    kind = rng.integers(0, 3, count)
    return {
        "recency_days": np.exp(rng.normal(np.array([3, 5, 6.5])[kind], 0.3)),
        "orders": np.exp(rng.normal(np.array([3, 1.2, 0.2])[kind], 0.2)),
        "margin": np.exp(rng.normal(np.array([6.5, 4.5, 3])[kind], 0.3)),
    }, kind


def test_groups_that_are_there_are_found_again() -> None:
    columns, kind = three_kinds(600)

    grouping = grouped(columns, groups=range(2, 5), draws=4)

    assert len(grouping.centres) == 3
    assert grouping.stability > 0.9
    assert adjusted_rand_score(kind, grouping.placed(columns)) > 0.98


def test_every_trial_is_told() -> None:
    columns, _ = three_kinds(300)

    grouping = grouped(columns, groups=range(2, 4), draws=3)

    assert {(t.method, t.groups) for t in grouping.trials} == {
        ("kmeans", 2),
        ("kmeans", 3),
        ("mixture", 2),
        ("mixture", 3),
    }
    assert all(t.lowest <= t.stability <= 1 for t in grouping.trials)


def test_same_customers_same_groups() -> None:
    columns, _ = three_kinds(300)

    first, second = (grouped(columns, groups=range(2, 4), draws=3) for _ in range(2))

    assert first == second


def test_cloud_without_groups_gives_none() -> None:
    rng = np.random.default_rng(3)
    cloud = {name: rng.normal(size=800) for name in ("tenure_days", "a", "b", "c")}

    with pytest.raises(NotEnough) as error:
        grouped(cloud, groups=range(3, 6), draws=4)

    assert error.value.reason is Reason.NOT_STABLE
    assert error.value.have < error.value.need


def test_customers_who_are_all_alike_give_none() -> None:
    alike = {name: np.full(500, 7.0) for name in ("orders", "margin", "visits")}

    with pytest.raises(NotEnough) as error:
        grouped(alike)

    assert error.value.reason is Reason.ALL_ALIKE


def test_few_customers_give_none() -> None:
    columns, _ = three_kinds(40)

    with pytest.raises(NotEnough) as error:
        grouped(columns)

    assert (error.value.reason, error.value.have) == (Reason.FEW_CUSTOMERS, 40)


def test_feature_that_tells_nothing_apart_is_left_out() -> None:
    columns, _ = three_kinds(200)

    assert scale_of({**columns, "cases": np.zeros(200)}).names == ("recency_days", "orders", "margin")


def test_missing_numbers_count_as_none() -> None:
    scale = Scale(("orders", "tenure_days"), (0.0, 0.0), (1.0, 1.0))

    points = scale.applied({"orders": np.array([np.nan, np.e - 1]), "tenure_days": np.array([1.0, np.nan])})

    assert points.tolist() == [[0.0, 1.0], [pytest.approx(1.0), 0.0]]
