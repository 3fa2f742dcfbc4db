"""The columns of touch points, and how names of properties become names of columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import blake2b

from rapport.stores.warehouse.types import Column, ColumnType

MOST_PROPERTIES = 60
_PLAIN = re.compile(r"[a-z][a-z0-9_]{0,40}\Z", re.ASCII)

TEXT, NUMBER, INSTANT = ColumnType.TEXT, ColumnType.NUMBER, ColumnType.INSTANT
TOUCHPOINT_COLUMNS = (
    Column("customer_id"),
    Column("id"),
    Column("occurred_at", INSTANT),
    Column("recorded_at", INSTANT),
    Column("channel"),
    Column("kind"),
    Column("direction"),
    Column("source"),
    Column("source_id"),
    Column("subject"),
    Column("amount_original", ColumnType.DECIMAL),
    Column("currency"),
    Column("net", NUMBER),
    Column("margin", NUMBER),
    Column("campaign"),
    Column("url"),
    Column("referrer"),
    Column("product"),
    Column("quantity", NUMBER),
    Column("order_number"),
    Column("batch_id"),
)
# Properties that are a column of that very name already, as they were told.
SAME = ("url", "referrer", "product")


def with_new_properties(known: Mapping[str, str], told: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """The columns of properties with those told now, and which of these had no room any longer."""
    columns = dict(known)
    left_out = []
    for name in sorted(told):
        if name in columns or name in SAME:
            continue
        if len(columns) < MOST_PROPERTIES:
            columns[name] = column_of(name)
        else:
            left_out.append(name)
    return columns, left_out


def column_of(name: str) -> str:
    """`p_` and the name, or a digest of a name that could not be a column everywhere."""
    if _PLAIN.match(name):
        return f"p_{name}"
    return f"p_{blake2b(name.encode(), digest_size=8).hexdigest()}"


def touchpoint_columns(properties: Mapping[str, str]) -> tuple[Column, ...]:
    return (*TOUCHPOINT_COLUMNS, *(Column(column) for column in properties.values()))
