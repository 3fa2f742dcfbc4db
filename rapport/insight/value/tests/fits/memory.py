"""An engine without files: tables in memory, asked by the same expressions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import duckdb
import ibis
import pyarrow as pa

TOUCHPOINTS = pa.schema(
    [
        ("id", pa.string()),
        ("customer_id", pa.string()),
        ("occurred_at", pa.timestamp("us", tz="UTC")),
        ("kind", pa.string()),
        ("channel", pa.string()),
        ("campaign", pa.string()),
        ("order_number", pa.string()),
        ("amount", pa.float64()),
        ("amount_original", pa.float64()),
        ("currency", pa.string()),
        ("margin", pa.float64()),
    ]
)


class MemoryEngine:
    def __init__(self, touchpoints: Iterable[Mapping[str, Any]], customers: Iterable[str]) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'")
        rows = [self._row(number, each) for number, each in enumerate(touchpoints)]
        self.connection.register("touchpoints", pa.Table.from_pylist(rows, TOUCHPOINTS))
        self.connection.register("customers", pa.table({"customer_id": pa.array(list(customers), pa.string())}))
        self.backend = ibis.duckdb.from_connection(self.connection)
        self.freshness = SimpleNamespace(waiting=0)

    @staticmethod
    def _row(number: int, each: Mapping[str, Any]) -> dict[str, Any]:
        row: dict[str, Any] = {
            "id": str(number), "kind": "order_placed", "channel": "shop", "campaign": None, "order_number": None,
            "amount": 10.0, "currency": "EUR", "margin": None,
        }  # fmt: skip
        row |= each
        if isinstance(row["occurred_at"], date) and not isinstance(row["occurred_at"], datetime):
            row["occurred_at"] = datetime.combine(row["occurred_at"], datetime.min.time(), UTC)
        return {"amount_original": row["amount"]} | row

    def table(self, name: str) -> Any:
        return self.backend.table(name)

    def run(self, expression: Any) -> Any:
        return self.backend.to_pyarrow(expression)

    def close(self) -> None:
        self.connection.close()

    def __enter__(self) -> MemoryEngine:
        return self

    def __exit__(self, *_: object) -> None:
        pass
