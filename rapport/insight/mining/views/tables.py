"""Pages of one stored answer each: the grid, groups, what is bought together, cohorts."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from rapport.foundation.ui.render import render
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.insight.mining import policies
from rapport.insight.mining.forms.acts import CohortForm
from rapport.insight.mining.queries.answers import answer_to, pinned, why_not
from rapport.insight.mining.queries.tables import cohort_tables, group_rows, rfm_tables, rule_rows
from rapport.insight.mining.rules.questions import to_json
from rapport.insight.mining.types import Baskets, Clusters, Cohorts, Question, Rfm


@require_safe
def rfm(request: WorkspaceRequest) -> HttpResponse:
    context = state_of(request, Rfm())
    if context["result"]:
        context["tables"] = rfm_tables(context["answer"].pk, context["result"])
    return render(request, "mining/tables/rfm.html", context, partial="answer")


@require_safe
def clusters(request: WorkspaceRequest) -> HttpResponse:
    context = state_of(request, Clusters())
    if context["result"]:
        context["groups"] = group_rows(context["answer"].pk, context["result"])
    return render(request, "mining/tables/clusters.html", context, partial="answer")


@require_safe
def baskets(request: WorkspaceRequest) -> HttpResponse:
    item: Literal["product", "category"] = "category" if request.GET.get("item") == "category" else "product"
    basket: Literal["order", "customer"] = "customer" if request.GET.get("basket") == "customer" else "order"
    context = state_of(request, Baskets(item=item, basket=basket))
    if context["result"]:
        context["rules"] = rule_rows(context["answer"].pk, context["result"])
    context |= {"item": item, "basket": basket}
    return render(request, "mining/tables/baskets.html", context, partial="answer")


@require_safe
def cohorts(request: WorkspaceRequest) -> HttpResponse:
    policies.require_reading(request.actor)
    form = CohortForm(request.GET if "unit" in request.GET else CohortForm.defaults())
    context = state_of(request, form.question())
    if context["result"]:
        question = pinned(context["answer"])
        if isinstance(question, Cohorts):
            context["tables"] = cohort_tables(context["answer"].pk, question, context["result"])
    return render(request, "mining/tables/cohorts.html", context | {"form": form}, partial="answer")


def state_of(request: WorkspaceRequest, question: Question) -> dict[str, Any]:
    """What every page of an answer shows: how far it is, what it was, and how to ask anew."""
    answer = answer_to(question, actor=request.actor)
    return {
        "answer": answer,
        "result": answer.result if answer else None,
        "why": why_not(answer) if answer else "",
        "question": msgspec.json.encode(to_json(question)).decode(),
        "may_ask": policies.may_ask(request.actor),
        "here": request.get_full_path(),
    }
