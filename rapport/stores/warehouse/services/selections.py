"""What is read from the database: touch points in batches, everything else whole."""

# ruff: noqa: S608 (the text is ours alone; names of properties and values are parameters)
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from rapport.foundation.records.queries.fields import record_type
from rapport.foundation.records.types import Field, FieldKind
from rapport.stores.customers.models import Customer, CustomerAlias, Relationship, RelationshipType
from rapport.stores.ledger.models import Retraction, Touchpoint
from rapport.stores.warehouse.models import Arrival, Erased
from rapport.stores.warehouse.queries.columns import CUSTOMER_COLUMNS, column_of_field
from rapport.stores.warehouse.rules.layout import touchpoint_columns
from rapport.stores.warehouse.types import Column, ColumnType, Selection

_TOUCHPOINT, _ALIAS, _CUSTOMER, _RETRACTION, _ERASED = (
    model._meta.db_table for model in (Touchpoint, CustomerAlias, Customer, Retraction, Erased)
)
NUMBER = r"^-?[0-9]{1,30}(?:\.[0-9]{1,30})?$"  # as records.queries.fragments reads numbers in JSON
_INSTANT = r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z$"


def _number(name: str) -> str:
    return f"substring(t.properties ->> '{name}' from '{NUMBER}')"


_FIXED = (
    "t.customer_id, t.id, t.occurred_at, t.recorded_at, t.channel, t.kind, t.direction, t.source, t.source_id, t.subject,"
    f" t.amount, t.currency, {_number('net')}, {_number('margin')},"
    " coalesce(t.properties ->> 'campaign', t.properties ->> 'utm_campaign'),"
    " t.properties ->> 'url', t.properties ->> 'referrer', t.properties ->> 'product',"
    f" {_number('quantity')}, coalesce(t.properties ->> 'number', t.properties ->> 'order'), t.batch_id"
)
_BESIDE = "beside"
_NOT_ERASED = f"not exists (select 1 from {_ERASED} e where e.customer_id = t.customer_id)"


@dataclass(frozen=True)
class Chosen:
    """Which touch points are read: a condition on `t` with its parameters."""

    where: str
    params: tuple[Any, ...] = ()


def everything() -> Chosen:
    return Chosen(_NOT_ERASED)


def arrived(arrivals: Sequence[Arrival]) -> Chosen:
    """Those of the batches. Their times narrow it down to a few blocks of the index on recorded_at."""
    times = [arrival.recorded_at for arrival in arrivals]
    return Chosen(
        "t.recorded_at between %s and %s and exists (select 1 from"
        " unnest(%s::timestamptz[], %s::uuid[], %s::uuid[]) a (at, first, last)"
        f" where a.at = t.recorded_at and t.id between a.first and a.last) and {_NOT_ERASED}",
        (
            min(times),
            max(times),
            times,
            [arrival.first_id for arrival in arrivals],
            [arrival.last_id for arrival in arrivals],
        ),
    )


def of_customers(customer_ids: Sequence[UUID]) -> Chosen:
    """Everything of them, also of those who were erased before."""
    return Chosen("t.customer_id = any(%s)", (list(customer_ids),))


def touchpoints(chosen: Chosen, properties: Mapping[str, str]) -> Selection:
    # What lies under a name as a list or an object is no value: it would be long, and no condition asks for it.
    more = "".join(", case when jsonb_typeof(t.properties -> %s::text) in ('string', 'number', 'boolean')"
                   " then t.properties ->> %s::text end" for _ in properties)  # fmt: skip
    names = [name for name in properties for _ in range(2)]
    return Selection(
        f"select {_FIXED}{more} from {_TOUCHPOINT} t where {chosen.where}",
        [*names, *chosen.params],
        touchpoint_columns(properties),
    )


def properties_told(chosen: Chosen) -> tuple[set[str], set[str]]:
    """Names that some of the touch points hold a value under, and those that some hold a list or an object under."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select p.key, bool_or(jsonb_typeof(p.value) in ('string', 'number', 'boolean')),"
            " bool_or(jsonb_typeof(p.value) in ('object', 'array'))"
            f" from {_TOUCHPOINT} t, jsonb_each(t.properties) p where {chosen.where} group by p.key",
            chosen.params,
        )
        rows = cursor.fetchall()
    return {key for key, plain, _ in rows if plain}, {key for key, _, nested in rows if nested}


# Whole tables


def customers() -> Selection:
    """Surviving, live customers with everything that can be filtered by: their own fields typed as far as that goes."""
    fields = [one for one in record_type("customer").fields if one.filterable]
    parts, columns = list[str](), list[Column]()
    params: list[Any] = []
    for column, sql in CUSTOMER_COLUMNS.items():
        parts.append(sql)
        columns.append(column)
    for field in fields:
        for column, sql, values in _pieces(field):
            if column.name not in {known.name for known in columns}:
                parts.append(sql)
                params += values
                columns.append(column)
    beside = next((_beside(field.path).model for field in fields if "__" in field.path and not field.custom), None)
    joined = ""
    if beside is not None:
        joined = f" left join {beside._meta.db_table} {_BESIDE} on {_BESIDE}.{beside._meta.pk.column} = c.id"
    return Selection(
        f"select {', '.join(parts)} from {_CUSTOMER} c{joined} where c.merged_into_id is null and c.deleted_at is null"
        " order by c.id",
        params,
        tuple(columns),
    )


def _beside(path: str) -> Any:
    """The column of a path such as score__tier: values kept beside the customer, one row for each."""
    relation, _, name = path.partition("__")
    found: Any = Customer._meta.get_field(relation)
    return found.related_model._meta.get_field(name)


def _pieces(field: Field) -> list[tuple[Column, str, list[Any]]]:
    """The columns a field takes, with the SQL and parameters of each."""
    name = column_of_field(field)
    if not field.custom:
        return _built_in(field, name)
    text, whole, own = "c.custom ->> %s::text", "c.custom -> %s::text", [field.name]
    there = (Column(f"{name}__set", ColumnType.BOOLEAN), "c.custom ? %s::text", own)
    match field.kind:
        case FieldKind.NUMBER:
            return [(Column(name, ColumnType.NUMBER), f"substring({text} from '{NUMBER}')", own), there]
        case FieldKind.MONEY:
            return [
                (Column(name, ColumnType.NUMBER), f"substring({whole} ->> 'amount' from '{NUMBER}')", own),
                (Column(f"{name}__currency"), f"{whole} ->> 'currency'", own),
                there,
            ]
        case FieldKind.BOOLEAN:
            value = f"case when jsonb_typeof({whole}) = 'boolean' then ({text})::boolean end"
            return [(Column(name, ColumnType.BOOLEAN), value, own * 2), there]
        case FieldKind.MULTI_CHOICE | FieldKind.TAGS:
            value = (
                f"case when jsonb_typeof({whole}) = 'array' then"
                f" (select chr(31) || string_agg(v, chr(31)) || chr(31) from jsonb_array_elements_text({whole}) v) end"
            )
            return [(Column(name), value, own * 2), there]
        case FieldKind.INSTANT:
            # All of one length, so that they sort as text: 2026-03-31T09:30:00.000000
            value = (
                f"case when {text} ~ '{_INSTANT}' then rpad(case when position('.' in {text}) > 0"
                f" then rtrim({text}, 'Z') else rtrim({text}, 'Z') || '.' end, 26, '0') end"
            )
            return [(Column(name), value, own * 4), there]
    return [(Column(name), text, own), there]


def _built_in(field: Field, name: str) -> list[tuple[Column, str, list[Any]]]:
    if "__" in field.path:
        return [(Column(name, _plain_type(field)), f"{_BESIDE}.{_beside(field.path).column}", [])]
    declared: Any = Customer._meta.get_field(field.path)
    column = declared.column
    match field.kind:
        case FieldKind.TAGS | FieldKind.MULTI_CHOICE:
            joined = f"case when cardinality(c.{column}) > 0 then chr(31) || array_to_string(c.{column}, chr(31)) || chr(31) else '' end"
            return [(Column(name), joined, [])]
        case FieldKind.MONEY:
            return [
                (Column(name, ColumnType.NUMBER), f"substring(c.{column} ->> 'amount' from '{NUMBER}')", []),
                (Column(f"{name}__currency"), f"c.{column} ->> 'currency'", []),
            ]
    return [(Column(name, _plain_type(field)), f"c.{column}", [])]


def _plain_type(field: Field) -> ColumnType:
    return {
        FieldKind.NUMBER: ColumnType.NUMBER,
        FieldKind.DATE: ColumnType.DAY,
        FieldKind.INSTANT: ColumnType.INSTANT,
        FieldKind.BOOLEAN: ColumnType.BOOLEAN,
    }.get(field.kind, ColumnType.TEXT)


def binned() -> Selection:
    """Customers in the bin: no number counts them."""
    sql = f"select id from {_CUSTOMER} where deleted_at is not null and merged_into_id is null order by id"
    return Selection(sql, [], (Column("customer_id"),))


def aliases() -> Selection:
    sql = f"select absorbed_id, surviving_id from {_ALIAS} order by absorbed_id"
    return Selection(sql, [], (Column("absorbed_id"), Column("surviving_id")))


def retractions() -> Selection:
    sql = f"select touchpoint_id, batch_id from {_RETRACTION}"
    return Selection(sql, [], (Column("touchpoint_id"), Column("batch_id")))


def relationships() -> Selection:
    relationship, kind = Relationship._meta.db_table, RelationshipType._meta.db_table
    return Selection(
        "select r.type_id, r.from_customer_id, r.to_customer_id, r.until, k.is_symmetric"
        f" from {relationship} r join {kind} k on k.name = r.type_id",
        [],
        (
            Column("type"),
            Column("from_id"),
            Column("to_id"),
            Column("until", ColumnType.DAY),
            Column("is_symmetric", ColumnType.BOOLEAN),
        ),
    )
