"""What records does in the worker. A task takes ids, calls one service, and is safe to run twice."""

from __future__ import annotations

from uuid import UUID

from django.utils import translation
from django_tenants.utils import tenant_context
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from rapport.foundation.accounts.models import Workspace
from rapport.foundation.records.queries.bulk_runs import member_of_run
from rapport.foundation.records.queries.exports import member_of_export
from rapport.foundation.records.services import bulk, exports, import_runs, imports
from rapport.foundation.workspace.queries.members import actor_of_member

KEPT_HOURS = 72  # of jobs that went well


@app.task(name="records.run_bulk", queue="records")
def run_bulk(*, schema: str, run_id: str) -> None:
    """Do a bulk run batch by batch; started anew after a crash, it goes on where it stopped."""
    workspace = Workspace.objects.filter(schema_name=schema).first()
    if workspace is None:
        return
    with tenant_context(workspace):
        member_id = member_of_run(UUID(run_id))
        actor = actor_of_member(member_id, workspace) if member_id else None
        if actor is None:
            return
        while bulk.continue_run(actor=actor, run_id=UUID(run_id)):
            pass


@app.task(name="records.work_on_import", queue="records", retry=RetryStrategy(max_attempts=6, exponential_wait=3))
def work_on_import(*, schema: str, import_id: str, step: str, member_id: str) -> None:
    """Check, write or undo an import. Whoever is at it already goes on; a killed one is taken up where it stopped."""
    workspace = Workspace.objects.filter(schema_name=schema).first()
    if workspace is None:
        return
    with tenant_context(workspace):
        actor = actor_of_member(UUID(member_id), workspace)
        if actor is None:
            return
        with translation.override(actor.language):
            if step == "check":
                import_runs.check_import(actor=actor, import_id=UUID(import_id))
            elif step == "run":
                import_runs.run_import(actor=actor, import_id=UUID(import_id), writers=import_runs.WRITERS)
            else:
                imports.undo_import(actor=actor, import_id=UUID(import_id))


@app.task(name="records.make_export", queue="records", retry=RetryStrategy(max_attempts=3, exponential_wait=3))
def make_export(*, schema: str, run_id: str) -> None:
    """Write a list into a file; started anew after a crash, it begins again."""
    workspace = Workspace.objects.filter(schema_name=schema).first()
    if workspace is None:
        return
    with tenant_context(workspace):
        member_id = member_of_export(UUID(run_id))
        actor = actor_of_member(member_id, workspace) if member_id else None
        if actor is None:
            return
        with translation.override(actor.language):
            exports.work_on_export(actor=actor, run_id=UUID(run_id))


@app.periodic(cron="* * * * *")
@app.task(name="records.take_over_killed_jobs", queue="records", queueing_lock="records.take_over_killed_jobs")
async def take_over_killed_jobs(timestamp: int) -> None:
    """Every minute: jobs whose worker was killed are begun anew, those of all apps. Every task is safe to run twice."""
    for job in await app.job_manager.get_stalled_jobs():
        await app.job_manager.retry_job(job)
    if timestamp // 60 % 60 == 0:
        await app.job_manager.delete_old_jobs(nb_hours=KEPT_HOURS)
