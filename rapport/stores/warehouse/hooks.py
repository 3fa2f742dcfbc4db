"""What the warehouse plugs into the house: its own tables, its place beside each batch of touch points."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rapport.foundation.ui.extension_points import commands, settings_pages
from rapport.foundation.ui.types import PaletteCommand, SettingsPage
from rapport.foundation.workspace.extension_points import audit_actions, before_erasing
from rapport.foundation.workspace.types import AuditAction, Power
from rapport.stores.ledger.extension_points import with_append
from rapport.stores.warehouse.extension_points import marts as mart_registry
from rapport.stores.warehouse.extension_points import warehouse_sources, write_deferrers
from rapport.stores.warehouse.queries import marts
from rapport.stores.warehouse.services import order_tables, selections
from rapport.stores.warehouse.services.writing import erase_files, note_arrival
from rapport.stores.warehouse.tasks import defer_write
from rapport.stores.warehouse.types import Source

with_append.register("warehouse", note_arrival)
before_erasing.register("warehouse", lambda workspace: erase_files(workspace.schema_name))

_CUSTOMER = "customers_customer"
for name, source in {
    "customers": Source(
        label=_("Customers"),
        select=selections.customers,
        read_from=(_CUSTOMER, "records_customfield", "customers_score"),
    ),
    "binned": Source(label=_("Customers in the bin"), select=selections.binned, read_from=(_CUSTOMER,)),
    "aliases": Source(label=_("Merged customers"), select=selections.aliases, read_from=("customers_customeralias",)),
    "retractions": Source(
        label=_("Touch points taken back"), select=selections.retractions, read_from=("ledger_retraction",)
    ),
    "relationships": Source(
        label=_("Relationships"),
        select=selections.relationships,
        read_from=("customers_relationship", "customers_relationshiptype"),
    ),
    "orders": Source(
        label=_("Orders"), select=order_tables.orders, read_from=order_tables.ORDER_TABLES, of_customers=True
    ),
    "order_lines": Source(
        label=_("Order lines"), select=order_tables.order_lines, read_from=order_tables.ORDER_TABLES, of_customers=True
    ),
    "products": Source(label=_("Products"), select=order_tables.products, read_from=order_tables.PRODUCT_TABLES),
    "rates": Source(label=_("Exchange rates"), select=order_tables.rates, read_from=order_tables.RATE_TABLES),
}.items():
    warehouse_sources.register(name, source)

write_deferrers.register("worker", defer_write)
for mart in (marts.touchpoints, marts.purchases, marts.unconverted, marts.rfm, marts.months):
    mart_registry.register(f"warehouse.{mart.__name__}", mart)

settings_pages.register(
    "warehouse",
    SettingsPage(
        label=_("Warehouse"),
        help=_("What questions about everybody are answered from, and how fresh it is."),
        url_name="warehouse:show",
        icon="database",
        group=_("Data"),
        needs=Power.MANAGE_SOURCES,
        order=80,
    ),
)
commands.register(
    "warehouse",
    PaletteCommand(label=_("Warehouse"), icon="database", url_name="warehouse:show", needs=Power.MANAGE_SOURCES),
)
audit_actions.register(
    "warehouse.rebuilt",
    AuditAction(sentence=_("had the warehouse written anew"), group=_("Sources"), icon="database"),
)
