"""Changing many customers in a few statements, whatever each of them changes: imports, and taking imports back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from rapport.foundation.lib import clock, ids
from rapport.foundation.records.rules import codec
from rapport.foundation.records.services.copying import copy_columns, escaped, others
from rapport.foundation.records.types import Field, FieldKind, RecordType
from rapport.stores.customers.queries.customers import RECORD_TYPE
from rapport.stores.customers.rules import customers as rules
from rapport.stores.customers.types import IdentityKind

# Columns that are no texts, and how a text becomes their value.
_CASTS = {
    "birth_date": "{}::date",
    "owner_id": "{}::uuid",
    "tags": "array(select jsonb_array_elements_text({}::jsonb))::varchar(80)[]",
    "custom": "{}::jsonb",
}
_ALWAYS = ("name", "given_name", "family_name", "email", "phone", "organisation_name", "city", "custom")


@dataclass
class Standing:
    """A customer as it is, locked: columns by name."""

    id: UUID
    columns: dict[str, Any]

    def value(self, declared: Field) -> Any:
        """A field's value in its JSON form."""
        if declared.custom:
            return (self.columns["custom"] or {}).get(declared.name)
        return codec.encode(self.columns[column_of(declared)])


@dataclass
class Changed:
    """What one customer's fields become, in JSON form, and what they were."""

    standing: Standing
    after: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)

    def put(self, declared: Field, value: Any) -> None:
        was = self.standing.value(declared)
        same_number = declared.kind is FieldKind.NUMBER and was and value and Decimal(was) == Decimal(value)
        if _differs(was, value) and not same_number:
            self.before[declared.name], self.after[declared.name] = was, value


def column_of(declared: Field) -> str:
    return "custom" if declared.custom else declared.column or declared.name


def lock_customers(customer_ids: Iterable[UUID], fields: Iterable[Field]) -> dict[UUID, Standing]:
    """The customers as they are, locked in the order of their ids; those that are gone are missing."""
    names = list(dict.fromkeys([*_ALWAYS, "deleted_at", "merged_into_id", *(column_of(one) for one in fields)]))
    with connection.cursor() as cursor:
        columns = ", ".join(connection.ops.quote_name(name) for name in names)
        cursor.execute(
            f"select id, {columns} from customers_customer where id = any(%s) order by id for no key update",  # noqa: S608 - columns of ours
            [sorted(set(customer_ids))],
        )
        found = {}
        for row in cursor.fetchall():
            values = dict(zip(names, row[1:], strict=True))
            if isinstance(values["custom"], str):
                values["custom"] = json.loads(values["custom"])
            found[row[0]] = Standing(row[0], values)
    return found


def change_customers(changes: Sequence[Changed], declared: RecordType, *, operation_id: UUID) -> int:
    """Store the changes with what follows from them: names, search text, primary identities, history. Returns how many."""
    changes = [one for one in changes if one.after]
    if not changes:
        return 0
    now = clock.now()
    fields = {
        name: declared_field
        for name in {name for one in changes for name in one.after}
        if (declared_field := declared.field(name))
    }
    for one in changes:
        _derive(one, fields, declared)
    columns = sorted({column_of(known) for known in fields.values()} | {"name", "search"})
    rows = [_columns_after(one, fields) for one in changes]
    assignments = ", ".join(
        f"{connection.ops.quote_name(name)} = {_CASTS.get(name, '{}').format(f't.c{at}')}"
        for at, name in enumerate(columns)
    )
    arrays = ", ".join("%s::text[]" for _ in columns)
    names = ", ".join(f"c{at}" for at in range(len(columns)))
    with connection.cursor() as cursor:
        cursor.execute(  # names of columns are ours, values are parameters
            f"update customers_customer c set {assignments}, updated_at = %s, version = c.version + 1"  # noqa: S608 - see above
            f" from unnest(%s::uuid[], {arrays}) as t (id, {names}) where c.id = t.id",
            [
                now,
                [one.standing.id for one in changes],
                *([_as_text(name, row[name]) for row in rows] for name in columns),
            ],
        )
    for column, kind in (("email", IdentityKind.EMAIL), ("phone", IdentityKind.PHONE)):
        if column in fields:
            owners = {one.standing.id: one.after[column] or "" for one in changes if column in one.after}
            follow_column(owners, kind, operation_id, now)
    write_history(changes, operation_id, now)
    return len(changes)


def follow_column(owners: Mapping[UUID, str], kind: IdentityKind, operation_id: UUID, now: datetime) -> None:
    """The primary identity of each customer becomes the column's value; one that is somebody else's stays with them."""
    customers = list(owners)
    values = [owners[one] for one in customers]
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into customers_identity (id, value, kind, namespace, customer_id, is_primary, source, created_at, operation_id)"
            " select t.id, t.value, %s, '', t.customer_id, false, '', %s, %s::uuid"
            " from unnest(%s::uuid[], %s::text[], %s::uuid[]) as t (id, value, customer_id) where t.value <> '' order by t.value"
            " on conflict (value, kind, namespace) do nothing",
            [kind.value, now, operation_id, [ids.new_id() for _ in customers], values, customers],
        )
        cursor.execute(
            "update customers_identity i set is_primary = (i.value = t.value)"
            " from unnest(%s::uuid[], %s::text[]) as t (customer_id, value)"
            " where i.customer_id = t.customer_id and i.kind = %s and i.is_primary <> (i.value = t.value)",
            [customers, values, kind.value],
        )


def write_history(changes: Sequence[Changed], operation_id: UUID, now: datetime) -> None:
    copy_columns(
        "records_change",
        {
            "record_id": others(one.standing.id for one in changes),
            "id": others(ids.new_id() for _ in changes),
            "operation_id": str(operation_id),
            "record_type": RECORD_TYPE,
            "action": "updated",
            "at": now.isoformat(),
            "before": [escaped(json.dumps(one.before, ensure_ascii=False)) for one in changes],
            "after": [escaped(json.dumps(one.after, ensure_ascii=False)) for one in changes],
        },
        len(changes),
    )


def _derive(one: Changed, fields: dict[str, Field], declared: RecordType) -> None:
    """A name made of given and family name follows them, and is told in the history like them."""
    if "name" in one.after or not {"given_name", "family_name"} & set(one.after):
        return
    parts = [one.after.get(name, one.standing.columns[name]) for name in ("given_name", "family_name")]
    name_field = declared.field("name")
    if name_field and (name := " ".join(part for part in parts if part)):
        one.put(name_field, name[:240])
        if "name" in one.after:
            fields.setdefault("name", name_field)


def _columns_after(one: Changed, fields: Mapping[str, Field]) -> dict[str, Any]:
    """All columns of the customer as they will be, in JSON form."""
    columns = dict(one.standing.columns)
    custom = dict(columns["custom"] or {})
    for name, value in one.after.items():
        known = fields.get(name)
        if known is None:
            continue
        if known.custom:
            if value in codec.EMPTY:
                custom.pop(name, None)
            else:
                custom[name] = value
        else:
            columns[column_of(known)] = value
    columns["custom"] = custom
    columns["name"] = columns["name"] or rules.display_name(columns)
    columns["search"] = rules.search_text(
        **{name: columns[name] or "" for name in ("name", "email", "phone", "organisation_name", "city")}
    )
    return columns


def _as_text(column: str, value: Any) -> str | None:
    if column in ("tags", "custom"):
        return json.dumps(value or ([] if column == "tags" else {}), ensure_ascii=False)
    if column in ("birth_date", "owner_id"):
        return str(value) if value else None
    return "" if value is None else str(value)


def _differs(was: Any, value: Any) -> bool:
    return was != value and not (was in codec.EMPTY and value in codec.EMPTY)
