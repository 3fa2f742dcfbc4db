"""What the page of the warehouse shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from rapport.foundation.workspace.types import Actor
from rapport.stores.warehouse import policies
from rapport.stores.warehouse.extension_points import warehouse_sources
from rapport.stores.warehouse.models import Run
from rapport.stores.warehouse.queries.freshness import freshness_of
from rapport.stores.warehouse.queries.lake import current_lake
from rapport.stores.warehouse.types import Freshness

RUNS = 12
FRESH_SECONDS = 60
ENGINES = {"duckdb": "DuckDB", "clickhouse": "ClickHouse", "spark": "Spark"}


@dataclass(frozen=True)
class TableLine:
    name: str
    label: str
    rows: int
    bytes: int
    files: int
    months: int
    read_at: datetime | None


@dataclass(frozen=True)
class RunLine:
    started_at: datetime
    seconds: float | None
    is_rebuild: bool
    state: str
    touchpoints: int
    tables: str
    erased: int
    problem: str


@dataclass(frozen=True)
class Progress:
    """How far a rebuild has come; without a total it is reading one of the tables."""

    done: int
    total: int
    is_merging: bool
    table: str


@dataclass(frozen=True)
class Overview:
    freshness: Freshness
    tables: Sequence[TableLine]
    runs: Sequence[RunLine]
    is_running: bool
    progress: Progress | None
    engine: str

    @property
    def is_fresh(self) -> bool:
        return self.freshness.behind_seconds < FRESH_SECONDS

    @property
    def rows(self) -> int:
        return sum(line.rows for line in self.tables)

    @property
    def bytes(self) -> int:
        return sum(line.bytes for line in self.tables)


def overview(*, actor: Actor) -> Overview:
    """Two queries. Errors: NotAllowed."""
    policies.require_keeper(actor)
    lake = current_lake()
    manifest = lake.manifest()
    labels = {"touchpoints": _("Touch points"), **{name: str(one.label) for name, one in warehouse_sources.items()}}
    tables = [
        TableLine(
            name=name,
            label=labels[name],
            rows=state.rows,
            bytes=state.bytes,
            files=len(state.files),
            months=len({file.month for file in state.files if file.month}),
            read_at=state.read_at,
        )
        for name in labels
        if manifest and (state := manifest.tables.get(name))
    ]
    runs = [_line(run) for run in Run.objects.order_by("-started_at")[:RUNS]]
    running = any(run.state == Run.State.RUNNING for run in runs)
    return Overview(
        freshness=freshness_of(manifest),
        tables=tables,
        runs=runs,
        is_running=running,
        progress=_progress(lake.progress(), labels) if running else None,
        engine=ENGINES.get(settings.WAREHOUSE.partition(":")[0], settings.WAREHOUSE.partition(":")[0]),
    )


def _line(run: Run) -> RunLine:
    return RunLine(
        started_at=run.started_at,
        seconds=(run.ended_at - run.started_at).total_seconds() if run.ended_at else None,
        is_rebuild=run.is_rebuild,
        state=run.state,
        touchpoints=run.touchpoints,
        tables=run.tables,
        erased=run.erased,
        problem=run.problem,
    )


def _progress(said: dict[str, object], labels: dict[str, str]) -> Progress | None:
    done, total, table = said.get("done", 0), said.get("total", 0), said.get("table", "")
    if not said or not isinstance(done, int) or not isinstance(total, int):
        return None
    return Progress(done, total, bool(said.get("merging")), labels.get(str(table), ""))
