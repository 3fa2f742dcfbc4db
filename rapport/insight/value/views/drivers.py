"""What drives customer equity: surveys of brands, and what the model says about them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from rapport.foundation.records.errors import Unreadable
from rapport.foundation.ui.render import redirect, render
from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.insight.value import policies
from rapport.insight.value.forms.drivers import ImprovementForm, StudyForm
from rapport.insight.value.queries.drivers import StudyPage, study_page
from rapport.insight.value.queries.settings import current
from rapport.insight.value.rules.survey import COLUMNS, DRIVER_LABELS, RATINGS, BadSurvey, Driver, example_survey
from rapport.insight.value.services import drivers as service
from rapport.insight.value.views import driver_charts as charts
from rapport.stores.commerce.queries.rates import home_currency

PAGE, NEW = "value/drivers/page.html", "value/drivers/new.html"


@require_GET
def drivers(request: WorkspaceRequest, study_id: UUID | None = None) -> HttpResponse:
    return _page(request, study_id)


@require_http_methods(["GET", "POST"])
def new(request: WorkspaceRequest) -> HttpResponse:
    policies.require_studies(request.actor)
    rules = current()
    initial = {"margin": round(rules.margin_rate * 100, 2), "discount": round(rules.discount_rate * 100, 2)}
    form = StudyForm(request.POST or None, request.FILES or None, initial=initial)
    problems: Any = ()
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            study = service.start_study(
                actor=request.actor,
                name=data["name"],
                file_name=data["file"].name or "",
                upload=data["file"],
                brand=data["brand"],
                population=data["population"],
                margin_rate=data["margin"] / Decimal(100),
                discount_rate=data["discount"] / Decimal(100),
                years=data["years"],
                currency=home_currency(),
            )
        except BadSurvey as error:
            problems = error.problems
        except Unreadable as error:
            form.add_error("file", str(error))
        except Invalid as error:
            for name, text in error.problems.items():
                form.add_error(name, text)
        else:
            return redirect(request, reverse("value:driver-study", args=[study.pk]), toast=_("The survey was read."))
    context = {"form": form, "problems": problems, "columns": COLUMNS.items(), "ratings": RATINGS}
    return render(request, NEW, context, status=200 if request.method == "GET" else 422)


@require_GET
def example(request: WorkspaceRequest) -> HttpResponse:
    policies.require_equity(request.actor)
    answer = HttpResponse(example_survey(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="survey.csv"'
    return answer


@require_POST
def improve(request: WorkspaceRequest, study_id: UUID) -> HttpResponse:
    policies.require_studies(request.actor)
    study = service.get_study(study_id)
    form = ImprovementForm(request.POST, attributes=_attributes(study.survey))
    if not form.is_valid():
        return _page(request, study_id, form)
    service.try_improvement(actor=request.actor, study_id=study_id, **form.cleaned_data)
    return redirect(request, reverse("value:driver-study", args=[study_id]), toast=_("The return is being worked out."))


@require_POST
def remove(request: WorkspaceRequest, study_id: UUID) -> HttpResponse:
    service.remove_study(actor=request.actor, study_id=study_id)
    return redirect(request, reverse("value:drivers"), toast=_("The study was deleted with its answers."))


def _page(request: WorkspaceRequest, study_id: UUID | None, form: ImprovementForm | None = None) -> HttpResponse:
    page = study_page(actor=request.actor, study_id=study_id)
    context: dict[str, Any] = {"page": page, "may_study": policies.may_study_drivers(request.actor), "form": form}
    if page and page.result:
        context |= _results(page)
        context["form"] = form or ImprovementForm(attributes=_attributes_of(page))
    return render(request, PAGE, context, partial="study", status=200 if form is None else 422)


def _results(page: StudyPage) -> dict[str, Any]:
    return {
        "cards": charts.cards(page),
        "lever": charts.lever(page),
        "brands": charts.brands(page),
        "switching": charts.switching(page),
        "effects": charts.effects(page),
        "tried": charts.tried(page),
        "missing": [str(DRIVER_LABELS[driver]) for driver in Driver if page.figures["scores"][driver.value] is None],
    }


def _attributes(survey: dict[str, Any]) -> list[tuple[str, str]]:
    return [(driver, name) for driver, name in survey["attributes"]]


def _attributes_of(page: StudyPage) -> list[tuple[str, str]]:
    return [(each["driver"], each["name"]) for each in page.figures["attributes"]]
