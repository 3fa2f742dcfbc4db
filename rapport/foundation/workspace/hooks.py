"""What workspaces plug into accounts, and their own words for the audit log and the first steps."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django_tenants.utils import schema_context

from rapport.foundation.accounts.extension_points import account_watchers, founders, person_watchers
from rapport.foundation.accounts.queries.workspaces import seats_of
from rapport.foundation.accounts.types import AccountEvent
from rapport.foundation.workspace.extension_points import audit_actions, first_steps, preferences
from rapport.foundation.workspace.queries.home import SHOW_STEPS
from rapport.foundation.workspace.queries.members import has_colleagues
from rapport.foundation.workspace.services import audit, members
from rapport.foundation.workspace.types import Actor, AuditAction, FirstStep, Power, Preference, RolePolicy


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

preferences.register(
    SHOW_STEPS,
    Preference(
        name=SHOW_STEPS,
        label=_("Show the first steps on Today"),
        help=_("Until all of them are done."),
        default=True,
        group=_("Today"),
    ),
)

_SIGN_IN, _MEMBERS, _ROLES = _("Signing in"), _("Members"), _("Roles")
_TOKENS, _WORKSPACE = _("Tokens"), _("Workspace")

for _name, _sentence, _group, _icon in (
    ("account.signed_in", _("signed in"), _SIGN_IN, "login"),
    ("account.sign_in_failed", _("failed to sign in"), _SIGN_IN, "alert-triangle"),
    ("account.signed_out", _("signed out"), _SIGN_IN, "logout"),
    ("account.password_changed", _("changed their password"), _SIGN_IN, "key"),
    ("account.password_reset", _("reset their password by mail"), _SIGN_IN, "key"),
    ("account.email_changed", _("changed their e-mail address"), _SIGN_IN, "mail"),
    ("account.second_step_added", _("added a second step to signing in: {kind}"), _SIGN_IN, "shield-check"),
    ("account.second_step_removed", _("removed a second step from signing in: {kind}"), _SIGN_IN, "shield"),
    ("account.recovery_codes_made", _("made new recovery codes"), _SIGN_IN, "shield-check"),
    ("account.sessions_ended", _("signed out their other devices"), _SIGN_IN, "logout"),
    ("member.invited", _("invited {subject}"), _MEMBERS, "mail"),
    ("member.invited_again", _("invited {subject} again"), _MEMBERS, "mail"),
    ("member.invitation_revoked", _("took the invitation of {subject} back"), _MEMBERS, "mail"),
    ("member.joined", _("joined"), _MEMBERS, "user-plus"),
    ("member.role_changed", _("changed the role of {subject}"), _MEMBERS, "user"),
    ("member.described", _("changed the name or title of {subject}"), _MEMBERS, "user"),
    ("member.deactivated", _("closed the workspace to {subject}"), _MEMBERS, "user-off"),
    ("member.reactivated", _("opened the workspace to {subject} again"), _MEMBERS, "user-plus"),
    ("member.left", _("left"), _MEMBERS, "user-off"),
    ("role.created", _("made the role {subject}"), _ROLES, "lock"),
    ("role.changed", _("changed the role {subject}"), _ROLES, "lock"),
    ("role.deleted", _("removed the role {subject}"), _ROLES, "lock"),
    ("token.created", _("made the token {subject}"), _TOKENS, "key"),
    ("token.revoked", _("revoked the token {subject}"), _TOKENS, "key"),
    ("workspace.created", _("opened the workspace {subject}"), _WORKSPACE, "building"),
    ("workspace.changed", _("changed the settings of the workspace"), _WORKSPACE, "settings"),
    ("preference.changed", _("changed the preference “{subject}”"), _WORKSPACE, "settings"),
):
    audit_actions.register(_name, AuditAction(sentence=_sentence, group=_group, icon=_icon))
