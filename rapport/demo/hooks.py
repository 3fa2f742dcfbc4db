"""What the demo plugs into the house."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rapport.demo.load import undo_demo
from rapport.demo.queries import KIND
from rapport.foundation.records.extension_points import undo_handlers
from rapport.foundation.workspace.extension_points import audit_actions
from rapport.foundation.workspace.types import AuditAction

undo_handlers.register(KIND, undo_demo)

for _name, _sentence in (
    ("demo.loaded", _("Loaded simulated data: {subject}")),
    ("demo.removed", _("Removed the simulated data")),
):
    audit_actions.register(_name, AuditAction(sentence=_sentence, group=_("Workspace"), icon="flask"))
