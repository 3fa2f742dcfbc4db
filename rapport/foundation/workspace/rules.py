"""The built-in roles, custom roles to and from JSON, and which role includes which."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from rapport.foundation.workspace.types import Action, FieldAccess, Label, Power, RecordRules, RolePolicy, RowRule, Rows

_POWERS, _ACTIONS, _ROWS, _ACCESS = ({member.value for member in words} for words in (Power, Action, Rows, FieldAccess))

_EVERYTHING = {action: RowRule(Rows.ALL) for action in Action}
_READ = {Action.READ: RowRule(Rows.ALL)}
_WORK: dict[Action, RowRule] = {
    action: RowRule(Rows.ALL) for action in Action if action not in (Action.DELETE, Action.IMPORT, Action.EXPORT)
}

BUILT_IN: dict[str, RolePolicy] = {
    "owner": RolePolicy("owner", _("Owner"), frozenset(Power), RecordRules(_EVERYTHING)),
    "manager": RolePolicy(
        "manager", _("Manager"), frozenset(Power) - {Power.MANAGE_WORKSPACE}, RecordRules(_EVERYTHING)
    ),
    "member": RolePolicy(
        "member",
        _("Member"),
        frozenset({Power.SHARE_VIEWS}),
        RecordRules({**_WORK, Action.DELETE: RowRule(Rows.OWN), Action.EXPORT: RowRule(Rows.OWN)}),
    ),
    "read_only": RolePolicy("read_only", _("Read-only"), frozenset(), RecordRules(_READ)),
}


def policy_from_json(key: str, name: Label, data: Mapping[str, Any]) -> RolePolicy:
    """A custom role from its stored form. Unknown words are left out, so that an old row never widens a role."""
    return RolePolicy(
        key,
        name,
        frozenset(Power(p) for p in data.get("powers", ()) if p in _POWERS),
        _rules_from_json(data.get("default", {})),
        {record_type: _rules_from_json(rules) for record_type, rules in data.get("records", {}).items()},
    )


def policy_to_json(policy: RolePolicy) -> dict[str, Any]:
    return {
        "powers": sorted(policy.powers),
        "default": _rules_to_json(policy.default),
        "records": {record_type: _rules_to_json(rules) for record_type, rules in policy.records.items()},
    }


def _rules_from_json(data: Mapping[str, Any]) -> RecordRules:
    actions = {
        Action(action): RowRule(Rows(rule["rows"]), rule.get("condition"))
        for action, rule in data.get("actions", {}).items()
        if action in _ACTIONS and _is_whole(rule)
    }
    fields = {
        name: FieldAccess(access) if access in _ACCESS else FieldAccess.HIDDEN
        for name, access in data.get("fields", {}).items()
    }
    return RecordRules(actions, fields)


def _is_whole(rule: Mapping[str, Any]) -> bool:
    """A rule by condition without its condition would reach every row."""
    rows = rule.get("rows", "none")
    return rows in _ROWS and (rows != Rows.CONDITION or bool(rule.get("condition")))


def _rules_to_json(rules: RecordRules) -> dict[str, Any]:
    return {
        "actions": {
            action: {"rows": rule.rows, **({"condition": rule.condition} if rule.condition else {})}
            for action, rule in rules.actions.items()
        },
        "fields": dict(rules.fields),
    }


# Which role includes which

_FIELD_RANK = {FieldAccess.HIDDEN: 0, FieldAccess.READ: 1, FieldAccess.WRITE: 2}
OTHER_TYPES = ""  # stands for every record type that neither role names


def covers(own: RolePolicy, other: RolePolicy) -> bool:
    """Whether `own` allows everything that `other` allows. Where two conditions differ the answer is no."""
    if not other.powers <= own.powers:
        return False
    names = {OTHER_TYPES, *own.records, *other.records}
    return all(_rules_cover(own.rules(name), other.rules(name)) for name in names)


def _rules_cover(own: RecordRules, other: RecordRules) -> bool:
    nothing = RowRule(Rows.NONE)
    rows = all(_rows_cover(own.actions.get(action, nothing), wanted) for action, wanted in other.actions.items())
    fields = all(
        _FIELD_RANK[other.fields.get(name, FieldAccess.WRITE)] <= _FIELD_RANK[access]
        for name, access in own.fields.items()
    )
    return rows and (fields or not _any_rows(other))


def _rows_cover(own: RowRule, other: RowRule) -> bool:
    if other.rows is Rows.NONE or own.rows is Rows.ALL:
        return True
    return own.rows is other.rows and own.condition == other.condition


def _any_rows(rules: RecordRules) -> bool:
    return any(rule.rows is not Rows.NONE for rule in rules.actions.values())


# Members


def leaves_an_owner(owners: Collection[UUID], leaving: UUID) -> bool:
    """Whether somebody who can sign in still owns the workspace after this one does not."""
    return bool(set(owners) - {leaving})


def role_key(name: str, taken: Collection[str]) -> str:
    """A key for a custom role, different from those taken: "Inside sales" gives "inside_sales"."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:34] or "role"
    if base not in taken:
        return base
    return next(key for number in range(2, len(taken) + 3) if (key := f"{base}_{number}") not in taken)
