"""Roles: what they allow, for the workspace and for each type of record."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from rapport.foundation.accounts.views.answers import see_other
from rapport.foundation.workspace import policies
from rapport.foundation.workspace.errors import Invalid, NotAllowed
from rapport.foundation.workspace.forms.problems import add_problems
from rapport.foundation.workspace.forms.roles import (
    ACCESS,
    ACTIONS,
    POWERS,
    ROWS,
    NewRoleForm,
    RecordRulesForm,
    RoleForm,
)
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.queries.members import roles_to_hand_on
from rapport.foundation.workspace.queries.roles import (
    guarded_type,
    guarded_types,
    may_change_role,
    role,
    role_rows,
    sentence_of,
)
from rapport.foundation.workspace.services import roles
from rapport.foundation.workspace.types import GuardedType, Power, RecordRules, RolePolicy, Rows


@require_safe
def role_list(request: WorkspaceRequest) -> HttpResponse:
    return render(request, "workspace/roles/list.html", {"roles": role_rows(actor=request.actor)})


@require_http_methods(["GET", "POST"])
def new_role(request: WorkspaceRequest) -> HttpResponse:
    policies.require(request.actor, Power.MANAGE_MEMBERS)
    offered = roles_to_hand_on(actor=request.actor)
    form = NewRoleForm(request.POST if request.method == "POST" else None, roles=offered, initial={"like": "member"})
    if form.is_valid():
        try:
            made = roles.create_role(actor=request.actor, **form.cleaned_data)
        except Invalid as error:
            add_problems(form, error)
        else:
            return see_other(reverse("workspace:role", args=[made.key]))
    return render(request, "workspace/roles/new.html", {"form": form}, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def role_detail(request: WorkspaceRequest, key: str) -> HttpResponse:
    policy = role(key, actor=request.actor)
    if not may_change_role(policy, actor=request.actor):
        return _read_only(request, policy)
    form = RoleForm(request.POST if request.method == "POST" else None, role=policy)
    if form.is_valid():
        try:
            roles.update_role(
                actor=request.actor,
                key=key,
                name=form.cleaned_data["name"],
                powers=form.powers,
                default=RecordRules(form.default_rules.actions, policy.default.fields),
            )
        except Invalid as error:
            add_problems(form, error)
        except NotAllowed as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, gettext("The role is saved."))
            return see_other(reverse("workspace:role", args=[key]))
    context = {"role": policy, "form": form, "types": _summaries(request, policy)}
    return render(request, "workspace/roles/detail.html", context, status=422 if form.is_bound else 200)


def _read_only(request: WorkspaceRequest, policy: RolePolicy) -> HttpResponse:
    """What a role allows, for those who may not change it: nobody may, when it is built in."""
    if request.method == "POST":
        raise NotAllowed
    context = {
        "role": policy,
        "powers": [(label, help_text, power in policy.powers) for power, (label, help_text) in POWERS.items()],
        "general": _actions_in_words(policy.default),
        "types": _summaries(request, policy),
    }
    return render(request, "workspace/roles/read.html", context)


@require_http_methods(["GET", "POST"])
def record_rules(request: WorkspaceRequest, key: str, record_type: str) -> HttpResponse:
    policy = role(key, actor=request.actor)
    if not may_change_role(policy, actor=request.actor):
        raise NotAllowed
    guarded = guarded_type(record_type, actor=request.actor)
    data = request.POST if request.method == "POST" else None
    form = RecordRulesForm(data, rules=policy.rules(record_type), guarded=guarded)
    if form.is_valid():
        try:
            roles.update_record_rules(actor=request.actor, key=key, record_type=record_type, wanted=form.rules)
        except Invalid as error:
            form.add_error(None, " ".join(error.problems.values()))
        except NotAllowed as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, gettext("The rules are saved."))
            return see_other(reverse("workspace:role", args=[key]))
    context = {
        "role": policy,
        "type": guarded,
        "form": form,
        "has_own_rules": record_type in policy.records,
        "sentence": _condition_in_words(record_type, policy.rules(record_type)),
    }
    return render(request, "workspace/roles/records.html", context, status=422 if form.is_bound else 200)


@require_POST
def drop_record_rules(request: WorkspaceRequest, key: str, record_type: str) -> HttpResponse:
    roles.update_record_rules(actor=request.actor, key=key, record_type=record_type, wanted=None)
    messages.success(request, gettext("The role follows its general rules here again."))
    return see_other(reverse("workspace:role", args=[key]))


@require_POST
def delete_role(request: WorkspaceRequest, key: str) -> HttpResponse:
    try:
        roles.delete_role(actor=request.actor, key=key, workspace=request.workspace)
    except Invalid as error:
        messages.error(request, " ".join(error.problems.values()))
        return see_other(reverse("workspace:role", args=[key]))
    messages.success(request, gettext("The role is removed."))
    return see_other(reverse("workspace:roles"))


def _summaries(request: WorkspaceRequest, policy: RolePolicy) -> list[dict[str, object]]:
    return [_summary(policy, each) for each in guarded_types(actor=request.actor)]


def _summary(policy: RolePolicy, guarded: GuardedType) -> dict[str, object]:
    rules = policy.rules(guarded.name)
    labels = {each.name: each.label for each in guarded.fields}
    return {
        "type": guarded,
        "has_own_rules": guarded.name in policy.records,
        "actions": _actions_in_words(rules),
        "condition": _condition_in_words(guarded.name, rules),
        "fields": [(labels[name], ACCESS[access]) for name, access in rules.fields.items() if name in labels],
    }


def _actions_in_words(rules: RecordRules) -> list[tuple[object, object, bool]]:
    """Each action with the rows it reaches, and whether it reaches any."""
    return [
        (label, ROWS[rule.rows] if (rule := rules.actions.get(action)) else ROWS[Rows.NONE], action in rules.actions)
        for action, label in ACTIONS.items()
    ]


def _condition_in_words(record_type: str, rules: RecordRules) -> str:
    condition = next((rule.condition for rule in rules.actions.values() if rule.condition), None)
    return sentence_of(record_type, condition)
