"""Parts that sales gives to other pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from rapport.applications.sales.queries.customer_deals import customer_deals
from rapport.applications.sales.types import DEAL
from rapport.foundation.lib import clock
from rapport.foundation.records import policies
from rapport.foundation.records.rules.conditions import Attribute, Operator
from rapport.foundation.records.rules.lists import ListState
from rapport.foundation.ui.render import render
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.customers.extension_points import Panel
from rapport.stores.customers.queries.customers import all_ids, get_customer


def deals_panel(request: HttpRequest, actor: Actor, customer: Any, ids: Sequence[UUID]) -> Panel | None:
    """Right column of the customer page. Its queries are made once the page stands: `customer_deals_page`."""
    return Panel("sales/customers/panel.html") if actor.may(Action.READ, DEAL) else None


@require_safe
def customer_deals_page(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """Open and latest deals of a customer, and those in which they have a part."""
    actor = request.actor
    policies.require(actor, Action.READ, DEAL)
    customer = get_customer(actor=actor, customer_id=customer_id)
    tree = Attribute("customer", Operator.IS, str(customer.pk))
    context = {
        "customer": customer,
        "deals": customer_deals(actor=actor, ids=all_ids(customer.pk), today=clock.now().date()),
        "may_add": actor.may(Action.CREATE, DEAL),
        "all_url": f"{reverse('sales:deals')}?{ListState(where=tree).query()}",
    }
    return render(request, "sales/customers/deals.html", context, partial="panel")
