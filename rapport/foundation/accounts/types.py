"""Words that accounts shares with the floors above."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from rapport.foundation.accounts.models import Workspace

    Label = str | _StrPromise
else:
    Label = str


class AccountAct(enum.StrEnum):
    """What happened to a person's account. Each of their workspaces writes it into its audit log."""

    SIGNED_IN = "account.signed_in"
    SIGN_IN_FAILED = "account.sign_in_failed"
    SIGNED_OUT = "account.signed_out"
    PASSWORD_CHANGED = "account.password_changed"  # noqa: S105 - the name of an act
    PASSWORD_RESET = "account.password_reset"  # noqa: S105 - the name of an act
    EMAIL_CHANGED = "account.email_changed"
    SECOND_STEP_ADDED = "account.second_step_added"
    SECOND_STEP_REMOVED = "account.second_step_removed"
    RECOVERY_CODES_MADE = "account.recovery_codes_made"
    SESSIONS_ENDED = "account.sessions_ended"


@dataclass(frozen=True)
class AccountEvent:
    """One act on one account, with what is worth keeping of it: the address it came from, the kind of second step."""

    act: AccountAct
    user_id: UUID
    name: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Starter:
    """A way to begin a new workspace, such as with demo data. `begin` may take its time: it should queue a job."""

    label: Label
    help: Label
    begin: Callable[[Workspace, UUID], None]  # the new workspace and the id of its owner
    order: int = 100
