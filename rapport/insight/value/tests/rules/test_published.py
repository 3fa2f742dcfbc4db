"""Every estimate that was published for data anybody can have. Parameters within a thousandth, likelihoods within 0.01.

Where a printed number has fewer digits than that, it is held to half of its last digit.
"""

from __future__ import annotations

import numpy as np
import pytest

from rapport.insight.value.rules import (
    beta_geometric,
    contracts,
    negative_binomial,
    occasions,
    pareto,
    spend,
)
from rapport.insight.value.tests import published

PARAMETERS = 1e-3
LIKELIHOOD = 0.01


@pytest.fixture(scope="module")
def cdnow():
    return published.cdnow()


def test_cdnow_is_the_file_of_the_papers(cdnow):
    """Fader, Hardie & Lee (2005), Marketing Science 24(2):275-284: 2,357 customers, 39 weeks."""
    assert cdnow.total == 2357
    assert cdnow.repeaters == 946
    assert int(cdnow.age.max()) == 272


def test_bg_nbd_on_cdnow(cdnow):
    """Fader, Hardie & Lee (2005), pp. 275-284: r .243, alpha 4.414, a .793, b 2.426, LL -9582.4; CLVTools' test has
    .2425945 4.4136019 .7929199 2.4258881, LL -9582.429."""
    fit = beta_geometric.fit(cdnow)

    assert fit.values == pytest.approx((0.2425945, 4.4136019, 0.7929199, 2.4258881), rel=PARAMETERS)
    assert fit.log_likelihood == pytest.approx(-9582.429, abs=LIKELIHOOD)
    assert [round(each, 3) for each in fit.values] == [0.243, 4.414, 0.793, 2.426]
    assert tuple(fit.standard_errors.values()) == pytest.approx((0.01256, 0.37822, 0.18573, 0.70541), rel=PARAMETERS)
    assert fit.converged
    assert not fit.at_bound


def test_pareto_nbd_on_cdnow(cdnow):
    """Fader, Hardie & Lee (2005), pp. 275-284: r .553, alpha 10.578, s .606, beta 11.669, LL -9595.0; CLVTools' test
    has LL -9594.976 and standard errors .0476 .8427 .1873 6.2105."""
    fit = pareto.fit(cdnow)

    assert fit.values == pytest.approx((0.55328, 10.57761, 0.60621, 11.66791), rel=PARAMETERS)
    assert [round(each, 3) for each in fit.values] == [0.553, 10.578, 0.606, 11.669]
    assert fit.log_likelihood == pytest.approx(-9594.976, abs=LIKELIHOOD)
    assert tuple(fit.standard_errors.values()) == pytest.approx((0.0476, 0.8427, 0.1873, 6.2105), rel=2e-3)


def test_mbg_nbd_on_cdnow(cdnow):
    """lifetimes 0.11.3, test_modified_beta_geo_fitter: .525 6.183 .891 1.614 (Batislam et al. 2007)."""
    fit = beta_geometric.fit(cdnow, modified=True)

    assert fit.values == pytest.approx((0.52484, 6.18299, 0.89136, 1.61400), rel=PARAMETERS)
    assert fit.log_likelihood == pytest.approx(-9582.1327, abs=LIKELIHOOD)


def test_nbd_on_cdnow_is_what_a_model_of_ending_has_to_beat(cdnow):
    """Own maximum, found by two optimisers: r .38477, alpha 12.07208, LL -9763.6602."""
    fit = negative_binomial.fit(cdnow)

    assert fit.values == pytest.approx((0.38477, 12.07208), rel=PARAMETERS)
    assert fit.log_likelihood == pytest.approx(-9763.6602, abs=LIKELIHOOD)
    assert fit.log_likelihood < beta_geometric.fit(cdnow).log_likelihood - 150


def test_gamma_gamma_on_the_946_who_came_back():
    """Fader & Hardie (2013), note 025: p 6.25, q 3.74, gamma 15.44; CLVTools' test has LL -4055.9177."""
    bought = published.cdnow_spending()

    fit = spend.fit(bought.frequency, bought.mean)

    assert len(bought.frequency) == 946
    assert fit.values == pytest.approx((6.2496, 3.7442, 15.4435), rel=PARAMETERS)
    assert [round(each, 2) for each in fit.values] == [6.25, 3.74, 15.44]
    assert fit.log_likelihood == pytest.approx(-4055.9177, abs=LIKELIHOOD)


def test_bg_bb_on_the_donors():
    """Fader, Hardie & Shang (2010), Marketing Science 29(6):1086-1108: alpha 1.204, beta .750, gamma .657, delta
    2.783, LL -33,225.6."""
    fit = occasions.fit(published.donations())

    assert [round(each, 3) for each in fit.values] == pytest.approx([1.204, 0.750, 0.657, 2.783], abs=1e-9)
    assert fit.values == pytest.approx((1.20352, 0.74972, 0.65672, 2.78344), rel=PARAMETERS)
    assert fit.log_likelihood == pytest.approx(-33225.5813, abs=LIKELIHOOD)


def test_sbg_on_the_high_end_segment():
    """Fader & Hardie (2007), J. Interactive Marketing 21(1):76-90: alpha .668, beta 3.806, LL -1611.2, and
    -2115.5 at (1, 1). The body of the text misprints .688."""
    cohort = contracts.cohort([10 * each for each in published.HIGH_END])

    fit = contracts.fit(cohort)

    assert fit.values == pytest.approx((0.66809, 3.80610), rel=PARAMETERS)
    assert fit.log_likelihood == pytest.approx(-1611.1581, abs=LIKELIHOOD)
    assert contracts.log_likelihood(cohort, (1.0, 1.0)) == pytest.approx(-2115.5455, abs=LIKELIHOOD)


def test_sbg_on_the_regular_segment():
    """Fader & Hardie (2007), pp. 76-90: alpha .704, beta 1.182."""
    fit = contracts.fit(contracts.cohort([10 * each for each in published.REGULAR]))

    assert fit.values == pytest.approx((0.70408, 1.18204), rel=PARAMETERS)
    assert fit.log_likelihood == pytest.approx(-1680.2652, abs=LIKELIHOOD)


@pytest.mark.parametrize(
    ("known", "later", "projected"),
    [
        (published.HIGH_END, published.HIGH_END_LATER, (46.04, 43.58, 41.42, 39.51, 37.80)),
        (published.REGULAR, published.REGULAR_LATER, (22.01, 20.44, 19.12, 17.99, 17.00)),
    ],
)
def test_sbg_says_who_will_be_left_five_years_on(known, later, projected):
    """Fader & Hardie (2007), pp. 76-90: projections of years 8 to 12 beside what came; a line is out by 81 %."""
    fit = contracts.fit(contracts.cohort([10 * each for each in known]))

    said = 100 * contracts.survival(fit.values, np.arange(8, 13))

    assert said == pytest.approx(projected, abs=0.006)
    assert said == pytest.approx(later, rel=0.05)


def test_a_donor_who_always_gave_gives_again():
    """Fader, Hardie & Shang (2010), pp. 1086-1108: 3.75 donations expected in five years of one who gave six times of
    six, .07 of one who never gave again."""
    donors = published.donations()
    fit = occasions.fit(donors)

    expected = occasions.expected_purchases(fit.values, donors, 5)

    always = np.flatnonzero(donors.used == 6)[0]
    never = np.flatnonzero(donors.used == 0)[0]
    assert expected[always] == pytest.approx(3.75, abs=0.005)
    assert expected[never] == pytest.approx(0.07, abs=0.005)


def test_bg_nbd_expects_what_the_note_computes(cdnow):
    """Fader, Hardie & Lee (2005), "Implementing the BG/NBD Model in Excel": 1.226 purchases in the next 39 weeks of a
    customer with x = 2, t_x = 30.43 and T = 38.86 weeks."""
    fit = beta_geometric.fit(cdnow)
    one = beta_geometric.Histories(np.array([2]), np.array([213]), np.array([272]), np.array([1.0]))

    assert beta_geometric.expected_purchases(fit.values, one, 39.0)[0] == pytest.approx(1.226, abs=5e-4)
