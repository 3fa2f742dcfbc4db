"""What the shell itself offers."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from rapport.foundation.ui import workspace_pages  # noqa: F401 - fills the menu
from rapport.foundation.ui.extension_points import commands
from rapport.foundation.ui.types import PaletteCommand

commands.register(
    "ui.theme", PaletteCommand(label=_("Switch light and dark"), icon="brightness-half", action="theme", order=800)
)
commands.register(
    "ui.shortcuts",
    PaletteCommand(label=_("Show keyboard shortcuts"), icon="keyboard", keys="?", action="shortcuts", order=810),
)
if settings.DEBUG:
    commands.register(
        "ui.components",
        PaletteCommand(label=_("See all components"), icon="layout-list", url_name="ui:components", order=900),
    )
