"""Making orders, and acting on them. One address for each; buttons say what is done with what was typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from rapport.foundation.lib import clock
from rapport.foundation.records import policies as record_policies
from rapport.foundation.records.extension_points import Panel
from rapport.foundation.records.forms.records import Option
from rapport.foundation.ui.render import redirect, render, saved
from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.commerce import policies
from rapport.stores.commerce.forms.orders import (
    BasketForm,
    BasketLine,
    ProductForm,
    act_form,
    basket_initial,
    lines_of,
    said_line,
    spread_problems,
    typed_lines,
)
from rapport.stores.commerce.queries.drafts import drafted
from rapport.stores.commerce.queries.order_pages import OrderPage, order_page
from rapport.stores.commerce.queries.settings import list_choices, not_taken
from rapport.stores.commerce.rules.drafts import totals_of
from rapport.stores.commerce.services import orders
from rapport.stores.commerce.services.states import said_lines
from rapport.stores.commerce.types import ORDER, PRODUCT, Act
from rapport.stores.commerce.views.picking import found_by, picked
from rapport.stores.customers.queries.customers import names_of

EDIT, ACT = "commerce/orders/edit.html", "commerce/orders/act.html"
_SLUGS = {
    "place": Act.PLACE,
    "pay": Act.PAY,
    "ship": Act.SHIP,
    "deliver": Act.DELIVER,
    "return": Act.RETURN,
    "refund": Act.REFUND,
    "cancel": Act.CANCEL,
}
_DONE = {
    Act.PLACE: gettext_lazy("Order placed."),
    Act.PAY: gettext_lazy("Payment recorded."),
    Act.SHIP: gettext_lazy("Shipment recorded."),
    Act.DELIVER: gettext_lazy("Marked as delivered."),
    Act.RETURN: gettext_lazy("Return recorded."),
    Act.REFUND: gettext_lazy("Refund recorded."),
    Act.CANCEL: gettext_lazy("Order cancelled."),
}


def order_url(order_id: UUID) -> str:
    return reverse("records:record", args=[ORDER, order_id])


def order_panel(request: HttpRequest, actor: Actor, record: Any) -> Panel:
    """The middle of an order's page: sums, what can be done, lines, shipments, payments."""
    page = order_page(actor=actor, order=record)
    return Panel("commerce/orders/panel.html", {"page": page, "order": record, "slugs": _buttons(page)})


def _buttons(page: OrderPage) -> list[tuple[str, str, bool]]:
    """What can be done: address part, label, whether it is what is usually next."""
    return [(slug, str(act.label), act is page.next_act) for slug, act in _SLUGS.items() if act in page.acts]


@require_http_methods(["GET", "POST"])
def new(request: WorkspaceRequest) -> HttpResponse:
    """An order for a customer: `?customer=<id>` chooses them."""
    record_policies.require(request.actor, Action.CREATE, ORDER)
    if request.method == "POST":
        return _posted(request, None)
    initial = {
        "customer": request.GET.get("customer", ""),
        "currency": request.workspace.currency,
        "prices_include_tax": True,
    }
    return _page(request, _form(request, initial=initial), [], None)


@require_http_methods(["GET", "POST"])
def edit(request: WorkspaceRequest, order_id: UUID) -> HttpResponse:
    """What is in a cart."""
    order = record_policies.get_record(request.actor, ORDER, order_id, Action.UPDATE)
    if order.placed_at or order.cancelled_at:
        return redirect(
            request, order_url(order.pk), toast=_("Only carts can be changed. Cancel the order, or take goods back.")
        )
    if request.method == "POST":
        return _posted(request, order)
    said = said_lines(order, order.lines.order_by("position"))
    initial = basket_initial(said, customer=order.customer_id, notes=order.notes)
    return _page(request, _form(request, initial=initial, order=order), lines_of(said), order)


def _posted(request: WorkspaceRequest, order: Any) -> HttpResponse:
    """Buttons: add, remove, totals (also without any: live), save, place."""
    do = request.POST.get("do", "totals")
    lines = typed_lines(request.POST)
    form = _form(request, data=request.POST, order=order)
    if do == "add":
        lines += _added(request)
    elif do.startswith("remove-") and do[7:].isdigit() and int(do[7:]) < len(lines):
        del lines[int(do[7:])]
    if do not in ("save", "place"):
        form.is_valid()
        return _page(request, form, lines, order)
    if form.is_valid():
        raw = {**form.said(), "lines": [said_line(line) for line in lines]}
        act = orders.place_order if do == "place" else orders.save_cart
        try:
            made, operation = act(
                actor=request.actor,
                customer_id=form.cleaned_data["customer"],
                raw=raw,
                order_id=order.pk if order else None,
            )
        except Invalid as error:
            form.refuse(spread_problems(error.problems, lines))
        else:
            said = _("Order placed.") if do == "place" else _("Cart saved.")
            return redirect(
                request, order_url(made.pk), toast=said, undo_url=reverse("records:undo", args=[operation.id])
            )
    return _page(request, form, lines, order, status=422)


def _added(request: WorkspaceRequest) -> list[BasketLine]:
    """The product that was picked, or a line to be filled in by hand."""
    option = picked(request, PRODUCT, request.POST.get("product", ""))
    if option is not None:
        return [BasketLine({"product_id": option.id, "name": option.label, "quantity": "1"})]
    words = " ".join(request.POST.get("product__q", "").split())[:240]
    found = found_by(request, PRODUCT, "product")
    if len(found) == 1:
        return [BasketLine({"product_id": found[0].id, "name": found[0].label, "quantity": "1"})]
    return [BasketLine({"name": words, "quantity": "1"})] if not found else []


def _form(
    request: WorkspaceRequest, *, data: Any = None, initial: Mapping[str, Any] | None = None, order: Any = None
) -> BasketForm:
    found = found_by(request, "customer", "customer") if data else []
    wanted = (data or initial or {}).get("customer", "")
    chosen = picked(request, "customer", str(wanted), found) if not order else None
    if order is not None and data is not None:
        data = data.copy()
        data["customer"] = str(order.customer_id)
    return BasketForm(
        data, initial=initial, lists=list_choices(), found=found, chosen=chosen, fixed_customer=order is not None
    )


def _page(
    request: WorkspaceRequest, form: BasketForm, lines: list[BasketLine], order: Any, *, status: int = 200
) -> HttpResponse:
    sums, problems = _sums(form, lines)
    context = {
        "form": form,
        "lines": list(enumerate(lines)),
        "sums": sums,
        "sees_margin": policies.sees_margin(request.actor),
        "order": order,
        "problems": problems if status == 200 else {},
        "picker": _product_picker(request),
        "currency": form["currency"].value() or request.workspace.currency,
        "title": order.number if order else _("New order"),
    }
    return render(request, EDIT, context, partial="basket", status=status)


def _sums(form: BasketForm, lines: list[BasketLine]) -> tuple[Any, dict[str, str]]:
    """What it comes to as far as it is typed."""
    if not lines:
        return None, {}
    said = form.said() if form.is_bound and hasattr(form, "cleaned_data") else dict(form.initial)
    raw = {
        **said,
        "currency": said.get("currency") or form["currency"].value(),
        "lines": [said_line(line) for line in lines],
    }
    raw.pop("total", None)
    draft, problems = drafted(raw, now=clock.now())
    rest = {} if form.errors else spread_problems(problems, lines)
    for line, completed in zip(lines, draft.lines, strict=False):
        line.price = completed.unit_price
    if problems:
        return None, rest
    found = totals_of(draft)
    for line, each in zip(lines, found.lines, strict=True):
        line.amount = each.gross
    return found, {}


def _product_picker(request: WorkspaceRequest) -> ProductForm:
    """What was found and picked stays while totals are worked out; once it is a line, the next one can be looked for."""
    if request.method != "POST" or request.POST.get("do", "").startswith(("add", "remove")):
        return ProductForm(found=_several(request))
    found, value = found_by(request, PRODUCT, "product"), request.POST.get("product", "")
    return ProductForm(found=found, chosen=picked(request, PRODUCT, value, found), initial={"product": value})


def _several(request: WorkspaceRequest) -> list[Option]:
    """Products that were found when one was to be added without saying which."""
    if request.method != "POST" or request.POST.get("product"):
        return []
    found = found_by(request, PRODUCT, "product")
    return found if len(found) > 1 else []


@require_http_methods(["GET", "POST"])
def act(request: WorkspaceRequest, order_id: UUID, slug: str) -> HttpResponse:
    """One act on an order: GET its form, POST does it."""
    what = _SLUGS.get(slug)
    if what is None:
        raise Http404
    order = record_policies.get_record(request.actor, ORDER, order_id, Action.UPDATE)
    page = order_page(actor=request.actor, order=order)
    if what not in page.acts:
        return redirect(request, order_url(order_id), toast=_("This can’t be done with the order as it is now."))
    form = act_form(what, page, request.POST if request.method == "POST" else None)
    context = {
        "form": form,
        "page": page,
        "order": order,
        "customer_name": names_of(actor=request.actor, customer_ids=[order.customer_id]).get(order.customer_id, ""),
        "act": what,
        "slug": slug,
        "record_url": order_url(order_id),
    }
    if request.method == "GET" or not form.is_valid():
        return render(request, ACT, context, partial="form", status=200 if request.method == "GET" else 422)
    try:
        _order, operation = _DO[what](request.actor, order_id, form)
    except Invalid as error:
        form.refuse(error.problems)
        return render(request, ACT, context, partial="form", status=422)
    undo = reverse("records:undo", args=[operation.id])
    return saved(request, order_url(order_id), toast=str(_DONE[what]), undo_url=undo)


def _place(actor: Actor, order_id: UUID, form: Any) -> Any:
    return orders.place_cart(actor=actor, order_id=order_id)


def _pay(actor: Actor, order_id: UUID, form: Any) -> Any:
    return orders.pay_order(actor=actor, order_id=order_id, **form.cleaned_data)


def _ship(actor: Actor, order_id: UUID, form: Any) -> Any:
    data = {name: form.cleaned_data[name] for name in ("at", "carrier", "tracking", "promised_on")}
    return orders.ship_order(actor=actor, order_id=order_id, items=form.quantities(), **data)


def _deliver(actor: Actor, order_id: UUID, form: Any) -> Any:
    data = form.cleaned_data
    return orders.deliver_shipment(actor=actor, order_id=order_id, shipment_id=UUID(data["shipment"]), at=data["at"])


def _return(actor: Actor, order_id: UUID, form: Any) -> Any:
    data = {name: form.cleaned_data[name] for name in ("at", "reason")}
    return orders.return_goods(actor=actor, order_id=order_id, items=form.quantities(), **data)


def _refund(actor: Actor, order_id: UUID, form: Any) -> Any:
    return orders.refund_order(actor=actor, order_id=order_id, **form.cleaned_data)


def _cancel(actor: Actor, order_id: UUID, form: Any) -> Any:
    return orders.cancel_order(actor=actor, order_id=order_id, reason=form.cleaned_data["reason"])


_DO: dict[Act, Callable[[Actor, UUID, Any], Any]] = {
    Act.PLACE: _place,
    Act.PAY: _pay,
    Act.SHIP: _ship,
    Act.DELIVER: _deliver,
    Act.RETURN: _return,
    Act.REFUND: _refund,
    Act.CANCEL: _cancel,
}


@require_safe
def unread(request: WorkspaceRequest) -> HttpResponse:
    """Touch points that speak of orders and could not be taken up, with the reasons."""
    record_policies.require(request.actor, Action.READ, ORDER)
    return render(request, "commerce/orders/unread.html", {"rows": not_taken(actor=request.actor)})
