"""ClickHouse's engine without a server, asked what DuckDB is asked: the SQL Ibis writes for ClickHouse, run by chdb.

Held by this: that expressions compile, and mean the same. Not held: the client, and a cluster.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from rapport.stores.warehouse.queries.engine import Engine, clickhouse_select, ibis_schema
from rapport.stores.warehouse.queries.lake import Lake, current_lake
from rapport.stores.warehouse.rules.manifests import Manifest

SETTINGS = "SETTINGS join_use_nulls = 1"  # as the client of Ibis asks


class ChdbEngine(Engine):
    """The tables as MergeTree, filled from the files."""

    def __init__(self, lake: Lake, manifest: Manifest) -> None:
        super().__init__(lake, manifest)
        self._views: dict[str, ibis.Schema] = {}
        from chdb import session

        self._folder = Path(tempfile.mkdtemp(prefix="chdb-"))
        self._session = session.Session(str(self._folder))
        self._session.query("CREATE DATABASE w ENGINE = Atomic")
        for name, state in manifest.tables.items():
            self._session.query(
                f"CREATE TABLE w.{name} ENGINE = MergeTree ORDER BY tuple() AS {clickhouse_select(state, self._paths(name))}"
            )
        self._session.query("USE w")

    def _table(self, name: str) -> ibis.Table:
        if name in self._views:
            return ibis.table(self._views[name], name=name)
        return ibis.table(ibis_schema(self.manifest.tables[name]), name=name)

    def _keep(self, name: str, expression: ibis.Table) -> None:
        self._views[name] = expression.schema()
        sql = ibis.to_sql(expression, dialect="clickhouse")
        self._session.query(f"CREATE VIEW w.{name} AS {sql} {SETTINGS}")

    def run(self, expression: ibis.Expr) -> pa.Table:
        sql = str(ibis.to_sql(expression, dialect="clickhouse"))
        out = self._folder / "answer.parquet"
        out.unlink(missing_ok=True)
        self._session.query(
            f"SELECT * FROM ({sql}) INTO OUTFILE '{out}' FORMAT Parquet {SETTINGS}, output_format_parquet_string_as_string = 1"
        )
        return pq.read_table(out)

    def close(self) -> None:
        self._session.close()
        shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def chdb_engine() -> Iterator[Engine]:
    lake = current_lake()
    manifest = lake.manifest()
    assert manifest is not None
    with ChdbEngine(lake, manifest) as engine:
        yield engine


def values(rows: pa.Table) -> list[tuple[Any, ...]]:
    """The rows as plain values in an order of their own: engines differ in widths and units, not in what they say."""
    names = rows.column_names
    return sorted(
        (tuple(_plain(row[name]) for name in names) for row in rows.to_pylist()),
        key=lambda row: tuple((value is None, str(type(value)), str(value)) for value in row),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, float | int | Decimal):
        return round(float(value), 6)
    if hasattr(value, "tzinfo") and hasattr(value, "hour"):
        return value.replace(tzinfo=None)
    return value
