"""The frame around every page: what the sidebar, the top bar and the palette show to this person here.

Everything is worked out on first use and once, so a fragment, which shows none of it, costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, get_script_prefix, get_urlconf, reverse
from django.utils import translation

from rapport.foundation.accounts.links import public_url, workspace_prefix
from rapport.foundation.accounts.queries.workspaces import workspaces_of
from rapport.foundation.ui import extension_points
from rapport.foundation.ui.types import (
    Finder,
    Label,
    MenuEntry,
    PaletteCommand,
    Pinned,
    PublicLink,
    QuickCreate,
    SettingsPage,
    meets,
)
from rapport.foundation.workspace.types import Actor

Entry = TypeVar("Entry", QuickCreate, PaletteCommand, SettingsPage)
Ordered = TypeVar("Ordered", MenuEntry, QuickCreate, PaletteCommand, SettingsPage, PublicLink, Finder)

THEMES = ("auto", "light", "dark")
DENSITIES = ("compact", "comfortable", "roomy")
THEME_COOKIE = "r-theme"
DENSITY_COOKIE = "r-density"


@dataclass(frozen=True)
class Link:
    """An entry of the shell, ready to be drawn."""

    label: Label
    url: str
    icon: str = ""
    hint: Label = ""
    short: Label = ""
    count: int | None = None
    is_current: bool = False
    go: str = ""
    key: str = ""
    keys: str = ""
    action: str = ""
    in_dialog: bool = False
    in_tab_bar: bool = False


@dataclass
class Group:
    """Links under a common heading."""

    label: Label
    icon: str = ""
    links: list[Link] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return any(link.is_current for link in self.links)


class Shell:
    """What `{{ shell }}` offers to templates."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.workspace: Any = getattr(request, "workspace", None)
        self.actor: Actor | None = getattr(request, "actor", None)
        self.sidebar = ""  # once it was drawn

    @cached_property
    def audience(self) -> tuple[object, ...]:
        """Equal for two people who are shown the same menus and commands, in the same words and with the same addresses."""
        actor = self.actor
        entries: list[tuple[str, MenuEntry | QuickCreate | PaletteCommand]] = [
            *extension_points.menu.items(),
            *extension_points.quick_create.items(),
            *extension_points.commands.items(),
        ]
        seen = [(name, id(entry)) for name, entry in entries if actor is not None and meets(actor, entry.needs)]
        mine: list[MenuEntry | QuickCreate] = [*self.own_menu, *self.own_quick_create]
        own = [each for each in mine if actor and meets(actor, each.needs)]
        return (self.language, get_script_prefix(), get_urlconf(), *seen, *own)

    # How the page looks

    @cached_property
    def theme(self) -> str:
        return _one_of(THEMES, self.request.COOKIES.get(THEME_COOKIE, ""), "auto")

    @cached_property
    def density(self) -> str:
        return _one_of(DENSITIES, self.request.COOKIES.get(DENSITY_COOKIE, ""), "comfortable")

    @cached_property
    def direction(self) -> str:
        return "rtl" if translation.get_language_bidi() else "ltr"

    @property
    def language(self) -> str:
        return translation.get_language() or settings.LANGUAGE_CODE

    @cached_property
    def languages(self) -> list[tuple[str, str]]:
        """Code and own name of each language on offer."""
        return [
            (code, translation.get_language_info(code)["name_local"].capitalize()) for code, _ in settings.LANGUAGES
        ]

    @cached_property
    def base_template(self) -> str:
        """The frame for pages that may be met inside and outside workspaces, such as "not found"."""
        return "ui/base.html" if self.actor else "ui/account_base.html"

    # Where one can go

    @cached_property
    def own_menu(self) -> list[MenuEntry]:
        """Entries that the workspace defined, made anew for each page."""
        sources = extension_points.menu_sources.values()
        return [entry for source in sources for entry in source(self.actor)] if self.actor else []

    @cached_property
    def own_quick_create(self) -> list[QuickCreate]:
        sources = extension_points.quick_create_sources.values()
        return [entry for source in sources for entry in source(self.actor)] if self.actor else []

    @cached_property
    def workspaces(self) -> list[Link]:
        """The person's workspaces; one query."""
        user = getattr(self.request, "user", None)
        if user is None or not user.is_authenticated:
            return []
        here = getattr(self.workspace, "pk", None)
        known = getattr(self.request, "workspaces", None) or workspaces_of(user)  # entering one has read them all
        return [Link(each.name, workspace_prefix(each), is_current=each.pk == here) for each in known]

    @cached_property
    def home_url(self) -> str:
        return workspace_prefix(self.workspace) if self.workspace else "/"

    @cached_property
    def find_url(self) -> str:
        return _url("ui:find")

    @cached_property
    def new_workspace_url(self) -> str:
        return _public("accounts:new-workspace")

    @cached_property
    def sign_out_url(self) -> str:
        return _public("account_logout")

    @cached_property
    def appearance_url(self) -> str:
        return _public("ui:appearance")

    @cached_property
    def language_url(self) -> str:
        return _public("ui:language")

    @cached_property
    def account_links(self) -> list[Link]:
        entries = _in_order(extension_points.account_links.values())
        return [Link(each.label, url, each.icon) for each in entries if (url := _public(each.url_name))]

    @cached_property
    def nav(self) -> list[Link | Group]:
        """The sidebar: entries and folding sections in their order, only what exists and this actor may see."""
        if self.actor is None:
            return []
        entries = [
            (entry, url)
            for entry in _in_order([*extension_points.menu.values(), *self.own_menu])
            if meets(self.actor, entry.needs) and (url := _url(entry.url_name, entry.query, entry.url_args))
        ]
        current = self._current([url for _, url in entries])
        groups: dict[str, Group] = {}
        rows: list[tuple[int, Link | Group]] = []
        for entry, url in entries:
            link = Link(
                entry.label,
                url,
                entry.icon,
                count=entry.count(self.actor) if entry.count else None,
                is_current=url == current,
                go=entry.go,
                in_tab_bar=entry.in_tab_bar,
            )
            if not entry.section:
                rows.append((entry.order, link))
                continue
            if entry.section not in groups:
                section = extension_points.menu_sections[entry.section]
                groups[entry.section] = Group(section.label, section.icon)
                rows.append((section.order, groups[entry.section]))
            groups[entry.section].links.append(link)
        return [row for _, row in sorted(rows, key=lambda each: each[0])]

    @cached_property
    def links(self) -> list[Link]:
        """All links of the sidebar, folded or not. Those of a section take its icon, and its name where room is scarce."""
        found: list[Link] = []
        for row in self.nav:
            if isinstance(row, Link):
                found.append(row)
            else:
                found += [replace(link, icon=link.icon or row.icon, short=row.label) for link in row.links]
        return found

    @property
    def tab_bar(self) -> list[Link]:
        return [link for link in self.links if link.in_tab_bar][:5]

    @property
    def go_links(self) -> list[Link]:
        return [link for link in self.links if link.go]

    @cached_property
    def pinned(self) -> list[Pinned]:
        if self.actor is None:
            return []
        return [view for provider in extension_points.pinned.values() for view in provider(self.actor)]

    @cached_property
    def quick_create(self) -> list[Group]:
        """The "New" menu by its headings."""
        groups: dict[str, Group] = {}
        for entry, url in self._allowed([*extension_points.quick_create.values(), *self.own_quick_create]):
            group = groups.setdefault(str(entry.section), Group(entry.section))
            group.links.append(Link(entry.label, url, entry.icon, key=entry.key, in_dialog=entry.in_dialog))
        return list(groups.values())

    @cached_property
    def commands(self) -> list[Link]:
        """What the palette offers to do, besides going somewhere."""
        made = [
            Link(
                entry.label,
                url,
                entry.icon,
                entry.hint,
                keys=entry.keys,
                action=entry.action,
                in_dialog=entry.in_dialog,
            )
            for entry, url in self._allowed(extension_points.commands.values())
        ]
        created = [link for group in self.quick_create for link in group.links]
        return [replace(link, keys=link.key.upper()) for link in created] + made

    @cached_property
    def settings_pages(self) -> list[Group]:
        groups: dict[str, Group] = {}
        for entry, url in self._allowed(extension_points.settings_pages.values()):
            group = groups.setdefault(str(entry.group), Group(entry.group))
            group.links.append(Link(entry.label, url, entry.icon, entry.help))
        return list(groups.values())

    def _allowed(self, entries: list[Entry]) -> list[tuple[Entry, str]]:
        actor = self.actor
        if actor is None:
            return []
        return [
            (entry, url)
            for entry in _in_order(entries)
            if meets(actor, entry.needs) and ((url := _url_of(entry)) or getattr(entry, "action", ""))
        ]

    def _current(self, urls: list[str]) -> str:
        """The entry this page belongs to: the longest address it begins with, its query included when that fits.

        The first page of a workspace is the beginning of every address and fits only itself.
        """
        here = self.request.path
        full = self.request.get_full_path()
        first = self.home_url
        fits = [
            url for url in urls if url in (full, here) or ("?" not in url and url != first and here.startswith(url))
        ]
        return max(fits, key=len, default="")


def _one_of(known: tuple[str, ...], value: str, default: str) -> str:
    return value if value in known else default


def _in_order(entries: list[Ordered]) -> list[Ordered]:
    return sorted(entries, key=lambda entry: entry.order)


def _url(name: str, query: str = "", args: Sequence[str] = ()) -> str:
    """The address, or nothing while no installed app has such a page."""
    try:
        return reverse(name, args=args) + (f"?{query}" if query else "")
    except NoReverseMatch:
        return ""


def _url_of(entry: QuickCreate | PaletteCommand | SettingsPage) -> str:
    return _url(entry.url_name, getattr(entry, "query", ""), getattr(entry, "url_args", ())) if entry.url_name else ""


def _public(name: str) -> str:
    try:
        return public_url(name)
    except NoReverseMatch:
        return ""
