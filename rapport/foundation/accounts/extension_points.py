"""What the floors above plug into accounts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rapport.foundation.accounts.types import AccountEvent, Starter
from rapport.foundation.lib.registry import Registry

if TYPE_CHECKING:
    from rapport.foundation.accounts.models import Membership, User, Workspace

founders: Registry[Callable[[Workspace, Membership], None]] = Registry("founder")
"""Called inside a new workspace's schema, in the transaction that makes it: whatever raises here leaves nothing behind."""

starters: Registry[Starter] = Registry("starter")
"""Choices on the page "New workspace", beside starting empty."""

account_watchers: Registry[Callable[[AccountEvent], None]] = Registry("account watcher")
"""Told of sign-ins, failed ones and changes to how a person signs in. Called in the public schema."""

person_watchers: Registry[Callable[[User], None]] = Registry("person watcher")
"""Told when a person's name or e-mail address changed, so that copies can follow. Called in the public schema."""
