"""Small words of the customer pages: `{% load customers %}`."""

from __future__ import annotations

from datetime import date, datetime

from django import template
from django.template import Context, Engine
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from rapport.foundation.lib.contact import readable_phone
from rapport.foundation.ui.templatetags import ui
from rapport.stores.customers.extension_points import Panel
from rapport.stores.customers.types import CustomerKind, Phase

register = template.Library()


@register.simple_tag(takes_context=True)
def panel(context: Context, part: Panel) -> SafeString:
    """A part of the page that another app gives: its template sees the page's context and its own."""
    with context.push(**part.context):
        return Engine.get_default().get_template(part.template).render(context)


@register.simple_tag
def life_phase(value: str) -> SafeString:
    """A phase of the life cycle: dot and word."""
    known = Phase(value)
    return format_html('<span class="r-phase r-phase-{}">{}</span>', known.value.replace("_", ""), known.label)


@register.filter
def phone(e164: str) -> str:
    """As people write it: +31 20 555 0100."""
    return readable_phone(e164)


@register.filter
def initials(name: str, kind: str = CustomerKind.PERSON) -> str:
    return ui.initials(name, organisation=kind != CustomerKind.PERSON)


@register.filter
def day(instant: datetime) -> date:
    """The day it was where the reader is."""
    return timezone.localtime(instant).date()
