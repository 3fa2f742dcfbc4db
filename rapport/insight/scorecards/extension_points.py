"""What fills the scorecard's own needs from above its services."""

from __future__ import annotations

from collections.abc import Callable

from rapport.foundation.lib.registry import Registry

# One slot, "worker": has the scorecard of the current workspace worked out. Services lie below tasks.
scorecard_deferrers: Registry[Callable[[], None]] = Registry("scorecard deferrer")
