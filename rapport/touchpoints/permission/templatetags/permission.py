"""How permission looks: `{% load permission %}`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django import template
from django.utils import timezone
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rapport.foundation.ui import formats
from rapport.foundation.ui.templatetags.ui import icon
from rapport.touchpoints.permission.extension_points import channels
from rapport.touchpoints.permission.queries.consents import Standing
from rapport.touchpoints.permission.rules.overview import REACH_LABELS, ChannelReach, Reach
from rapport.touchpoints.permission.types import Basis, Channel, Status

register = template.Library()


def glyph(channel: Channel, reach: Reach) -> SafeString:
    """Filled, underlined, dashed or struck: the shape says it, words repeat it."""
    words = _("%(channel)s: %(reach)s") % {"channel": channel.label, "reach": REACH_LABELS[reach]}
    return format_html(
        '<span class="r-cs r-cs-{}" title="{}">{}<span class="visually-hidden">{}</span></span>',
        reach, words, icon(channel.icon), words,
    )  # fmt: skip


@register.simple_tag
def consent_glyph(reached: ChannelReach) -> SafeString:
    return glyph(reached.channel, reached.reach)


@register.simple_tag
def consent_glyphs(reached: Iterable[ChannelReach]) -> SafeString:
    return _row((each.channel, each.reach) for each in reached)


def glyphs_of(reaches: Mapping[str, Reach]) -> SafeString:
    """One line for a list."""
    return _row((channels[name], reach) for name, reach in reaches.items())


def _row(pairs: Iterable[tuple[Channel, Reach]]) -> SafeString:
    return format_html(
        '<span class="r-consents">{}</span>', format_html_join(" ", "{}", ((glyph(*pair),) for pair in pairs))
    )


@register.simple_tag
def reach_words(reached: ChannelReach) -> str:
    """ "E-mail, offers and news, tips"; "SMS, service only"."""
    if reached.reach is Reach.YES:
        others = [answer for answer in reached.answers if not answer.purpose.is_service]
        allowed = [answer for answer in others if answer.allowed]
        if len(allowed) == len(others):
            return _("%(channel)s, all topics") % {"channel": reached.channel.label}
        return ", ".join([str(reached.channel.label), *(str(answer.purpose.label) for answer in allowed)])
    return f"{reached.channel.label}, {reached.label}"


@register.simple_tag
def reach_because(reached: ChannelReach, standing: Standing) -> str:
    """What it rests on: the newest row behind the answers that count."""
    wanted = [
        answer
        for answer in reached.answers
        if (answer.allowed if reached.reach in (Reach.YES, Reach.SERVICE) else not answer.allowed)
    ]
    ids = (answer.verdict.evidence_id for answer in wanted)
    rows = [standing.rows[one] for one in ids if one is not None and one in standing.rows]
    if not rows:
        return _("Nothing was ever said")
    row = max(rows, key=lambda one: (one.at, one.id))
    said = Status(row.status).label if row.status != Status.GRANTED else Basis(row.basis).label if row.basis else ""
    return _("%(said)s, %(day)s") % {"said": said, "day": formats.long_date(timezone.localtime(row.at).date())}


@register.simple_tag
def weekdays(days: Iterable[int]) -> str:
    """ "every day", or their names."""
    wanted = sorted(set(days))
    return (
        _("every day")
        if len(wanted) == 7
        else ", ".join(str(WEEKDAYS_ABBR[day]) for day in wanted if day in WEEKDAYS_ABBR)
    )


@register.simple_tag
def cap_span(hours: int) -> str:
    """ "in 7 days" """
    if hours % 24:
        return ngettext("in an hour", "in %(n)s hours", hours) % {"n": hours}
    return ngettext("in a day", "in %(n)s days", hours // 24) % {"n": hours // 24}
