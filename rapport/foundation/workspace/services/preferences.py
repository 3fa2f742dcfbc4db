"""Preferences: declared by the apps that read them, kept here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext

from rapport.foundation.workspace import policies
from rapport.foundation.workspace.errors import Invalid, NotAllowed
from rapport.foundation.workspace.extension_points import preferences
from rapport.foundation.workspace.models import Member
from rapport.foundation.workspace.models import Preference as Row
from rapport.foundation.workspace.queries.preferences import preferences_of
from rapport.foundation.workspace.services import audit
from rapport.foundation.workspace.types import Actor, Preference, PreferenceOf


@transaction.atomic
def set_preferences(values: Mapping[str, Any], *, actor: Actor) -> None:
    """Save several at once, all or none. Errors: NotAllowed, Invalid."""
    problems = {name: problem for name, value in values.items() if (problem := _problem(preferences.get(name), value))}
    if problems:
        raise Invalid(problems)
    before = preferences_of(actor)
    for name, value in values.items():
        if before[name] != value:
            _set(preferences[name], value, before[name], actor)


def _set(declared: Preference, value: Any, before: Any, actor: Actor) -> None:
    if declared.of is PreferenceOf.WORKSPACE:
        policies.require(actor, declared.power)
        audit.record("preference.changed", actor=actor, subject=str(declared.label), before=before, after=value)
    elif actor.member_id is None:
        raise NotAllowed(gettext("Only a member has preferences of their own."))
    owner = Member.objects.get(pk=actor.member_id) if declared.of is PreferenceOf.MEMBER and actor.member_id else None
    Row.objects.update_or_create(member=owner, name=declared.name, defaults={"value": value})


def _problem(declared: Preference | None, value: Any) -> str:
    if declared is None:
        return gettext("There is no such preference.")
    if type(value) is not type(declared.default):
        return gettext("This is not a value that this preference can have.")
    if declared.choices and value not in {choice for choice, _label in declared.choices}:
        return gettext("Choose one of the values on offer.")
    if isinstance(value, int) and not isinstance(value, bool):
        if declared.least is not None and value < declared.least:
            return gettext("Choose %(least)s or more.") % {"least": declared.least}
        if declared.most is not None and value > declared.most:
            return gettext("Choose %(most)s or less.") % {"most": declared.most}
    if isinstance(value, str) and len(value) > 2000:
        return gettext("This is too long.")
    return ""
