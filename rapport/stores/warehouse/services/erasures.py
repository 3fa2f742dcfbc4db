"""People whose record is gone for good, and what was written of them.

The ledger keeps its rows, so it does not tell. What tells is that a customer was in the warehouse and is in no row of the
database any longer, neither live nor in the bin nor merged away. Their touch points are taken out of the files, those of
ids that were merged into them too, and are not written again; the old files go with the manifests that name them.
Should the record come back (an undo), so do they.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db.models import Q

from rapport.foundation.lib import clock
from rapport.stores.customers.models import Customer, CustomerAlias
from rapport.stores.warehouse.models import Erased
from rapport.stores.warehouse.queries.lake import Lake
from rapport.stores.warehouse.rules.manifests import Manifest, TableState

BATCH = 5000


def returned() -> list[UUID]:
    """Erased customers whose record is there again, with the ids that were merged into them."""
    living = Customer.objects.values("pk")
    aliases = CustomerAlias.objects.filter(surviving_id__in=living).values("absorbed_id")
    found = Erased.objects.filter(Q(customer_id__in=living) | Q(customer_id__in=aliases))
    return list(found.values_list("customer_id", flat=True))


def vanished(lake: Lake, before: Manifest, tables: Mapping[str, TableState]) -> list[UUID]:
    """Customers that were written before and are in no row of the database now."""
    there = _ids(lake, before.tables, "customers") | _ids(lake, before.tables, "binned")
    missing = there - _ids(lake, tables, "customers") - _ids(lake, tables, "binned")
    if not missing:
        return []
    gone = {UUID(one) for one in missing}
    for start in range(0, len(missing), BATCH):
        part = sorted(missing)[start : start + BATCH]
        gone -= set(Customer.objects.filter(pk__in=part).values_list("pk", flat=True))
    if not gone:
        return []
    absorbed = _absorbed(lake, before.tables, {str(one) for one in gone})
    kept = set(CustomerAlias.objects.filter(absorbed_id__in=absorbed).values_list("absorbed_id", flat=True))
    return sorted(gone | (absorbed - kept))


def remember(gone: Sequence[UUID]) -> None:
    at = clock.now()
    Erased.objects.bulk_create(
        [Erased(customer_id=one, at=at) for one in gone], ignore_conflicts=True, batch_size=BATCH
    )


def forget(back: Sequence[UUID]) -> None:
    for start in range(0, len(back), BATCH):
        Erased.objects.filter(customer_id__in=back[start : start + BATCH]).delete()


def _ids(lake: Lake, tables: Mapping[str, TableState], name: str) -> set[str]:
    return set(_column(lake, tables, name, "customer_id"))


def _absorbed(lake: Lake, tables: Mapping[str, TableState], surviving: set[str]) -> set[UUID]:
    pairs = zip(
        _column(lake, tables, "aliases", "absorbed_id"), _column(lake, tables, "aliases", "surviving_id"), strict=True
    )
    return {UUID(absorbed) for absorbed, survivor in pairs if survivor in surviving}


def _column(lake: Lake, tables: Mapping[str, TableState], name: str, column: str) -> list[str]:
    import pyarrow.parquet as pq

    state = tables.get(name, TableState())
    return [
        value
        for file in state.files
        for value in pq.read_table(lake.folder / file.path, columns=[column])[column].to_pylist()
    ]
