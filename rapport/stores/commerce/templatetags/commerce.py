"""How orders read: `{% load commerce %}`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from rapport.foundation.records.queries.names import Names
from rapport.foundation.ui.templatetags.ui import tag
from rapport.stores.commerce.types import Delivery, Status

register = template.Library()
_TONES = {Status.CANCELLED: "line", Status.RETURNED: "warn", Status.CART: "line"}  # the others need no colour


@register.simple_tag
def order_status(status: str) -> SafeString:
    """The usual states in plain words, the others as a tag."""
    known = Status(status)
    if known in _TONES:
        return tag(known.label, tone=_TONES[known])
    return format_html("{}", known.label)


@register.filter
def delivery_words(delivery: str) -> str:
    return str(Delivery(delivery).label)


@register.filter
def name_of(names: Names, record_id: UUID) -> str:
    """What a record is called, from the names the page has read; empty: not to be seen."""
    return names.records.get(str(record_id), ("", ""))[0]


@register.filter
def quantity(value: Any) -> str:
    """As many digits as it has: 2, 0.5."""
    return format(Decimal(str(value)).normalize(), "f")
