"""How fields of a customer are called in the warehouse."""

from __future__ import annotations

from rapport.foundation.records.types import Field
from rapport.stores.warehouse.rules.layout import column_of
from rapport.stores.warehouse.types import Column, ColumnType

# What the table of customers begins with, with the SQL over the customer `c`. Lists are joined by U+001F, one also in
# front and behind, so that a member is looked for as chr(31) || value || chr(31).
CUSTOMER_COLUMNS = {
    Column("customer_id"): "c.id",
    Column("kind"): "c.kind",
    Column("country"): "c.country",
    Column("city"): "c.city",
    Column("source"): "c.source",
    Column("owner_id"): "c.owner_id",
    Column("created_at", ColumnType.INSTANT): "c.created_at",
    Column(
        "tags"
    ): "case when cardinality(c.tags) > 0 then chr(31) || array_to_string(c.tags, chr(31)) || chr(31) else '' end",
    Column("deleted", ColumnType.BOOLEAN): "c.deleted_at is not null",
    Column("operation_id"): "c.operation_id",
}
SEPARATOR = "\x1f"


def column_of_field(field: Field) -> str:
    """The column of a field; money and custom fields take further ones that begin alike."""
    if field.custom:
        return "custom_" + column_of(field.name).removeprefix("p_")
    return field.path.replace("__", "_")
