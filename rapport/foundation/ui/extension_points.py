"""What other apps plug into the shell. Fill these in an app's hooks.py; an entry shows only when its page exists.

menu_sections.register("customers", MenuSection(label=_("Customers"), icon="users", order=20))
menu.register("customers", MenuEntry(label=_("All customers"), section="customers", url_name="customers:list",
                                     needs=(Action.READ, "customer"), go="c"))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rapport.foundation.lib.registry import Registry
from rapport.foundation.ui.types import (
    Finder,
    MenuEntry,
    MenuSection,
    PaletteCommand,
    Pinned,
    PublicLink,
    QuickCreate,
    SettingsPage,
)
from rapport.foundation.workspace.types import Actor

menu_sections: Registry[MenuSection] = Registry("menu section")
menu: Registry[MenuEntry] = Registry("menu entry")
quick_create: Registry[QuickCreate] = Registry("quick create entry")
commands: Registry[PaletteCommand] = Registry("palette command")
settings_pages: Registry[SettingsPage] = Registry("settings page")
account_links: Registry[PublicLink] = Registry("account link")
finders: Registry[Finder] = Registry("finder")
menu_sources: Registry[Callable[[Actor], Sequence[MenuEntry]]] = Registry("source of menu entries")
quick_create_sources: Registry[Callable[[Actor], Sequence[QuickCreate]]] = Registry("source of quick create entries")
"""Entries that a workspace defines at run time. Both together may run one query."""

pinned: Registry[Callable[[Actor], Sequence[Pinned]]] = Registry("provider of pinned views")
"""Each provider may run one query; it is asked once per full page, never for a fragment."""
