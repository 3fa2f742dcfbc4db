"""Starting, renewing, pausing and ending subscriptions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from rapport.foundation.records import policies as record_policies
from rapport.foundation.ui.render import redirect, render, saved
from rapport.foundation.workspace.errors import Invalid, NotFound
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.types import Action
from rapport.stores.commerce.forms.others import EndForm, RenewForm, SubscriptionForm
from rapport.stores.commerce.queries.settings import list_choices
from rapport.stores.commerce.services import subscriptions
from rapport.stores.commerce.types import PRODUCT, SUBSCRIPTION, SubscriptionStatus
from rapport.stores.commerce.views.picking import found_by, picked

NEW, ACT = "commerce/subscriptions/new.html", "commerce/subscriptions/act.html"


def _url(subscription_id: UUID) -> str:
    return reverse("records:record", args=[SUBSCRIPTION, subscription_id])


@require_http_methods(["GET", "POST"])
def new(request: WorkspaceRequest) -> HttpResponse:
    """`?customer=<id>` chooses the customer."""
    record_policies.require(request.actor, Action.CREATE, SUBSCRIPTION)
    form = _form(request)
    if request.method == "GET" or not form.is_valid():
        return render(request, NEW, {"form": form}, partial="form", status=200 if request.method == "GET" else 422)
    data = dict(form.cleaned_data)
    customer_id = data.pop("customer")
    try:
        row, operation = subscriptions.start_subscription(actor=request.actor, customer_id=customer_id, **data)
    except Invalid as error:
        form.refuse(error.problems)
    except NotFound as error:
        form.refuse({"customer": str(error)})
    else:
        undo = reverse("records:undo", args=[operation.id])
        return saved(request, _url(row.pk), toast=_("Subscription started."), undo_url=undo)
    return render(request, NEW, {"form": form}, partial="form", status=422)


@require_http_methods(["GET", "POST"])
def act(request: WorkspaceRequest, subscription_id: UUID, slug: str) -> HttpResponse:
    """Renew or end: GET the form, POST does it."""
    row = record_policies.get_record(request.actor, SUBSCRIPTION, subscription_id, Action.UPDATE)
    if row.status == SubscriptionStatus.ENDED:
        return redirect(request, _url(row.pk), toast=_("This subscription has ended."))
    renews = slug == "renew"
    form: Any = (RenewForm if renews else EndForm)(request.POST if request.method == "POST" else None)
    context = {"form": form, "subscription": row, "renews": renews, "record_url": _url(row.pk)}
    if request.method == "GET" or not form.is_valid():
        return render(request, ACT, context, partial="form", status=200 if request.method == "GET" else 422)
    do: Any = subscriptions.renew_subscription if renews else subscriptions.end_subscription
    try:
        _row, operation = do(actor=request.actor, subscription_id=subscription_id, **form.cleaned_data)
    except Invalid as error:
        form.refuse(error.problems)
        return render(request, ACT, context, partial="form", status=422)
    said = _("Subscription renewed.") if renews else _("Subscription ended.")
    if _row.ends_on:
        said = _("The subscription ends with its period.")
    return saved(request, _url(row.pk), toast=said, undo_url=reverse("records:undo", args=[operation.id]))


@require_POST
def hold(request: WorkspaceRequest, subscription_id: UUID, slug: str) -> HttpResponse:
    """Pause or resume: one click, with Undo."""
    pauses = slug == "pause"
    do: Any = subscriptions.pause_subscription if pauses else subscriptions.resume_subscription
    try:
        row, operation = do(actor=request.actor, subscription_id=subscription_id)
    except Invalid as error:
        return redirect(request, _url(subscription_id), toast=" ".join(error.problems.values()))
    said = _("Subscription paused.") if pauses else _("Subscription resumed.")
    undo = reverse("records:undo", args=[operation.id])
    return redirect(request, _url(row.pk), toast=said, undo_url=undo)


def _form(request: WorkspaceRequest) -> SubscriptionForm:
    data = request.POST if request.method == "POST" else None
    customers = found_by(request, "customer", "customer") if data else []
    products = found_by(request, PRODUCT, "product_id") if data else []
    values = data or request.GET
    return SubscriptionForm(
        data,
        initial={"customer": request.GET.get("customer", ""), "currency": request.workspace.currency},
        customer=picked(request, "customer", values.get("customer", ""), customers),
        product=picked(request, PRODUCT, values.get("product_id", ""), products),
        found={"customer": customers, "product_id": products},
        price_lists=list_choices(),
    )
