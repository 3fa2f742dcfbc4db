"""The simulated firm: counts, rhythms, and that everything fits together."""

from __future__ import annotations

import itertools
import re
import statistics
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import gammaln

from rapport.demo import rhythm
from rapport.demo.simulator import fingerprint, simulate
from rapport.demo.streams.commerce import PRIVATE_HABITS
from rapport.demo.tests.conftest import UNTIL
from rapport.demo.types import Customer, Firm, Touch

HOME = ZoneInfo("Europe/Amsterdam")


def by_party(firm: Firm, *kinds: str) -> dict[str, list[Touch]]:
    found: dict[str, list[Touch]] = defaultdict(list)
    for touch in firm.touches:
        if not kinds or touch.kind in kinds:
            found[touch.party].append(touch)
    return found


def kinds(firm: Firm) -> Counter[str]:
    return Counter(touch.kind for touch in firm.touches)


# Size and determinism


def test_the_firm_has_two_thousand_customers_and_sixty_thousand_touch_points(firm: Firm) -> None:
    assert len(firm.customers) == 2_000
    assert len(firm.touches) == 60_000


@pytest.mark.parametrize("until", [datetime(2024, 2, 29, 23, 59, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)])
def test_any_day_can_be_the_last(until: datetime) -> None:
    firm = simulate(seed=3, until=until, customers=600)

    assert len(firm.touches) == 18_000
    assert timedelta(days=3 * 365 - 1) < until - firm.start_at < timedelta(days=3 * 366 + 1)
    assert max(touch.at for touch in firm.touches) <= until


def test_the_same_seed_and_until_give_the_same_firm_in_another_process() -> None:
    code = (
        "from datetime import UTC, datetime; from rapport.demo.simulator import fingerprint, simulate;"
        "print(fingerprint(simulate(seed=5, until=datetime(2026, 11, 19, 10, tzinfo=UTC), customers=150)))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        )
        for seed in ("1", "2")
    ]

    assert runs[0].stdout == runs[1].stdout
    assert runs[0].stdout.strip() == fingerprint(simulate(seed=5, until=UNTIL, customers=150))


def test_another_seed_gives_another_firm() -> None:
    one, other = simulate(seed=1, until=UNTIL, customers=100), simulate(seed=2, until=UNTIL, customers=100)

    assert fingerprint(one) != fingerprint(other)


def test_too_few_customers_are_refused() -> None:
    with pytest.raises(ValueError, match="100"):
        simulate(until=UNTIL, customers=99)


# Everything fits together


def test_every_touch_point_lies_within_the_three_years(firm: Firm) -> None:
    assert all(firm.start_at <= touch.at <= firm.until for touch in firm.touches)
    assert [touch.at for touch in firm.touches] == sorted(touch.at for touch in firm.touches)


def test_every_touch_point_belongs_to_a_customer_or_a_visitor(firm: Firm) -> None:
    known = {customer.key for customer in firm.customers} | {visitor.key for visitor in firm.visitors}

    assert {touch.party for touch in firm.touches} <= known


def test_identities_are_unique(firm: Firm) -> None:
    keys = [identity[:3] for customer in firm.customers for identity in customer.identities]
    keys += [("cookie", visitor.cookie, "") for visitor in firm.visitors]

    assert len(set(keys)) == len(keys)


def test_visitors_are_seen_before_they_are_known(firm: Firm) -> None:
    customers = {customer.key: customer for customer in firm.customers}
    touches = by_party(firm)
    joined = [visitor for visitor in firm.visitors if visitor.customer]

    assert len(joined) > 300
    assert len(firm.visitors) - len(joined) > 1_000
    for visitor in joined:
        assert visitor.customer in customers
        assert visitor.identified_at is not None
        assert visitor.first_seen_at == touches[visitor.key][0].at
        assert touches[visitor.key][-1].at < visitor.identified_at


def test_nothing_happens_with_a_customer_before_they_are_known(firm: Firm) -> None:
    known_at = {customer.key: customer.created_at for customer in firm.customers}

    assert all(touch.at >= known_at[touch.party] for touch in firm.touches if touch.party in known_at)
    assert all(customer.created_at <= firm.until for customer in firm.customers)


def test_relationships_join_customers(firm: Firm) -> None:
    by_key = {customer.key: customer for customer in firm.customers}

    for link in firm.links:
        assert link.from_party in by_key
        assert link.to_party in by_key
        assert link.from_party != link.to_party
    assert len({(link.type, link.from_party, link.to_party) for link in firm.links}) == len(firm.links)
    works = [link for link in firm.links if link.type == "works_at"]
    assert {by_key[link.to_party].kind for link in works} == {"organisation"}
    assert {by_key[link.from_party].organisation_name for link in works} <= {c.name for c in firm.customers}
    members = Counter(link.to_party for link in firm.links if link.type == "member_of")
    assert set(members.values()) == {2}


def test_custom_values_fit_their_fields(firm: Firm) -> None:
    fields = {field.name: field for field in firm.fields}
    keys = {customer.key for customer in firm.customers}

    used: Counter[str] = Counter()
    for customer in firm.customers:
        for name, value in customer.custom.items():
            field = fields[name]
            used[name] += 1
            allowed = {choice[0] for choice in field.choices}
            if field.kind == "choice":
                assert value in allowed
            elif field.kind == "multi_choice":
                assert set(value) <= allowed
            elif field.kind == "relation":
                assert value in keys
    assert set(used) == set(fields)


# Invented, all of it


def test_addresses_and_numbers_reach_nobody(firm: Firm) -> None:
    reserved = re.compile(
        r"\+31(\d{2}0\d{6}|\d{3}0\d{5})|\+32([239]0\d{6}|160\d{5})"
        r"|\+49(3023125|6990009|4066969|2214710|8999998)\d{3}|\+33(19900|26191|35301|46571)\d{4}"
        r"|\+44(2079460|1174960|1314960)\d{3}"
    )
    for customer in firm.customers:
        assert not customer.email or customer.email.endswith(".example")
        assert not customer.website or customer.website.endswith(".example")
        assert not customer.phone or reserved.fullmatch(customer.phone), customer.phone


def test_names_come_from_many_places(firm: Firm) -> None:
    names = [customer.name for customer in firm.customers]

    assert len(set(names)) > 1_800
    assert any("\u0600" <= name[0] <= "\u06ff" for name in names)
    assert {customer.address.country for customer in firm.customers} == {"NL", "BE", "DE", "FR", "GB"}
    assert {"Marta Oliveira", "Pedal & Post Couriers", "Grünwerk Logistik", "Jonas Weber"} <= set(names)


def test_subjects_are_sentences(firm: Firm) -> None:
    for touch in firm.touches:
        assert 8 < len(touch.subject) < 200, touch
        assert touch.subject[0].isupper() or touch.subject[0] == "“", touch
        assert "{" not in touch.subject + touch.body, touch
        assert "  " not in touch.subject + touch.body, touch


def test_looking_again_is_said(firm: Firm) -> None:
    subjects = {touch.subject for touch in firm.touches if touch.kind == "product_viewed"}

    assert "Looked at Longtail 3" in subjects
    assert "Looked at Longtail 3 again" in subjects
    assert "Looked at Longtail 3 for the third time" in subjects


# Rhythms


def test_letters_and_calls_keep_office_hours(firm: Firm) -> None:
    for touch in firm.touches:
        if touch.kind in ("letter_posted", "call_made", "call_missed", "meeting_held"):
            local = touch.at.astimezone(HOME)
            assert rhythm.is_working_day(local.date()), touch
            assert 8 <= local.hour <= 18, touch


def test_the_showroom_is_open_from_tuesday_to_saturday(firm: Firm) -> None:
    days = Counter(touch.at.astimezone(HOME).weekday() for touch in firm.touches if touch.kind == "showroom_visited")

    assert days[0] == days[6] == 0
    assert all(days[day] > 50 for day in (1, 2, 3, 4, 5))


def test_spring_sells_more_than_winter(firm: Firm) -> None:
    months = Counter(touch.at.astimezone(HOME).month for touch in firm.touches if touch.kind == "order_placed")

    assert sum(months[m] for m in (3, 4, 5)) > 1.5 * sum(months[m] for m in (12, 1, 2))


def test_the_week_of_black_friday_stands_out(firm: Firm) -> None:
    private = {customer.key for customer in firm.customers if customer.kind == "person"}
    days = Counter(
        touch.at.astimezone(HOME).date()
        for touch in firm.touches
        if touch.kind == "order_placed" and touch.party in private
    )
    for year in (2024, 2025):
        friday = rhythm.black_friday(year)
        week = sum(days[friday + timedelta(days=n)] for n in range(-4, 4))
        before = sum(days[friday + timedelta(days=n)] for n in range(-36, -4)) / 4
        assert week > 1.4 * before


def test_the_calendar_knows_the_holidays() -> None:
    assert rhythm.easter(2024).isoformat() == "2024-03-31"
    assert rhythm.easter(2025).isoformat() == "2025-04-20"
    assert rhythm.easter(2026).isoformat() == "2026-04-05"
    assert rhythm.black_friday(2026).isoformat() == "2026-11-27"
    assert rhythm.is_holiday(rhythm.easter(2026) + timedelta(days=1))
    assert rhythm.holidays(2025) >= {datetime(2025, 4, 26).date()}  # King's Day, brought forward from a Sunday


def test_seasonal_time_runs_from_end_to_end() -> None:
    calendar = rhythm.Calendar(datetime(2024, 1, 1).date(), 366)

    assert calendar.clock(rhythm.PRIVATE)[-1] == pytest.approx(366)
    assert calendar.after(rhythm.PRIVATE, 0, 400) == 366
    halves = [calendar.after(rhythm.PRIVATE, calendar.after(rhythm.PRIVATE, 10.3, 40), 25.5)]
    assert halves[0] == pytest.approx(calendar.after(rhythm.PRIVATE, 10.3, 65.5))


# Buying


def orders_of(firm: Firm, kind: str) -> list[list[Touch]]:
    placed = by_party(firm, "order_placed")
    return [placed[c.key] for c in firm.customers if c.kind == kind and placed[c.key]]


def test_about_half_of_private_buyers_come_back_and_most_firms_do(firm: Firm) -> None:
    private, firms = orders_of(firm, "person"), orders_of(firm, "organisation")

    assert 600 < len(private) < 950
    assert 200 < len(firms) < 320
    assert 0.4 < statistics.mean(len(orders) > 1 for orders in private) < 0.62
    assert 0.65 < statistics.mean(len(orders) > 1 for orders in firms) < 0.92
    assert max(len(orders) for orders in private) >= 10


def test_orders_of_one_customer_are_days_apart(firm: Firm) -> None:
    gaps = [
        (later.at - earlier.at).days
        for orders in orders_of(firm, "person")
        for earlier, later in itertools.pairwise(orders)
    ]
    assert 30 < statistics.median(gaps) < 140
    assert min(gaps) >= 0


def test_value_has_a_heavy_tail(firm: Firm) -> None:
    worth = sorted(
        (
            sum(order.amount or Decimal() for order in orders)
            for kind in ("person", "organisation")
            for orders in orders_of(firm, kind)
        ),
        reverse=True,
    )
    tenth = len(worth) // 10

    assert sum(worth[:tenth]) > sum(worth) * Decimal("0.4")


def test_what_repeat_orders_cost_is_independent_of_how_often_people_buy(firm: Firm) -> None:
    pairs = [
        (len(orders) - 1, statistics.mean(float(order.amount or 0) for order in orders[1:]))
        for orders in orders_of(firm, "person")
        if len(orders) > 1
    ]
    assert abs(statistics.correlation([x for x, _ in pairs], [m for _, m in pairs])) < 0.2


def test_a_fit_of_bg_nbd_finds_what_was_put_in(firm: Firm) -> None:
    """Fader, Hardie & Lee (2005), in seasonal days; the bounds are about three standard errors wide."""
    frequency, recency, age = histories(firm)

    def minus_log_likelihood(logs: Any) -> float:
        r, alpha, a, b = np.exp(logs)
        x = frequency
        first = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        second = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
        alive = -(r + x) * np.log(alpha + age)
        gone = np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + recency)
        return -float(np.sum(first + second + np.logaddexp(alive, np.where(x > 0, gone, -np.inf))))

    found = minimize(minus_log_likelihood, np.log([0.5, 100, 1, 2]), method="Nelder-Mead", options={"maxiter": 4000})

    r, alpha, a, b = np.exp(found.x)
    truth = PRIVATE_HABITS
    assert 0.65 * truth.r < r < 1.5 * truth.r
    assert 0.6 * truth.r / truth.alpha < r / alpha < 1.6 * truth.r / truth.alpha
    assert abs(a / (a + b) - truth.a / (truth.a + truth.b)) < 0.12


def histories(firm: Firm) -> tuple[Any, Any, Any]:
    """Repeat orders, recency and age of private buyers, in seasonal days."""
    first, last = firm.start_at.astimezone(HOME).date(), firm.until.astimezone(HOME).date()
    calendar = rhythm.Calendar(first, (last - first).days + 1)
    clock = calendar.clock(rhythm.PRIVATE)
    placed = by_party(firm, "order_placed")
    rows = []
    for customer in firm.customers:
        if customer.kind == "person" and placed[customer.key] and customer.latent.regained_at is None:
            days = sorted({clock[calendar.day(t.at.astimezone(HOME).date())] for t in placed[customer.key]})
            rows.append((len(days) - 1, days[-1] - days[0], clock[-1] - days[0]))
    return tuple(np.array(column, dtype=float) for column in zip(*rows, strict=True))


def test_those_who_lapsed_for_good_order_no_more(firm: Firm) -> None:
    placed = by_party(firm, "order_placed")
    lapsed = [c for c in firm.customers if c.latent.lapsed_at and placed[c.key]]
    regained = [c for c in firm.customers if c.latent.regained_at]

    assert len(lapsed) > 150
    assert len(regained) > 15
    for customer in lapsed:
        assert customer.latent.lapsed_at is not None
        assert placed[customer.key][-1].at < customer.latent.lapsed_at + timedelta(days=8)
    for customer in regained:
        assert customer.latent.regained_at is not None
        again = customer.latent.regained_at
        assert any(order.at >= again - timedelta(days=1) for order in placed[customer.key])


def test_an_order_costs_what_its_lines_add_up_to(firm: Firm) -> None:
    for touch in firm.touches:
        if touch.kind == "order_placed":
            assert touch.amount == sum(Decimal(line["price"]) * line["quantity"] for line in touch.properties["lines"])
            assert touch.amount > 0


def test_orders_are_numbered_in_turn_and_go_their_way(firm: Firm) -> None:
    steps: dict[str, dict[str, datetime]] = defaultdict(dict)
    for touch in firm.touches:
        number = touch.properties.get("order")
        if number:
            steps[number].setdefault(touch.kind, touch.at)
    placed = [(step["order_placed"], number) for number, step in steps.items()]
    assert [number for _, number in sorted(placed)] == sorted(number for _, number in placed)
    for number, step in steps.items():
        for earlier, later in (
            ("order_placed", "order_shipped"),
            ("order_shipped", "order_delivered"),
            ("order_placed", "invoice_paid"),
        ):
            if later in step:
                assert step[earlier] < step[later], number


def test_some_deliveries_are_late_and_make_people_complain(firm: Firm) -> None:
    delivered = [touch for touch in firm.touches if touch.kind == "order_delivered"]
    late = [touch for touch in delivered if touch.properties["days_late"]]

    assert 0.05 < len(late) / len(delivered) < 0.15
    assert all("late" in touch.subject for touch in late)
    counts = kinds(firm)
    assert 250 < counts["case_opened"] < 600
    assert 0.9 * counts["case_opened"] < counts["case_solved"] <= counts["case_opened"]


# Mail and web


def test_nobody_opens_what_was_not_sent(firm: Firm) -> None:
    counts: dict[str, Counter[tuple[str, str]]] = {
        kind: Counter() for kind in ("email_sent", "email_opened", "email_clicked")
    }
    for touch in firm.touches:
        if touch.kind in counts:
            counts[touch.kind][touch.party, touch.properties["campaign"]] += 1
    for mail, clicked in counts["email_clicked"].items():
        assert clicked <= counts["email_opened"][mail]
    for mail, opened in counts["email_opened"].items():
        assert opened <= counts["email_sent"][mail]
    total = {kind: sum(counter.values()) for kind, counter in counts.items()}
    assert 0.25 < total["email_opened"] / total["email_sent"] < 0.5
    assert 0.03 < total["email_clicked"] / total["email_sent"] < 0.12


def test_who_unsubscribed_gets_no_newsletter(firm: Firm) -> None:
    gone = {touch.party: touch.at for touch in firm.touches if touch.kind == "unsubscribed"}

    assert len(gone) > 15
    for touch in firm.touches:
        if touch.kind == "email_sent" and touch.party in gone:
            assert touch.at <= gone[touch.party] + timedelta(days=1), touch


def test_visits_carry_the_campaign_they_came_from(firm: Firm) -> None:
    campaigns = Counter(touch.properties.get("utm_campaign") for touch in firm.touches if touch.channel == "web")

    assert campaigns["test-ride"] > 100
    assert len(campaigns) > 15


def test_the_stories_of_the_documentation_are_told(firm: Firm) -> None:
    customer: dict[str, Customer] = {c.name: c for c in firm.customers}
    touches = by_party(firm)
    marta = [touch.subject for touch in touches[customer["Marta Oliveira"].key]]

    assert marta[-1] == "Read “Brake pad recall, step by step”"
    assert "Call with Ines, 18 minutes" in marta
    assert any(subject.endswith("brake pads worn on six Longtails") for subject in marta)
    assert touches[customer["Luis Ferreira"].key][-1].at > firm.until - timedelta(days=2)
    quiet = [touch for key in ("Grünwerk Logistik", "Katrin Petersen") for touch in touches[customer[key].key]]
    assert not [t for t in quiet if t.at > firm.until - timedelta(days=40) and t.kind in ("call_made", "order_placed")]


def test_deals_go_forward_in_time_and_belong_to_organisations(firm: Firm) -> None:
    kinds = {customer.key: customer for customer in firm.customers}

    for deal in firm.deals:
        moments = [at for _stage, at in deal.past]
        assert kinds[deal.party].kind == "organisation"
        assert moments == sorted(moments)
        assert kinds[deal.party].created_at <= moments[0]
        assert moments[-1] <= firm.until
        assert bool(deal.lost_reason) is (deal.past[-1][0] == "lost")
    assert {"won", "lost", "qualify", "propose"} <= {deal.past[-1][0] for deal in firm.deals}
