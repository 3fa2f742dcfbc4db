"""Preferences as they apply to somebody: their own, the workspace's, or the default."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from rapport.foundation.workspace.extension_points import preferences
from rapport.foundation.workspace.models import Preference as Row
from rapport.foundation.workspace.types import Actor, PreferenceOf


def preferences_of(actor: Actor) -> dict[str, Any]:
    """Every declared preference with its value for this actor. One query."""
    values = {name: declared.default for name, declared in preferences.items()}
    mine = Q(member=None) | Q(member_id=actor.member_id) if actor.member_id else Q(member=None)
    for name, value, member_id in Row.objects.filter(mine).values_list("name", "value", "member_id"):
        declared = preferences.get(name)
        # A row of a preference that has gone, or that was stored when it had another type, is as good as none.
        if declared and (declared.of is PreferenceOf.MEMBER) == (member_id is not None):
            if type(value) is type(declared.default):
                values[name] = value
    return values


def preference(name: str, *, actor: Actor) -> Any:
    """The value of one preference. Errors: RegistryError for a name nobody declared."""
    declared = preferences[name]
    if declared.of is PreferenceOf.WORKSPACE:
        rows = Row.objects.filter(name=name, member=None)
    elif actor.member_id:
        rows = Row.objects.filter(name=name, member_id=actor.member_id)
    else:
        return declared.default
    row = rows.values_list("value", flat=True).first()
    return row if type(row) is type(declared.default) else declared.default
