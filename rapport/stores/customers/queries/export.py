"""Everything the house holds about one customer, as one JSON document, written piece by piece."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from rapport.foundation.lib import clock
from rapport.foundation.records import policies as record_policies
from rapport.foundation.records.queries.history import history
from rapport.foundation.records.rules.codec import encode
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.customers.extension_points import customer_data
from rapport.stores.customers.policies import RECORD_TYPE
from rapport.stores.customers.queries.detail import Dossier, dossier

PAGE = 500


def everything_about(*, actor: Actor, customer_id: UUID) -> tuple[Dossier, Iterator[str]]:
    """The customer and pieces of a JSON document, of what the actor may read. Errors: NotFound, NotAllowed."""
    found = dossier(actor=actor, customer_id=customer_id, most=None)
    record_policies.get_record(actor, RECORD_TYPE, found.customer.pk, Action.EXPORT)
    return found, _document(actor, found)


def _document(actor: Actor, found: Dossier) -> Iterator[str]:
    yield (
        "{\n"
        + f'  "exported_at": {_json(clock.now())},\n  "id": {_json(found.customer.pk)},\n  "ids": {_json(found.ids)},\n'
    )
    yield f'  "customer": {_json(found.values)}'
    sections: dict[str, Iterable[Any]] = {
        "identities": [
            {"kind": each.kind, "namespace": each.namespace, "value": each.value} for each in found.identities
        ],
        "addresses": [_plain(each) for each in found.addresses],
        "relationships": [_plain(each) for each in found.relationships],
        "files": [
            {"name": each.name, "size_bytes": each.size_bytes, "added_at": each.created_at} for each in found.files
        ],
        "history": _history(actor, found),
    }
    sections |= {name: rows(actor, found.ids) for name, rows in customer_data.items()}
    for name, rows in sections.items():
        yield f",\n  {_json(name)}: ["
        for number, row in enumerate(rows):
            yield f"{',' if number else ''}\n    {_json(row)}"
        yield "\n  ]"
    yield "\n}\n"


def _history(actor: Actor, found: Dossier) -> Iterator[dict[str, Any]]:
    before = None
    while True:
        lines = history(actor=actor, record_type=RECORD_TYPE, ids=found.ids, limit=PAGE, before=before)
        for line in lines:
            yield {
                "at": line.at,
                "by": line.actor_name,
                "action": line.action,
                "changes": [{"name": each.name, "before": each.before, "after": each.after} for each in line.fields],
            }
        if not lines or lines[-1].cursor is None or lines[-1].cursor == before:
            return
        before = lines[-1].cursor


def _plain(row: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(row).items() if name not in ("id", "other_id", "absorbed")}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_encoded)


def _encoded(value: Any) -> Any:
    encoded = encode(value)
    return str(encoded) if encoded is value else encoded
