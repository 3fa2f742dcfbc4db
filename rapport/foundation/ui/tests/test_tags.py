from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.template import Context, Template
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from rapport.foundation.lib import clock
from rapport.foundation.ui.templatetags.ui import initials

HOSTILE = "\"><script>alert('x')</script>"


def drawn(source: str, **context: Any) -> str:
    return Template("{% load ui %}" + source).render(Context(context))


def test_icon_is_decoration_unless_it_has_a_label() -> None:
    assert 'aria-hidden="true"><use href="/static/vendor/icons.svg#phone"/>' in drawn('{% icon "phone" %}')
    assert 'role="img" aria-label="Call"' in drawn('{% icon "phone" label="Call" %}')


@pytest.mark.parametrize(
    ("name", "organisation", "letters"),
    [
        ("Marta Oliveira", False, "MO"),
        ("Marta de Oliveira", False, "MO"),
        ("Grünwerk Logistik", True, "GL"),
        ("Pedal & Post Couriers", True, "PP"),
        ("St. Brigid’s Hospice", True, "BH"),
        ("élodie", False, "É"),
        ("", False, "?"),
        ("&", False, "?"),
        ("محمد علي", False, "مع"),
    ],
)
def test_initials(name: str, organisation: bool, letters: str) -> None:
    assert initials(name, organisation=organisation) == letters


@given(st.text())
def test_initials_are_at_most_two_words_of_any_name(name: str) -> None:
    assert initials(name)


def test_avatar_keeps_its_tint() -> None:
    once, again = drawn('{% avatar "Marta Oliveira" %}'), drawn('{% avatar "Marta Oliveira" %}')

    assert once == again
    assert "r-av-org" in drawn('{% avatar "Marta Oliveira" kind="organisation" %}')


@pytest.mark.parametrize(
    "source",
    [
        "{% icon hostile css=hostile label=hostile %}",
        "{% avatar hostile kind=hostile size=hostile css=hostile %}",
        "{% tag hostile tone=hostile icon_name=hostile %}",
        "{% phase hostile %}",
        "{% tier hostile %}",
        "{% meter 5 tone=hostile label=hostile %}",
        "{% consent hostile hostile %}",
        "{% channel hostile icon_name=hostile tone=hostile %}",
        "{% notice tone=hostile icon_name=hostile role=hostile %}{{ hostile }}{% endnotice %}",
        "{% money 5 hostile %}",
        "{% money hostile hostile %}",
        "{% facts rows %}",
        "{% pagination previous=hostile following=hostile target=hostile said=hostile %}",
        '{% include "ui/parts/empty.html" with title=hostile text=hostile url=hostile action=hostile %}',
    ],
)
def test_text_from_people_never_becomes_markup(source: str) -> None:
    html = drawn(source, hostile=HOSTILE, rows=[(HOSTILE, HOSTILE)])

    assert "<script" not in html
    assert HOSTILE not in html


def test_tag_knows_meanings_not_colours() -> None:
    assert drawn('{% tag "Late" tone="warn" %}') == '<span class="r-tag r-tag-warn">Late</span>'
    assert drawn('{% tag "Late" tone="orange" %}') == '<span class="r-tag">Late</span>'


def test_words_stand_beside_every_glyph() -> None:
    assert "At risk" in drawn('{% phase "at_risk" %}')
    assert "Gold" in drawn('{% tier "gold" %}')
    assert "Level 4 of 5, Proactive" in drawn("{% level 4 words=False %}")
    assert 'aria-label="Email: refused"' in drawn('{% consent "email" "no" %}')
    assert drawn("{% level 4 %}").count('class="on"') == 4


def test_risk_changes_tone_with_its_number() -> None:
    assert "r-bad" in drawn("{% risk 61 %}")
    assert "r-warn" in drawn("{% risk 25 %}")
    assert "r-meter-good" in drawn("{% risk 24 %}")
    assert "–" in drawn("{% risk nothing %}", nothing=None)


def test_meter_stays_in_its_box() -> None:
    assert "--v:100" in drawn("{% meter 250 %}")
    assert "--v:0" in drawn("{% meter below %}", below=-3)


def test_facts_leave_out_what_is_not_known() -> None:
    html = drawn("{% facts rows %}", rows=[("Email", "marta@pedal.example"), ("Fax", ""), ("Floor", 0)])

    assert "marta@pedal.example" in html
    assert "Fax" not in html
    assert "Floor" in html


def test_times_show_the_zone_of_the_member() -> None:
    instant = datetime(2026, 11, 19, 23, 30, tzinfo=UTC)

    with clock.frozen(instant + timedelta(hours=2)), timezone.override("Europe/Amsterdam"), translation.override("en"):
        html = drawn("{% ago instant %}|{% moment instant %}|{{ instant|day_heading }}", instant=instant)

    assert 'datetime="2026-11-19T23:30:00+00:00"' in html
    assert 'title="Friday, 20 November 2026, 00:30"' in html
    assert ">2 hours ago</time>" in html
    assert ">00:30</time>" in html
    assert html.endswith("|Today")


def test_missing_values_are_a_dash() -> None:
    assert "–" in drawn("{% ago nothing %}", nothing=None)
    assert drawn("{{ nothing|short_date }}{{ nothing|number }}", nothing=None) == "––"
    assert drawn("{% money nothing 'EUR' %}", nothing=None) == "–"


def test_money_takes_the_json_form_of_a_field() -> None:
    value = {"amount": "12.50", "currency": "EUR"}

    with translation.override("de"):
        assert drawn("{% money value %}", value=value) == "12,50\xa0€"


def test_dates_follow_the_language() -> None:
    with clock.frozen(datetime(2026, 11, 19, tzinfo=UTC)), translation.override("de"):
        assert drawn("{{ day|short_date }}|{{ day|long_date }}", day=date(2025, 3, 4)) == "4. März 2025|4. März 2025"
        assert drawn("{{ share|percent }} {{ n|number }}", share=Decimal("0.613"), n=1234567) == "61\xa0% 1.234.567"


@pytest.mark.parametrize(("language", "shown"), [("en", "no customers"), ("de", "no Customers")])
def test_nouns_stay_large_where_the_language_writes_them_so(language: str, shown: str) -> None:
    with translation.override(language):
        assert drawn("no {{ plural|noun }}", plural="Customers") == shown
