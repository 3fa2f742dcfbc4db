"""Parts that commerce gives to other pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from rapport.foundation.lib import clock
from rapport.foundation.records import policies as record_policies
from rapport.foundation.records.extension_points import Panel as RecordPart
from rapport.foundation.records.rules.conditions import Attribute, Operator
from rapport.foundation.records.rules.lists import ListState
from rapport.foundation.ui.render import render
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.commerce.queries.customer_orders import customer_orders
from rapport.stores.commerce.queries.products import product_sales
from rapport.stores.commerce.types import ORDER, SUBSCRIPTION, SubscriptionStatus
from rapport.stores.customers.extension_points import Panel
from rapport.stores.customers.queries.detail import customer_with_ids


def orders_panel(request: HttpRequest, actor: Actor, customer: Any, ids: Sequence[UUID]) -> Panel | None:
    """Right column of the customer page. Its queries are made once the page stands: `customer_orders_page`."""
    return Panel("commerce/customers/panel.html") if actor.may(Action.READ, ORDER) else None


@require_safe
def customer_orders_page(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """Open and latest orders of a customer, products bought, subscriptions, margin."""
    actor = request.actor
    record_policies.require(actor, Action.READ, ORDER)
    customer, ids = customer_with_ids(actor=actor, customer_id=customer_id)
    tree = Attribute("customer", Operator.IS, str(customer.pk))
    context = {
        "customer": customer,
        "orders": customer_orders(actor=actor, ids=ids, today=clock.now().date()),
        "may_commerce": {"order": actor.may(Action.CREATE, ORDER), "subscribe": actor.may(Action.CREATE, SUBSCRIPTION)},
        "all_url": f"{reverse('commerce:orders')}?{ListState(where=tree).query()}",
    }
    return render(request, "commerce/customers/orders.html", context, partial="panel")


def product_panel(request: HttpRequest, actor: Actor, record: Any) -> RecordPart:
    """What was sold of a product, and what it costs on which list."""
    return RecordPart(
        "commerce/products/panel.html", {"sales": product_sales(actor=actor, product=record), "product": record}
    )


def subscription_panel(request: HttpRequest, actor: Actor, record: Any) -> RecordPart:
    """What can be done with a subscription."""
    may = actor.may(Action.UPDATE, SUBSCRIPTION) and record.status != SubscriptionStatus.ENDED
    return RecordPart("commerce/subscriptions/panel.html", {"subscription": record, "may_change": may})
