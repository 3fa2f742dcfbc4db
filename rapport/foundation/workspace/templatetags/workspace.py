"""`{% load workspace %}`: the list of settings pages beside each of them."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context

register = template.Library()


@register.inclusion_tag("workspace/settings/menu.html", takes_context=True)
def settings_menu(context: Context) -> dict[str, Any]:
    """The pages this member may open, by group, the present one marked."""
    groups = context["shell"].settings_pages
    here = context["request"].path
    urls = [link.url for group in groups for link in group.links if here.startswith(link.url)]
    return {"groups": groups, "current": max(urls, key=len, default="")}
