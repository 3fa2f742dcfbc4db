"""Pages of lifetime value."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest

from rapport.foundation.lib import clock
from rapport.insight.value.extension_points import fit_deferrers
from rapport.insight.value.models import FitState, ModelFit, ValueSettings
from rapport.stores.customers.rules.scores import ScoreRow
from rapport.stores.customers.services.scores import write_scores
from rapport.stores.customers.tests.factories import make_customer
from rapport.stores.customers.tests.scores.test_scores import row

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """How often the worker was asked."""
    times: list[bool] = []
    monkeypatch.setattr(fit_deferrers, "_items", {"worker": lambda: times.append(True)})
    return times


def fitted(**values: Any) -> ModelFit:
    tenths = [{"number": n, "customers": 26, "expected": 5.0 / n, "actual": 5.5 / n} for n in range(1, 11)]
    checked = {
        "customers": 260, "days": 90, "expected": 400.0, "actual": 460.0, "error": 0.81, "naive_error": 1.2,
        "captured": 0.61, "within": 0.86, "bias": -0.13, "tenths": tenths,
    }  # fmt: skip
    parameters = {"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259}
    told = {
        "state": FitState.DONE, "started_at": AT, "finished_at": AT, "business": "shop", "model": "bg_nbd",
        "chosen_because": "simplest", "parameters": parameters, "standard_errors": dict.fromkeys(parameters, 0.1),
        "log_likelihood": -9582.43, "buyers": 2357, "repeaters": 946, "purchases": 4000, "groups": 1016,
        "window_from": date(2025, 1, 1), "window_until": date(2026, 11, 22), "currency": "EUR", "calibration": checked,
        "candidates": [
            {"model": "bg_nbd", "log_likelihood": -9582.43, "calibration": checked},
            {"model": "pareto_nbd", "log_likelihood": -9594.98, "at_bound": ["s"]},
        ],
        "settings": {"horizon_months": 36, "discount_rate": 0.1, "margin_rate": 0.35, "later": 2},
        "gates": [
            {"name": "too_few_buyers", "is_open": True, "found": 2357, "needed": 100},
            {"name": "spend_follows_frequency", "is_open": True, "found": 0.12, "needed": 0.3},
            {"name": "at_bound", "is_open": True, "found": 0, "needed": 0},
        ],
        "spend": {"parameters": {"p": 6.25, "q": 3.74, "gamma": 15.44}}, "total": 123456, "total_low": 110000,
        "total_high": 140000, "scored": 2357, "inputs_hash": "ab" * 32,
    } | values  # fmt: skip
    return ModelFit.objects.create(**told)


def score(customer: Any, **values: Any) -> ScoreRow:
    made = row(customer.pk, **values)
    write_scores([made], run_id=uuid4(), at=AT)
    return made


def test_the_page_says_how_good_the_model_is(client_for: Any, ada: Any, django_assert_max_num_queries: Any) -> None:
    fitted()
    score(make_customer("Marta"), tier="gold")

    browser = client_for(ada)
    browser.get("/w/kestrel/insight/")

    with django_assert_max_num_queries(15):
        page = browser.get("/w/kestrel/insight/")

    text = page.content.decode()
    assert page.status_code == 200
    assert "The model is BG/NBD" in text
    assert "The model expected 13% fewer orders than came" in text
    assert "400 orders expected of 260 customers, 460 came" in text
    assert 'data-chart="calibration"' in text
    assert "The purchases do not say how fast customers leave." in text  # of the one that ran to a bound
    assert "2 orders are dated in the future" in text
    assert "value_tier" in text  # each tier leads to its customers


def test_without_a_run_the_page_says_so(client_for: Any, ada: Any) -> None:
    page = client_for(ada).get("/w/kestrel/insight/")

    assert "Nothing has been worked out yet" in page.content.decode()


def test_a_closed_gate_is_told_in_words(client_for: Any, ada: Any) -> None:
    gates = [{"name": "too_few_buyers", "is_open": False, "found": 40, "needed": 100}]
    fitted(
        reason="too_few_buyers",
        gates=gates,
        model="",
        calibration={},
        candidates=[],
        total=None,
        parameters={},
        spend={},
    )

    text = client_for(ada).get("/w/kestrel/insight/").content.decode()

    assert "There is not enough data for a lifetime value" in text
    assert "Too few customers have bought so far." in text
    assert "40" in text


def test_a_run_is_started_watched_and_stopped(client_for: Any, ada: Any, asked: list[bool]) -> None:
    browser = client_for(ada)

    started = browser.post("/w/kestrel/insight/refresh")

    assert started.status_code == 303
    assert asked == [True]
    run = ModelFit.objects.get()
    page = browser.get("/w/kestrel/insight/").content.decode()
    assert "Waiting for the worker" in page
    ModelFit.objects.update(state=FitState.RUNNING, step="fit_bg_nbd", progress=25, beat_at=clock.now())
    assert "Fitting BG/NBD" in browser.get("/w/kestrel/insight/").content.decode()
    assert browser.post(f"/w/kestrel/insight/runs/{run.pk}/cancel").status_code == 303
    run.refresh_from_db()
    assert run.cancel_asked


def test_versions_stay_to_be_looked_at(client_for: Any, ada: Any) -> None:
    old = fitted(model="pareto_nbd")
    fitted()

    text = client_for(ada).get(f"/w/kestrel/insight/versions/{old.pk}").content.decode()

    assert "The model is Pareto/NBD" in text
    assert "An earlier version" in text
    assert client_for(ada).get(f"/w/kestrel/insight/versions/{uuid4()}").status_code == 404


def test_settings_are_saved_and_start_a_run(client_for: Any, ada: Any, asked: list[bool]) -> None:
    given = {
        "business": "shop", "period": "year", "margin_percent": "42.5", "discount_percent": "8", "horizon_months": "24",
        "platinum_percent": "5", "gold_percent": "20", "silver_percent": "50",
    }  # fmt: skip
    browser = client_for(ada)
    form = browser.get("/w/kestrel/insight/settings").content.decode()
    assert 'value="35"' in form
    assert 'value="10"' in form

    saved = browser.post("/w/kestrel/insight/settings", given)

    assert saved.status_code == 303
    kept = ValueSettings.objects.get()
    assert (str(kept.margin_rate), str(kept.discount_rate), kept.horizon_months) == ("0.4250", "0.0800", 24)
    assert asked == [True]
    wrong = browser.post("/w/kestrel/insight/settings", given | {"gold_percent": "60"})
    assert wrong.status_code == 422
    assert "Tiers end further down" in wrong.content.decode()


def test_a_teammate_sees_the_page_but_starts_nothing(client_for: Any, ben: Any) -> None:
    fitted()
    browser = client_for(ben)

    assert "Work out anew" not in browser.get("/w/kestrel/insight/").content.decode()
    assert browser.post("/w/kestrel/insight/refresh").status_code == 403
    assert browser.get("/w/kestrel/insight/settings").status_code == 403
    assert not ModelFit.objects.filter(state=FitState.WAITING).exists()


def test_the_customer_page_shows_the_value_and_what_it_rests_on(client_for: Any, ada: Any) -> None:
    marta = make_customer("Marta")
    score(marta, value=1250.5, tier="gold")

    text = client_for(ada).get(f"/w/kestrel/customers/{marta.pk}/").content.decode()

    assert "€1,25" in text
    assert "8 in 10 chance: €625" in text
    assert "Gold" in text
    assert "25%" in text
    assert "2.5 expected in twelve months" in text
    assert "usually 31.5 days apart" in text


def test_a_customer_without_a_value_says_why(client_for: Any, ada: Any) -> None:
    marta = make_customer("Marta")
    score(marta, value=None, tier="", reason="short_history", churn_risk=None, next_order_on=None, p_alive=None)

    text = client_for(ada).get(f"/w/kestrel/customers/{marta.pk}/").content.decode()

    assert "The purchases do not reach back far enough." in text
    assert "not expected" in text


def test_a_customer_who_never_bought_has_no_strip(client_for: Any, ada: Any) -> None:
    marta = make_customer("Marta")

    text = client_for(ada).get(f"/w/kestrel/customers/{marta.pk}/").content.decode()

    assert "value-strip" not in text


def test_the_settings_page_is_found_where_settings_are(client_for: Any, ada: Any) -> None:
    assert "Margin, discount, horizon" in client_for(ada).get("/w/kestrel/settings/").content.decode()
