"""Whether the demo data is in the workspace."""

from __future__ import annotations

from rapport.foundation.records.models import Operation

KIND = "demo"


def standing_demo() -> Operation | None:
    """The operation that brought the demo data, unless it was taken back."""
    return Operation.objects.filter(kind=KIND, undone_at=None).order_by("-at").first()
