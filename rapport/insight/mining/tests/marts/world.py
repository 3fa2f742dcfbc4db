"""Small warehouses in memory, asked in both dialects: DuckDB's, and ClickHouse's through its engine as a package."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)  # a Monday
TOUCHPOINTS = pa.schema(
    [
        ("customer_id", pa.string()),
        ("occurred_at", pa.timestamp("us", tz="UTC")),
        ("kind", pa.string()),
        ("channel", pa.string()),
        ("subject", pa.string()),
        ("amount", pa.float64()),
        ("margin", pa.float64()),
    ]
)
LINES = pa.schema([(name, pa.string()) for name in ("order_id", "customer_id", "sku", "name", "category")])


def touch(
    customer: str, day: float, kind: str, channel: str = "web", amount: float | None = None, subject: str = ""
) -> dict[str, Any]:
    at = BEGIN + timedelta(days=day)
    return {
        "customer_id": customer, "occurred_at": at, "kind": kind, "channel": channel, "subject": subject or None,
        "amount": amount, "margin": None if amount is None else amount / 2,
    }  # fmt: skip


def table(rows: Iterable[Mapping[str, Any]], schema: pa.Schema = TOUCHPOINTS) -> ibis.Table:
    return ibis.memtable(pa.Table.from_pylist(list(rows), schema=schema))


def answers(expression: ibis.Table, table: ibis.Table, folder: Path) -> list[dict[str, Any]]:
    """The rows of an expression over one table in memory, the same from both engines (a test fails where they differ)."""
    rows = duckdb().to_pyarrow(expression).to_pylist()
    other = clickhouse_rows(expression, table, folder)
    assert sorted(map(_plain, other)) == sorted(_plain(list(row.values())) for row in rows)
    return rows


@cache
def duckdb() -> Any:
    connection = ibis.duckdb.connect()
    connection.raw_sql("set timezone = 'UTC'")
    connection.raw_sql("set threads = 1")
    return connection


def clickhouse_rows(expression: ibis.Table, table: ibis.Table, folder: Path) -> list[list[Any]]:
    """The same expression with the table in memory swapped for one of ClickHouse."""
    name = f"t_{uuid.uuid4().hex}"
    path = folder / f"{name}.parquet"
    pq.write_table(table.op().data.to_pyarrow(table.schema()), path)
    from chdb.session import Session

    # One at a time in a process, and other tests open theirs.
    session = Session(str(folder / f"clickhouse_{name}"))
    session.query("create database mining engine = Atomic")
    session.query("use mining")
    session.query("set join_use_nulls = 1")
    session.query(f"create table {name} engine = MergeTree order by tuple() as select * from file('{path}', Parquet)")
    swapped = expression.op().replace({table.op(): ibis.table(table.schema(), name=name).op()}).to_expr()
    sql = ibis.to_sql(swapped, dialect="clickhouse")
    answer: Sequence[Sequence[Any]] = json.loads(str(session.query(sql, "JSONCompact")))["data"]
    session.close()
    return [list(row) for row in answer]


def _plain(row: Sequence[Any]) -> str:
    return json.dumps([_value(value) for value in row])


def _value(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(value, bool) or value is None:
        return str(value)
    try:
        return f"{float(value):.6f}"
    except ValueError:
        return str(value)
