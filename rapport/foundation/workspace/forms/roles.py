"""Forms about roles: powers, what holds for records in general, and the rules of one record type."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rapport.foundation.ui.forms import offer
from rapport.foundation.workspace.types import (
    Action,
    FieldAccess,
    GuardedType,
    Label,
    Power,
    RecordRules,
    RolePolicy,
    RowRule,
    Rows,
)

ACTIONS: dict[Action, Label] = {
    Action.READ: _("See"),
    Action.CREATE: _("Add"),
    Action.UPDATE: _("Change"),
    Action.DELETE: _("Delete"),
    Action.MERGE: _("Merge"),
    Action.IMPORT: _("Import"),
    Action.EXPORT: _("Export"),
}
WITHOUT_ROWS = (Action.CREATE, Action.IMPORT)  # nobody owns what is not there yet: all or none
POWERS: dict[Power, tuple[Label, Label]] = {
    Power.MANAGE_WORKSPACE: (_("Workspace"), _("Change its settings and erase it.")),
    Power.MANAGE_MEMBERS: (
        _("Members and roles"),
        _("Invite people and decide what they may do, up to what this role may."),
    ),
    Power.MANAGE_FIELDS: (_("Fields"), _("Add and change custom fields and relationship types.")),
    Power.MANAGE_SOURCES: (_("Sources"), _("Connect the web site and other systems, and see everybody's tokens.")),
    Power.SHARE_VIEWS: (_("Shared views"), _("Save views for everyone.")),
    Power.SEE_AUDIT: (_("Audit log"), _("Read who did what.")),
}
ROWS: dict[Rows, Label] = {
    Rows.ALL: _("All"),
    Rows.OWN: _("Their own"),
    Rows.CONDITION: _("Those that match"),
    Rows.NONE: _("None"),
}
ACCESS: dict[FieldAccess, Label] = {
    FieldAccess.WRITE: _("Change"),
    FieldAccess.READ: _("See"),
    FieldAccess.HIDDEN: _("Hidden"),
}
OPERATORS: dict[str, Label] = {
    "is": _("is"),
    "is_not": _("is not"),
    "any_of": _("is one of"),
    "contains": _("contains"),
    "has_any": _("has one of"),
    "more_than": _("is more than"),
    "less_than": _("is less than"),
    "before": _("is before"),
    "after": _("is after"),
    "is_empty": _("is empty"),
    "is_not_empty": _("is not empty"),
}
NO_VALUE = ("is_empty", "is_not_empty")
LISTS = ("any_of", "has_any")
TESTS = 3  # lines of the simple builder


class NewRoleForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80)
    like = forms.ChoiceField(label=_("Begin with what this role may do"))

    def __init__(self, *args: Any, roles: list[RolePolicy], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "like", [(role.key, role.name) for role in roles])


class RoleForm(forms.Form):
    """Name, powers, and what holds for records of every type without rules of its own."""

    name = forms.CharField(label=_("Name"), max_length=80)

    def __init__(self, data: Any, *, role: RolePolicy) -> None:
        initial = {"name": role.name, **{f"power_{power}": power in role.powers for power in Power}}
        super().__init__(data, initial={**initial, **_rows_initial(role.default)})
        for power, (label, help_text) in POWERS.items():
            self.fields[f"power_{power}"] = forms.BooleanField(label=label, help_text=help_text, required=False)
        for action, label in ACTIONS.items():
            self.fields[f"rows_{action}"] = _rows_field(action, label, with_condition=False, with_owner=True)

    @property
    def powers(self) -> frozenset[Power]:
        return frozenset(power for power in Power if self.cleaned_data[f"power_{power}"])

    @property
    def default_rules(self) -> RecordRules:
        actions = {action: RowRule(Rows(self.cleaned_data[f"rows_{action}"])) for action in ACTIONS}
        return RecordRules({action: rule for action, rule in actions.items() if rule.rows is not Rows.NONE})

    def power_fields(self) -> list[forms.BoundField]:
        return [self[f"power_{power}"] for power in POWERS]

    def row_fields(self) -> list[forms.BoundField]:
        return [self[f"rows_{action}"] for action in ACTIONS]


class RecordRulesForm(forms.Form):
    """The rules of one role for one record type: which rows each action reaches, and which fields it may see and change."""

    condition_json = forms.CharField(
        label=_("The condition as JSON"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "class": "r-mono"}),
    )

    def __init__(self, data: Any, *, rules: RecordRules, guarded: GuardedType) -> None:
        condition = next((rule.condition for rule in rules.actions.values() if rule.condition), None)
        tests = _as_tests(condition)
        self.is_simple = condition is None or tests is not None
        initial: dict[str, Any] = _rows_initial(rules)
        initial.update({f"field_{name}": access.value for name, access in rules.fields.items()})
        if condition is not None and tests is None:
            initial["condition_json"] = json.dumps(condition, indent=2, ensure_ascii=False)
        for number, (field, op, value) in enumerate(tests or ()):
            initial.update({f"test_field_{number}": field, f"test_op_{number}": op, f"test_value_{number}": value})
        super().__init__(data, initial=initial)
        self.guarded = guarded
        for action, label in ACTIONS.items():
            self.fields[f"rows_{action}"] = _rows_field(
                action, label, with_condition=True, with_owner=guarded.has_owner
            )
        fields = [("", _("Choose a field")), *((each.name, each.label) for each in guarded.fields)]
        for number in range(TESTS):
            self.fields[f"test_field_{number}"] = forms.ChoiceField(choices=fields, required=False, label=_("Field"))
            self.fields[f"test_op_{number}"] = forms.ChoiceField(
                choices=list(OPERATORS.items()), required=False, label=_("Comparison")
            )
            self.fields[f"test_value_{number}"] = forms.CharField(required=False, max_length=500, label=_("Value"))
        for each in guarded.fields:
            self.fields[f"field_{each.name}"] = forms.ChoiceField(
                label=each.label, choices=[(access.value, label) for access, label in ACCESS.items()]
            )
            self.initial.setdefault(f"field_{each.name}", FieldAccess.WRITE.value)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        self.condition = self._condition(cleaned)
        needs_one = any(cleaned.get(f"rows_{action}") == Rows.CONDITION for action in ACTIONS)
        if needs_one and not self.condition and not self.errors:
            self.add_error(None, gettext("Say which records by a condition, or choose All, Their own or None."))
        return cleaned

    def _condition(self, cleaned: Mapping[str, Any]) -> dict[str, Any] | None:
        tests = [
            _test(cleaned[f"test_field_{number}"], cleaned[f"test_op_{number}"], cleaned[f"test_value_{number}"])
            for number in range(TESTS)
            if cleaned.get(f"test_field_{number}")
        ]
        if tests:
            return {"all": tests}
        written = cleaned.get("condition_json", "").strip()
        if not written:
            return None
        try:
            condition = json.loads(written)
        except (ValueError, RecursionError):  # thousands of open brackets exhaust the decoder
            self.add_error("condition_json", gettext("This is not JSON."))
            return None
        if not isinstance(condition, dict):
            self.add_error("condition_json", gettext("A condition begins with a brace."))
            return None
        return condition

    @property
    def rules(self) -> RecordRules:
        actions: dict[Action, RowRule] = {}
        for action in ACTIONS:
            rows = Rows(self.cleaned_data[f"rows_{action}"])
            if rows is not Rows.NONE:
                actions[action] = RowRule(rows, self.condition if rows is Rows.CONDITION else None)
        fields = {each.name: FieldAccess(self.cleaned_data[f"field_{each.name}"]) for each in self.guarded.fields}
        return RecordRules(
            actions, {name: access for name, access in fields.items() if access is not FieldAccess.WRITE}
        )

    def row_fields(self) -> list[forms.BoundField]:
        return [self[f"rows_{action}"] for action in ACTIONS]

    def tests(self) -> list[tuple[forms.BoundField, forms.BoundField, forms.BoundField]]:
        return [
            (self[f"test_field_{number}"], self[f"test_op_{number}"], self[f"test_value_{number}"])
            for number in range(TESTS)
        ]

    def access_fields(self) -> list[forms.BoundField]:
        return [self[f"field_{each.name}"] for each in self.guarded.fields]


def _rows_field(action: Action, label: Label, *, with_condition: bool, with_owner: bool) -> forms.ChoiceField:
    offered = [Rows.ALL, Rows.NONE] if action in WITHOUT_ROWS else list(ROWS)
    if not with_condition:
        offered = [rows for rows in offered if rows is not Rows.CONDITION]
    if not with_owner:
        offered = [rows for rows in offered if rows is not Rows.OWN]
    return forms.ChoiceField(label=label, choices=[(rows.value, ROWS[rows]) for rows in offered])


def _rows_initial(rules: RecordRules) -> dict[str, Any]:
    nothing = RowRule(Rows.NONE)
    return {f"rows_{action}": rules.actions.get(action, nothing).rows.value for action in ACTIONS}


def _test(field: str, op: str, value: str) -> dict[str, Any]:
    op = op or "is"
    if op in NO_VALUE:
        return {"field": field, "op": op}
    if op in LISTS:
        return {"field": field, "op": op, "value": [part.strip() for part in value.split(",") if part.strip()]}
    truth = {"true": True, "false": False}.get(value.strip().lower())
    return {"field": field, "op": op, "value": value.strip() if truth is None else truth}


def _as_tests(condition: Mapping[str, Any] | None) -> list[tuple[str, str, str]] | None:
    """The lines of the simple builder that make this condition; None when it takes more than that."""
    parts = condition.get("all") if condition else None
    if not isinstance(parts, list) or len(parts) > TESTS:
        return None
    tests: list[tuple[str, str, str]] = []
    for part in parts:
        if not isinstance(part, dict) or part.get("op") not in OPERATORS or "field" not in part:
            return None
        value = part.get("value", "")
        if isinstance(value, list):
            value = ", ".join(str(each) for each in value)
        tests.append((part["field"], part["op"], str(value).lower() if isinstance(value, bool) else str(value)))
    return tests
