"""What workspaces plug into accounts, and their own words for the audit log and the first steps."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django_tenants.utils import schema_context

from rapport.foundation.accounts.extension_points import account_watchers, founders, person_watchers
from rapport.foundation.accounts.queries.workspaces import seats_of
from rapport.foundation.accounts.types import AccountEvent
from rapport.foundation.workspace.extension_points import audit_actions, first_steps
from rapport.foundation.workspace.queries.members import has_colleagues
from rapport.foundation.workspace.services import audit, members
from rapport.foundation.workspace.types import Actor, AuditAction, FirstStep, Power, RolePolicy


def write_account_event(event: AccountEvent) -> None:
    """A person's sign-ins concern every workspace they can enter."""
    for schema_name, membership_id in seats_of(event.user_id):
        with schema_context(schema_name):
            person = Actor(member_id=membership_id, name=event.name, role=RolePolicy("person", ""))
            audit.record(event.act, actor=person, subject_type="account", subject_id=event.user_id, **event.detail)


founders.register("workspace.owner", members.seat_owner)
account_watchers.register("workspace.audit", write_account_event)
person_watchers.register("workspace.members", members.follow_person)

first_steps.register(
    "workspace.invite",
    FirstStep(
        label=_("Invite your colleagues"),
        help=_("Everyone works from the same customers. You decide what each of them may see and do."),
        icon="user-plus",
        url_name="workspace:invite",
        is_done=has_colleagues,
        needs=Power.MANAGE_MEMBERS,
        order=90,
    ),
)

_SIGN_IN, _MEMBERS, _ROLES = _("Signing in"), _("Members"), _("Roles")
_TOKENS, _WORKSPACE = _("Tokens"), _("Workspace")

for _name, _sentence, _group, _icon in (
    ("account.signed_in", _("Signed in"), _SIGN_IN, "login"),
    ("account.sign_in_failed", _("Failed to sign in"), _SIGN_IN, "alert-triangle"),
    ("account.signed_out", _("Signed out"), _SIGN_IN, "logout"),
    ("account.password_changed", _("Changed their password"), _SIGN_IN, "key"),
    ("account.password_reset", _("Reset their password by mail"), _SIGN_IN, "key"),
    ("account.email_changed", _("Changed their e-mail address"), _SIGN_IN, "mail"),
    ("account.second_step_added", _("Added a second step to signing in: {kind}"), _SIGN_IN, "shield-check"),
    ("account.second_step_removed", _("Removed a second step from signing in: {kind}"), _SIGN_IN, "shield"),
    ("account.recovery_codes_made", _("Made new recovery codes"), _SIGN_IN, "shield-check"),
    ("account.sessions_ended", _("Signed out their other devices"), _SIGN_IN, "logout"),
    ("member.invited", _("Invited {subject}"), _MEMBERS, "mail"),
    ("member.invited_again", _("Invited {subject} again"), _MEMBERS, "mail"),
    ("member.invitation_revoked", _("Took the invitation of {subject} back"), _MEMBERS, "mail"),
    ("member.joined", _("{subject} joined"), _MEMBERS, "user-plus"),
    ("member.role_changed", _("Changed the role of {subject}"), _MEMBERS, "user"),
    ("member.described", _("Changed the name or title of {subject}"), _MEMBERS, "user"),
    ("member.deactivated", _("Closed the workspace to {subject}"), _MEMBERS, "user-off"),
    ("member.reactivated", _("Opened the workspace to {subject} again"), _MEMBERS, "user-plus"),
    ("member.left", _("{subject} left"), _MEMBERS, "user-off"),
    ("role.created", _("Made the role {subject}"), _ROLES, "lock"),
    ("role.changed", _("Changed the role {subject}"), _ROLES, "lock"),
    ("role.deleted", _("Removed the role {subject}"), _ROLES, "lock"),
    ("token.created", _("Made the token {subject}"), _TOKENS, "key"),
    ("token.revoked", _("Revoked the token {subject}"), _TOKENS, "key"),
    ("workspace.created", _("Opened the workspace {subject}"), _WORKSPACE, "building"),
    ("workspace.changed", _("Changed the settings of the workspace"), _WORKSPACE, "settings"),
    ("preference.changed", _("Changed the preference “{subject}”"), _WORKSPACE, "settings"),
):
    audit_actions.register(_name, AuditAction(sentence=_sentence, group=_group, icon=_icon))
