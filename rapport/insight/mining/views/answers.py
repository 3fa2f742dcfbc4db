"""Asking the worker, and the way from a figure to the customers it counts."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from rapport.foundation.records.queries.list_pages import list_url, page_named
from rapport.foundation.records.rules import conditions
from rapport.foundation.records.rules.lists import ListState
from rapport.foundation.ui.render import redirect, render
from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.insight.mining.queries.answers import get_answer, pinned, read_part, read_question
from rapport.insight.mining.queries.sets import get_set, title_of
from rapport.insight.mining.queries.wording import WORDING
from rapport.insight.mining.rules.parts import part_title
from rapport.insight.mining.rules.sentences import reason_text
from rapport.insight.mining.services import answers, sets


@require_POST
def ask(request: WorkspaceRequest) -> HttpResponse:
    """Have a question worked out (anew), and go back to its page."""
    if not request.POST.get("question"):
        raise NotFound
    answers.ask(actor=request.actor, question=read_question(request.POST["question"]))
    return redirect(request, _back(request))


@require_http_methods(["GET", "HEAD", "POST"])
def customers(request: WorkspaceRequest, answer_id: UUID) -> HttpResponse:
    """Whom a figure counts. Reading shows what will be gathered; posting (the page does by itself) has it done."""
    answer = get_answer(answer_id, actor=request.actor)
    sent = request.POST if request.method == "POST" else request.GET
    part, question = read_part(sent.get("part", "")), pinned(answer)
    if request.method == "POST":
        wanted = sets.want_set(actor=request.actor, question=question, part=part)
        return redirect(request, reverse("mining:set", args=[wanted.pk]))
    context = {"answer": answer, "part": sent.get("part", ""), "title": part_title(question, part)}
    return render(request, "mining/answers/customers.html", context)


@require_safe
def members(request: WorkspaceRequest, set_id: UUID) -> HttpResponse:
    """Waits for a set, then leads to the list of customers narrowed to it."""
    found = get_set(set_id, actor=request.actor)
    if not found.is_busy and not found.reason and found.size:
        return redirect(request, customers_url(set_id))
    context = {
        "row": found,
        "title": title_of(found),
        "why": reason_text(found.reason, 0, 0, WORDING) if found.reason else "",
    }
    return render(request, "mining/answers/set.html", context, partial="set")


def customers_url(set_id: UUID) -> str:
    where = conditions.from_json({"set": "pattern", "id": str(set_id), "is_in": True})
    return f"{list_url(page_named('customers'))}?{ListState(where=where).query()}"


def _back(request: WorkspaceRequest) -> str:
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) and wanted.startswith("/")
    return wanted if safe else reverse("mining:patterns")
