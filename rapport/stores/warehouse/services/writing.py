"""The writer: takes up what is new, takes out what must go, and makes it hold in one step.

Everything read is of one moment of the database (REPEATABLE READ). Arrivals seen then are exactly the batches whose rows
were seen then; they are deleted after the manifest that holds them is on disk. When the process dies between the two,
the manifest names them as taken, and the next run deletes them without reading anything twice.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import connection, transaction
from django.db.utils import DatabaseError

from rapport.foundation.accounts.tenancy import current_schema
from rapport.foundation.lib import clock, ids
from rapport.stores.customers.models import Customer
from rapport.stores.ledger.models import Touchpoint
from rapport.stores.ledger.types import Written
from rapport.stores.warehouse.extension_points import warehouse_sources
from rapport.stores.warehouse.models import Arrival, Run
from rapport.stores.warehouse.queries.lake import Lake, current_lake, lake_of
from rapport.stores.warehouse.rules import layout
from rapport.stores.warehouse.rules.manifests import DataFile, Manifest, TableState, to_merge
from rapport.stores.warehouse.services import copying, erasures, files, selections
from rapport.stores.warehouse.services.merging import Months, merge_month, without

if TYPE_CHECKING:
    import pyarrow as pa

TOUCHPOINTS = "touchpoints"
MOST_ARRIVALS = 20_000  # at once
KEPT_RUNS = 200
EVERY = 20  # a table is written anew at most for a twentieth of the time


def note_arrival(written: Written) -> None:
    """Fills ledger.extension_points.with_append."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"insert into {Arrival._meta.db_table} (id, recorded_at, first_id, last_id, count) values (%s, %s, %s, %s, %s)",  # noqa: S608 (a table of ours)
            [ids.new_id(), written.recorded_at, written.first_id, written.last_id, written.count],
        )


@dataclass
class Work:
    """One run in the making."""

    lake: Lake
    before: Manifest | None
    tables: dict[str, TableState]
    inside: bool  # of a transaction of the caller's
    properties: dict[str, str] = field(default_factory=dict)
    nested: set[str] = field(default_factory=set)
    unflattened: set[str] = field(default_factory=set)
    taken: list[str] = field(default_factory=list)
    touchpoints: int = 0
    rewritten: list[str] = field(default_factory=list)
    newest_recorded_at: datetime | None = None
    newest_occurred_at: datetime | None = None

    @property
    def is_whole(self) -> bool:
        return self.before is None


def has_news() -> bool:
    """A cheap look: whether anything changed since the last manifest."""
    manifest = current_lake().manifest()
    if manifest is None:
        return bool(Touchpoint.objects.exists() or Customer.objects.exists())
    return Arrival.objects.exists() or bool(_due(manifest, inside=False))


def write(*, rebuild: bool = False) -> Run | None:
    """Bring the warehouse up to date, or write it anew from nothing. None when nothing was to do, or somebody is at it."""
    with _alone() as alone:
        if not alone:
            return None
        lake = current_lake()
        manifest = lake.manifest()
        # Nobody else is at it, so whatever still counts as running was killed.
        Run.objects.filter(state=Run.State.RUNNING).update(
            state=Run.State.FAILED, ended_at=clock.now(), problem="The worker was stopped."
        )
        _forget_taken(manifest)
        inside = connection.in_atomic_block
        if not rebuild and manifest is not None and not Arrival.objects.exists() and not _due(manifest, inside=inside):
            return None
        run = Run.objects.create(is_rebuild=rebuild or manifest is None, started_at=clock.now())
        try:
            again = True
            while again:
                again = _once(lake, None if rebuild else lake.manifest(), run, inside)
                rebuild = False
        except Exception as error:
            _ended(run, Run.State.FAILED, str(error)[:400] or type(error).__name__)
            raise
        finally:
            files.end_progress(lake)
        _ended(run, Run.State.DONE)
        return run


def erase_files(schema: str) -> None:
    """A workspace is gone, and what was written of it."""
    shutil.rmtree(lake_of(schema).folder, ignore_errors=True)


def _once(lake: Lake, before: Manifest | None, run: Run, inside: bool) -> bool:
    """One manifest on from `before`; whether there was more than it took."""
    work = Work(lake, before, dict(before.tables) if before else {}, inside)
    if before:
        work.properties, work.nested = dict(before.properties), set(before.nested)
        work.unflattened = set(before.unflattened)
        work.newest_recorded_at, work.newest_occurred_at = before.newest_recorded_at, before.newest_occurred_at
    if not work.is_whole:
        _summarise()
    with copying.one_moment():
        arrivals = list(Arrival.objects.order_by("id")[: None if work.is_whole else MOST_ARRIVALS])
        returned = erasures.returned()
        _whole_tables(work)
        gone = erasures.vanished(lake, before, work.tables) if before else []
        _touchpoints(work, arrivals, returned, gone)
    work.taken = [str(arrival.pk) for arrival in arrivals]
    # Before the manifest: were it after, and we were killed between, a rebuild would bring these people back.
    erasures.remember(gone)
    _merge(work)
    manifest = _manifest(work)
    files.commit(lake, manifest)
    erasures.forget(returned)
    _forget_taken(manifest)
    files.prune(lake, manifest, now=clock.now())
    run.touchpoints += work.touchpoints
    run.erased += len(gone)
    run.tables = ", ".join(dict.fromkeys([*filter(None, run.tables.split(", ")), *work.rewritten]))[:400]
    run.save(update_fields=["touchpoints", "erased", "tables"])
    return not work.is_whole and len(arrivals) == MOST_ARRIVALS


def _manifest(work: Work) -> Manifest:
    # The number goes on also when all is written anew: former manifests are named by it.
    held = work.lake.manifest()
    return Manifest(
        version=(held.version if held else 0) + 1,
        written_at=clock.now(),
        tables=work.tables,
        currency=getattr(getattr(connection, "tenant", None), "currency", "") or "",
        taken=tuple(work.taken),
        newest_recorded_at=work.newest_recorded_at,
        newest_occurred_at=work.newest_occurred_at,
        properties=work.properties,
        nested=tuple(sorted(work.nested)),
        unflattened=tuple(sorted(work.unflattened)),
    )


# Touch points


def _touchpoints(work: Work, arrivals: Sequence[Arrival], returned: Sequence[UUID], gone: Sequence[UUID]) -> None:
    """All of them, or those that arrived; all of customers whose record is back, none of those whose record is gone."""
    began, months = time.perf_counter(), Months(work.lake, TOUCHPOINTS)
    kept: Sequence[DataFile] = ()
    if work.is_whole:
        expected = _estimate()
        for batch in _read(work, selections.everything()):
            months.add(batch)
            files.say_progress(work.lake, done=work.touchpoints, total=max(expected, work.touchpoints))
    else:
        # Out with what may be there of the returned too: had we been killed after the last manifest, they were in it.
        kept = without(work.lake, TOUCHPOINTS, work.tables[TOUCHPOINTS].files, [*gone, *returned])
        if returned:
            for batch in _read(work, selections.of_customers(returned)):
                months.add(batch)
        if arrivals:
            for batch in _read(work, selections.arrived(arrivals), apart_from=[*gone, *returned]):
                months.add(batch)
    work.tables[TOUCHPOINTS] = TableState(
        (*kept, *months.finish()),
        tuple((column.name, column.type) for column in layout.touchpoint_columns(work.properties)),
        seconds=time.perf_counter() - began,
        read_at=clock.now(),
    )


def _read(work: Work, chosen: selections.Chosen, apart_from: Sequence[UUID] = ()) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa
    import pyarrow.compute as pc

    plain, nested = selections.properties_told(chosen)
    work.properties, left_out = layout.with_new_properties(work.properties, plain)
    work.unflattened |= set(left_out)
    work.nested |= nested
    skipped = pa.array([str(one) for one in apart_from], pa.string())
    for read in copying.batches(selections.touchpoints(chosen, work.properties)):
        batch = read.filter(pc.invert(pc.is_in(read["customer_id"], skipped))) if len(skipped) else read
        if not batch.num_rows:
            continue
        work.touchpoints += batch.num_rows
        work.newest_recorded_at = _later(work.newest_recorded_at, pc.max(batch["recorded_at"]).as_py())
        work.newest_occurred_at = _later(work.newest_occurred_at, pc.max(batch["occurred_at"]).as_py())
        yield batch


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((at for at in (one, other) if at is not None), default=None)


def _merge(work: Work) -> None:
    """Make one file of many small ones, month by month."""
    state, by_month = work.tables[TOUCHPOINTS], dict[str, list[DataFile]]()
    for file in state.files:
        by_month.setdefault(file.month, []).append(file)
    kept: list[DataFile] = []
    for number, (month, held) in enumerate(sorted(by_month.items())):
        small = held if work.is_whole and len(held) > 1 else to_merge(held)
        if small:
            if work.is_whole:
                files.say_progress(work.lake, done=number, total=len(by_month), merging=True)
            merged = merge_month(work.lake, TOUCHPOINTS, month, small, work.properties)
            held = [file for file in held if file not in small] + merged
        kept += held
    work.tables[TOUCHPOINTS] = TableState(tuple(kept), state.columns, state.mark, state.seconds, state.read_at)


def _summarise() -> None:
    """Blocks that were filled since the last vacuum are not in the index on recorded_at: each look for what arrived would
    read all of them. Telling the index costs less than one such look; where a vacuum is at it, it does so itself."""
    with suppress(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local lock_timeout = '300ms'")
        cursor.execute(
            "select brin_summarize_new_values(inhrelid) from pg_inherits where inhparent = 'touchpoint_recorded'::regclass"
        )


def _estimate() -> int:
    """About how many touch points there are, as the planner knows it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint from pg_inherits i"
            " join pg_class c on c.oid = i.inhrelid where i.inhparent = 'touchpoint'::regclass"
        )
        return int(cursor.fetchone()[0])


# Tables that are written whole


def _whole_tables(work: Work) -> None:
    for name in _due(work.before, inside=work.inside):
        source, began, mark = warehouse_sources[name], time.perf_counter(), _mark(name)
        if work.is_whole:
            files.say_progress(work.lake, table=name)
        selection = source.select()
        rows = copying.table(selection)
        work.tables[name] = TableState(
            (files.write_file(work.lake, name, rows),) if rows.num_rows else (),
            tuple((column.name, column.type) for column in selection.columns),
            mark,
            time.perf_counter() - began,
            clock.now(),
        )
        work.rewritten.append(name)
    for name in set(work.tables) - set(warehouse_sources) - {TOUCHPOINTS}:
        del work.tables[name]


def _due(manifest: Manifest | None, *, inside: bool) -> list[str]:
    """The tables to be written: changed, and not written just before at great cost."""
    if manifest is None or inside:  # the counters say nothing yet of what an open transaction did
        return list(warehouse_sources)
    now, due = clock.now(), []
    for name in warehouse_sources:
        state = manifest.tables.get(name)
        if state is None:
            due.append(name)
            continue
        rested = state.read_at is None or (now - state.read_at).total_seconds() >= state.seconds * EVERY
        if rested and state.mark != _mark(name):
            due.append(name)
    return due


def _mark(name: str) -> str:
    """How often the tables behind it were written to. It need not be exact in time: it is read before the rows are, so a
    change that is counted late has the table read once more, never once less. Citus counts on its workers, where we
    don't see it: there, each minute is a change."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select coalesce(string_agg(c.oid::text || ':' || pg_stat_get_tuples_inserted(c.oid) || ':'"
            " || pg_stat_get_tuples_updated(c.oid) || ':' || pg_stat_get_tuples_deleted(c.oid), ' ' order by c.oid), '')"
            " || case when exists (select 1 from pg_extension where extname = 'citus')"
            " then ' ' || floor(extract(epoch from clock_timestamp()) / 60) else '' end"
            " from pg_class c where c.oid = any(select to_regclass(quote_ident(n)) from unnest(%s::text[]) n)",
            [list(warehouse_sources[name].read_from)],
        )
        return str(cursor.fetchone()[0])


# Around it


def _forget_taken(manifest: Manifest | None) -> None:
    if manifest and manifest.taken:
        Arrival.objects.filter(pk__in=manifest.taken).delete()


def _ended(run: Run, state: Run.State, problem: str = "") -> None:
    run.state, run.ended_at, run.problem = state, clock.now(), problem
    run.save(update_fields=["state", "ended_at", "problem"])
    old = Run.objects.order_by("-started_at").values_list("pk", flat=True)[KEPT_RUNS:]
    Run.objects.filter(pk__in=list(old)).delete()


@contextmanager
def _alone() -> Iterator[bool]:
    """One writer for each workspace. A killed one lets go by itself: the lock is of its database session."""
    key = f"warehouse {current_schema()}"
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", [key])
        (alone,) = cursor.fetchone()
    try:
        yield bool(alone)
    finally:
        if alone and connection.connection is not None and not connection.connection.closed:
            with suppress(DatabaseError), connection.cursor() as cursor:
                cursor.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", [key])
