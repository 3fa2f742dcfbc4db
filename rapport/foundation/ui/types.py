"""What other apps contribute to the shell: links, commands, search results. All frozen, all without queries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rapport.foundation.workspace.types import Action, Actor, Power

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Label = str | _StrPromise
else:
    Label = str

Need = tuple[Action, str] | Power | None
"""What an actor needs to see an entry: an action on a record type, a power over the workspace, or nothing."""


def meets(actor: Actor, need: Need) -> bool:
    """Whether the actor has what an entry needs."""
    if need is None:
        return True
    if isinstance(need, Power):
        return actor.has(need)
    action, record_type = need
    return actor.may(action, record_type)


@dataclass(frozen=True, kw_only=True)
class MenuSection:
    """A part of the sidebar that folds. It shows as soon as one of its entries does."""

    label: Label
    icon: str
    order: int = 100


@dataclass(frozen=True, kw_only=True)
class MenuEntry:
    """A link of the sidebar."""

    label: Label
    url_name: str
    icon: str = ""  # entries inside a section have none
    section: str = ""  # name of a MenuSection; empty: stands by itself
    url_args: tuple[str, ...] = ()
    query: str = ""  # "view=mine": the same page, asked for differently
    needs: Need = None
    go: str = ""  # the letter after G that leads here
    in_tab_bar: bool = False  # also at the bottom of the screen on phones
    count: Callable[[Actor], int | None] | None = None  # None by default: no page pays for a badge it did not ask for
    order: int = 100


@dataclass(frozen=True, kw_only=True)
class QuickCreate:
    """A line of the "New" menu: opens the page's form, in a side dialog where there is JavaScript."""

    label: Label
    url_name: str
    icon: str
    section: Label = ""
    url_args: tuple[str, ...] = ()
    query: str = ""
    needs: Need = None
    key: str = ""  # a single letter
    in_dialog: bool = True
    order: int = 100


@dataclass(frozen=True, kw_only=True)
class PaletteCommand:
    """Something the command palette offers before anything was searched for."""

    label: Label
    icon: str
    url_name: str = ""
    query: str = ""
    hint: Label = ""
    keys: str = ""  # as shown, such as "L"
    needs: Need = None
    action: str = ""  # "theme" or "shortcuts": done in the page instead of opening one
    in_dialog: bool = False
    order: int = 100


@dataclass(frozen=True, kw_only=True)
class SettingsPage:
    """A line of the settings page."""

    label: Label
    url_name: str
    icon: str
    help: Label = ""
    group: Label = ""
    needs: Need = None
    order: int = 100


@dataclass(frozen=True, kw_only=True)
class PublicLink:
    """A line of the account menu, leading to a page outside workspaces."""

    label: Label
    url_name: str
    icon: str
    order: int = 100


@dataclass(frozen=True, kw_only=True)
class Pinned:
    """A saved view that was pinned to the sidebar."""

    label: str
    url: str
    icon: str = "pin"


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One result of a search."""

    label: str
    url: str
    icon: str = "file"
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class Finder:
    """Searches one kind of records for the command palette and the search page."""

    label: Label
    find: Callable[[Actor, str, int], Sequence[Hit]]  # actor, words, at most
    needs: Need = None
    order: int = 100
