"""All touch points of the workspace."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from rapport.foundation.ui.render import render
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.types import Action
from rapport.stores.ledger import policies
from rapport.stores.ledger.forms.stream import StreamForm
from rapport.stores.ledger.queries.stream import stream
from rapport.stores.ledger.queries.vocabulary import in_use
from rapport.stores.ledger.queries.websites import source_names
from rapport.stores.ledger.rules.cursors import cursor_of


@require_safe
def show(request: WorkspaceRequest) -> HttpResponse:
    policies.require(request.actor, Action.READ)
    words, sources = in_use(), source_names()
    form = StreamForm(request.GET, words=words, sources=sources)
    page = stream(actor=request.actor, asked=form.asked(), before=cursor_of(request.GET.get("before", "")), words=words)
    narrowed = request.GET.copy()
    narrowed.pop("before", None)
    is_first = "before" not in request.GET
    if page.earlier:
        following = narrowed.copy()
        following["before"] = str(page.earlier)
        earlier = f"?{following.urlencode()}"
    else:
        earlier = ""
    context = {
        "form": form,
        "page": page,
        "lines": [(line, sources.get(line.entry.source, line.entry.source)) for line in page.lines],
        "earlier": earlier,
        "newest": "" if is_first else f"?{narrowed.urlencode()}",
        "is_narrowed": any(value for name, value in narrowed.items()),
    }
    return render(request, "ledger/touchpoints/list.html", context, partial="touchpoints")
