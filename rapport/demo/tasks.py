"""Loading the demo data in the worker, because it takes several seconds."""

from __future__ import annotations

from uuid import UUID

from django_tenants.utils import tenant_context
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from rapport.demo.queries import LOAD_TASK, standing_demo
from rapport.foundation.accounts.models import Workspace
from rapport.foundation.accounts.queries.workspaces import seats_of
from rapport.foundation.workspace.queries.members import actor_of_member
from rapport.insight.mining.services import patterns
from rapport.insight.value.services import refreshing
from rapport.stores.warehouse.services import writing


@app.task(name=LOAD_TASK, queue="demo")
def load_demo(*, schema: str, member_id: str) -> None:
    """Load the demo data for a member of the workspace. When it is there already, there is nothing to do."""
    from rapport.demo.load import load  # the simulator is large, and web processes never run it

    workspace = Workspace.objects.filter(schema_name=schema).first()
    if workspace is None:
        return
    with tenant_context(workspace):
        actor = actor_of_member(UUID(member_id), workspace)
        if actor is not None and standing_demo() is None:
            load(actor=actor)
            work_out.defer(schema=schema)


@app.task(name="demo.work_out", queue="demo", retry=RetryStrategy(max_attempts=3, exponential_wait=20))
def work_out(*, schema: str) -> None:
    """What the nights have worked out in a firm that is three years old: warehouse, values, patterns. Safe to run twice."""
    workspace = Workspace.objects.filter(schema_name=schema).first()
    if workspace is None:
        return
    with tenant_context(workspace):
        writing.write()
        refreshing.refresh()
        patterns.find_patterns(patterns.begin_run())


def begin(workspace: Workspace, owner_id: UUID) -> None:
    """Begin a new workspace with demo data: what its owner chose on the page "New workspace"."""
    for schema, member_id in seats_of(owner_id):
        if schema == workspace.schema_name:
            load_demo.defer(schema=schema, member_id=str(member_id))
