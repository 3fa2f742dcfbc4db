"""Actors and roles: who asks, and what their role lets them see and do."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID


class Action(enum.StrEnum):
    """What can be done with records of one type."""

    READ = "read"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    IMPORT = "import"
    EXPORT = "export"
    MERGE = "merge"


class Rows(enum.StrEnum):
    """Which rows an action reaches."""

    ALL = "all"
    OWN = "own"
    CONDITION = "condition"  # those matching the rule's condition
    NONE = "none"


class FieldAccess(enum.StrEnum):
    WRITE = "write"
    READ = "read"
    HIDDEN = "hidden"


class Power(enum.StrEnum):
    """What can be done with the workspace itself."""

    MANAGE_WORKSPACE = "manage_workspace"
    MANAGE_MEMBERS = "manage_members"
    MANAGE_FIELDS = "manage_fields"
    MANAGE_SOURCES = "manage_sources"  # tokens of sources, beacon, connectors
    SHARE_VIEWS = "share_views"
    SEE_AUDIT = "see_audit"


@dataclass(frozen=True)
class RowRule:
    rows: Rows = Rows.ALL
    condition: Mapping[str, Any] | None = None  # condition JSON, for Rows.CONDITION


@dataclass(frozen=True)
class RecordRules:
    """A role's rules for one record type."""

    actions: Mapping[Action, RowRule] = field(default_factory=dict)
    fields: Mapping[str, FieldAccess] = field(default_factory=dict)


@dataclass(frozen=True)
class RolePolicy:
    """What a role may do. `default` holds for record types that have no rules of their own."""

    key: str
    name: str
    powers: frozenset[Power] = frozenset()
    default: RecordRules = RecordRules()
    records: Mapping[str, RecordRules] = field(default_factory=dict)

    def rules(self, record_type: str) -> RecordRules:
        return self.records.get(record_type, self.default)


@dataclass(frozen=True)
class Actor:
    """Who acts. `scopes` narrows a token: None means everything the role allows."""

    member_id: UUID | None
    name: str
    role: RolePolicy
    scopes: frozenset[str] | None = None  # such as "customer:read"
    is_system: bool = False
    timezone: str = "UTC"
    language: str = "en"

    def row_rule(self, action: Action, record_type: str) -> RowRule:
        """Which rows of the type this actor reaches with the action."""
        if self.is_system:
            return RowRule(Rows.ALL)
        if self.scopes is not None and not self._in_scope(action, record_type):
            return RowRule(Rows.NONE)
        return self.role.rules(record_type).actions.get(action, RowRule(Rows.NONE))

    def may(self, action: Action, record_type: str) -> bool:
        """Whether the action is possible on at least some rows of the type."""
        return self.row_rule(action, record_type).rows is not Rows.NONE

    def field_access(self, record_type: str, name: str) -> FieldAccess:
        if self.is_system:
            return FieldAccess.WRITE
        return self.role.rules(record_type).fields.get(name, FieldAccess.WRITE)

    def has(self, power: Power) -> bool:
        if self.is_system:
            return True
        if self.scopes is not None and f"workspace:{power}" not in self.scopes:
            return False
        return power in self.role.powers

    def _in_scope(self, action: Action, record_type: str) -> bool:
        scopes = self.scopes or frozenset()
        verb = "read" if action in (Action.READ, Action.EXPORT) else "write"
        return f"{record_type}:{verb}" in scopes or f"*:{verb}" in scopes


SYSTEM = Actor(member_id=None, name="Rapport", role=RolePolicy("system", "Rapport"), is_system=True)
