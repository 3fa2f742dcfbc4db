"""What writing does for record types that register no write hook: search text, and removing what is undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef

from rapport.foundation.lib import clock
from rapport.foundation.records import policies
from rapport.foundation.records.extension_points import record_types
from rapport.foundation.records.models import Change
from rapport.foundation.records.queries.fields import record_type
from rapport.foundation.records.rules.records import search_text, searched
from rapport.foundation.records.services.copying import delete_at_once
from rapport.foundation.records.types import RecordType


@dataclass
class DefaultWrites:
    """Fills records.extension_points.write_hooks. One for each use: it remembers the fields while it is at work."""

    name: str
    _declared: RecordType | None = None

    def check(self, values: Mapping[str, Any], instance: Any) -> Mapping[str, str]:
        return {}

    def before_save(self, instance: Any, changed: set[str]) -> set[str]:
        column = self._type().searchable_column
        if not column or not changed & {field.name for field in searched(self._type())}:
            return set()
        setattr(instance, column, search_text(self._type(), vars(instance)))
        return {column}

    def after_save(self, instances: Sequence[Any], changed: set[str], operation_id: UUID) -> None:
        pass

    def undo_created(self, operation_id: UUID) -> Mapping[str, int]:
        """Those that were changed since go to the bin instead: somebody's work is in them."""
        created = policies.all_rows(record_types[self.name]).filter(operation_id=operation_id)
        others = Change.objects.filter(record_id=OuterRef("pk")).exclude(operation_id=operation_id)
        kept_ids = list(created.filter(Exists(others)).values_list("pk", flat=True))
        kept = created.filter(pk__in=kept_ids, deleted_at=None).update(deleted_at=clock.now())
        return {"removed": delete_at_once(created.exclude(pk__in=kept_ids)), "kept": kept}

    def _type(self) -> RecordType:
        if self._declared is None:
            self._declared = record_type(self.name)
        return self._declared


def default_writes(name: str) -> DefaultWrites | None:
    """For a record type that people write and that registers no hook."""
    declared = record_types.get(name)
    return DefaultWrites(name) if declared is not None and declared.is_written else None
