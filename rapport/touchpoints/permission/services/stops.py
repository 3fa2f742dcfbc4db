"""The list of stopped addresses, kept by hand: adding one, lifting a stop."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.services import audit
from rapport.foundation.workspace.types import Actor
from rapport.touchpoints.permission import policies
from rapport.touchpoints.permission.models import Evidence
from rapport.touchpoints.permission.services.evidence import Recorded, record
from rapport.touchpoints.permission.types import Cause, Source, Status


@transaction.atomic
def stop(*, actor: Actor, contact_point: str, cause: str = Cause.BY_HAND, note: str = "") -> Recorded:
    """Nothing is sent to this address or number any more, whoever has it. Errors: NotAllowed, Invalid."""
    policies.require_settings(actor)
    row = record(
        actor=actor, customer_id=None, contact_point=contact_point, channel="", purpose="", status=Status.STOPPED,
        cause=cause, source=Source.HAND, note=note,
    )  # fmt: skip
    audit.record("permission.stopped", actor=actor, subject=contact_point.strip()[:200])
    return row


@transaction.atomic
def lift(*, actor: Actor, stop_id: UUID, note: str = "") -> Recorded:
    """The stop no longer holds; it stays in the list with who lifted it. Errors: NotAllowed, NotFound, Invalid."""
    policies.require_settings(actor)
    row = Evidence.objects.filter(pk=stop_id, status=Status.STOPPED, point_key__isnull=False).first()
    if row is None:
        raise NotFound(_("There is no such stop."))
    lifted = record(
        actor=actor, customer_id=None, contact_point=None, point=row.point_key, channel=row.channel, purpose=row.purpose,
        status=Status.LIFTED, cause=row.cause, parent_id=row.pk, source=Source.HAND, note=note,
    )  # fmt: skip
    audit.record("permission.stop_lifted", actor=actor, subject=str(row.pk))
    return lifted
