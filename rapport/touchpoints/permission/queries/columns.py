"""The list column of consents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from rapport.foundation.records.types import Field, FieldKind
from rapport.foundation.workspace.types import Actor
from rapport.touchpoints.permission.queries.consents import reaches_of
from rapport.touchpoints.permission.rules.overview import Reach


class ConsentColumn:
    """One glyph a channel for each customer of a page; `draw` makes them, because queries know no markup."""

    field = Field(
        name="consent",
        label=_("Consent"),
        kind=FieldKind.TEXT,
        editable=False,
        importable=False,
        filterable=False,
        default_column=True,
    )

    def __init__(self, draw: Callable[[Mapping[str, Reach]], Any]) -> None:
        self.draw = draw

    def values(self, actor: Actor, ids: Sequence[UUID]) -> Mapping[UUID, Any]:
        return {customer: self.draw(reaches) for customer, reaches in reaches_of(actor=actor, customer_ids=ids).items()}
