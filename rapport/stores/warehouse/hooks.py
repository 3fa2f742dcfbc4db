"""What the warehouse plugs into the house: its own tables, its place beside each batch of touch points."""

from __future__ import annotations

from rapport.foundation.workspace.extension_points import before_erasing
from rapport.stores.ledger.extension_points import with_append
from rapport.stores.warehouse.extension_points import marts as mart_registry
from rapport.stores.warehouse.extension_points import warehouse_sources, write_deferrers
from rapport.stores.warehouse.queries import marts
from rapport.stores.warehouse.services import selections
from rapport.stores.warehouse.services.writing import erase_files, note_arrival
from rapport.stores.warehouse.tasks import defer_write
from rapport.stores.warehouse.types import Source

with_append.register("warehouse", note_arrival)
before_erasing.register("warehouse", lambda workspace: erase_files(workspace.schema_name))

for name, select, read_from in (
    ("customers", selections.customers, ("customers_customer", "records_customfield")),
    ("binned", selections.binned, ("customers_customer",)),
    ("aliases", selections.aliases, ("customers_customeralias",)),
    ("retractions", selections.retractions, ("ledger_retraction",)),
    ("relationships", selections.relationships, ("customers_relationship", "customers_relationshiptype")),
):
    warehouse_sources.register(name, Source(select=select, read_from=read_from))

write_deferrers.register("worker", defer_write)
for mart in (marts.touchpoints, marts.purchases, marts.unconverted, marts.rfm, marts.months):
    mart_registry.register(f"warehouse.{mart.__name__}", mart)
