"""Changing how value is worked out. The numbers follow with the next run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from rapport.foundation.lib import clock
from rapport.foundation.workspace.errors import NotAllowed
from rapport.foundation.workspace.services import audit
from rapport.foundation.workspace.types import Actor, Power
from rapport.insight.value.models import ValueSettings


@transaction.atomic
def change_settings(*, actor: Actor, values: Mapping[str, Any]) -> bool:
    """Store checked values. Returns whether anything changed. Errors: NotAllowed."""
    if not actor.has(Power.MANAGE_WORKSPACE):
        raise NotAllowed("Only those who manage the workspace change how value is worked out.")
    row = ValueSettings.objects.select_for_update().filter(pk=1).first() or ValueSettings(pk=1)
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    if not changed:
        return False
    for name in changed:
        setattr(row, name, values[name])
    row.changed_at, row.changed_by = clock.now(), actor.name
    row.save()
    audit.record("value_settings_changed", actor=actor, subject_type="value_settings", changed=sorted(changed))
    return True
