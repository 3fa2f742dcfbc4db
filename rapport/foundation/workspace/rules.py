"""The built-in roles, and custom roles to and from JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rapport.foundation.workspace.types import Action, FieldAccess, Power, RecordRules, RolePolicy, RowRule, Rows

_POWERS, _ACTIONS, _ROWS, _ACCESS = ({member.value for member in words} for words in (Power, Action, Rows, FieldAccess))

_EVERYTHING = {action: RowRule(Rows.ALL) for action in Action}
_READ = {Action.READ: RowRule(Rows.ALL)}
_WORK = {action: RowRule(Rows.ALL) for action in Action if action not in (Action.DELETE, Action.IMPORT, Action.EXPORT)}

BUILT_IN: dict[str, RolePolicy] = {
    "owner": RolePolicy("owner", "Owner", frozenset(Power), RecordRules(_EVERYTHING)),
    "manager": RolePolicy("manager", "Manager", frozenset(Power) - {Power.MANAGE_WORKSPACE}, RecordRules(_EVERYTHING)),
    "member": RolePolicy(
        "member",
        "Member",
        frozenset({Power.SHARE_VIEWS}),
        RecordRules({**_WORK, Action.DELETE: RowRule(Rows.OWN), Action.EXPORT: RowRule(Rows.OWN)}),
    ),
    "read_only": RolePolicy("read_only", "Read-only", frozenset(), RecordRules(_READ)),
}


def policy_from_json(key: str, name: str, data: Mapping[str, Any]) -> RolePolicy:
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
        Action(action): RowRule(Rows(rule.get("rows", "none")), rule.get("condition"))
        for action, rule in data.get("actions", {}).items()
        if action in _ACTIONS and rule.get("rows", "none") in _ROWS
    }
    fields = {name: FieldAccess(access) for name, access in data.get("fields", {}).items() if access in _ACCESS}
    return RecordRules(actions, fields)


def _rules_to_json(rules: RecordRules) -> dict[str, Any]:
    return {
        "actions": {
            action: {"rows": rule.rows, **({"condition": rule.condition} if rule.condition else {})}
            for action, rule in rules.actions.items()
        },
        "fields": dict(rules.fields),
    }
