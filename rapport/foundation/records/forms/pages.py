"""The forms of records that have no form of their own: all fields, or one where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from rapport.foundation.records.forms.records import Option, RecordForm
from rapport.foundation.records.queries.names import Names
from rapport.foundation.records.queries.search import find_records
from rapport.foundation.records.types import RecordType
from rapport.foundation.workspace.types import Actor


def record_form(
    *,
    actor: Actor,
    record_type: RecordType,
    names: Iterable[str] = (),
    values: Mapping[str, Any] | None = None,
    version: int | None = None,
    data: Mapping[str, Any] | None = None,
    known: Names | None = None,
    region: str = "",
    currency: str = "EUR",
) -> RecordForm:
    """`names`: the fields to ask for; without them every one that can be changed, the title first."""
    title = record_type.title_field
    asked = list(names) or sorted((field.name for field in record_type.fields), key=lambda name: name != title)
    return RecordForm(
        actor=actor,
        record_type=record_type,
        names=asked,
        values=values,
        version=version,
        data=data,
        known=known,
        region=region,
        currency=currency,
        find=partial(options_found, actor),
    )


def options_found(actor: Actor, target: str, words: str) -> list[Option]:
    """Records that a field which names records offers for what was typed."""
    found = find_records(actor=actor, record_type=target, words=words)
    return [Option(str(each.id), each.label, each.hint, each.avatar) for each in found]
