"""Search over everything: results for the command palette, and the same as a page with a facet for each kind."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpResponse
from django.utils.translation import gettext as _

from rapport.foundation.ui.queries import Found, found
from rapport.foundation.ui.render import render, wants_fragment
from rapport.foundation.ui.shell import Shell
from rapport.foundation.ui.types import Hit, Label
from rapport.foundation.workspace.http import WorkspaceRequest

LIMIT_IN_PALETTE = 6
LIMIT_ON_PAGE = 25
LIMIT_OF_ONE_KIND = 100
PAGES = "pages"


@dataclass(frozen=True)
class Facet:
    """A kind of result, with how many there are; `more` when the count stopped there."""

    label: Label
    query: str
    count: int
    more: bool
    is_current: bool


def find(request: WorkspaceRequest) -> HttpResponse:
    words = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    if wants_fragment(request):
        groups = found(words, actor=request.actor, limit=LIMIT_IN_PALETTE)
        return render(request, "ui/find.html", {"words": words, "groups": groups}, partial="palette-hits")
    chosen = request.GET.get("type", "")
    groups = found(words, actor=request.actor, limit=LIMIT_ON_PAGE, most={chosen: LIMIT_OF_ONE_KIND})
    groups += [pages for pages in (_pages(request, words),) if pages.hits]
    facets = [_facet(group, words, chosen) for group in groups]
    shown = [group for group in groups if group.name == chosen] or groups
    return render(request, "ui/find.html", {"words": words, "groups": shown, "facets": facets, "chosen": chosen})


def _pages(request: WorkspaceRequest, words: str) -> Found:
    """Pages and commands whose name has the words; the palette sifts them itself."""
    shell, wanted = Shell(request), words.casefold()
    links = [*shell.links, *shell.commands, *(link for group in shell.settings_pages for link in group.links)]
    fitting = {
        link.url: Hit(label=str(link.label), url=link.url, icon=link.icon, hint=str(link.hint))
        for link in reversed(links)
        if wanted and link.url and wanted in str(link.label).casefold()
    }
    return Found(PAGES, _("Pages"), list(reversed(fitting.values())))


def _facet(group: Found, words: str, chosen: str) -> Facet:
    limit = LIMIT_OF_ONE_KIND if group.name == chosen else LIMIT_ON_PAGE
    count = len(group.hits)
    query = urlencode({"q": words, "type": group.name})
    return Facet(
        group.label, query, count, more=group.name != PAGES and count >= limit, is_current=group.name == chosen
    )
