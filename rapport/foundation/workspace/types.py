"""Actors and roles: who asks, and what their role lets them see and do. And what upper floors declare to workspaces."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Label = str | _StrPromise
else:
    Label = str


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
    name: Label
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

    @property
    def only_reads(self) -> bool:
        """Whether this is a token without any scope to change something."""
        return self.scopes is not None and not any(
            scope.endswith(":write") or scope.startswith("workspace:") for scope in self.scopes
        )

    def _in_scope(self, action: Action, record_type: str) -> bool:
        scopes = self.scopes or frozenset()
        verb = "read" if action in (Action.READ, Action.EXPORT) else "write"
        return f"{record_type}:{verb}" in scopes or f"*:{verb}" in scopes


SYSTEM = Actor(member_id=None, name="Rapport", role=RolePolicy("system", "Rapport"), is_system=True)


@dataclass(frozen=True)
class TokenGrant:
    """What a bearer token stands for, once it was found good."""

    id: UUID
    name: str
    rate_per_minute: int
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class GuardedField:
    """A field as the roles page shows it."""

    name: str
    label: Label
    group: Label = ""


@dataclass(frozen=True, kw_only=True)
class GuardedType:
    """A record type as the roles page shows it."""

    name: str
    label: Label
    plural: Label
    icon: str = "file"
    fields: tuple[GuardedField, ...] = ()
    has_owner: bool = True  # whether "their own" means anything


@dataclass(frozen=True, kw_only=True)
class AuditAction:
    """How an audit entry reads. The sentence may use {subject} and names of the entry's detail."""

    sentence: Label
    group: Label
    icon: str = "history"


class PreferenceOf(enum.StrEnum):
    """Whose preference it is: one value for the workspace, or one for each member."""

    WORKSPACE = "workspace"
    MEMBER = "member"


@dataclass(frozen=True, kw_only=True)
class Preference:
    """One preference, declared once by the app that reads it. The type is that of the default: bool, int or str."""

    name: str  # "records.rows_per_page"
    label: Label
    default: bool | int | str
    of: PreferenceOf = PreferenceOf.MEMBER
    help: Label = ""
    group: Label = ""
    choices: tuple[tuple[bool | int | str, Label], ...] = ()
    least: int | None = None
    most: int | None = None
    power: Power = Power.MANAGE_WORKSPACE  # needed to change a workspace's preference
    order: int = 100


@dataclass(frozen=True, kw_only=True)
class TokenScope:
    """Something a token may be allowed beside records, such as sending touch points."""

    label: Label
    help: Label = ""
    needs: tuple[Action, str] | Power | None = None  # what the person's role must include
    order: int = 100


@dataclass(frozen=True, kw_only=True)
class HomePanel:
    """A panel of the page Today. `load` answers what the template shows as `panel`, or None to leave the panel out.

    Each panel may run a fixed number of queries, never one for each row.
    """

    template: str
    load: Callable[[Actor], Any]
    needs: tuple[Action, str] | Power | None = None
    aside: bool = False  # in the narrow column
    order: int = 100


@dataclass(frozen=True, kw_only=True)
class FirstStep:
    """One step of setting a workspace up. `is_done` may run one query."""

    label: Label
    help: Label
    icon: str
    url_name: str
    is_done: Callable[[Actor], bool]
    needs: tuple[Action, str] | Power | None = None
    order: int = 100
