"""Entries of a timeline, made in Python: they come fifty times a page, and as template nodes they would cost more than
everything else of the customer page together. What people wrote is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from html import escape  # Django's own looks for lazy text in each argument

from django import template
from django.template.defaultfilters import linebreaks_filter, linebreaksbr, truncatechars
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext

from rapport.foundation.ui import formats
from rapport.foundation.ui.templatetags.ui import channel, icon, money
from rapport.stores.ledger.types import Entry

register = template.Library()

SHORTENED = 400
_HOLE = "\x00"


@register.simple_tag
def touchpoints(entries: Iterable[Entry], is_day: bool, touchpoints_url: str, lands: bool = False) -> SafeString:
    """Entries under one heading: of a day, with the time; of a month, with the date. `lands`: the first takes the focus."""
    before, _hole, after = (gettext("More about %(what)s") % {"what": _HOLE}).partition(_HOLE)
    about = (escape(before), escape(after))
    return mark_safe(  # noqa: S308 (what people wrote was escaped below)
        "".join(
            _line(entry, is_day, touchpoints_url, about, ' tabindex="-1" autofocus' if lands and not at else "")
            for at, entry in enumerate(entries)
        )
    )


def _line(entry: Entry, is_day: bool, touchpoints_url: str, about: tuple[str, str], focus: str) -> str:
    headline, at = escape(entry.headline), _time(entry, is_day)
    if entry.quiet:
        return (
            f'<li class="r-ev r-ev-sys" id="tp-{entry.id}"{focus}><span class="r-ev-dot">{icon(entry.icon)}</span>'
            f'<p class="r-grow">{headline}</p>{at}</li>'
        )
    whose = ""
    if entry.whose:
        touchpoints_url = reverse("ledger:log", args=[entry.customer_id])
        whose = f'<a href="{reverse("customers:detail", args=[entry.customer_id])}">{escape(entry.whose)}</a>: '
    url = f"{touchpoints_url}{entry.id}/"
    pinned = icon("pinned", label=gettext("Pinned")) if entry.pinned else ""
    amount = ""
    if entry.amount is not None:
        amount = f'<p><b class="r-num">{escape(money(entry.amount, entry.currency))}</b></p>'
    return (
        f'<li class="r-ev" id="tp-{entry.id}"{focus}>{channel(entry.channel, icon_name=entry.icon, tone=entry.tone)}'
        f'<div class="r-grow"><div class="r-ev-h"><h4>{whose}{headline}</h4>'
        f'<span class="r-row r-xs r-3rd flex-shrink-0">{pinned}{at} <span class="dropdown">'
        # Opens a menu, which is fetched then; without JavaScript it leads to a page.
        f'<a class="btn btn-ghost btn-sm r-icon" href="{url}" role="button" data-bs-toggle="dropdown" aria-expanded="false"'
        f' aria-label="{about[0]}{headline}{about[1]}">{icon("dots")}</a>'
        f'<div class="dropdown-menu dropdown-menu-end" data-menu-src="{url}"></div></span></span></div>'
        f"{_content(entry)}{amount}</div></li>"
    )


def _content(entry: Entry) -> str:
    if entry.content and entry.is_long:
        return (
            f'<p>{escape(truncatechars(entry.content, SHORTENED))}</p><details class="r-sm"><summary class="r-link">'
            f'{escape(gettext("Show all"))}</summary><div class="r-prose">{linebreaks_filter(entry.content)}</div></details>'
        )
    if entry.content:
        return f"<p>{linebreaksbr(entry.content)}</p>"
    if entry.erased_at:
        day = formats.long_date(formats.local(entry.erased_at).date())
        return f'<p class="r-3rd">{escape(gettext("What was written here was erased on %(day)s.") % {"day": day})}</p>'
    return f"<p>{escape(entry.summary)}</p>" if entry.summary else ""


def _time(entry: Entry, is_day: bool) -> str:
    """The time under the heading of a day, the date under that of a month."""
    local = timezone.localtime(entry.occurred_at)
    said = _clock(local.hour, local.minute, get_language() or "en") if is_day else formats.short_date(local.date())
    return f'<time class="r-num" datetime="{entry.occurred_at.isoformat()}">{escape(said)}</time>'


@lru_cache(maxsize=4096)
def _clock(hour: int, minute: int, language: str) -> str:
    now = timezone.localtime().replace(hour=hour, minute=minute)
    return formats.time_of_day(now)
