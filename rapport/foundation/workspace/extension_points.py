"""What the floors above plug into workspaces. Filled in each app's hooks.py.

preferences.register("records.rows_per_page", Preference(name="records.rows_per_page", label=_("Rows on a page"), …))
home_panels.register("ledger.latest", HomePanel(template="ledger/touchpoints/home.html", load=latest, order=10, …))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from rapport.foundation.accounts.extension_points import starters
from rapport.foundation.lib.registry import Registry
from rapport.foundation.workspace.types import (
    Actor,
    AuditAction,
    FirstStep,
    GuardedType,
    HomePanel,
    Preference,
    TokenScope,
)


class Guard(Protocol):
    """What the roles page asks about record types. Records fills the one slot, "records"."""

    def types(self, actor: Actor) -> Sequence[GuardedType]:
        """Every record type with its fields, a workspace's own fields included. One query or none."""

    def problems(self, record_type: str, condition: Mapping[str, Any]) -> Sequence[str]:
        """What is wrong with a condition, in sentences; nothing when it can be used."""

    def sentence(self, record_type: str, condition: Mapping[str, Any]) -> str:
        """The condition as people say it."""


guards: Registry[Guard] = Registry("guard of records")

audit_actions: Registry[AuditAction] = Registry("audit action")

preferences: Registry[Preference] = Registry("preference")

token_scopes: Registry[TokenScope] = Registry("token scope")
"""Scopes beside reading and writing of each record type."""

home_panels: Registry[HomePanel] = Registry("home panel")

first_steps: Registry[FirstStep] = Registry("first step")
"""What a new workspace is led through, until each is done."""


@dataclass(frozen=True)
class BroughtAlong:
    """One value that nearly every page needs: read with the member, so that no page asks for it by itself."""

    sql: str  # an expression of its own, such as "(select count(*) from …)"
    take: Callable[[Any], object]  # keeps it for the visit


brought_along: Registry[BroughtAlong] = Registry("value brought along")

before_erasing: Registry[Callable[[Any], None]] = Registry("step before erasing")
"""Told of a workspace that is about to be erased, to give back what lies outside its schema."""

__all__ = [
    "BroughtAlong",
    "Guard",
    "audit_actions",
    "before_erasing",
    "brought_along",
    "first_steps",
    "guards",
    "home_panels",
    "preferences",
    "starters",
    "token_scopes",
]
