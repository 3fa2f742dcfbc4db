"""One slot: hands work to the worker. Services lie below tasks."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from rapport.foundation.lib.registry import Registry

# "answer" and "set" take the id of a row, "patterns" that of a run.
deferrers: Registry[Callable[[UUID], None]] = Registry("deferrer of mining")
