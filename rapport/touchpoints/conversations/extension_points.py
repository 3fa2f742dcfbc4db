"""What channels plug into conversations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from rapport.foundation.lib.registry import Registry
from rapport.touchpoints.channels.messages import Adapter

adapters: Registry[Adapter] = Registry("channel adapter")

# One slot, "worker": asks the worker to look at the outbox of the workspace at hand at this time. Services lie below tasks.
wakers: Registry[Callable[[datetime], None]] = Registry("waker of the worker")
