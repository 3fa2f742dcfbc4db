"""What a workspace defined of its own that most pages need: its record types, and the fields that relate records.

Read with the member on each visit to a workspace (`brought_along`), and remembered with the connection's tenant, which every
request and every job sets anew. So no workspace ever meets what another defined. Who comes in without a member, or has
written something of it, reads it in a statement of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection

from rapport.foundation.accounts.tenancy import current_schema, current_tenant
from rapport.foundation.records.models import CustomField, OwnRecord, OwnType
from rapport.foundation.records.queries.own_fields import as_field
from rapport.foundation.records.rules.own_types import fields_of
from rapport.foundation.records.types import Field, RecordType

FRAME = """(select coalesce(jsonb_agg(d.line order by d.at, d.since), '[]'::jsonb) from (
    select to_jsonb(t) || '{"what": "type"}'::jsonb as line, t.position as at, t.created_at as since
        from custom_type t where t.retired_at is null
    union all
    select to_jsonb(f) || '{"what": "field"}'::jsonb, f.position, f.created_at
        from records_customfield f where f.kind = 'relation' and f.retired_at is null) d)"""
_REMEMBERED = "_records_frame"
_DEFINITION = (
    "record_type", "name", "label", "kind", "choices", "target", "group", "help", "is_required", "in_list",
)  # fmt: skip
_written: list[int] = [0]  # how often this process changed what any workspace defined


@dataclass(frozen=True)
class Frame:
    types: Mapping[str, RecordType]
    relation_fields: Mapping[str, tuple[Field, ...]]  # by record type


NOTHING = Frame({}, {})


def frame() -> Frame:
    """One query for each visit, or none."""
    if current_schema() == "public":
        return NOTHING
    held = getattr(current_tenant(), _REMEMBERED, None)
    if held is None or held[0] != _written[0]:
        with connection.cursor() as cursor:
            cursor.execute(f"select {FRAME}")
            (lines,) = cursor.fetchone() or ("[]",)
        return remember(lines)
    found: Frame = held[1]
    return found


def remember(lines: Any) -> Frame:
    """Keep what a statement carried along."""
    read = json.loads(lines) if isinstance(lines, str) else lines
    types = {line["name"]: declared(_type(line)) for line in read if line["what"] == "type"}
    fields: dict[str, tuple[Field, ...]] = {}
    for line in read:
        if line["what"] == "field":
            field = as_field(CustomField(**{name: line[name] for name in _DEFINITION}))
            fields[line["record_type"]] = (*fields.get(line["record_type"], ()), field)
    found = Frame(types, fields)
    setattr(current_tenant(), _REMEMBERED, (_written[0], found))
    return found


def forget() -> None:
    """Something of it was written: whoever asks next reads it again."""
    _written[0] += 1


def declared(row: OwnType) -> RecordType:
    """A type of the workspace's own as a declaration, without the fields that people added."""
    return RecordType(
        name=row.name,
        label=row.label,
        plural=row.plural,
        icon=row.icon,
        model=lambda: OwnRecord,
        fields=fields_of(row.title_label, row.link),
        scope={"type": row.name},
        live={"deleted_at": None},
        owner_column="owner_id",
        searchable_column="search",
        is_own=True,
    )


def _type(line: Mapping[str, Any]) -> OwnType:
    return OwnType(**{name: line[name] for name in ("name", "label", "plural", "icon", "title_label", "link")})
