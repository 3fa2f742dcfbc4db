"""Currencies, cost to serve and price lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from rapport.foundation.lib import clock
from rapport.foundation.records import policies as record_policies
from rapport.foundation.ui.render import redirect, render, saved
from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.types import Action
from rapport.stores.commerce import policies
from rapport.stores.commerce.forms.orders import Form
from rapport.stores.commerce.forms.others import CostForm, PriceForm, PriceListForm, RateForm
from rapport.stores.commerce.queries.costs import cost_rows
from rapport.stores.commerce.queries.rates import rate_rows
from rapport.stores.commerce.queries.settings import price_list, price_lists, prices_of
from rapport.stores.commerce.services import settings
from rapport.stores.commerce.types import PRODUCT
from rapport.stores.commerce.views.picking import found_by, picked
from rapport.stores.ledger.queries.vocabulary import words_in_use

PAGES = {name: f"commerce/settings/{name}.html" for name in ("rates", "costs", "price_lists", "price_list")}


@require_http_methods(["GET", "POST"])
def rates(request: WorkspaceRequest) -> HttpResponse:
    """What currencies are worth in the workspace's own."""
    policies.require_settings(request.actor)
    form = RateForm(_data(request), initial={"valid_from": clock.now().date(), "currency": "USD"})
    if request.method == "POST" and form.is_valid():
        if _tried(form, lambda: settings.set_rate(actor=request.actor, **form.cleaned_data)):
            return saved(request, reverse("commerce:rates"), toast=_("Rate saved."))
    context = {"form": form, "rows": rate_rows(), "home": request.workspace.currency}
    return render(request, PAGES["rates"], context, status=_status(request))


@require_POST
def remove_rate(request: WorkspaceRequest, rate_id: UUID) -> HttpResponse:
    settings.remove_rate(actor=request.actor, rate_id=rate_id)
    return redirect(request, reverse("commerce:rates"), toast=_("Removed."))


@require_http_methods(["GET", "POST"])
def costs(request: WorkspaceRequest) -> HttpResponse:
    """What one touch point costs, by channel and kind."""
    policies.require_settings(request.actor)
    words = words_in_use()
    form = CostForm(_data(request), channels=words.channels.items(), kinds=words.kinds.items())
    if request.method == "POST" and form.is_valid():
        if _tried(form, lambda: settings.set_touch_cost(actor=request.actor, **form.cleaned_data)):
            return saved(request, reverse("commerce:costs"), toast=_("Cost saved."))
    rows = [
        (row, words.channels.get(row.channel, row.channel), words.kinds.get(row.kind, row.kind)) for row in cost_rows()
    ]
    context = {"form": form, "rows": rows, "home": request.workspace.currency}
    return render(request, PAGES["costs"], context, status=_status(request))


@require_POST
def remove_cost(request: WorkspaceRequest, cost_id: UUID) -> HttpResponse:
    settings.remove_touch_cost(actor=request.actor, cost_id=cost_id)
    return redirect(request, reverse("commerce:costs"), toast=_("Removed."))


@require_http_methods(["GET", "POST"])
def lists(request: WorkspaceRequest) -> HttpResponse:
    """All price lists, and a form for one more."""
    record_policies.require(request.actor, Action.UPDATE, PRODUCT)
    form = PriceListForm(_data(request), initial={"currency": request.workspace.currency})
    if request.method == "POST" and form.is_valid():
        made: list[Any] = []
        if _tried(form, lambda: made.append(settings.save_price_list(actor=request.actor, **form.cleaned_data))):
            return saved(request, reverse("commerce:price-list", args=[made[0].pk]), toast=_("Price list added."))
    return render(request, PAGES["price_lists"], {"form": form, "lists": price_lists()}, status=_status(request))


@require_http_methods(["GET", "POST"])
def one_list(request: WorkspaceRequest, list_id: UUID) -> HttpResponse:
    """A price list: what holds for it, its prices, and a form for one more."""
    record_policies.require(request.actor, Action.UPDATE, PRODUCT)
    row = price_list(list_id)
    changes = request.method == "POST" and request.POST.get("do") == "list"
    adds = request.method == "POST" and not changes
    form = PriceListForm(request.POST if changes else None, initial=vars(row))
    found = found_by(request, PRODUCT, "product") if adds else []
    chosen = picked(request, PRODUCT, request.POST.get("product", ""), found) if adds else None
    price_form = PriceForm(request.POST if adds else None, found=found, chosen=chosen)
    here = reverse("commerce:price-list", args=[list_id])
    if changes and form.is_valid():
        if _tried(form, lambda: settings.save_price_list(actor=request.actor, list_id=list_id, **form.cleaned_data)):
            return saved(request, here, toast=_("Saved."))
    if adds and price_form.is_valid():
        data = dict(price_form.cleaned_data)
        product_id = data.pop("product")
        if _tried(
            price_form, lambda: settings.set_price(actor=request.actor, list_id=list_id, product_id=product_id, **data)
        ):
            return saved(request, here, toast=_("Price saved."))
    context = {"form": form, "price_form": price_form, "list": row, "rows": prices_of(list_id)}
    return render(request, PAGES["price_list"], context, status=_status(request))


@require_POST
def remove_list(request: WorkspaceRequest, list_id: UUID) -> HttpResponse:
    settings.remove_price_list(actor=request.actor, list_id=list_id)
    return redirect(request, reverse("commerce:price-lists"), toast=_("Removed."))


@require_POST
def remove_price(request: WorkspaceRequest, list_id: UUID, price_id: UUID) -> HttpResponse:
    settings.remove_price(actor=request.actor, list_id=list_id, price_id=price_id)
    return redirect(request, reverse("commerce:price-list", args=[list_id]), toast=_("Removed."))


def _tried(form: Form, do: Callable[[], Any]) -> bool:
    """Whether it was done; otherwise the form says why not."""
    try:
        do()
    except Invalid as error:
        form.refuse(error.problems)
        return False
    return True


def _data(request: WorkspaceRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _status(request: WorkspaceRequest) -> int:
    return 200 if request.method == "GET" else 422
