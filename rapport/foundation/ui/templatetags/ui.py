"""Components of the look book as template tags: `{% load ui %}`.

Everything a tag is given is text from people and is escaped; a tag returns finished markup.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from typing import Any, ClassVar

from django import template
from django.forms import BoundField
from django.template.base import FilterExpression, Node, NodeList, Parser, Token
from django.template.context import Context
from django.template.engine import Engine
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, gettext_lazy, pgettext_lazy

from rapport.foundation.ui import formats
from rapport.foundation.ui.forms import dress

register = template.Library()

_WORD = re.compile(r"[^\W_]", re.UNICODE)
TONES = ("good", "warn", "bad", "info", "plum", "accent", "line")

PHASES = {
    "prospect": pgettext_lazy("phase", "Prospect"),
    "onboarding": pgettext_lazy("phase", "Onboarding"),
    "growing": pgettext_lazy("phase", "Growing"),
    "loyal": pgettext_lazy("phase", "Loyal"),
    "at_risk": pgettext_lazy("phase", "At risk"),
    "lapsed": pgettext_lazy("phase", "Lapsed"),
    "won_back": pgettext_lazy("phase", "Won back"),
}
TIERS = {
    "platinum": (4, pgettext_lazy("tier", "Platinum")),
    "gold": (3, pgettext_lazy("tier", "Gold")),
    "silver": (2, pgettext_lazy("tier", "Silver")),
    "bronze": (1, pgettext_lazy("tier", "Bronze")),
}
LEVELS = (
    pgettext_lazy("relationship level", "Basic"),
    pgettext_lazy("relationship level", "Reactive"),
    pgettext_lazy("relationship level", "Accountable"),
    pgettext_lazy("relationship level", "Proactive"),
    pgettext_lazy("relationship level", "Partnership"),
)
CONSENTS = {
    "yes": gettext_lazy("allowed"),
    "service": gettext_lazy("service messages only"),
    "ask": gettext_lazy("not asked"),
    "no": gettext_lazy("refused"),
}
# channel: (icon, tone of its glyph, name)
CHANNELS = {
    "email": ("mail", "email", gettext_lazy("Email")),
    "phone": ("phone", "call", gettext_lazy("Phone")),
    "sms": ("message", "sms", gettext_lazy("SMS")),
    "letter": ("mailbox", "letter", gettext_lazy("Letter")),
    "web": ("world", "visit", gettext_lazy("Web")),
    "visit": ("building-store", "visit", gettext_lazy("Visit")),
    "case": ("lifebuoy", "case", gettext_lazy("Case")),
    "note": ("note", "", gettext_lazy("Note")),
}


@cache
def _sprite() -> str:
    return static("vendor/icons.svg")


@register.simple_tag
def sprite() -> str:
    """The address of the icon sprite, for drawings that scripts fill in."""
    return _sprite()


@register.simple_tag
def icon(name: str, css: str = "", label: str = "") -> SafeString:
    """`{% icon "phone" %}`: decoration; with a label it is an image of its own. Names are Tabler's."""
    if label:
        return format_html(
            '<svg class="ti {}" role="img" aria-label="{}"><use href="{}#{}"/></svg>', css, label, _sprite(), name
        )
    return _decoration(name, css)


@lru_cache(maxsize=512)  # a page shows a hundred, of a few dozen kinds
def _decoration(name: str, css: str) -> SafeString:
    return format_html('<svg class="ti {}" aria-hidden="true"><use href="{}#{}"/></svg>', css, _sprite(), name)


def initials(name: str, *, organisation: bool = False) -> str:
    words = [word for word in re.split(r"[\s&/,]+", name.removeprefix("St. ")) if _WORD.match(word)]
    if not words:
        return "?"
    second = words[1:2] if organisation else words[1:][-1:]
    return "".join(word[0] for word in words[:1] + second).upper()


@register.simple_tag
def avatar(name: object, kind: str = "person", size: str = "", css: str = "") -> SafeString:
    """Initials on a tint that stays the same for the same name. `kind`: person, organisation or household."""
    return _avatar(str(name or ""), kind, size, css)


@lru_cache(maxsize=2048)
def _avatar(text: str, kind: str, size: str, css: str) -> SafeString:
    classes = ["r-av", f"r-av-{zlib.crc32(text.encode()) % 6}"]
    classes += ["r-av-org"] if kind != "person" else []
    classes += [f"r-av-{size}"] if size else []
    classes += [css] if css else []
    letters = initials(text, organisation=kind != "person")
    return format_html('<span class="{}" aria-hidden="true">{}</span>', " ".join(classes), letters)


@register.simple_tag
def icon_mark(name: str) -> SafeString:
    """Stands beside the name of a thing, where a person's initials would."""
    return format_html('<span class="r-av r-av-org r-av-icon" aria-hidden="true">{}</span>', icon(name))


@register.simple_tag
def tag(text: object, tone: str = "", icon_name: str = "") -> SafeString:
    """A word on a tint: for exceptions. Tones: good, warn, bad, info, plum, accent, line. A tone such as phase-lapsed
    makes it the dot and word of a phase instead.
    """
    if tone.startswith("phase-"):
        return format_html('<span class="r-phase r-{}">{}</span>', tone, text)
    css = f" r-tag-{tone}" if tone in TONES else ""
    return format_html('<span class="r-tag{}">{}{}</span>', css, icon(icon_name) if icon_name else "", text)


@register.simple_tag
def phase(value: str) -> SafeString:
    css = value.replace("_", "") if value in PHASES else ""
    return format_html('<span class="r-phase r-phase-{}">{}</span>', css, PHASES.get(value, value))


@register.simple_tag
def tier(value: str) -> SafeString:
    if value not in TIERS:
        return format_html('<span class="r-3rd">{}</span>', value or "–")
    bars, word = TIERS[value]
    return format_html(
        '<span class="r-tier r-tier-{}"><i aria-hidden="true"><b></b><b></b><b></b><b></b></i>{}</span>', bars, word
    )


@register.simple_tag
def level(value: int, words: bool = True) -> SafeString:
    """A relationship level from 1 to 5."""
    value = min(max(int(value or 0), 0), 5)
    word = LEVELS[value - 1] if value else gettext("Unknown")
    bars = mark_safe("".join('<b class="on"></b>' if n < value else "<b></b>" for n in range(5)))  # noqa: S308 (only tags of ours)
    if not words:
        said = gettext("Level %(level)s of 5, %(word)s") % {"level": value, "word": word}
        return format_html(
            '<span class="r-level"><i aria-hidden="true">{}</i><span class="visually-hidden">{}</span></span>',
            bars,
            said,
        )
    return format_html('<span class="r-level"><i aria-hidden="true">{}</i>{}</span>', bars, word)


@register.simple_tag
def meter(value: float | None, tone: str = "", label: str = "") -> SafeString:
    """A bar of 0 to 100. Without a label it is decoration beside a number."""
    share = min(max(float(value or 0), 0.0), 100.0)
    css = f" r-meter-{tone}" if tone in ("good", "warn", "bad") else ""
    if label:
        return format_html(
            '<span class="r-meter{}" style="--v:{}" role="img" aria-label="{}"></span>', css, f"{share:g}", label
        )
    return format_html('<span class="r-meter{}" style="--v:{}" aria-hidden="true"></span>', css, f"{share:g}")


@register.simple_tag
def risk(value: float | None) -> SafeString:
    """A risk in per cent, with its bar; colour repeats what the number says."""
    if value is None:
        return mark_safe('<span class="r-3rd">–</span>')
    tone = "bad" if value >= 50 else "warn" if value >= 25 else "good"
    css = f"r-{tone}" if tone != "good" else ""
    return format_html(
        '<span class="r-row r-num">{}<span class="{}">{}</span></span>',
        meter(value, tone),
        css,
        formats.percent(value / 100),
    )


@register.simple_tag
def consent(channel_name: str, state: str) -> SafeString:
    """Whether someone may be contacted: yes, service, ask or no. The shape tells it, colour repeats it."""
    name, _tone, label = CHANNELS.get(channel_name, ("at", "", channel_name))
    said = f"{label}: {CONSENTS.get(state, state)}"
    css = state if state in CONSENTS else "ask"
    return format_html(
        '<span class="r-cs r-cs-{}" role="img" aria-label="{}" title="{}">{}</span>', css, said, said, icon(name)
    )


@register.simple_tag
def consents(states: Mapping[str, str]) -> SafeString:
    """`{"email": "yes", "sms": "ask", …}` in the order given."""
    return format_html(
        '<span class="r-consents">{}</span>', format_html_join("", "{}", ((consent(c, s),) for c, s in states.items()))
    )


@register.simple_tag
def channel(name: str, icon_name: str = "", tone: str = "") -> SafeString:
    """The round glyph of a channel. Channels are an open vocabulary: pass icon and tone for others."""
    known_icon, known_tone, _label = CHANNELS.get(name, ("activity", "", ""))
    css = tone or known_tone
    classes = f"r-ch r-ch-{css}" if css else "r-ch"
    return format_html('<span class="{}" aria-hidden="true">{}</span>', classes, icon(icon_name or known_icon))


@register.simple_tag(takes_context=True)
def sidebar(context: Context, place: str) -> SafeString:
    """The sidebar stands on a page twice, beside it and in the drawer of narrow screens; it is drawn once."""
    shell = context["shell"]
    if not shell.sidebar:
        drawing = Engine.get_default().get_template("ui/parts/sidebar.html")
        with context.push(place="side"):
            shell.sidebar = drawing.render(context)
    return mark_safe(shell.sidebar.replace("pinned-side", f"pinned-{place}"))  # noqa: S308 (drawn by a template)


@register.tag
def kept(parser: Parser, token: Token) -> Node:
    """`{% kept "palette" %}…{% endkept %}`: drawn once for everybody who is shown the same menus and commands.

    Inside may stand what depends on the shell's links, the language and the values named after the name, and nothing else.
    """
    _tag, *said = token.split_contents()
    parts = [parser.compile_filter(each) for each in said]
    content = parser.parse(("endkept",))
    parser.delete_first_token()
    return KeptNode(parts, content)


class KeptNode(Node):
    MOST = 256  # of a few kilobytes each
    drawn: ClassVar[dict[object, SafeString]] = {}

    def __init__(self, parts: list[FilterExpression], nodelist: NodeList) -> None:
        self.parts, self.nodelist = parts, nodelist

    def render(self, context: Context) -> SafeString:
        key = (context["shell"].audience, *(part.resolve(context) for part in self.parts))
        found = self.drawn.get(key)
        if found is None:
            found = self.nodelist.render(context)
            if len(self.drawn) >= self.MOST:
                self.drawn.clear()
            self.drawn[key] = found
        return found


@register.simple_block_tag
def notice(content: str, tone: str = "info", icon_name: str = "", role: str = "") -> SafeString:
    """`{% notice tone="warn" %}…{% endnotice %}`: info, good, warn or bad."""
    standard = {"good": "check", "warn": "alert-triangle", "bad": "alert-circle"}.get(tone, "info-circle")
    css = f" r-notice-{tone}" if tone in ("good", "warn", "bad") else ""
    said = format_html(' role="{}"', role) if role else ""
    return format_html(
        '<div class="r-notice{}"{}>{}<div>{}</div></div>', css, said, icon(icon_name or standard), content
    )


@register.inclusion_tag("ui/parts/facts.html")
def facts(rows: Any) -> dict[str, Any]:
    """Pairs of label and value; pairs without a value are left out."""
    return {"rows": [(label, value) for label, value in rows if value not in (None, "", [])]}


@register.inclusion_tag("ui/parts/field.html")
def field(bound: BoundField, css: str = "") -> dict[str, Any]:
    """Label, widget, help and error of one form field, the last two linked to the widget."""
    return {"field": dress(bound), "css": css}


@register.inclusion_tag("ui/parts/fields.html")
def fields(form: Any) -> dict[str, Any]:
    """All fields of a form, its own errors first. For forms of ours and of others."""
    return {"form": form, "bound_fields": [dress(bound) for bound in form.visible_fields()]}


@register.inclusion_tag("ui/parts/pagination.html", takes_context=True)
def pagination(
    context: Context, previous: str = "", following: str = "", target: str = "", said: str = ""
) -> dict[str, Any]:
    """Previous and Next by cursor. `previous` and `following` are query strings or addresses; empty: none."""
    return {"previous": previous, "following": following, "target": target, "said": said}


@register.simple_tag
def ago(instant: datetime | None) -> SafeString:
    """How long ago, or until then, with the exact moment as title."""
    return _time(instant, formats.ago)


@register.simple_tag
def moment(instant: datetime | None) -> SafeString:
    """The time if it is today, the date otherwise, with the exact moment as title."""
    return _time(instant, formats.moment)


@register.simple_tag
def time_of_day(instant: datetime | None) -> SafeString:
    return _time(instant, formats.time_of_day)


@register.simple_tag
def exactly(instant: datetime | None) -> SafeString:
    return _time(instant, formats.exact)


def _time(instant: datetime | None, form: Any) -> SafeString:
    if instant is None:
        return mark_safe('<span class="r-3rd">–</span>')
    return format_html(
        '<time class="r-num" datetime="{}" title="{}">{}</time>',
        instant.isoformat(),
        formats.exact(instant),
        form(instant),
    )


@register.filter
def short_date(day: date | None) -> str:
    return formats.short_date(_day(day)) if day else "–"


@register.filter
def long_date(day: date | None) -> str:
    return formats.long_date(_day(day)) if day else "–"


@register.filter
def day_heading(day: date) -> str:
    """Today, Yesterday, Tuesday 17 November. An instant is taken as its day in the member's time zone."""
    return formats.day_heading(_day(day))


def _day(value: date) -> date:
    return formats.local(value).date() if isinstance(value, datetime) else value


@register.simple_tag
def money(amount: Any, currency: str = "", short: bool = False) -> str:
    """€1,234 by the rules of the language. Also takes {"amount": …, "currency": …}."""
    if isinstance(amount, Mapping):
        amount, currency = amount.get("amount"), str(amount.get("currency", ""))
    try:
        value = Decimal(str(amount))
    except InvalidOperation:
        return "–"
    if not currency:
        return formats.number(value)
    return formats.short_money(value, currency) if short else formats.money(value, currency)


@register.filter
def number(value: Any) -> str:
    """1,234 by the rules of the language."""
    try:
        return formats.number(Decimal(str(value)))
    except InvalidOperation:
        return "–"


@register.filter
def noun(label: Any) -> str:
    """A label in the middle of a sentence: small, but where the language writes its nouns large."""
    return str(label) if (get_language() or "").startswith("de") else str(label).lower()


@register.filter
def percent(share: Any) -> str:
    """A share between 0 and 1 in per cent."""
    try:
        return formats.percent(Decimal(str(share)))
    except InvalidOperation:
        return "–"
