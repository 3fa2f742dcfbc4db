"""What mining does in the worker. A task takes ids, calls one service, and is safe to run twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django_tenants.utils import tenant_context
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from rapport.foundation.accounts.models import Workspace
from rapport.insight.mining.services import answers, patterns, sets

_RETRY = RetryStrategy(max_attempts=3, exponential_wait=5)


@contextmanager
def _inside(schema: str) -> Iterator[bool]:
    """The workspace of that schema, entered; false when it is gone."""
    workspace = Workspace.objects.filter(schema_name=schema).first()
    if workspace is None:
        yield False
        return
    with tenant_context(workspace):
        yield True


@app.task(name="mining.answer", queue="insight", retry=_RETRY)
def answer(*, schema: str, answer_id: str) -> None:
    """Work a question out."""
    with _inside(schema) as found:
        if found:
            answers.work_on_answer(UUID(answer_id))


@app.task(name="mining.gather", queue="insight", retry=_RETRY)
def gather(*, schema: str, set_id: str) -> None:
    """Find the customers behind a figure."""
    with _inside(schema) as found:
        if found:
            sets.gather(UUID(set_id))


@app.task(name="mining.find_patterns", queue="insight", retry=_RETRY)
def find_patterns(*, schema: str, run_id: str) -> None:
    """Look for patterns."""
    with _inside(schema) as found:
        if found:
            patterns.find_patterns(UUID(run_id))


@app.periodic(cron="40 3 * * *")
@app.task(name="mining.nightly", queue="insight", queueing_lock="mining.nightly", pass_context=False)
def nightly(timestamp: int) -> None:
    """Every night, one job a workspace: patterns anew, and the sets that views rest on. One never hinders the others."""
    for workspace in Workspace.objects.order_by("created_at"):
        refresh.configure(queueing_lock=f"mining.refresh.{workspace.schema_name}").defer(schema=workspace.schema_name)


@app.task(name="mining.refresh", queue="insight", retry=_RETRY)
def refresh(*, schema: str) -> None:
    with _inside(schema) as found:
        if found:
            answers.forget_old()
            sets.forget_old()
            patterns.find_patterns(patterns.begin_run())
            for set_id in sets.kept_sets():
                sets.gather(set_id)
