"""The models of purchases at any time: what must always hold, and what playing them through says."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rapport.insight.value.rules import beta_geometric, newton, outlook, pareto, uncertainty
from rapport.insight.value.rules.histories import Histories, Impossible, grouped, grouped_with_index, listed
from rapport.insight.value.rules.newton import Fit, NoFit
from rapport.insight.value.tests import published
from rapport.insight.value.tests.simulated import bg_lives, pareto_lives

MODELS = outlook.CONTINUOUS
BG = (0.6, 5.0, 0.8, 2.5)
PARETO = (0.6, 9.0, 0.7, 14.0)

positive = st.floats(0.02, 40.0)


@st.composite
def customers(draw: st.DrawFn) -> Histories:
    rows = draw(
        st.lists(st.tuples(st.integers(0, 60), st.integers(0, 900), st.integers(0, 900)), min_size=1, max_size=25)
    )
    x, last, age = [], [], []
    for frequency, one, two in rows:
        end, recency = max(one, two), min(one, two)
        frequency = min(frequency, recency)
        x.append(frequency)
        last.append(recency if frequency else 0)
        age.append(end)
    return listed(x, last, age)


@st.composite
def fits(draw: st.DrawFn) -> Fit:
    model = draw(st.sampled_from(MODELS))
    names = pareto.NAMES if model == pareto.PARETO_NBD else beta_geometric.NAMES
    return made(model, tuple(draw(positive) for _ in names))


def made(model: str, values: tuple[float, ...]) -> Fit:
    return Fit(model, pareto.NAMES, values, 0.0, (), 0, True, ())


def likelihood(fit: Fit, histories: Histories) -> float:
    if fit.model == pareto.PARETO_NBD:
        return pareto.log_likelihood(histories, fit.values)
    return beta_geometric.log_likelihood(histories, fit.values, modified=fit.model == beta_geometric.MBG_NBD)


@settings(max_examples=60, deadline=None)
@given(fits(), customers())
def test_grouped_is_as_likely_as_one_by_one(fit, histories):
    together, index = grouped_with_index(histories.frequency, histories.recency, histories.age)

    assert likelihood(fit, together) == pytest.approx(likelihood(fit, histories), rel=1e-9)
    assert (together.frequency[index] == histories.frequency).all()
    assert (together.recency[index] == histories.recency).all()
    assert (together.age[index] == histories.age).all()
    assert together.total == histories.total


@settings(max_examples=60, deadline=None)
@given(fits(), customers())
def test_chances_are_chances_and_nothing_expected_is_below_zero(fit, histories):
    found = outlook.outlook(fit, histories, outlook.Horizon(months=24))

    for chance in (found.p_alive, found.p_none):
        assert (chance >= 0).all()
        assert (chance <= 1).all()
    for number in (found.purchases, found.discounted, found.year, found.wait_days):
        assert (number >= 0).all()
        assert np.isfinite(number).all()
    assert (found.discounted <= found.purchases + 1e-9).all()
    assert (found.least <= found.most).all()
    assert (found.p_none >= 1 - found.p_alive - 1e-9).all()


@settings(max_examples=60, deadline=None)
@given(fits(), st.integers(1, 30), st.integers(30, 400), st.integers(0, 600))
def test_the_longer_the_silence_the_less_likely_alive(fit, frequency, recency, silence):
    frequency = min(frequency, recency)
    ages = [recency + silence, recency + silence + 1, recency + silence + 90]

    alive = outlook.p_alive(fit, listed([frequency] * 3, [recency] * 3, ages))

    assert alive[0] >= alive[1] - 1e-12 >= alive[2] - 2e-12


@settings(max_examples=40, deadline=None)
@given(fits(), customers())
def test_more_time_never_means_fewer_purchases(fit, histories):
    expected = [outlook.expected_purchases(fit, histories, days) for days in (0.0, 1.0, 30.0, 365.0, 3650.0)]

    assert expected[0] == pytest.approx(np.zeros(histories.groups), abs=1e-12)
    for less, more in pairwise(expected):
        assert (more >= less * (1 - 1e-9) - 1e-9).all()


@pytest.mark.parametrize("a", [0.999999, 1.0, 1.000001])
def test_a_of_one_is_a_point_like_any_other(a):
    histories = listed([0, 1, 7, 300], [0, 90, 200, 690], [30, 100, 700, 700])

    here = beta_geometric.expected_purchases((0.3, 5.0, a, 2.0), histories, 52.0)
    beside = beta_geometric.expected_purchases((0.3, 5.0, 1.01, 2.0), histories, 52.0)

    assert here == pytest.approx(beside, rel=0.02)
    assert beta_geometric.expected_purchases((0.3, 5.0, 1.0, 2.0), histories, 52.0) == pytest.approx(here, rel=1e-5)


@pytest.mark.parametrize(
    ("model", "fitted", "play", "true"),
    [
        ("bg_nbd", beta_geometric.fit, bg_lives, BG),
        ("pareto_nbd", pareto.fit, pareto_lives, PARETO),
    ],
)
def test_parameters_are_found_again(model, fitted, play, true):
    # Rates of about one purchase in two months, so that hardly two fall on one day.
    lives = play(60_000, true, seed=11)

    fit = fitted(grouped(lives.frequency, lives.recency, lives.age))

    off = (np.array(fit.values) - true) / np.array(list(fit.standard_errors.values()))
    assert fit.converged
    assert np.abs(np.array(fit.values) / true - 1).max() < 0.12
    assert np.abs(off).max() < 6  # whole days are a little coarser than the model


@pytest.mark.parametrize(
    ("model", "play", "true", "options"),
    [
        ("bg_nbd", bg_lives, BG, {}),
        ("mbg_nbd", bg_lives, BG, {"first_chance": True}),
        ("pareto_nbd", pareto_lives, PARETO, {}),
    ],
)
def test_what_is_expected_comes_about(model, play, true, options):
    lives = play(120_000, true, seed=5, ahead=365, **options)
    histories = listed(lives.frequency, lives.recency, lives.age)
    fit = made(model, true)

    found = outlook.outlook(fit, histories, outlook.Horizon(months=12, step_days=365 / 12))

    assert found.p_alive.mean() == pytest.approx(lives.alive.mean(), abs=0.006)
    assert found.purchases.mean() == pytest.approx(lives.later.mean(), rel=0.03)
    assert found.p_none.mean() == pytest.approx((lives.later == 0).mean(), abs=0.006)
    # Exactly eight in ten cannot be had of whole numbers: at least so many, and not everyone.
    inside = ((lives.later >= found.least) & (lives.later <= found.most)).mean()
    assert 0.80 <= inside <= 0.97
    busy = lives.frequency >= 5
    assert found.purchases[busy].mean() == pytest.approx(lives.later[busy].mean(), rel=0.04)
    inside = ((lives.later >= found.least) & (lives.later <= found.most))[busy].mean()
    assert 0.80 <= inside <= 0.93


def test_the_cost_grows_with_groups_and_not_with_customers():
    lives = bg_lives(3_000, BG, seed=2)
    one = grouped(lives.frequency, lives.recency, lives.age)
    thousand = Histories(one.frequency, one.recency, one.age, one.customers * 1000)

    single, many = beta_geometric.fit(one), beta_geometric.fit(thousand)

    assert many.values == pytest.approx(single.values, rel=1e-4)
    assert many.log_likelihood == pytest.approx(1000 * single.log_likelihood, rel=1e-9)
    assert thousand.groups == one.groups
    assert many.evaluations <= single.evaluations + 3


def test_drawing_customers_anew_agrees_with_the_curvature():
    histories = published.cdnow()
    fit = beta_geometric.fit(histories)

    again = uncertainty.refitted(fit, histories, count=60, seed=3)

    assert again.std(axis=0) == pytest.approx(tuple(fit.standard_errors.values()), rel=0.45)
    drawn = fit.draws(4000, seed=1)
    assert np.log(drawn).std(axis=0) == pytest.approx(np.sqrt(np.diag(np.array(fit.covariance))), rel=0.08)


def test_data_that_tell_nothing_of_leaving_are_noticed():
    # Everybody buys every week until the end: nobody ever left.
    histories = listed([10 + n % 3 for n in range(300)], [100] * 300, [101] * 300)

    fit = beta_geometric.fit(histories)

    assert fit.at_bound or not fit.covariance or not fit.converged


def test_nobody_who_came_back_tells_no_rate():
    fit = beta_geometric.fit(listed([0] * 50, [0] * 50, range(50, 100)))

    assert fit.at_bound or not fit.covariance or not fit.converged


@pytest.mark.parametrize(
    ("frequency", "recency", "age"),
    [
        ([1], [5], [3]),
        ([1], [0], [3]),
        ([0], [2], [3]),
        ([-1], [0], [3]),
        ([4], [2], [3]),
        ([1.5], [2], [3]),
        ([float("nan")], [2], [3]),
        ([1, 2], [2], [3]),
    ],
)
def test_what_cannot_be_a_history_is_refused(frequency, recency, age):
    with pytest.raises(Impossible):
        grouped(frequency, recency, age)


def test_nothing_cannot_be_fitted():
    with pytest.raises(NoFit):
        beta_geometric.fit(listed([], [], []))


def test_a_likelihood_without_a_summit_ends_at_a_bound():
    fit = newton.highest("none", ["x"], lambda at: (float(np.log(at[0])), 1 / at, -np.diag(1 / at**2)), [1.0])

    assert fit.at_bound == ("x",) or not fit.covariance
