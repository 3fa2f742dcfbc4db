"""Follow-ups as pages and programs see them: those of customers the reader may see."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject
from django.utils import timezone
from django.utils.translation import gettext as _

from rapport.foundation.lib import clock
from rapport.foundation.records import policies as record_policies
from rapport.foundation.records.extension_points import record_types
from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.queries import members
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers import policies
from rapport.stores.customers.models import Customer, CustomerAlias, FollowUp
from rapport.stores.customers.policies import RECORD_TYPE
from rapport.stores.customers.queries.customers import all_ids_of, names_of
from rapport.stores.customers.types import FollowUpOutcome

SHOWN = 6
PAGE = 50
LAST_CLOSED = 3
_COLUMNS = (
    "id", "customer_id", "title", "why", "rule", "owner_id", "due_on", "opened_at", "opened_by", "closed_at", "closed_by",
    "outcome", "note", "about_type", "about_id",
)  # fmt: skip


@dataclass(frozen=True)
class FollowUpLine:
    """One follow-up, with the names behind its ids."""

    id: UUID
    customer_id: UUID
    customer_name: str
    title: str
    why: str
    rule: str
    owner_id: UUID | None
    owner_name: str
    due_on: date
    opened_at: datetime
    opened_by: str
    closed_at: datetime | None
    closed_by: str
    outcome: str
    note: str
    is_late: bool
    is_today: bool
    about_type: str | None = None
    about_id: UUID | None = None
    about_name: str = ""  # empty: the reader may not see it, or it was not asked for

    @property
    def outcome_label(self) -> str:
        return str(FollowUpOutcome(self.outcome).label) if self.outcome else ""


@dataclass(frozen=True)
class FollowUpPage:
    lines: tuple[FollowUpLine, ...]
    following: str  # the cursor of the next page; empty: this is the last


@dataclass(frozen=True)
class Worklist:
    """One's own open follow-ups on the page Today."""

    lines: tuple[FollowUpLine, ...]
    number: int


def own_worklist(actor: Actor) -> Worklist | None:
    """What is due, the longest due first; None when there is nothing. At most three queries."""
    if actor.member_id is None:
        return None
    rows = _visible(actor).filter(owner_id=actor.member_id, closed_at=None)
    found = list(rows.order_by("due_on", "id")[: SHOWN + 1])
    if not found:
        return None
    number = len(found) if len(found) <= SHOWN else rows.count()
    return Worklist(_lines(found[:SHOWN], actor), number)


def follow_ups(
    *, actor: Actor, whose: str = "mine", closed: bool = False, after: str = "", limit: int = PAGE
) -> FollowUpPage:
    """A page of open ones by due date, or of closed ones, the newest first. `whose`: mine, everyone, nobody or a member's id."""
    rows = _visible(actor).filter(closed_at__isnull=not closed)
    if whose == "mine":
        rows = rows.filter(owner_id=actor.member_id) if actor.member_id else rows.none()
    elif whose == "nobody":
        rows = rows.filter(owner_id=None)
    elif whose != "everyone":
        rows = rows.filter(owner_id=_id(whose)) if _id(whose) else rows.none()
    if closed:
        rows = rows.order_by("-closed_at", "-id")
        cursor = _cursor(after, _instant)
        if cursor:
            rows = rows.filter(Q(closed_at__lt=cursor[0]) | Q(closed_at=cursor[0], id__lt=cursor[1]))
    else:
        rows = rows.order_by("due_on", "id")
        day = _cursor(after, date.fromisoformat)
        if day:
            rows = rows.filter(Q(due_on__gt=day[0]) | Q(due_on=day[0], id__gt=day[1]))
    found = list(rows[: limit + 1])
    last = found[limit - 1] if len(found) > limit else None
    at = (last.closed_at if closed else last.due_on) if last else None
    return FollowUpPage(_lines(found[:limit], actor), f"{at.isoformat()}~{last.id}" if last and at else "")


def follow_up(*, actor: Actor, follow_up_id: UUID) -> FollowUpLine:
    """Errors: NotFound."""
    row = _visible(actor).filter(pk=follow_up_id).first()
    if row is None:
        raise NotFound(_("There is no such follow-up."))
    return _lines([row], actor)[0]


def follow_up_columns(of_customer: Callable[[str], Q]) -> dict[str, Any]:
    """Columns for a statement on customers that hold the follow-ups of one, over all its ids: the open ones and the last
    that were closed.
    """
    rows = FollowUp.objects.filter(of_customer("customer_id"))
    names = {name: name for name in _COLUMNS} | {"owner_name": "owner__name"}
    waiting = rows.filter(closed_at=None).order_by("due_on", "id")
    done = rows.filter(closed_at__isnull=False).order_by("-closed_at", "-id")
    return {
        "d_waiting": ArraySubquery(waiting.values(json=JSONObject(**names))[:PAGE]),
        "d_followed_up": ArraySubquery(done.values(json=JSONObject(**names))[:LAST_CLOSED]),
    }


def of_customer(customer: Any) -> list[FollowUpLine]:
    """Of a visible customer that came with `follow_up_columns`, or by one query: open ones, then the last closed."""
    if not hasattr(customer, "d_waiting"):
        columns = follow_up_columns(all_ids_of(customer.pk))
        customer = Customer.objects.filter(pk=customer.pk).annotate(**columns).get()
    rows = [
        json.loads(each) if isinstance(each, str) else each for each in (*customer.d_waiting, *customer.d_followed_up)
    ]
    today = timezone.localdate(clock.now())
    return [_line(_row(each), {UUID(each["customer_id"]): customer.name}, today) for each in rows]


def _row(stored: Mapping[str, Any]) -> Any:
    closed_at = stored["closed_at"]
    return SimpleNamespace(
        **{
            **stored,
            "id": UUID(stored["id"]),
            "customer_id": UUID(stored["customer_id"]),
            "owner_id": UUID(stored["owner_id"]) if stored["owner_id"] else None,
            "owner": SimpleNamespace(name=stored["owner_name"]) if stored["owner_name"] else None,
            "due_on": date.fromisoformat(stored["due_on"]),
            "about_id": UUID(stored["about_id"]) if stored["about_id"] else None,
            "opened_at": datetime.fromisoformat(stored["opened_at"]),
            "closed_at": datetime.fromisoformat(closed_at) if closed_at else None,
        }
    )


def follow_up_states(trips: Sequence[str]) -> dict[str, str]:
    """Of follow-ups that opened by themselves, by their trip: open, or closed."""
    rows = FollowUp.objects.filter(trip__in=list(trips)).values_list("trip", "closed_at")
    return {str(trip): "closed" if closed_at else "open" for trip, closed_at in rows}


@dataclass(frozen=True)
class NextStep:
    """The open follow-up about a record that is due first."""

    id: UUID
    title: str
    due_on: date
    owner_name: str
    is_late: bool


def next_steps(about_ids: Sequence[UUID]) -> dict[UUID, NextStep]:
    """By the id of the record they are about. One query; the caller has checked that the records are visible."""
    if not about_ids:
        return {}
    rows = FollowUp.objects.filter(about_id__in=list(about_ids), closed_at=None).select_related("owner")
    today = timezone.localdate(clock.now())
    return {
        row.about_id: NextStep(row.id, row.title, row.due_on, row.owner.name if row.owner else "", row.due_on < today)
        for row in rows.order_by("about_id", "due_on", "id").distinct("about_id")
        if row.about_id
    }


def about(record_id: UUID) -> tuple[FollowUpLine, ...]:
    """Follow-ups about one record: the open ones by due date, then those that were closed last. One query a kind; the
    caller has checked that the record is visible.
    """
    rows = FollowUp.objects.filter(about_id=record_id).select_related("owner")
    done = rows.filter(closed_at__isnull=False).order_by("-closed_at", "-id")[:LAST_CLOSED]
    found = [*rows.filter(closed_at=None).order_by("due_on", "id")[:PAGE], *done]
    today = timezone.localdate(clock.now())
    return tuple(_line(row, {row.customer_id: ""}, today) for row in found)


def owner_choices() -> list[tuple[str, str]]:
    return [(str(member.id), member.name) for member in members.active_members()]


def _visible(actor: Actor) -> QuerySet[FollowUp]:
    """Of customers one may see, whichever of their ids it was opened for."""
    if policies.sees_everyone(actor):
        return FollowUp.objects.select_related("owner")
    mine = record_policies.visible(actor, RECORD_TYPE).order_by()
    own = Exists(mine.filter(pk=OuterRef("customer_id")))
    absorbed = CustomerAlias.objects.filter(absorbed_id=OuterRef("customer_id"), surviving_id__in=mine.values("pk"))
    return FollowUp.objects.select_related("owner").filter(own | Exists(absorbed))


def _lines(rows: Sequence[FollowUp], actor: Actor) -> tuple[FollowUpLine, ...]:
    names = names_of(actor=actor, customer_ids=[row.customer_id for row in rows])
    abouts = _names_of_records(rows, actor)
    today = timezone.localdate(clock.now())
    return tuple(_line(row, names, today, abouts) for row in rows if row.customer_id in names)


def _names_of_records(rows: Sequence[FollowUp], actor: Actor) -> dict[UUID, str]:
    """What the records they are about are called. One query for each type that occurs."""
    wanted: dict[str, list[UUID]] = {}
    for row in rows:
        if row.about_type and row.about_id and row.about_type in record_types:
            wanted.setdefault(row.about_type, []).append(row.about_id)
    names: dict[UUID, str] = {}
    for name, ids in wanted.items():
        seen = record_policies.visible(actor, name).filter(pk__in=ids)
        names |= {pk: str(title) for pk, title in seen.values_list("pk", record_types[name].title_path)}
    return names


def _line(row: Any, names: Mapping[UUID, str], today: date, abouts: Mapping[UUID, str] | None = None) -> FollowUpLine:
    is_open = row.closed_at is None
    return FollowUpLine(
        row.id, row.customer_id, names[row.customer_id], row.title, row.why, row.rule, row.owner_id,
        row.owner.name if row.owner else "", row.due_on, row.opened_at, row.opened_by, row.closed_at,
        row.closed_by, row.outcome, row.note, is_open and row.due_on < today, is_open and row.due_on == today,
        row.about_type, row.about_id, (abouts or {}).get(row.about_id, ""),
    )  # fmt: skip


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("no zone")
    return at


def _cursor(text: str, read: Any) -> tuple[Any, UUID] | None:
    at, _tilde, row_id = text.partition("~")
    try:
        return read(at), UUID(row_id)
    except ValueError:
        return None
