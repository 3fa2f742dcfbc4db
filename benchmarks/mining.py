"""Questions to the warehouse: RFM, weekly cohorts, funnels, groups and baskets, in processor seconds.

The files are written here, month by month and sorted as the warehouse sorts them, with texts for ids as everywhere; they
are kept in var/bench/mining. Each question is asked in a process of its own, after the engine was opened: what is measured
is the query and the counting, its memory that of the whole process. (The segment of five conditions needs the database
and is measured by `warehouse`.)
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import shutil
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import heading

ROOT = Path(__file__).resolve().parents[1] / "var" / "bench" / "mining"
SIZES = {"T": 2_000, "S": 20_000, "P": 100_000, "M": 100_000, "L": 1_000_000}
TOUCHPOINTS_EACH = 20
MONTHS = 24
BEGIN, END = datetime(2024, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
# Kind, channel, share of all touch points.
MIX = (
    ("page_viewed", "web", 0.42), ("product_viewed", "web", 0.16), ("email_opened", "email", 0.14),
    ("email_sent", "email", 0.10), ("cart_left", "shop", 0.06), ("order_placed", "shop", 0.05),
    ("email_clicked", "email", 0.05), ("case_opened", "service", 0.02),
)  # fmt: skip
FUNNEL = ("page_viewed", "product_viewed", "cart_left", "order_placed")
# Processor seconds at size L on two cores, and what the process may hold.
TARGETS = {"RFM of everybody": 1.2, "funnel of 4 steps, first start": 2.5, "weekly cohorts": 4.0}
MOST_MB = 800


def main(arguments: argparse.Namespace) -> None:
    customers = SIZES.get(arguments.size, SIZES["S"])
    folder = ROOT / str(customers)
    import duckdb
    import ibis

    heading(
        "Mining", customers=customers, touchpoints=customers * TOUCHPOINTS_EACH, duckdb=duckdb.__version__, ibis=ibis.__version__
    )  # fmt: skip
    if not (folder / "manifest.json").exists():
        _alone(_write, customers, folder)
    print(f"{'':36}{'CPU s':>8}{'wall s':>8}{'MB':>7}   answer")
    for name in QUESTIONS:
        cpu, wall, memory, said = _alone(_measured, name, folder)
        target = TARGETS.get(name)
        verdict = ""
        if target and arguments.size == "L":
            verdict = (
                f"   target {target} s, {MOST_MB} MB: {'met' if cpu <= target and memory <= MOST_MB else 'MISSED'}"
            )
        print(f"{name:36}{cpu:8.2f}{wall:8.2f}{memory:7.0f}   {said}{verdict}")


def _alone(work: Callable[..., Any], *arguments: Any) -> Any:
    with multiprocessing.get_context("spawn").Pool(1, _django) as pool:
        return pool.apply(work, arguments)


def _django() -> None:
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rapport.config.settings")
    os.environ.setdefault("DATABASE_URL", "postgresql:///none")  # nothing here asks the database
    django.setup()
    from rapport.stores.warehouse.queries import marts

    marts.margin_rate = lambda: marts.ASSUMED_MARGIN_RATE  # a setting of the workspace, which is a row of the database


def _measured(name: str, folder: Path) -> tuple[float, float, float, str]:
    from rapport.stores.warehouse.queries.engine import DuckDBEngine
    from rapport.stores.warehouse.queries.lake import Lake

    lake = Lake(folder)
    manifest = lake.manifest()
    assert manifest is not None
    with DuckDBEngine(lake, manifest, threads=2, memory_mb=600) as engine:
        ask = QUESTIONS[name]()  # loads what the question needs
        engine.run(engine.raw("customers").count().as_table())  # the first query of a connection loads the engine
        cpu, wall = _cpu(), time.perf_counter()
        said = ask(engine)
        return _cpu() - cpu, time.perf_counter() - wall, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, said


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


# Questions


def _rfm() -> Callable[[Any], str]:
    from rapport.insight.mining.queries.marts import rfm
    from rapport.insight.value.queries.histories import purchase_days

    return lambda engine: f"{engine.run(rfm.summaries(purchase_days(engine, END.date()))).num_rows:,} buyers"


def _grid() -> Callable[[Any], str]:
    from rapport.insight.mining.services.answering import result_of
    from rapport.insight.mining.types import Rfm

    def ask(engine: Any) -> str:
        result = result_of(Rfm(), engine, END, _nobody)
        return f"{len(result['cells'])} cells and {len(result['moves'])} moves of {result['customers']:,} buyers"

    return ask


def _cohorts() -> Callable[[Any], str]:
    from rapport.insight.mining.services.answering import result_of
    from rapport.insight.mining.types import Act, Cohorts

    def ask(engine: Any) -> str:
        question = Cohorts(start=Act(), again=Act(), unit="week", since=date(2024, 1, 1), periods=105)
        result = result_of(question, engine, END, _nobody)
        cells = sum(1 for row in result["came"] for n in row if n)
        return f"{cells:,} cells of {sum(result['sizes']):,} customers"

    return ask


def _funnel(count_from: str) -> Callable[[], Callable[[Any], str]]:
    def prepare() -> Callable[[Any], str]:
        from rapport.insight.mining.services.answering import result_of
        from rapport.insight.mining.types import Act, Funnel

        def ask(engine: Any) -> str:
            steps = tuple(Act(kind=kind) for kind in FUNNEL)
            result = result_of(Funnel(steps, 30, count_from), engine, END, _nobody)  # type: ignore[arg-type]  # one of its two words
            return " / ".join(f"{step['n']:,}" for step in result["steps"])

        return ask

    return prepare


def _groups() -> Callable[[Any], str]:
    from rapport.insight.mining.errors import NotEnough
    from rapport.insight.mining.services.answering import result_of
    from rapport.insight.mining.types import Clusters

    def ask(engine: Any) -> str:
        try:
            result = result_of(Clusters(), engine, END, _nobody)
        except NotEnough as error:
            return f"none: {error.reason}, stability {error.have} of {error.need} (the data is without groups)"
        return f"{len(result['groups'])} groups, stability {result['stability']}"

    return ask


def _nobody(_progress: int) -> None:
    """Who is told of the progress."""


QUESTIONS: dict[str, Callable[[], Callable[[Any], str]]] = {
    "RFM of everybody": _rfm,
    "the grid with its moves": _grid,
    "funnel of 4 steps, first start": _funnel("first"),
    "funnel of 4 steps, any start": _funnel("any"),
    "weekly cohorts": _cohorts,
    "groups": _groups,
}


# The files


def _write(customers: int, folder: Path) -> None:
    """Touch points of two years; who does much does it all the time, and some never come back."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from rapport.stores.warehouse.rules import manifests
    from rapport.stores.warehouse.rules.layout import TOUCHPOINT_COLUMNS
    from rapport.stores.warehouse.rules.manifests import DataFile, Manifest, TableState
    from rapport.stores.warehouse.types import ColumnType

    shutil.rmtree(folder, ignore_errors=True)
    (folder / "data").mkdir(parents=True)
    (folder / "spill").mkdir()
    rng = np.random.default_rng(7)
    types = {
        ColumnType.TEXT: pa.string(), ColumnType.NUMBER: pa.float64(), ColumnType.DECIMAL: pa.decimal128(18, 4),
        ColumnType.INSTANT: pa.timestamp("us", tz="UTC"),
    }  # fmt: skip
    schema = pa.schema([(column.name, types[column.type]) for column in TOUCHPOINT_COLUMNS])
    marks = rng.integers(0, 2**48, customers)
    ids = pa.array(
        [
            f"0190{i:08x}"[:8] + f"-{i & 0xFFFF:04x}-7{i >> 16 & 0xFFF:03x}-8abc-{mark:012x}"
            for i, mark in enumerate(marks)
        ]
    )
    ids = pa.array(sorted(ids.to_pylist()))
    starts = np.linspace(0, int((END - BEGIN).total_seconds()) * 10**6, MONTHS + 1).astype(np.int64)
    epoch, kinds, shares = int(BEGIN.timestamp()) * 10**6, [kind for kind, _, _ in MIX], [share for _, _, share in MIX]
    files, each = [], customers * TOUCHPOINTS_EACH // MONTHS
    for month in range(MONTHS):
        who = np.sort((customers * rng.beta(1, 2.2, each)).astype(np.int32))
        at = epoch + rng.integers(starts[month], starts[month + 1], each)
        order = np.lexsort((at, who))
        kind = rng.choice(len(kinds), each, p=shares).astype(np.int8)
        bought = kind == kinds.index("order_placed")
        amount = np.where(bought, np.round(rng.gamma(2, 60, each), 2), 0.0)
        nothing = ~bought
        given = {
            "customer_id": pa.DictionaryArray.from_arrays(pa.array(who), ids).cast(pa.string()),
            "id": pa.array([f"{month:02x}{n:06x}-0000-7000-8000-000000000000" for n in range(each)]),
            "occurred_at": pa.array(at[order], type=pa.timestamp("us", tz="UTC")),
            "recorded_at": pa.array(at[order], type=pa.timestamp("us", tz="UTC")),
            "kind": pa.DictionaryArray.from_arrays(pa.array(kind), pa.array(kinds)).cast(pa.string()),
            "channel": pa.DictionaryArray.from_arrays(pa.array(kind), pa.array([c for _, c, _ in MIX])).cast(pa.string()),
            "amount_original": pa.array(amount, mask=nothing).cast(pa.decimal128(18, 4)),
            "currency": pa.DictionaryArray.from_arrays(pa.array(bought.astype(np.int8)), pa.array(["", "EUR"])).cast(pa.string()),
            "margin": pa.array(amount * 0.35, mask=nothing),
        }  # fmt: skip
        table = pa.table([given.get(field.name, pa.nulls(each, field.type)) for field in schema], schema=schema)
        path = f"data/touchpoints_{month:02}.parquet"
        pq.write_table(table, folder / path, compression="zstd", row_group_size=122_880)
        files.append(DataFile(path, each, (folder / path).stat().st_size, f"{2024 + month // 12}-{month % 12 + 1:02}"))
    people = pa.table({"customer_id": ids})
    pq.write_table(people, folder / "data/customers.parquet", compression="zstd")
    size = (folder / "data/customers.parquet").stat().st_size
    manifest = Manifest(
        version=1,
        written_at=END,
        currency="EUR",
        newest_occurred_at=END,
        tables={
            "touchpoints": TableState(tuple(files), tuple((c.name, c.type) for c in TOUCHPOINT_COLUMNS)),
            "customers": TableState(
                (DataFile("data/customers.parquet", customers, size),), (("customer_id", ColumnType.TEXT),)
            ),
        },
    )
    (folder / "manifest.json").write_bytes(manifests.encode(manifest))
