"""An import at work: batch by batch from the file into the records, or only checked. Killed at any moment, it goes on.

A batch and the note that it is done are one commit, so nothing is doubled and nothing left out. Batches are cut the same
way every time. Several are written side by side; those that name the same people wait for each other.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import DatabaseError, DataError, IntegrityError, OperationalError, connection, transaction
from django.utils.translation import gettext as _
from django_tenants.utils import tenant_context
from psycopg import errors as pg

from rapport.foundation.accounts.tenancy import current_tenant
from rapport.foundation.lib import clock
from rapport.foundation.records.extension_points import ImportRun, importers
from rapport.foundation.records.models import Import, ImportBatch, ImportProblem, ImportState, Operation
from rapport.foundation.records.rules.codec import BadValue
from rapport.foundation.records.rules.imports import BatchParser, ImportPlan, Outcome, Rows, added
from rapport.foundation.records.rules.tables import Batch
from rapport.foundation.records.services.import_files import (
    CHECKED,
    REFUSED,
    clear_folder,
    file_path,
    folder_of,
    refused_lines,
)
from rapport.foundation.records.services.import_plans import open_plan, parser_of, table_format
from rapport.foundation.records.services.operations import count
from rapport.foundation.records.services.statistics import renew_after
from rapport.foundation.records.services.tables import open_table
from rapport.foundation.workspace.errors import RapportError
from rapport.foundation.workspace.types import Actor

WRITERS = 2
ATTEMPTS = 5
MOST_PROBLEMS = 1_000
MOST_OF_BATCH = 100  # so that one bad batch does not hide the others


def run_import(*, actor: Actor, import_id: UUID, writers: int = 0) -> bool:
    """Write what is not written yet; whether it was this call that did. Without `writers` in this thread, for few rows."""
    return _at_work(import_id, ImportState.RUNNING, lambda row: _Run(row, actor, writers).write())


def check_import(*, actor: Actor, import_id: UUID) -> bool:
    """Read everything and count what would become of it."""
    return _at_work(import_id, ImportState.CHECKING, lambda row: _Run(row, actor, 0).check())


def _at_work(import_id: UUID, state: ImportState, work: Callable[[Import], None]) -> bool:
    """Do it unless somebody else is at it: the lock goes with the connection, whatever becomes of the process."""
    key = import_id.int >> 65
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s)", [key])
        (mine,) = cursor.fetchone() or (False,)
    if not mine:
        return False
    try:
        row = Import.objects.filter(pk=import_id, state=state).first()
        if row is None:
            return False
        try:
            work(row)
        except (RapportError, BadValue) as error:
            _end(row, ImportState.FAILED, problem=str(error))
        return True
    finally:
        with contextlib.suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute("select pg_advisory_unlock(%s)", [key])


def _end(row: Import, state: ImportState, *, problem: str = "") -> None:
    row.state, row.problem, row.finished_at = state, problem[:500], clock.now()
    row.save(update_fields=["state", "problem", "finished_at"])


class _Run:
    """One pass over the file."""

    def __init__(self, row: Import, actor: Actor, writers: int) -> None:
        self.row, self.actor, self.writers = row, actor, writers
        self.is_check = row.state == ImportState.CHECKING
        self.importer = importers[row.record_type]
        self.folder = folder_of(row, CHECKED if self.is_check else REFUSED)
        self.problems_left = MOST_PROBLEMS
        self.lock = threading.Lock()

    def check(self) -> None:
        clear_folder(self.folder)
        ImportProblem.objects.filter(import_id=self.row.pk).delete()
        plan = open_plan(self.row, self.actor)
        run = self.importer.begin(plan, actor=self.actor, operation_id=None)
        found: list[dict[str, int]] = []
        for number, batch, rows, outcome in self._batches(plan):
            if not self._goes_on():
                return
            for name, number_ in run.prepare(rows).items():
                outcome.more[name] = outcome.more.get(name, 0) + number_
            outcome.add(run.check(rows))
            self._keep(number, batch, outcome)
            found = [added([*found, outcome.counts])]
            self._report(found, batch.share)
        run.finish()
        self.row.checked_counts = added(found)
        self.row.save(update_fields=["checked_counts"])
        if self._goes_on():
            _end(self.row, ImportState.READY)

    def write(self) -> None:
        plan, operation = self._begin()
        done = dict(ImportBatch.objects.filter(import_id=self.row.pk).values_list("number", "counts"))
        if not done:
            clear_folder(self.folder)
            ImportProblem.objects.filter(import_id=self.row.pk).delete()
        self.problems_left -= ImportProblem.objects.filter(import_id=self.row.pk).count()
        run = self.importer.begin(plan, actor=self.actor, operation_id=operation.id)
        pool = _Pool(self.writers, self._write_batch)
        stopped = False
        try:
            for number, batch, rows, outcome in self._batches(plan, skip=done):
                if stopped := not self._goes_on():
                    break
                if made := run.prepare(rows):
                    count(operation, **made)
                pool.submit(run.claims(rows), _Work(number, batch, rows, outcome, run))
                self._take_in(pool, done)
        finally:
            pool.finish()
        self._take_in(pool, done)
        run.finish()
        counts = added(done.values())
        self._finish(operation, counts, stopped=stopped)
        renew_after(self.row.record_type, written=counts["new"] + counts["updated"])

    def _begin(self) -> tuple[ImportPlan, Operation]:
        with transaction.atomic():
            plan = open_plan(self.row, self.actor, make=True)
            operation = Operation.objects.get(pk=str(self.row.operation_id))
        return plan, operation

    def _finish(self, operation: Operation, counts: dict[str, int], *, stopped: bool) -> None:
        own = {"created": counts["new"], "updated": counts["updated"], "refused": counts["refused"]}
        shared = {name: number for name, number in operation.counts.items() if name not in own}
        with transaction.atomic():
            operation.counts = {name: number for name, number in (shared | own).items() if number}
            operation.save(update_fields=["counts"])
            self.row.counts = counts | shared
            self.row.share = self.row.share if stopped else 1
            self.row.save(update_fields=["counts", "share"])
            _end(self.row, ImportState.CANCELLED if stopped else ImportState.DONE)

    def _batches(self, plan: ImportPlan, skip: Any = ()) -> Iterator[tuple[int, Batch, Rows, Outcome]]:
        parser: BatchParser | None = None
        how = table_format(self.row)
        with open_table(file_path(self.row), how) as table:
            for number, batch in enumerate(table.batches(self.row.batch_rows)):
                if parser is None:
                    parser = parser_of(self.row, plan, batch, self.actor)
                if number in skip:
                    continue
                outcome = Outcome()
                for refused in batch.refused:
                    outcome.refuse(refused.number, refused.reason, refused.heading)
                rows, problems = parser.parse(batch.numbers, batch.columns)
                outcome.problems += problems
                yield number, batch, rows, outcome

    def _goes_on(self) -> bool:
        """Whether nobody cancelled meanwhile."""
        state = Import.objects.filter(pk=self.row.pk).values_list("state", flat=True).first()
        return state == self.row.state

    # One batch

    def _write_batch(self, work: _Work) -> dict[str, int]:
        for attempt in range(ATTEMPTS):
            outcome = Outcome()
            outcome.add(work.outcome)
            try:
                with transaction.atomic():
                    self._write_rows(work.run, work.rows, outcome)
                    self._keep(work.number, work.batch, outcome)
                    ImportBatch.objects.create(import_id=self.row.pk, number=work.number, counts=outcome.counts)
            except (IntegrityError, OperationalError) as error:
                # Somebody else wrote one of these people meanwhile: the next attempt finds them.
                passing = isinstance(
                    error.__cause__, pg.UniqueViolation | pg.DeadlockDetected | pg.SerializationFailure
                )
                if not passing or attempt == ATTEMPTS - 1:
                    raise
            else:
                return outcome.counts
        raise AssertionError("unreachable")

    def _write_rows(self, run: ImportRun, rows: Rows, outcome: Outcome) -> None:
        """All at once; if the database cannot hold one of them, halves, until it stands alone."""
        if not len(rows):
            return
        try:
            with transaction.atomic():
                written = run.write(rows)
        except DataError as error:
            if len(rows) == 1:
                outcome.refuse(
                    rows.numbers[0],
                    _("The database can't store this row: %(error)s") % {"error": str(error).splitlines()[0]},
                )
                return
            middle = len(rows) // 2
            self._write_rows(run, rows.take(range(middle)), outcome)
            self._write_rows(run, rows.take(range(middle, len(rows))), outcome)
        else:
            outcome.add(written)

    def _keep(self, number: int, batch: Batch, outcome: Outcome) -> None:
        """The refused rows into a file of their own for this batch, the first problems into the table."""
        refused = outcome.refused_rows
        path = self.folder / f"{number:06}.csv"
        if refused:
            self.folder.mkdir(parents=True, exist_ok=True)
            path.write_bytes(refused_lines(batch, outcome.problems, refused))
        else:
            path.unlink(missing_ok=True)
        if not outcome.problems:
            return
        with self.lock:
            room = max(0, min(self.problems_left, MOST_OF_BATCH))
            problems = sorted(outcome.problems, key=lambda one: (one.is_warning, one.row))[:room]
            self.problems_left -= len(problems)
        ImportProblem.objects.bulk_create(
            ImportProblem(
                import_id=self.row.pk,
                batch=number,
                row=one.row,
                heading=one.heading[:120],
                value=_storable(one.value)[:200],
                reason=_storable(one.reason)[:500],
                is_warning=one.is_warning,
            )
            for one in problems
        )

    # How far it got

    def _take_in(self, pool: _Pool, done: dict[int, dict[str, int]]) -> None:
        share = None
        for work, counts in pool.results():
            done[work.number] = counts
            share = max(share or 0, work.batch.share)
        if share is not None:
            self._report(done.values(), share)

    def _report(self, counts: Any, share: float) -> None:
        self.row.counts, self.row.share, self.row.heartbeat_at = added(counts), share, clock.now()
        self.row.save(update_fields=["counts", "share", "heartbeat_at"])


@dataclass
class _Work:
    """A batch on its way to a writer."""

    number: int
    batch: Batch
    rows: Rows
    outcome: Outcome
    run: ImportRun


@dataclass
class _Pool:
    """Writers side by side, each with a connection of its own. None: the caller's thread writes."""

    writers: int
    write: Callable[[_Work], dict[str, int]]
    _waiting: queue.Queue[_Work | None] = field(default_factory=queue.Queue)
    _claims: dict[int, frozenset[Any]] = field(default_factory=dict)
    _results: list[tuple[_Work, dict[str, int]]] = field(default_factory=list)
    _error: BaseException | None = None
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _threads: list[threading.Thread] = field(default_factory=list)

    def submit(self, claims: Any, work: _Work) -> None:
        """Hand a batch over; waits while too many are under way or one of them names the same people."""
        if not self.writers:
            self._results.append((work, self.write(work)))
            return
        if not self._threads:
            tenant = current_tenant()
            self._threads = [
                threading.Thread(target=self._serve, args=(tenant,), daemon=True) for _ in range(self.writers)
            ]
            for thread in self._threads:
                thread.start()
        with self._changed:
            while not self._error and (
                len(self._claims) > self.writers or any(claims & held for held in self._claims.values())
            ):
                self._changed.wait()
            self._raise()
            self._claims[work.number] = frozenset(claims)
        self._waiting.put(work)

    def results(self) -> list[tuple[_Work, dict[str, int]]]:
        """What was written since this was asked last."""
        with self._changed:
            found, self._results = self._results, []
        return found

    def finish(self) -> None:
        for _thread in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()
        self._threads = []
        self._raise()

    def _raise(self) -> None:
        if self._error:
            error, self._error = self._error, None
            raise error

    def _serve(self, tenant: Any) -> None:
        try:
            with tenant_context(tenant):
                while (work := self._waiting.get()) is not None:
                    if self._error:
                        continue
                    counts = self.write(work)
                    with self._changed:
                        self._results.append((work, counts))
                        del self._claims[work.number]
                        self._changed.notify_all()
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits for this one
            with self._changed:
                self._error = self._error or error
                self._changed.notify_all()
        finally:
            connection.close()


def _storable(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
