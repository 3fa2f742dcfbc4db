"""Parts of a record's page that apps give: `{% load panels %}`, `{% record_panel part %}`."""

from __future__ import annotations

from django import template
from django.template import Context, Engine
from django.utils.safestring import SafeString

from rapport.foundation.records.extension_points import Panel

register = template.Library()


@register.simple_tag(takes_context=True)
def record_panel(context: Context, part: Panel) -> SafeString:
    """The part's template sees the page's context and its own."""
    with context.push(**part.context):
        return Engine.get_default().get_template(part.template).render(context)
