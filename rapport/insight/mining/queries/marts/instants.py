"""Whole seconds, the same on every engine: a plain cast rounds on one and cuts off on the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ibis.expr.types import IntegerValue, TimestampValue

DAY = 86_400


def seconds(at: TimestampValue) -> IntegerValue:
    """Whole seconds since 1970."""
    return at.epoch_seconds().cast("float64").floor().cast("int64")
