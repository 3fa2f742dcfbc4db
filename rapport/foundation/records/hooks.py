"""What records plugs into itself: policies need the condition compiler, which lives above them."""

from __future__ import annotations

from uuid import UUID

from rapport.foundation.accounts.tenancy import current_schema
from rapport.foundation.records.extension_points import bulk_deferrers, condition_compilers
from rapport.foundation.records.queries.conditions import compile_rule
from rapport.foundation.records.queries.guard import RecordsGuard
from rapport.foundation.records.queries.list_pages import list_url, pinned
from rapport.foundation.records.tasks import run_bulk
from rapport.foundation.ui.extension_points import pinned as pinned_views
from rapport.foundation.ui.types import Pinned
from rapport.foundation.workspace.extension_points import guards
from rapport.foundation.workspace.types import Actor

condition_compilers.register("orm", compile_rule)
guards.register("records", RecordsGuard())


def _defer_bulk_run(run_id: UUID) -> None:
    run_bulk.defer(schema=current_schema(), run_id=str(run_id))


bulk_deferrers.register("worker", _defer_bulk_run)


def _pinned(actor: Actor) -> list[Pinned]:
    return [Pinned(label=name, url=f"{list_url(page)}?view={key}") for page, key, name in pinned(actor=actor)]


pinned_views.register("records", _pinned)
