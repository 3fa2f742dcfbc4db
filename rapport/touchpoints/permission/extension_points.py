"""What other apps plug into permission: purposes and channels. A workspace adds purposes of its own in its settings."""

from __future__ import annotations

from rapport.foundation.lib.registry import Registry
from rapport.touchpoints.permission.types import Channel, Purpose

purposes: Registry[Purpose] = Registry("purpose")
channels: Registry[Channel] = Registry("channel of permission")
