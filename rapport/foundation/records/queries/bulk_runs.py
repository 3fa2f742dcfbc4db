"""How far bulk runs have come."""

from __future__ import annotations

from uuid import UUID

from rapport.foundation.records.models import BulkRun
from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import Actor


def get_run(run_id: UUID, *, actor: Actor) -> BulkRun:
    """One's own run. Errors: NotFound."""
    run = BulkRun.objects.filter(pk=run_id).first()
    if run is None or run.member_id != actor.member_id:
        raise NotFound("There is no such run.")
    return run


def member_of_run(run_id: UUID) -> UUID | None:
    return BulkRun.objects.filter(pk=run_id).values_list("member_id", flat=True).first()
