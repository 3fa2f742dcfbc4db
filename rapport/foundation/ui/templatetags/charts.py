"""Charts on pages: `{% load charts %}`; what they are made from is in `foundation.ui.charts`."""

from __future__ import annotations

import json
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from rapport.foundation.ui.charts import Chart

register = template.Library()


@register.simple_tag(name="chart")
def draw_chart(chart: Chart) -> SafeString:
    """The drawing and its figures as a table, for a panel of your own."""
    if chart.kind == "heat":
        return render_to_string("ui/charts/heat.html", {"chart": chart})
    context = {"chart": chart, "columns": chart.columns(), "rows": chart.rows(), "json": _json(chart.payload())}
    return render_to_string("ui/charts/figure.html", context)


@register.simple_tag
def chart_panel(chart: Chart, css: str = "") -> SafeString:
    """A whole panel: the finding as heading, the chart, its footer."""
    return render_to_string("ui/charts/panel.html", {"chart": chart, "css": css, "drawn": draw_chart(chart)})


def _json(value: Any) -> SafeString:
    # As json_script does: inside a script element these three letters are all that could end or open anything.
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return mark_safe(text.replace("<", "\\u003C").replace(">", "\\u003E").replace("&", "\\u0026"))  # noqa: S308 (see above)


@register.simple_tag
def span(low: Any, middle: Any, high: Any, top: Any, text: str = "", label: str = "", one: Any = None) -> SafeString:
    """A range as a line with its most likely place as a dot, on a scale from 0 to `top`; `one` draws a thin mark."""
    scale = float(top) or 1.0

    def place(value: Any) -> str:
        return f"{min(max(float(value) / scale * 100, 0), 100):.1f}"

    style = f"--lo:{place(low)};--hi:{place(high)};--m:{place(middle)};--one:{place(one) if one is not None else -10}"
    return format_html(
        '<span class="r-ci" style="{}" role="img" aria-label="{}"></span><b class="r-num">{}</b>', style, label, text
    )
