"""Parts of a timeline entry that come fifty times a page, made in Python: templates take ten times as long for them."""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext

from rapport.foundation.ui import formats
from rapport.foundation.ui.templatetags.ui import icon
from rapport.stores.ledger.types import Entry

register = template.Library()


@register.simple_tag
def touchpoint_time(entry: Entry, is_day: bool) -> SafeString:
    """The time under the heading of a day, the date under that of a month."""
    local = timezone.localtime(entry.occurred_at)
    said = _clock(local.hour, local.minute, get_language() or "en") if is_day else formats.short_date(local.date())
    return format_html('<time class="r-num" datetime="{}">{}</time>', entry.occurred_at.isoformat(), said)


@register.simple_tag
def touchpoint_menu(touchpoints_url: str, entry: Entry) -> SafeString:
    """The way to what can be done: opens a menu, which is fetched then; without JavaScript it leads to a page."""
    theirs = reverse("ledger:log", args=[entry.customer_id]) if entry.whose else touchpoints_url
    url = f"{theirs}{entry.id}/"
    return format_html(
        '<a class="btn btn-ghost btn-sm r-icon" href="{}" role="button" data-bs-toggle="dropdown" aria-expanded="false"'
        ' aria-label="{}">{}</a><div class="dropdown-menu dropdown-menu-end" data-menu-src="{}"></div>',
        url,
        gettext("More about %(what)s") % {"what": entry.headline},
        _dots(),
        url,
    )


@lru_cache(maxsize=1)
def _dots() -> SafeString:
    return icon("dots")


@lru_cache(maxsize=4096)
def _clock(hour: int, minute: int, language: str) -> str:
    now = timezone.localtime().replace(hour=hour, minute=minute)
    return formats.time_of_day(now)
