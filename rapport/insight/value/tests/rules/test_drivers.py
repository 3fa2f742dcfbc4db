from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rapport.insight.value.rules import drivers
from rapport.insight.value.rules.drivers import (
    Improvement,
    Market,
    NoModel,
    equity,
    fit,
    lifetime_values,
    lift_of,
    market_of,
    reduced,
    return_on,
    scores,
    study,
    switching,
    weights,
)
from rapport.insight.value.rules.survey import Attribute, Driver, Survey

ATTRIBUTES = (
    Attribute(Driver.VALUE, "quality"),
    Attribute(Driver.VALUE, "price"),
    Attribute(Driver.BRAND, "known"),
    Attribute(Driver.RELATIONSHIP, "know me"),
)
TRUE_INERTIA, TRUE_EFFECTS = 1.2, np.array([0.7, 0.5, 0.3, 0.4])


def simulated(people: int = 3000, brands: int = 3, seed: int = 3) -> Survey:
    """Answers of people who choose by the model itself, with known inertia and effects of one deviation."""
    random = np.random.default_rng(seed)
    common = random.normal(size=(people, brands, 1))
    raw = 0.5 * common + random.normal(size=(people, brands, len(ATTRIBUTES)))
    scaled = (raw - raw.reshape(-1, 4).mean(axis=0)) / raw.reshape(-1, 4).std(axis=0)
    last = random.integers(brands, size=people)
    utility = scaled @ TRUE_EFFECTS
    utility[np.arange(people), last] += TRUE_INERTIA
    chosen = (utility + random.gumbel(size=(people, brands))).argmax(axis=1)
    following = np.eye(brands)[chosen]
    return Survey(
        tuple(f"Brand {n}" for n in range(brands)),
        ATTRIBUTES,
        tuple(f"R{n}" for n in range(people)),
        tuple(tuple(tuple(row) for row in rows) for rows in (4 + scaled).tolist()),
        tuple(int(each) for each in last),
        tuple(tuple(row) for row in following.tolist()),
        tuple(random.uniform(50, 150, people).tolist()),
        tuple(random.uniform(0.5, 6, people).tolist()),
    )


def market(survey: Survey, years: int | None = None) -> Market:
    return market_of(survey, population=10_000, discount=0.1, years=years, margin=0.3)


@pytest.fixture(scope="module")
def survey() -> Survey:
    return simulated()


def test_known_effects_are_recovered_within_their_errors(survey: Survey) -> None:
    model = fit(market(survey), keep=1.0)

    assert abs(model.inertia - TRUE_INERTIA) < 3 * model.errors[0]
    off = np.abs(model.attribute_effects - TRUE_EFFECTS) / model.attribute_errors
    assert np.all(off < 3)
    assert np.all(model.attribute_errors < 0.08)


def test_errors_are_as_large_as_estimates_differ_between_samples() -> None:
    fits = [fit(market(simulated(600, seed=seed)), keep=1.0) for seed in range(40)]

    spread = np.std([each.values[0] for each in fits], ddof=1)
    said = np.mean([each.errors[0] for each in fits])
    assert 0.7 < spread / said < 1.4


def test_the_fit_is_the_summit_of_the_likelihood(survey: Survey) -> None:
    found = fit(market(survey))
    features_sum = drivers._likelihood(found.values, _features(survey, found), market(survey).next)[1].sum(axis=0)

    assert np.max(np.abs(features_sum)) < 1e-6
    assert found.log_likelihood > found.null_log_likelihood
    assert found.null_log_likelihood == pytest.approx(-len(survey.respondents) * np.log(3))


def test_slope_and_curvature_are_those_of_the_likelihood(survey: Survey) -> None:
    small = simulated(200)
    found = fit(market(small))
    features, chosen = _features(small, found), market(small).next
    at = found.values + 0.1
    _, slope, curve = drivers._likelihood(at, features, chosen)
    step = 1e-5

    for index in range(len(at)):
        move = np.eye(len(at))[index] * step
        up, down = (drivers._likelihood(at + sign * move, features, chosen) for sign in (1, -1))
        assert (up[0] - down[0]) / (2 * step) == pytest.approx(slope.sum(axis=0)[index], rel=1e-5, abs=1e-5)
        assert -(up[1] - down[1]).sum(axis=0) / (2 * step) == pytest.approx(curve[index], rel=1e-4, abs=1e-4)


def _features(survey: Survey, model: drivers.Model) -> np.ndarray:
    components = model.reduction.of(np.array(survey.ratings))
    last = np.eye(len(survey.brands))[list(survey.last)][:, :, None]
    return np.concatenate([last, components], axis=2)


def test_rows_of_a_switching_matrix_add_up_to_one_and_inertia_keeps(survey: Survey) -> None:
    model = fit(market(survey))
    matrices = switching(model.values, model.reduction.of(np.array(survey.ratings)))

    assert matrices.sum(axis=2) == pytest.approx(np.ones(matrices.shape[:2]))
    without = switching(
        model.values * np.array([0, *[1] * (len(model.values) - 1)]), model.reduction.of(np.array(survey.ratings))
    )
    assert np.all(np.diagonal(matrices, axis1=1, axis2=2) > np.diagonal(without, axis1=1, axis2=2))
    assert without[:, 0] == pytest.approx(without[:, 1])


def test_a_customer_who_never_switches_is_worth_an_annuity() -> None:
    """v / (1 - D) from the next purchase on, as for any perpetuity."""
    one = _market(volume=30.0, frequency=4.0, years=None)

    found = lifetime_values(one, np.eye(2)[None])

    assert found == pytest.approx(np.array([[30 / (1 - 1.1 ** (-1 / 4)), 0.0]]))


def test_two_brands_without_end_have_their_closed_form() -> None:
    """Chance of brand 0 at purchase t is s + (1 - s) l^(t+1), with l = a + b - 1 and s = (1 - b) / (2 - a - b)."""
    a, b, rate = 0.8, 0.6, 1.1 ** (-1 / 2)
    steady, decay = (1 - b) / (2 - a - b), a + b - 1

    found = lifetime_values(_market(volume=1.0, frequency=2.0, years=None), np.array([[[a, 1 - a], [1 - b, b]]]))

    wanted = steady / (1 - rate) + (1 - steady) * decay / (1 - rate * decay)
    assert found[0, 0] == pytest.approx(wanted)
    assert found[0].sum() == pytest.approx(1 / (1 - rate))


@given(
    st.integers(1, 40), st.floats(0.5, 8), st.floats(0.01, 0.5), st.lists(st.floats(0.05, 1), min_size=9, max_size=9)
)
@settings(max_examples=60)
def test_a_finite_horizon_equals_its_closed_form(
    years: int, frequency: float, discount: float, raw: list[float]
) -> None:
    """Sum of D^t A^(t+1) for t to T is A (I - (D A)^(T+1)) (I - D A)^-1."""
    matrix = np.array(raw).reshape(3, 3)
    matrix /= matrix.sum(axis=1, keepdims=True)
    one = replace(_market(volume=2.0, frequency=frequency, years=years), discount=discount)
    one = replace(one, ratings=np.zeros((1, 3, 1)), next=np.zeros((1, 3)))
    rate = (1 + discount) ** (-1 / frequency)
    purchases = int(np.floor(frequency * years + 1e-9))

    found = lifetime_values(one, matrix[None])

    power = np.linalg.matrix_power(rate * matrix, purchases + 1)
    wanted = 2.0 * matrix @ (np.eye(3) - power) @ np.linalg.inv(np.eye(3) - rate * matrix)
    assert found[0] == pytest.approx(wanted[0])


def test_a_long_horizon_nears_that_without_end(survey: Survey) -> None:
    endless, long = market(survey), market(survey, years=150)
    model = fit(endless)

    assert equity(long, model) == pytest.approx(equity(endless, model), rel=1e-5)


def _market(*, volume: float, frequency: float, years: int | None) -> Market:
    return Market(
        np.zeros((1, 2, 1)), np.array([0]), np.zeros((1, 2)), np.array([volume]), np.array([frequency]), 1.0, 0.1, years
    )


def test_equity_of_all_brands_is_that_of_the_market(survey: Survey) -> None:
    asked = market(survey)
    rate = (1 + asked.discount) ** (-1 / asked.frequency)

    assert equity(asked, fit(asked)).sum() == pytest.approx(
        float((asked.volume / (1 - rate)).mean()) * asked.population
    )


def test_components_keep_the_variance_asked_for(survey: Survey) -> None:
    ratings = np.array(survey.ratings)

    assert reduced(ratings, keep=1.0).weights.shape == (4, 4)
    few = reduced(ratings, keep=0.5)
    assert few.weights.shape[1] < 4
    assert few.explained >= 0.5


def test_better_ratings_bring_equity_and_no_change_brings_none(survey: Survey) -> None:
    asked = market(survey)
    model = fit(asked)
    before = equity(asked, model)

    assert equity(asked, model, lift=np.zeros(4), brand=1) == pytest.approx(before)
    after = equity(asked, model, lift=lift_of(survey, Improvement("value", 0.5, 0)), brand=1)
    assert after[1] > before[1]
    assert after.sum() == pytest.approx(before.sum())


def test_nobody_rates_above_the_best_mark(survey: Survey) -> None:
    asked = market(survey)

    highest = survey.scale[1]
    lifted = asked.ratings[:, 0] + drivers.capped(asked, 0, np.array([100.0, 0, 0, 0]), highest)

    assert lifted[:, 0] == pytest.approx(np.full(len(lifted), highest))
    assert lifted[:, 1:] == pytest.approx(asked.ratings[:, 0, 1:])


def test_equity_is_less_certain_the_fewer_were_asked() -> None:
    few, many = simulated(100), simulated(1600)

    def width(survey: Survey) -> float:
        ours = study(survey, market(survey, years=5), brand=0, count=60)["equity"][0]
        return float((ours["high"] - ours["low"]) / ours["value"])

    assert 2.2 < width(few) / width(many) < 7


def test_return_of_the_published_airline_case() -> None:
    """The authors report 44.7 % on 70 million dollars: a gain of 101.3 million by (gain - cost) / cost."""
    assert return_on(101.3, 70.0) == pytest.approx(0.447, abs=5e-4)
    assert return_on(10.0, 0.0) is None


def test_weights_of_drivers_are_shares_near_the_true_ones(survey: Survey) -> None:
    found = weights(fit(market(survey), keep=1.0), survey)

    assert sum(found.values()) == pytest.approx(1)
    assert found["value"] == pytest.approx(1.2 / 1.9, abs=0.05)
    assert found["brand"] == pytest.approx(0.3 / 1.9, abs=0.05)


def test_scores_run_from_nought_to_a_hundred(survey: Survey) -> None:
    found = scores(survey, 0)

    assert all(score is not None and 0 <= score <= 100 for score in found.values())


def test_a_study_has_ranges_around_its_figures() -> None:
    small = simulated(400)
    told = study(
        small, market(small, years=5), brand=0, improvement=Improvement("relationship: know me", 0.5, 5_000), count=30
    )

    for each in told["equity"]:
        assert each["low"] <= each["value"] <= each["high"]
    assert told["point"]["value"]["low"] <= told["point"]["value"]["gain"] <= told["point"]["value"]["high"]
    assert told["improvement"]["return"] == pytest.approx((told["improvement"]["gain"] - 5_000) / 5_000)
    assert [sum(row) for row in told["switching"]] == pytest.approx([1, 1, 1])


def test_ratings_that_do_not_differ_say_nothing() -> None:
    flat = replace(simulated(60), ratings=(((4.0,) * 4,) * 3,) * 60)

    with pytest.raises(NoModel, match="flat_ratings"):
        fit(market(flat))


def test_answers_that_foretell_every_choice_have_no_finite_effect() -> None:
    small = simulated(60)
    always = replace(small, next=tuple(tuple(float(k == last) for k in range(3)) for last in small.last))

    with pytest.raises(NoModel, match="separated"):
        fit(market(always))
