"""What the customer page says of deals. All queries take every id of the customer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, Exists, F, IntegerField, OuterRef, Q, Sum, Value, When, Window
from django.utils.translation import gettext_lazy as _

from rapport.applications.sales.models import Deal, DealPerson
from rapport.applications.sales.queries.pipelines import pipelines
from rapport.applications.sales.rules.stages import Stage
from rapport.applications.sales.rules.worth import Worth, worth
from rapport.applications.sales.types import DEAL, State
from rapport.foundation.records import policies
from rapport.foundation.records.extension_points import record_types
from rapport.foundation.records.rules import codec
from rapport.foundation.workspace.types import Action, Actor, FieldAccess
from rapport.stores.commerce.queries.rates import rates
from rapport.stores.customers.extension_points import Holding

SHOWN = 5


@dataclass(frozen=True)
class DealRow:
    deal: Deal
    stage: Stage | None
    as_person: bool = False  # the deal is somebody else's, and this customer has a part in it


@dataclass(frozen=True)
class CustomerDeals:
    rows: Sequence[DealRow]
    open: int
    worth: Worth  # of the open ones
    more: int


def customer_deals(*, actor: Actor, ids: Sequence[UUID], today: date) -> CustomerDeals | None:
    """Open ones first, then the latest; also those of others in which they have a part. At most four queries; None: not
    for this actor.
    """
    if not actor.may(Action.READ, DEAL):
        return None
    in_them = DealPerson.objects.filter(customer_id__in=ids).values("deal_id")
    own = policies.visible(actor, DEAL).filter(Q(customer_id__in=ids) | Q(pk__in=in_them))
    first = Case(When(state=State.OPEN, then=Value(0)), default=Value(1), output_field=IntegerField())
    shown = list(
        own.annotate(first=first, all=Window(Count("id"))).order_by("first", F("stage_since").desc(), "id")[:SHOWN]
    )
    if not shown:
        return CustomerDeals((), 0, worth((), rates(), today), 0)
    sums = list(own.filter(state=State.OPEN).values("currency").annotate(n=Count("id"), sum=Sum("amount")).order_by())
    known = pipelines()
    return CustomerDeals(
        rows=[DealRow(deal, known.stage(deal.stage), as_person=deal.customer_id not in ids) for deal in shown],
        open=sum(row["n"] for row in sums),
        worth=worth([(row["sum"], row["currency"], row["n"]) for row in sums], rates(), today),
        more=shown[0].all - len(shown),
    )


# For merges, exports and undo


def holding(actor: Actor, ids: Sequence[UUID]) -> Holding:
    return Holding(_("deals"), Deal.objects.filter(customer_id__in=ids, deleted_at=None).count())


def used_in_deals(operation_id: UUID) -> Exists:
    """Whether a customer has deals beside those of this operation."""
    own = Deal.objects.filter(customer_id=OuterRef("pk"), deleted_at=None)
    return Exists(own.exclude(operation_id=operation_id))


def everything(actor: Actor, ids: Sequence[UUID]) -> Iterator[Mapping[str, Any]]:
    """All deals of a customer with what belongs to them, for an export of what is known."""
    if not actor.may(Action.READ, DEAL):
        return
    rows = policies.visible(actor, DEAL).filter(customer_id__in=ids).order_by("created_at", "id")
    for deal in rows.prefetch_related("stretches", "people", "lines"):
        yield as_data(deal, actor=actor)


def as_data(deal: Deal, *, actor: Actor) -> dict[str, Any]:
    """One deal in JSON form, but for what the actor's role hides. Reads what was prefetched."""

    def readable(name: str) -> bool:
        return actor.field_access(DEAL, name) is not FieldAccess.HIDDEN

    found: dict[str, Any] = {"id": str(deal.pk)}
    for field in record_types[DEAL].fields:
        if readable(field.name):
            found[field.name] = codec.encode(getattr(deal, field.column or field.name))
    found["custom"] = {name: value for name, value in deal.custom.items() if readable(name)}
    parts: dict[str, tuple[list[Any], tuple[str, ...]]] = {
        "stages": (list(deal.stretches.all()), ("stage", "state", "since", "until", "by")),
        "people": (list(deal.people.all()), ("customer_id", "role", "note")),
        "lines": (
            list(deal.lines.all()),
            (
                "position",
                "product_id",
                "sku",
                "name",
                "quantity",
                "unit_price",
                "discount_percent",
                "discount",
                "interval",
            ),
        ),
    }
    for name, (rows, columns) in parts.items():
        found[name] = [{column: codec.encode(getattr(row, column)) for column in columns} for row in rows]
    return found
