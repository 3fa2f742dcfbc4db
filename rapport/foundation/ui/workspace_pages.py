"""The shell's links to pages of the floors below, which can't reach up to add them themselves. hooks.py imports this."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rapport.foundation.ui.extension_points import account_links, menu, settings_pages
from rapport.foundation.ui.types import MenuEntry, PublicLink, SettingsPage
from rapport.foundation.workspace.types import Power

menu.register(
    "workspace.today",
    MenuEntry(label=_("Today"), url_name="workspace:today", icon="sun", go="t", in_tab_bar=True, order=0),
)
menu.register(
    "workspace.settings",
    MenuEntry(label=_("Settings"), url_name="workspace:settings", icon="settings", order=900),
)
account_links.register(
    "accounts.profile", PublicLink(label=_("Your account"), url_name="accounts:profile", icon="user-circle", order=10)
)

_YOU, _WORKSPACE, _PEOPLE, _SYSTEMS = _("You"), _("Workspace"), _("People"), _("Other systems")

settings_pages.register(
    "workspace.preferences",
    SettingsPage(
        label=_("Preferences"),
        help=_("How this workspace behaves for you."),
        url_name="workspace:preferences",
        icon="adjustments",
        group=_YOU,
        order=10,
    ),
)
settings_pages.register(
    "workspace.edit",
    SettingsPage(
        label=_("General"),
        help=_("Name, address, currency, time zone, language."),
        url_name="workspace:edit",
        icon="building",
        group=_WORKSPACE,
        needs=Power.MANAGE_WORKSPACE,
        order=20,
    ),
)
settings_pages.register(
    "workspace.members",
    SettingsPage(
        label=_("Members"),
        help=_("Invite colleagues, give roles, close somebody out."),
        url_name="workspace:members",
        icon="users",
        group=_PEOPLE,
        needs=Power.MANAGE_MEMBERS,
        order=30,
    ),
)
settings_pages.register(
    "workspace.roles",
    SettingsPage(
        label=_("Roles"),
        help=_("Which records and fields each role reaches."),
        url_name="workspace:roles",
        icon="lock",
        group=_PEOPLE,
        needs=Power.MANAGE_MEMBERS,
        order=31,
    ),
)
settings_pages.register(
    "workspace.audit",
    SettingsPage(
        label=_("Audit log"),
        help=_("Who signed in, changed roles, made tokens, took data out."),
        url_name="workspace:audit",
        icon="shield-check",
        group=_PEOPLE,
        needs=Power.SEE_AUDIT,
        order=32,
    ),
)
settings_pages.register(
    "workspace.tokens",
    SettingsPage(
        label=_("API tokens"),
        help=_("Let programs read and write in your name."),
        url_name="workspace:tokens",
        icon="key",
        group=_SYSTEMS,
        order=60,
    ),
)
