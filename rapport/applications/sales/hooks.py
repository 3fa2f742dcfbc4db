"""What sales plugs into the house."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from rapport.applications.sales.queries.customer_deals import everything, holding, used_in_deals
from rapport.applications.sales.queries.pipelines import PIPELINES, remember, with_stages
from rapport.applications.sales.rules.fields import PAGE, deal_type
from rapport.applications.sales.services.deals import DealWrites
from rapport.applications.sales.services.parts import APPROVED, PEOPLE, people_line, undo_part
from rapport.applications.sales.services.pipelines import RETIRED, undo_retired
from rapport.applications.sales.types import DEAL
from rapport.applications.sales.views.deal_pages import panel
from rapport.applications.sales.views.panels import deals_panel
from rapport.foundation.records.extension_points import (
    ActWords,
    HistoryPart,
    RecordPanel,
    act_words,
    history_parts,
    list_pages,
    record_panels,
    record_types,
    undo_handlers,
    write_hooks,
)
from rapport.foundation.ui.extension_points import menu, quick_create, settings_pages
from rapport.foundation.ui.types import MenuEntry, QuickCreate, SettingsPage
from rapport.foundation.workspace.extension_points import BroughtAlong, audit_actions, brought_along
from rapport.foundation.workspace.types import Action, AuditAction, Power
from rapport.stores.customers.extension_points import (
    CustomerPanel,
    customer_data,
    customer_holdings,
    customer_panels,
    customer_uses,
)
from rapport.stores.ledger.extension_points import channels, kinds
from rapport.stores.ledger.types import Channel, Group, Kind


def _deal_model() -> Any:
    from rapport.applications.sales.models import Deal

    return Deal


record_types.register(DEAL, deal_type(_deal_model))
record_types.complete(DEAL, with_stages)
brought_along.register("sales", BroughtAlong(PIPELINES, remember))
write_hooks.register(DEAL, DealWrites())
list_pages.register(PAGE.name, PAGE)
record_panels.register("sales.deal", RecordPanel(record_type=DEAL, render=panel, order=10))
for act in (APPROVED, PEOPLE):
    undo_handlers.register(act, undo_part)
undo_handlers.register(RETIRED, undo_retired)
act_words.register(RETIRED, ActWords(_("retired the stage of"), "layout-kanban"))
act_words.register(APPROVED, ActWords(_("approved"), "circle-check"))
act_words.register(PEOPLE, ActWords(_("changed who takes part in"), "users"))
history_parts.register(PEOPLE, HistoryPart(label=_("Who takes part"), describe=people_line))

channels.register("sales", Channel(name="sales", label=_("Sales"), icon="coin-euro", group=Group.ORDERS))
for kind in (
    Kind(name="deal_opened", label=_("Deal opened"), icon="coin-euro", phrase=_("Deal {name} begins"), group=Group.ORDERS, quiet=True),
    Kind(name="deal_moved", label=_("Deal moved"), icon="coin-euro", phrase=_("Deal {name}: {from} to {stage}"), group=Group.ORDERS, quiet=True),
    Kind(name="deal_won", label=_("Deal won"), icon="circle-check", phrase=_("Deal {name} won"), group=Group.ORDERS),
    Kind(name="deal_lost", label=_("Deal lost"), icon="circle-x", phrase=_("Deal {name} lost: {reason}"), group=Group.ORDERS),
):  # fmt: skip
    kinds.register(kind.name, kind)

customer_panels.register("deals", CustomerPanel(position="right", order=15, render=deals_panel))
customer_data.register("deals", everything)
customer_holdings.register("deals", holding)
customer_uses.register("deals", used_in_deals)

menu.register(
    "sales.deals",
    MenuEntry(
        label=_("Deals"),
        url_name="sales:deals",
        section="commerce",
        needs=(Action.READ, DEAL),
        go="d",
        in_tab_bar=True,
        order=5,
    ),
)
quick_create.register(
    "deal",
    QuickCreate(
        label=_("Deal"),
        url_name="sales:deal-new",
        icon="coin-euro",
        section=_("New record"),
        needs=(Action.CREATE, DEAL),
        order=15,
    ),
)
settings_pages.register(
    "sales.pipelines",
    SettingsPage(
        label=_("Pipelines"),
        help=_("The stages deals go through, and what is asked of them."),
        url_name="sales:pipelines",
        icon="layout-kanban",
        group=_("Orders and money"),
        needs=Power.MANAGE_FIELDS,
        order=39,
    ),
)
audit_actions.register(
    "sales.pipeline_changed",
    AuditAction(
        sentence=_("changed the pipeline or stage “{subject}”"), group=_("Orders and money"), icon="layout-kanban"
    ),
)
