"""What other apps plug into the warehouse: tables of theirs, marts that are held equal on every engine, the margin rate."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rapport.foundation.lib.registry import Registry
from rapport.stores.warehouse.types import Source

if TYPE_CHECKING:
    from rapport.stores.warehouse.queries.engine import Engine

warehouse_sources: Registry[Source] = Registry("warehouse source")  # by the name of the table

# Ibis tables by the engine they are asked of. The ordinary suite runs each on DuckDB and on ClickHouse's engine, the target
# `spark` on a Spark cluster, and compares the rows; so no order of rows, and a tie-breaker in every window.
marts: Registry[Callable[[Engine], Any]] = Registry("mart")

# One slot, "insight": the share of an amount that is margin where nothing better is known.
margin_rates: Registry[Callable[[], float]] = Registry("margin rate")
ASSUMED_MARGIN_RATE = 0.35

# One slot, "worker": hands the writing of the current workspace to the worker, with True from nothing. Services lie below
# tasks.
write_deferrers: Registry[Callable[[bool], None]] = Registry("write deferrer")
