from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.foundation.ui.charts import Bars, Bridge, Heat, HeatCell, HeatRow, Mark, floor_of
from rapport.foundation.ui.templatetags.charts import chart_panel, draw_chart, span
from rapport.foundation.ui.views.sample_charts import sample_charts

HOSTILE = "</script><script>alert('x')</script>"


@pytest.mark.parametrize("chart", sample_charts(), ids=lambda chart: f"{chart.kind}: {chart.title}")
def test_every_chart_has_a_sentence_a_table_and_data_that_can_be_read(chart: Any) -> None:
    drawn = str(chart_panel(chart))

    assert "<table" in drawn
    assert chart.title in drawn
    if chart.kind != "heat":
        assert f'role="img" aria-label="{chart.said}"' in drawn
        found = re.search(r'<script type="application/json">(.*?)</script>', drawn, re.DOTALL)
        assert found is not None
        assert json.loads(found[1])["kind"] == chart.kind


def test_what_people_wrote_never_becomes_markup() -> None:
    chart = Bars(title=HOSTILE, said=HOSTILE, marks=[Mark(HOSTILE, 1, HOSTILE, HOSTILE)])

    assert "<script>alert" not in chart_panel(chart)


def test_marks_lead_to_what_they_count_in_the_drawing_and_in_the_table() -> None:
    drawn = str(draw_chart(Bars(title="t", said="s", marks=[Mark("Lost", -3, "−3", url="/w/kestrel/lost")])))

    assert drawn.count("/w/kestrel/lost") == 2
    assert '<a href="/w/kestrel/lost">Lost</a>' in drawn


def test_bridge_says_where_its_axis_starts() -> None:
    steps = (Mark("before", 45_200_000, tone="total"), Mark("more", 3_700_000), Mark("now", 48_900_000, tone="total"))
    bridge = Bridge(title="t", said="s", unit="EUR", steps=steps, note="in a year")

    assert bridge.floor == 43_000_000
    assert bridge.aside == "in a year · axis starts at €43M"


@given(st.lists(st.floats(-1e12, 1e12), min_size=1))
def test_axis_never_starts_above_what_it_shows(edges: list[float]) -> None:
    assert 0 <= floor_of(edges) <= max(0.0, min(edges))


def test_shades_run_from_the_lowest_share_to_the_highest() -> None:
    cells = (HeatCell(0.46), HeatCell(None), HeatCell(0.79, url="/w/kestrel/best"))
    heat = Heat(title="t", said="s", heads=("1", "2", "3", "4"), groups=[HeatRow("2026 Q1", "812", cells)])

    ((_, shaded),) = heat.shaded()

    assert [cell.shade for cell in shaded] == [1, 0, 6, 0]
    assert '<td class="r-heat-6"><a href="/w/kestrel/best">79%</a></td>' in draw_chart(heat)


def test_heat_of_equal_shares_and_of_none_can_be_drawn() -> None:
    same = Heat(title="t", said="s", heads=("1",), groups=[HeatRow("a", "1", (HeatCell(0.5),))])
    none = Heat(title="t", said="s", heads=("1",), groups=[HeatRow("a", "1", (HeatCell(None),))])

    assert "r-heat-6" in draw_chart(same)
    assert "r-heat-" not in draw_chart(none)


def test_range_stays_on_its_scale() -> None:
    assert "--lo:0.0;--hi:100.0;--m:50.0;--one:20.0" in span(-1, 2.5, 9, 5, text="€2.5", label="2.5", one=1)
