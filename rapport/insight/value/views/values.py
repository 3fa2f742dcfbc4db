"""Lifetime value: which model, how good it is, why there is none, and how it is worked out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from rapport.foundation.ui import formats
from rapport.foundation.ui.charts import Calibration, Group
from rapport.foundation.ui.render import redirect, render
from rapport.foundation.workspace import policies as workspace_policies
from rapport.foundation.workspace.errors import NotAllowed
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.types import Actor, Power
from rapport.insight.value import policies
from rapport.insight.value.forms.values import SettingsForm, initial_of
from rapport.insight.value.queries.fits import FitPage, fit_page
from rapport.insight.value.queries.settings import current, settings_row
from rapport.insight.value.rules import words
from rapport.insight.value.services import refreshing
from rapport.insight.value.services.settings import change_settings
from rapport.insight.value.types import BUSINESS_LABELS
from rapport.stores.customers.extension_points import Panel
from rapport.stores.customers.queries import scores
from rapport.stores.customers.rules.scores import no_value_words

AT_RISK = 0.6  # of not buying again, from which on a valuable customer is worth a look


@require_GET
def overview(request: WorkspaceRequest, fit_id: UUID | None = None) -> HttpResponse:
    policies.require_equity(request.actor)
    page = fit_page(actor=request.actor, fit_id=fit_id)
    context: dict[str, Any] = {
        "page": page,
        "may_run": request.actor.has(Power.MANAGE_WORKSPACE),
        "step": words.STEPS.get(page.going.step, "") if page.going else "",
        "rules": current(),
    }
    if page.shown is not None:
        context |= _figures(page, request.workspace.currency)
    return render(request, "value/values/page.html", context, partial="value")


@require_POST
def refresh(request: WorkspaceRequest) -> HttpResponse:
    refreshing.ask_for_refresh(actor=request.actor)
    return redirect(request, reverse("value:overview"), toast=_("Values are being worked out anew."))


@require_POST
def cancel(request: WorkspaceRequest, fit_id: UUID) -> HttpResponse:
    refreshing.cancel(actor=request.actor, fit_id=fit_id)
    return redirect(request, reverse("value:overview"), toast=_("The run stops at its next step."))


@require_http_methods(["GET", "POST"])
def settings(request: WorkspaceRequest) -> HttpResponse:
    workspace_policies.require(request.actor, Power.MANAGE_WORKSPACE)
    form = SettingsForm(request.POST or None, initial=initial_of(settings_row()))
    status = 200
    if request.method == "POST":
        if form.is_valid():
            changed = change_settings(actor=request.actor, values=form.values())
            if changed:
                refreshing.ask_for_refresh(actor=request.actor)
            said = _("Saved. Values are being worked out anew.") if changed else _("Nothing was changed.")
            return redirect(request, reverse("value:settings"), toast=said)
        status = 422
    return render(request, "value/values/settings.html", {"form": form}, status=status)


def strip(request: HttpRequest, actor: Actor, customer: Any, ids: Sequence[UUID]) -> Panel | None:
    """The line of key numbers under the name of a customer, with what it rests on."""
    if not scores.may_see_values(actor):
        return None
    score = scores.score_of(actor=actor, customer_ids=ids)
    if score is None:
        return None
    changes = scores.changes_of(actor=actor, customer_ids=ids, limit=6)
    months = scores.history_of(actor=actor, customer_ids=ids)[:13]
    return Panel(
        "value/values/strip.html",
        {
            "score": score,
            "risk_percent": None if score.churn_risk is None else float(score.churn_risk) * 100,
            "alive": None if score.p_alive is None else formats.percent(score.p_alive),
            "model_name": words.MODELS.get(score.model, score.model),
            "tier_changes": changes,
            "months": months,
            "tier_url": _list({"field": "value_tier", "op": "is", "value": score.tier}) if score.tier else "",
            "may_see_overview": policies.may_see_equity(actor),
        },
    )


def _figures(page: FitPage, currency: str) -> dict[str, Any]:
    fit = page.shown
    if fit is None:
        raise NotAllowed
    checked = fit.calibration
    money = fit.currency or currency
    return {
        "fit": fit,
        "currency": money,
        "model_name": words.MODELS.get(fit.model, ""),
        "assumes": words.ASSUMES.get(fit.model, ""),
        "source": words.SOURCES.get(fit.model, ""),
        "because": words.BECAUSE.get(fit.chosen_because, ""),
        "business": BUSINESS_LABELS.get(fit.business, ""),
        "reason": no_value_words(fit.reason) if fit.reason else "",
        "gates": [_gate(each) for each in fit.gates],
        "chart": _chart(fit) if checked else None,
        "checked": _sentences(checked) if checked else [],
        "candidates": [_candidate(each, fit.model) for each in fit.candidates],
        "parameters": _parameters(fit.parameters, fit.standard_errors),
        "spend": _parameters(fit.spend.get("parameters", {}), fit.spend.get("standard_errors", {})),
        "flat_margin": fit.spend.get("flat"),
        "later": fit.settings.get("later", 0),
        "margin_rate": fit.settings.get("margin_rate"),
        "discount_rate": fit.settings.get("discount_rate"),
        "horizon_months": fit.settings.get("horizon_months"),
        "tiers": [
            (each, _list({"field": "value_tier", "op": "is", "value": each.tier})) for each in page.tiers
        ] if page.is_newest else [],
        "scored_url": _list({"field": "lifetime_value", "op": "is_not_empty"}),
        "risk_url": _list(
            {
                "all": [
                    {"field": "value_tier", "op": "any_of", "value": ["platinum", "gold"]},
                    {"field": "churn_risk", "op": "at_least", "value": AT_RISK},
                ]
            }
        ),
        "versions": [(each, words.MODELS.get(each.model, ""), no_value_words(each.reason)) for each in page.versions],
    }  # fmt: skip


def _gate(each: dict[str, Any]) -> dict[str, Any]:
    name = each["name"]
    shares = name == "spend_follows_frequency"
    figures = name not in {"at_bound", "no_fit", "nobody_came_back"}
    return {
        "label": words.GATES.get(name, name),
        "is_open": each["is_open"],
        "is_most": shares,
        "found": formats.number(each["found"], 2 if shares else 0) if figures else "",
        "needed": formats.number(each["needed"], 2 if shares else 0) if figures and each["needed"] else "",
        "reason": "" if each["is_open"] else no_value_words(name),
    }


def _candidate(each: dict[str, Any], chosen: str) -> dict[str, Any]:
    checked = each.get("calibration") or {}
    bound = each.get("at_bound")
    problem = _("The purchases do not say how fast customers leave.") if bound else each.get("problem", "")
    return {
        "name": words.MODELS.get(each["model"], each["model"]),
        "is_chosen": each["model"] == chosen,
        "problem": problem,
        "log_likelihood": formats.number(each["log_likelihood"], 1) if "log_likelihood" in each else "",
        "error": formats.number(checked["error"], 3) if checked else "",
        "bias": _signed(checked["bias"]) if checked else "",
        "captured": formats.percent(checked["captured"]) if checked else "",
    }


def _sentences(checked: dict[str, Any]) -> list[str]:
    """How good the model is, in the order of importance."""
    expected, actual = checked["expected"], checked["actual"]
    said = [
        _("Told %(days)s days ahead without looking: %(expected)s orders expected of %(customers)s customers, %(actual)s came (%(bias)s).")
        % {
            "days": formats.number(checked["days"]),
            "expected": formats.number(expected, 0),
            "customers": formats.number(checked["customers"]),
            "actual": formats.number(actual, 0),
            "bias": _signed(checked["bias"]),
        },
        _("For a single customer it was off by %(error)s orders on average; assuming that everyone goes on as before would have been off by %(naive)s.")
        % {"error": formats.number(checked["error"], 2), "naive": formats.number(checked["naive_error"], 2)},
        _("The tenth it put first made %(captured)s of the orders that the truly best tenth made.")
        % {"captured": formats.percent(checked["captured"])},
    ]  # fmt: skip
    if checked.get("within"):
        said.append(
            _("%(within)s of customers ordered as often as their range of 8 in 10 said; ranges of whole orders hold a little more.")
            % {"within": formats.percent(checked["within"])}
        )  # fmt: skip
    return said


def _chart(fit: Any) -> Calibration:
    checked = fit.calibration
    bias = checked["bias"]
    if abs(bias) < 0.05:
        title = _("The model foretold the hold-out to within %(share)s") % {"share": formats.percent(abs(bias))}
    elif bias < 0:
        title = _("The model expected %(share)s fewer orders than came") % {"share": formats.percent(-bias)}
    else:
        title = _("The model expected %(share)s more orders than came") % {"share": formats.percent(bias)}
    groups = [
        Group(
            name=_("Best tenth") if tenth["number"] == 1 else formats.number(tenth["number"]),
            expected=tenth["expected"],
            actual=tenth["actual"],
            expected_text=formats.number(tenth["expected"], 2),
            actual_text=formats.number(tenth["actual"], 2),
            note=_("%(count)s customers") % {"count": formats.number(tenth["customers"])},
        )
        for tenth in checked["tenths"]
    ]
    first = checked["tenths"][0]
    return Calibration(
        title=title,
        said=_("%(title)s. Of the best tenth %(expected)s orders each were expected and %(actual)s came.")
        % {
            "title": title,
            "expected": formats.number(first["expected"], 2),
            "actual": formats.number(first["actual"], 2),
        },
        note=_("Orders of one customer in %(days)s days, by tenth") % {"days": formats.number(checked["days"])},
        footer=_("Fitted to the first three quarters of the time, held against the last."),
        groups=groups,
        name_of_marks=_("Tenth"),
    )


def _parameters(values: dict[str, float], errors: dict[str, float]) -> list[tuple[str, str, str]]:
    return [
        (name, formats.number(value, 4), formats.number(errors[name], 4) if name in errors else "")
        for name, value in values.items()
    ]


def _signed(share: float) -> str:
    return f"+{formats.percent(share)}" if share >= 0 else f"−{formats.percent(-share)}"


def _list(condition: dict[str, Any]) -> str:
    columns = "lifetime_value,value_tier,churn_risk,next_order_on"
    query = urlencode({"where": json.dumps(condition), "sort": "-lifetime_value", "columns": columns})
    return f"{reverse('customers:list')}?{query}"
