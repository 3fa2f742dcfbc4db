"""What records plugs into itself: policies need the condition compiler, which lives above them."""

from __future__ import annotations

from rapport.foundation.records.extension_points import condition_compilers
from rapport.foundation.records.queries.conditions import compile_rule
from rapport.foundation.records.queries.guard import RecordsGuard
from rapport.foundation.workspace.extension_points import guards

condition_compilers.register("orm", compile_rule)
guards.register("records", RecordsGuard())
