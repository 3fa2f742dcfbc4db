"""What the e-mail channel plugs into the house."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rapport.foundation.ui.extension_points import commands, settings_pages
from rapport.foundation.ui.types import PaletteCommand, SettingsPage
from rapport.foundation.workspace.extension_points import audit_actions, first_steps
from rapport.foundation.workspace.types import Action, AuditAction, FirstStep
from rapport.touchpoints.channels.email.queries.mailboxes import has_mailbox
from rapport.touchpoints.channels.email.types import MESSAGE

settings_pages.register(
    "email.mailboxes",
    SettingsPage(
        label=_("Mailboxes"),
        help=_("Send mails from your own address and from shared ones."),
        url_name="email:mailboxes",
        icon="mail",
        group=_("Messages"),
        needs=(Action.CREATE, MESSAGE),
        order=30,
    ),
)
commands.register(
    "email.mailboxes",
    PaletteCommand(
        label=_("Connect your mailbox"), icon="mail", url_name="email:mailboxes", needs=(Action.CREATE, MESSAGE)
    ),
)
first_steps.register(
    "email.mailbox",
    FirstStep(
        label=_("Connect your mailbox"),
        help=_("Write to customers from their page; what you send stands in their timeline."),
        icon="mail",
        url_name="email:mailboxes",
        is_done=has_mailbox,
        needs=(Action.CREATE, MESSAGE),
        order=50,
    ),
)
for _name, _sentence in (
    ("mailbox.connected", _("connected the mailbox {subject}")),
    ("mailbox.changed", _("changed the mailbox {subject}")),
    ("mailbox.removed", _("removed the mailbox {subject}")),
    ("mailbox.paused", _("paused the mailbox {subject}")),
    ("mailbox.resumed", _("let the mailbox {subject} send again")),
):
    audit_actions.register(_name, AuditAction(sentence=_sentence, group=_("Messages"), icon="mail"))
