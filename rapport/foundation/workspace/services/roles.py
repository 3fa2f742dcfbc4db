"""Custom roles. The built-in ones can't be changed, so that everybody knows what "Member" means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext

from rapport.foundation.accounts.models import Invitation, Workspace
from rapport.foundation.lib import clock
from rapport.foundation.workspace import policies, rules
from rapport.foundation.workspace.errors import Invalid, NotFound
from rapport.foundation.workspace.extension_points import guards
from rapport.foundation.workspace.models import Member, Role
from rapport.foundation.workspace.queries.members import role_policy
from rapport.foundation.workspace.services import audit
from rapport.foundation.workspace.types import Actor, Power, RecordRules, RolePolicy, Rows

AT_MOST = 50


@transaction.atomic
def create_role(*, actor: Actor, name: str, like: str) -> RolePolicy:
    """A new role that allows what another one does, to be changed from there. Errors: NotAllowed, Invalid."""
    policies.require(actor, Power.MANAGE_MEMBERS)
    model = role_policy(like)
    if model is None:
        raise Invalid({"like": gettext("There is no such role.")})
    policies.require_may_hand_on(actor, model)
    taken = list(Role.objects.select_for_update().values_list("key", "name"))
    if len(taken) >= AT_MOST:
        raise Invalid({"name": gettext("There are fifty roles already. Remove one that nobody has.")})
    _refuse_taken(name, {other for _key, other in taken})
    key = rules.role_key(
        name, {"new", *rules.BUILT_IN, *(key for key, _name in taken)}
    )  # "new" is the address of a page
    role = Role.objects.create(key=key, name=name, policy=rules.policy_to_json(model))
    audit.record("role.created", actor=actor, subject=name, subject_type="role", subject_id=key, like=like)
    return rules.policy_from_json(key, name, role.policy)


@transaction.atomic
def update_role(*, actor: Actor, key: str, name: str, powers: frozenset[Power], default: RecordRules) -> None:
    """Change a role's name, powers and what holds for records in general. Errors: NotAllowed, NotFound, Invalid."""
    role, before = _locked(actor, key)
    _refuse_taken(name, set(Role.objects.exclude(key=key).values_list("name", flat=True)))
    _save(actor, role, before, RolePolicy(key, name, powers, default, before.records))


@transaction.atomic
def update_record_rules(*, actor: Actor, key: str, record_type: str, wanted: RecordRules | None) -> None:
    """Set what a role may do with one record type; None returns it to what holds in general.

    Errors: NotAllowed, NotFound, Invalid when a condition can't be used.
    """
    role, before = _locked(actor, key)
    if wanted is not None:
        for rule in wanted.actions.values():
            if rule.rows is Rows.CONDITION:
                _refuse_bad_condition(record_type, rule.condition or {})
    records = {name: each for name, each in before.records.items() if name != record_type}
    if wanted is not None:
        records[record_type] = wanted
    _save(actor, role, before, RolePolicy(key, role.name, before.powers, before.default, records))


@transaction.atomic
def delete_role(*, actor: Actor, key: str, workspace: Workspace) -> None:
    """Errors: NotAllowed, NotFound, Invalid while somebody has the role or is invited to it."""
    role, _before = _locked(actor, key)
    if Member.objects.filter(role_key=key).exists():
        raise Invalid({"role": gettext("Somebody has this role. Give them another one first.")})
    if Invitation.objects.open(clock.now()).filter(workspace=workspace, role_key=key).exists():
        raise Invalid({"role": gettext("Somebody is invited to this role. Take the invitation back first.")})
    role.delete()
    audit.record("role.deleted", actor=actor, subject=role.name, subject_type="role", subject_id=key)


def _locked(actor: Actor, key: str) -> tuple[Role, RolePolicy]:
    policies.require(actor, Power.MANAGE_MEMBERS)
    role = Role.objects.select_for_update().filter(key=key).first()
    if role is None:
        raise NotFound
    before = rules.policy_from_json(role.key, role.name, role.policy)
    policies.require_may_hand_on(actor, before)
    return role, before


def _save(actor: Actor, role: Role, before: RolePolicy, after: RolePolicy) -> None:
    policies.require_may_hand_on(actor, after)
    was, becomes = rules.policy_to_json(before), rules.policy_to_json(after)
    if was == becomes and role.name == after.name:
        return
    role.name, role.policy = str(after.name), becomes
    role.save(update_fields=["name", "policy"])
    audit.record(
        "role.changed",
        actor=actor,
        subject=role.name,
        subject_type="role",
        subject_id=role.key,
        before=was,
        after=becomes,
    )


def _refuse_taken(name: str, others: set[str]) -> None:
    built_in = {str(policy.name).casefold() for policy in rules.BUILT_IN.values()}
    if name.casefold() in built_in | {other.casefold() for other in others}:
        raise Invalid({"name": gettext("There is a role of this name already.")})


def _refuse_bad_condition(record_type: str, condition: Mapping[str, Any]) -> None:
    problems = [problem for guard in guards.values() for problem in guard.problems(record_type, condition)]
    if not condition:
        problems = [gettext("Say which records by a condition.")]
    if problems:
        raise Invalid({"condition": " ".join(problems)})
