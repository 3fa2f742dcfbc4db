"""What the workspace asks for and when it leaves customers in peace. Each change is in the audit."""

from __future__ import annotations

import re
from collections.abc import Iterable
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from rapport.foundation.lib import clock
from rapport.foundation.lib.text import folded
from rapport.foundation.workspace.errors import Invalid, NotFound
from rapport.foundation.workspace.services import audit
from rapport.foundation.workspace.types import Actor
from rapport.touchpoints.permission import policies
from rapport.touchpoints.permission.extension_points import channels, purposes
from rapport.touchpoints.permission.models import FrequencyCap, OwnPurpose, QuietHours
from rapport.touchpoints.permission.queries.settings import find_purpose, own_purposes
from rapport.touchpoints.permission.types import PurposeKind

MOST_PURPOSES = 40
LONGEST_HOURS = 366 * 24


@transaction.atomic
def add_purpose(*, actor: Actor, label: str, kind: str, help: str = "") -> OwnPurpose:  # noqa: A002 (its name on pages)
    """A purpose of the workspace's own. Errors: NotAllowed, Invalid."""
    policies.require_settings(actor)
    name = re.sub(r"[^a-z0-9]+", "_", folded(label)).strip("_")[:40]
    if not name or kind not in PurposeKind.values:
        raise Invalid({"label": _("Give it a name.")})
    if name in purposes or OwnPurpose.objects.filter(name=name).exists():
        raise Invalid({"label": _("There is one of this name, perhaps retired.")})
    if OwnPurpose.objects.filter(retired_at=None).count() >= MOST_PURPOSES:
        raise Invalid({"label": _("These are as many purposes as customers can tell apart.")})
    row = OwnPurpose.objects.create(name=name, label=label.strip()[:80], kind=kind, help=help.strip()[:200])
    own_purposes.forget()
    audit.record("permission.purpose_added", actor=actor, subject=row.label)
    return row


@transaction.atomic
def retire_purpose(*, actor: Actor, name: str, retired: bool = True) -> None:
    """Nobody is asked for it or contacted for it any more; what was said stays. Errors: NotAllowed, NotFound."""
    policies.require_settings(actor)
    row = OwnPurpose.objects.select_for_update().filter(name=name).first()
    if row is None:
        raise NotFound(_("There is no such purpose."))
    row.retired_at = clock.now() if retired else None
    row.save(update_fields=["retired_at"])
    own_purposes.forget()
    audit.record(
        "permission.purpose_retired" if retired else "permission.purpose_restored", actor=actor, subject=row.label
    )


@transaction.atomic
def add_quiet_hours(
    *, actor: Actor, channel: str, start: int, end: int, days: Iterable[int], covers_service: bool
) -> QuietHours:
    """Errors: NotAllowed, Invalid."""
    policies.require_settings(actor)
    wanted = sorted(set(days))
    if not wanted or any(day not in range(7) for day in wanted):
        raise Invalid({"days": _("On which days?")})
    if channel and channel not in channels:
        raise Invalid({"channel": _("There is no such channel.")})
    if not (0 <= start < 1440 and 0 <= end < 1440):
        raise Invalid({"start": _("Between 00:00 and 23:59.")})
    row = QuietHours.objects.create(channel=channel, start=start, end=end, days=wanted, covers_service=covers_service)
    audit.record("permission.quiet_added", actor=actor, subject=str(row))
    return row


@transaction.atomic
def remove_quiet_hours(*, actor: Actor, row_id: UUID) -> None:
    """Errors: NotAllowed, NotFound."""
    policies.require_settings(actor)
    row = QuietHours.objects.filter(pk=row_id).first()
    if row is None:
        raise NotFound(_("There are no such quiet hours."))
    audit.record("permission.quiet_removed", actor=actor, subject=str(row))
    row.delete()


@transaction.atomic
def add_cap(*, actor: Actor, purpose: str, channel: str, most: int, hours: int) -> FrequencyCap:
    """Errors: NotAllowed, Invalid."""
    policies.require_settings(actor)
    if purpose:
        find_purpose(purpose)
    if channel and channel not in channels:
        raise Invalid({"channel": _("There is no such channel.")})
    if not (1 <= most <= 1000 and 1 <= hours <= LONGEST_HOURS):
        raise Invalid({"most": _("At least one message, within an hour to a year.")})
    try:
        with transaction.atomic():
            row = FrequencyCap.objects.create(purpose=purpose, channel=channel, most=most, hours=hours)
    except IntegrityError:
        raise Invalid({"hours": _("There is a cap over this time already. Remove that one first.")}) from None
    audit.record("permission.cap_added", actor=actor, subject=str(row))
    return row


@transaction.atomic
def remove_cap(*, actor: Actor, row_id: UUID) -> None:
    """Errors: NotAllowed, NotFound."""
    policies.require_settings(actor)
    row = FrequencyCap.objects.filter(pk=row_id).first()
    if row is None:
        raise NotFound(_("There is no such cap."))
    audit.record("permission.cap_removed", actor=actor, subject=str(row))
    row.delete()
