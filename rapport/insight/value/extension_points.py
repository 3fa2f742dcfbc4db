"""What other parts of insight plug into the refresh of scores.

after_scores.register("equity", keep_equity)          # in hooks.py

Each is called by the worker, in the workspace's schema and outside any transaction, once the scores of a run are written.
One that fails does not hinder the others: the caller logs it and goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from rapport.foundation.lib.registry import Registry


class ValueThen(NamedTuple):
    """What a customer (surviving id) was worth at some instant, told by the parameters of this run."""

    customer_id: UUID
    lifetime_value: Decimal | None
    p_alive: float | None
    purchases: int  # up to that instant, by what is known now


@dataclass(frozen=True, kw_only=True)
class ScoresWritten:
    """A finished run.

    `model_key` changes exactly when the parameters or the settings of value change: with the same key the same behaviour has the
    same value. `values_at` scores the histories up to an earlier instant with the parameters of this run, for all who had bought by
    then. `totals` are the whole equity under draws of the parameters, where the model has their spread.
    """

    run_id: UUID
    at: datetime
    currency: str
    model_key: str
    values_at: Callable[[datetime], Iterable[ValueThen]] | None = None
    totals: Sequence[Decimal] = ()


after_scores: Registry[Callable[[ScoresWritten], None]] = Registry("listener to scores")

# One slot, "worker": has equity worked out for a saved view; and a study of drivers fitted. Services lie below tasks.
equity_deferrers: Registry[Callable[[UUID], None]] = Registry("equity deferrer")
driver_deferrers: Registry[Callable[[UUID], None]] = Registry("driver deferrer")

# One slot, "worker": has the worker fit and score the current workspace, unless that waits already.
fit_deferrers: Registry[Callable[[], None]] = Registry("fit deferrer")
