"""Who is related to a customer, read from the customer's own end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, UUIDField, When
from django.db.models.functions import Coalesce, JSONObject

from rapport.foundation.lib import clock
from rapport.foundation.records import policies
from rapport.foundation.records.extension_points import record_types
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.models import CustomerAlias, Relationship, RelationshipType
from rapport.stores.customers.policies import RECORD_TYPE
from rapport.stores.customers.queries.customers import all_ids
from rapport.stores.customers.types import CustomerKind

WORKS_AT, MEMBER_OF = "works_at", "member_of"
MOST = 200


@dataclass(frozen=True)
class Related:
    """One relationship as it reads from this customer: "works at" Pedal & Post."""

    id: UUID
    type: str
    label: str
    inverse: bool  # the other end is the subject of the type's own label
    other_id: UUID
    name: str
    kind: str
    hint: str  # job title of a person
    role: str
    since: date | None
    until: date | None
    absorbed: tuple[UUID, ...] = ()  # ids merged into the other

    @property
    def is_over(self) -> bool:
        return self.until is not None and self.until < clock.now().date()


@dataclass(frozen=True)
class TypeChoice:
    """A relationship type in one direction, as a form offers it."""

    name: str  # with "__inverse" when the other end is its subject
    label: str


def relationship_rows(actor: Actor, of: Callable[[str], Q]) -> QuerySet[Any]:
    """Relationships of a customer with the other end resolved and, where the actor may see it, named; for one statement.

    `of` makes the filter by the customer's ids for a column.
    """
    mine = of("from_customer_id")
    other = Case(When(mine, then=F("to_customer_id")), default=F("from_customer_id"), output_field=UUIDField())
    alias = CustomerAlias.objects.filter(absorbed_id=OuterRef("other_end")).values("surviving_id")
    also = CustomerAlias.objects.filter(surviving_id=OuterRef("other_id"))
    shown = policies.visible(actor, RECORD_TYPE).filter(pk=OuterRef("other_id"))
    title = {"hint": "job_title"} if may_read(actor, "job_title") else {}
    return (
        Relationship.objects.filter(mine | of("to_customer_id"))
        .annotate(other_end=other)
        .annotate(other_id=Coalesce(Subquery(alias), F("other_end")))
        .annotate(absorbed=ArraySubquery(also.values("absorbed_id")))
        .annotate(other=Subquery(shown.values(found=JSONObject(name="name", kind="kind", **title))))
        .order_by("type__position", "created_at")
    )


ROW = {
    "id": "id", "type": "type_id", "label": "type__label", "inverse_label": "type__inverse_label",
    "symmetric": "type__is_symmetric", "from_id": "from_customer_id", "other_id": "other_id", "other": "other",
    "role": "role", "since": "since", "until": "until", "absorbed": "absorbed",
}  # fmt: skip


def as_related(rows: Iterable[Mapping[str, Any]], ids: Sequence[UUID]) -> list[Related]:
    """Rows in JSON form as they read from the customer's end. Ends nobody may see, and ends that a merge made the
    customer itself or the same twice, are left out.
    """
    own = {str(one) for one in ids}
    found: dict[tuple[str, bool, str], Related] = {}
    for row in rows:
        other_id = str(row["other_id"])
        if not row["other"] or other_id in own:
            continue
        inverse = str(row["from_id"]) not in own and not row["symmetric"]
        found.setdefault(
            (row["type"], inverse, other_id),
            Related(
                id=UUID(str(row["id"])),
                type=row["type"],
                label=row["inverse_label"] if inverse else row["label"],
                inverse=inverse,
                other_id=UUID(other_id),
                name=row["other"]["name"],
                kind=row["other"]["kind"],
                hint=row["other"].get("hint") or "",
                role=row["role"],
                since=_day(row["since"]),
                until=_day(row["until"]),
                absorbed=tuple(UUID(str(one)) for one in row["absorbed"] or ()),
            ),
        )
    return list(found.values())


def related_to(*, actor: Actor, ids: Sequence[UUID], limit: int = MOST) -> list[Related]:
    """Everybody a visible customer is related to; one query."""
    rows = relationship_rows(actor, lambda column: Q(**{f"{column}__in": ids})).values_list(
        JSONObject(**ROW), flat=True
    )[:limit]
    return as_related(rows, ids)


@dataclass(frozen=True)
class TypeLine:
    """A relationship type as its settings show it."""

    name: str
    label: str
    inverse_label: str
    is_symmetric: bool
    is_used: bool


def types_in_use() -> list[TypeLine]:
    """Every type; whether a relationship is of it tells whether it can go."""
    used = Exists(Relationship.objects.filter(type=OuterRef("pk")))
    return [
        TypeLine(row.name, row.label, row.inverse_label, row.is_symmetric, row.used)
        for row in RelationshipType.objects.annotate(used=used)
    ]


def type_choices() -> list[TypeChoice]:
    """Every type in every direction it can be told."""
    choices = []
    for row in RelationshipType.objects.all():
        choices.append(TypeChoice(row.name, row.label))
        if not row.is_symmetric:
            choices.append(TypeChoice(f"{row.name}__inverse", row.inverse_label))
    return choices


def ids_with_people(*, actor: Actor, customer_id: UUID, kind: str) -> list[UUID]:
    """The ids of an organisation or household and of everybody in it whom the actor may see, merged ones included."""
    own = all_ids(customer_id)
    inside = {CustomerKind.ORGANISATION: WORKS_AT, CustomerKind.HOUSEHOLD: MEMBER_OF}.get(CustomerKind(kind))
    if inside is None:
        return own
    return ids_with([each for each in related_to(actor=actor, ids=own) if each.type == inside and each.inverse], own)


def ids_with(people: Iterable[Related], own: Sequence[UUID]) -> list[UUID]:
    """The ids, and all those of these other customers."""
    return [*own, *(one for each in people for one in (each.other_id, *each.absorbed))]


def may_read(actor: Actor, name: str) -> bool:
    return policies.may_read_field(actor, record_types[RECORD_TYPE], name)


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value
