"""`{% load accounts %}`: small facts for account pages."""

from __future__ import annotations

from django import template
from django.conf import settings
from django.template.context import Context
from django.urls import reverse

from rapport.foundation.accounts import policies, rules

register = template.Library()


@register.simple_tag(takes_context=True)
def may_sign_up(context: Context) -> bool:
    """Whether the visitor may make an account here."""
    return policies.may_sign_up(context["request"])


@register.simple_tag
def nobody_yet() -> bool:
    return policies.nobody_yet()


@register.simple_tag
def single_sign_on() -> dict[str, str] | None:
    """The provider people can sign in with: its name and address here."""
    for each in settings.SINGLE_SIGN_ON:
        return {"name": each["name"], "url": reverse("openid_connect_login", args=[each["provider_id"]])}
    return None


@register.filter
def device(user_agent: str) -> str:
    """A browser's long name for itself in three words."""
    return rules.device(user_agent)
