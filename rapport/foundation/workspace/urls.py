"""Pages of the workspace itself, inside it."""

from __future__ import annotations

from django.urls import path

from rapport.foundation.workspace.views import (
    audit,
    home,
    invitations,
    members,
    preferences,
    roles,
    settings,
    tokens,
    workspaces,
)

app_name = "workspace"
urlpatterns = [
    path("", home.today, name="today"),
    path("first-steps/hide/", home.hide_first_steps, name="hide-first-steps"),
    path("settings/", settings.index, name="settings"),
    path("settings/workspace/", workspaces.edit, name="edit"),
    path("settings/workspace/erase/", workspaces.erase, name="erase"),
    path("settings/members/", members.member_list, name="members"),
    path("settings/members/invite/", invitations.invite, name="invite"),
    path("settings/members/leave/", members.leave, name="leave"),
    path("settings/members/<uuid:member_id>/", members.member, name="member"),
    path("settings/members/<uuid:member_id>/deactivate/", members.deactivate, name="deactivate-member"),
    path("settings/members/<uuid:member_id>/reactivate/", members.reactivate, name="reactivate-member"),
    path("settings/invitations/<uuid:invitation_id>/renew/", invitations.renew, name="renew-invitation"),
    path("settings/invitations/<uuid:invitation_id>/revoke/", invitations.revoke, name="revoke-invitation"),
    path("settings/roles/", roles.role_list, name="roles"),
    path("settings/roles/new/", roles.new_role, name="new-role"),
    path("settings/roles/<slug:key>/", roles.role_detail, name="role"),
    path("settings/roles/<slug:key>/delete/", roles.delete_role, name="delete-role"),
    path("settings/roles/<slug:key>/<slug:record_type>/", roles.record_rules, name="record-rules"),
    path("settings/roles/<slug:key>/<slug:record_type>/drop/", roles.drop_record_rules, name="drop-record-rules"),
    path("settings/tokens/", tokens.token_list, name="tokens"),
    path("settings/tokens/new/", tokens.new_token, name="new-token"),
    path("settings/tokens/<uuid:token_id>/revoke/", tokens.revoke_token, name="revoke-token"),
    path("settings/audit/", audit.audit_log, name="audit"),
    path("settings/preferences/", preferences.edit, name="preferences"),
]
