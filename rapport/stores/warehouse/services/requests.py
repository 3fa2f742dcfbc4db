"""Asking the worker to write."""

from __future__ import annotations

from rapport.foundation.workspace.services import audit
from rapport.foundation.workspace.types import Actor
from rapport.stores.warehouse import policies
from rapport.stores.warehouse.extension_points import write_deferrers


def request_write(*, actor: Actor, rebuild: bool = False) -> None:
    """Have the worker take up what is new, or write everything anew. Errors: NotAllowed."""
    policies.require_keeper(actor)
    write_deferrers["worker"](rebuild)
    if rebuild:
        audit.record("warehouse.rebuilt", actor=actor, subject_type="warehouse")
