"""One customer's timeline: the newest first, a page at a time, as fast for ten touch points as for ten thousand.

Asked in windows of time, the newest first: each is bounded, so the planner looks at few partitions, and rows of several ids
(a merged customer's) are sorted within a window and not over a whole life.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from babel import dates
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext

from rapport.foundation.lib import clock
from rapport.foundation.ui import formats
from rapport.foundation.workspace.queries.members import names_of
from rapport.foundation.workspace.types import Action, Actor, FieldAccess
from rapport.stores.customers.queries import customers
from rapport.stores.ledger import policies
from rapport.stores.ledger.queries.touchpoints import ids_of_customer
from rapport.stores.ledger.queries.vocabulary import channel_of, group_of, in_use, kind_of
from rapport.stores.ledger.queries.websites import source_names
from rapport.stores.ledger.rules import days, spoken, telling, vocabulary
from rapport.stores.ledger.rules.cursors import Cursor
from rapport.stores.ledger.rules.items import OWN_SOURCE
from rapport.stores.ledger.types import LATEST_DAYS_AHEAD, Entry, Group, Label

PAGE = 50
LATE = timedelta(hours=1)
WINDOWS = (timedelta(days=183), None)  # None: however old
_EVER = datetime(1, 1, 1, tzinfo=UTC)

COLUMNS = (
    "t.id, t.customer_id, t.occurred_at, t.recorded_at, t.channel, t.kind, t.direction, t.source, t.subject, t.amount,"
    " t.currency, t.properties, t.member_id, t.corrects_id, t.batch_id"
)
STANDING = (
    "not exists (select 1 from ledger_retraction r where r.touchpoint_id = t.id)"
    " and (t.batch_id is null or not exists (select 1 from ledger_retraction r where r.batch_id = t.batch_id))"
)

_HIDEABLE: dict[str, Any] = {"subject": "", "content": "", "amount": None, "currency": "", "source": ""}


@dataclass(frozen=True)
class Day:
    """Touch points under one heading. `is_day`: they show the time; otherwise the date."""

    key: str
    heading: str
    is_day: bool
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Timeline:
    """A page of it. `earlier` leads to the next page; None: there is nothing older."""

    entries: tuple[Entry, ...]
    pinned: tuple[Entry, ...] = ()
    earlier: Cursor | None = None
    may_add: bool = False

    def days(self) -> list[Day]:
        """In the active time zone and language."""
        return grouped(self.entries)


def timeline(
    *,
    actor: Actor,
    customer_id: UUID,
    ids: Sequence[UUID] | None = None,
    before: Cursor | None = None,
    kinds: Iterable[str] = (),
    channels: Iterable[str] = (),
    group: Group | None = None,
    search: str = "",
    limit: int = PAGE,
) -> Timeline:
    """The newest touch points, or those before a cursor, with their contents; pins come with the first page.

    `ids` are all ids of the customer, for a caller who has them and has checked that the customer is visible.
    Errors: NotFound.
    """
    if not actor.may(Action.READ, policies.RECORD_TYPE):
        return Timeline(())
    if ids is None:
        ids = ids_of_customer(actor=actor, customer_id=customer_id)
    condition, values = _filters(tuple(kinds), tuple(channels), group, search.strip())
    found = _newest(ids, before, condition, values, limit + 1)
    page = found[:limit]
    first = before is None and not condition
    pinned = _pinned(ids) if first else []
    dress((*page, *pinned), actor)
    return Timeline(
        entries=tuple(page),
        pinned=tuple(pinned),
        earlier=Cursor(page[-1].occurred_at, page[-1].id) if len(found) > limit else None,
        may_add=actor.may(Action.CREATE, policies.RECORD_TYPE),
    )


def say_whose(entries: Iterable[Entry], *, actor: Actor, customer: Any) -> None:
    """Name those to whom touch points of others belong; one query."""
    several = list(entries)
    names = customers.names_of(actor=actor, customer_ids={entry.customer_id for entry in several})
    for entry in several:
        name = names.get(entry.customer_id, "")
        entry.whose = name if name != customer.name else ""


def entry_of(*, actor: Actor, customer_id: UUID, touchpoint_id: UUID) -> Entry | None:
    """One standing touch point of a visible customer, as the timeline shows it. Errors: NotFound."""
    ids = ids_of_customer(actor=actor, customer_id=customer_id)
    mine = f"t.customer_id = any(%(ids)s) and t.id = %(id)s and {STANDING}"
    found = _rows(mine, {"ids": list(ids), "id": touchpoint_id}, 1)
    return dress(found, actor)[0] if found else None


def grouped(entries: Iterable[Entry]) -> list[Day]:
    """Entries, newest first, under their headings."""
    today = timezone.localtime(clock.now()).date()
    found: list[tuple[days.Heading, list[Entry]]] = []
    for entry in entries:
        heading = days.heading_of(timezone.localtime(entry.occurred_at).date(), today)
        if not found or found[-1][0] != heading:
            found.append((heading, []))
        found[-1][1].append(entry)
    return [Day(heading.key, _words(heading), heading.span is days.Span.DAY, tuple(rows)) for heading, rows in found]


def dress(entries: Iterable[Entry], actor: Actor) -> list[Entry]:
    """Add how they read and look, and what the actor may do with them; take away what their role hides. One statement."""
    entries = list(entries)
    names = names_of({entry.member_id for entry in entries if entry.member_id and not entry.member_name})
    hidden = {name: empty for name, empty in _HIDEABLE.items() if _is_hidden(actor, name)}
    may_pin = actor.may(Action.UPDATE, policies.RECORD_TYPE)
    for entry in entries:
        for name, empty in hidden.items():
            setattr(entry, name, empty)
        kind, channel = kind_of(entry.kind), channel_of(entry.channel)
        if entry.member_id and not entry.member_name:
            entry.member_name = names.get(entry.member_id, "")
        spoken_of = "" if entry.subject else spoken.headline(entry.kind, entry.member_name, entry.properties)
        entry.headline = spoken_of or vocabulary.headline(kind, entry.subject, entry.properties)
        entry.summary = telling.summary(entry.properties)
        entry.label, entry.channel_label = kind.label, channel.label
        entry.icon, entry.tone, entry.quiet = kind.icon or channel.icon, kind.tone or channel.tone, kind.quiet
        member_id, source = entry.member_id, entry.source
        entry.may_pin = may_pin
        entry.may_edit = policies.may_correct(actor, member_id=member_id, source=source, own_source=OWN_SOURCE)
        entry.may_retract = policies.may_retract(actor, member_id=member_id, source=source, own_source=OWN_SOURCE)
    return entries


def details(entry: Entry) -> list[tuple[Label, str]]:
    """What stands behind an entry: when exactly, its words, its source, when it came in if that was later, its properties."""
    found: list[tuple[Label, str]] = [
        (gettext("When"), formats.exact(entry.occurred_at)),
        (gettext("Kind"), str(entry.label)),
        (gettext("Channel"), str(entry.channel_label)),
    ]
    if entry.source:
        found.append((gettext("Source"), source_names().get(entry.source, entry.source)))
    if entry.recorded_at - entry.occurred_at > LATE:
        found.append((gettext("Came in"), formats.exact(entry.recorded_at)))
    return [*found, *telling.facts(entry.properties)]


def _is_hidden(actor: Actor, field: str) -> bool:
    return actor.field_access(policies.RECORD_TYPE, field) is FieldAccess.HIDDEN


def _words(heading: days.Heading) -> str:
    if heading.span is days.Span.DAY:
        return formats.day_heading(heading.first)
    locale = formats.locale()
    this_year = timezone.localtime(clock.now()).year == heading.first.year
    if heading.span is days.Span.EARLIER:
        return gettext("Earlier in %(month)s") % {"month": dates.format_date(heading.first, "LLLL", locale=locale)}
    if this_year:
        return dates.format_date(heading.first, "LLLL", locale=locale)
    return dates.format_skeleton("yMMMM", heading.first, locale=locale)


def _filters(
    kinds: tuple[str, ...], channels: tuple[str, ...], group: Group | None, search: str
) -> tuple[str, dict[str, Any]]:
    parts: list[str] = []
    values: dict[str, Any] = {}
    if kinds:
        parts.append("t.kind = any(%(kinds)s)")
        values["kinds"] = list(kinds)
    if channels:
        parts.append("t.channel = any(%(channels)s)")
        values["channels"] = list(channels)
    if group is not None:
        pairs = {(kind, channel) for kind, channel, _ in in_use().combinations if group_of(channel, kind) is group}
        parts.append(
            "(t.kind, t.channel) in (select * from unnest(%(group_kinds)s::text[], %(group_channels)s::text[]))"
        )
        values |= {"group_kinds": [kind for kind, _ in pairs], "group_channels": [channel for _, channel in pairs]}
    if search:
        parts.append(
            "(t.subject ilike %(search)s or t.properties::text ilike %(search)s or exists (select 1 from touchpoint_content s"
            " where s.customer_id = t.customer_id and s.touchpoint_id = t.id and s.body ilike %(search)s))"
        )
        escaped = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        values["search"] = f"%{escaped}%"
    return " and ".join(parts), values


def _newest(
    ids: Sequence[UUID], before: Cursor | None, condition: str, values: dict[str, Any], wanted: int
) -> list[Entry]:
    """Window after window into the past, until there is a page or nothing older."""
    newest = before.occurred_at if before else clock.now() + timedelta(days=LATEST_DAYS_AHEAD + 1)
    whose = "t.customer_id = %(one)s" if len(ids) == 1 else "t.customer_id = any(%(ids)s)"
    values = {**values, "ids": list(ids), "one": ids[0], "newest": newest}
    parts = [whose, "t.occurred_at <= %(newest)s", "t.occurred_at > %(oldest)s", STANDING]
    if before:
        parts.append("(t.occurred_at, t.id) < (%(newest)s, %(before)s)")
        values["before"] = before.id
    if condition:
        parts.append(condition)
    found: list[Entry] = []
    for window in WINDOWS:
        values["oldest"] = newest - window if window and newest - _EVER > window else _EVER
        found += _rows(" and ".join(parts), values, wanted - len(found))
        if len(found) >= wanted:
            break
        values["newest"] = values["oldest"]
    return found


def _pinned(ids: Sequence[UUID]) -> list[Entry]:
    mine = "(t.customer_id, t.occurred_at, t.id) in (select customer_id, occurred_at, touchpoint_id from ledger_pin where customer_id = any(%(ids)s))"
    return _rows(f"{mine} and {STANDING}", {"ids": list(ids)}, PAGE)


def _rows(condition: str, values: dict[str, Any], limit: int) -> list[Entry]:
    """Standing touch points with what was written and whether they are pinned. `condition` holds no text of users."""
    statement = (
        f"select {COLUMNS}, c.body, c.erased_at, p.touchpoint_id is not null, m.name"  # noqa: S608 - see above
        f" from (select t.* from touchpoint t where {condition} order by t.occurred_at desc, t.id desc limit %(limit)s) t"
        " left join touchpoint_content c on c.customer_id = t.customer_id and c.touchpoint_id = t.id"
        " left join ledger_pin p on p.customer_id = t.customer_id and p.touchpoint_id = t.id"
        " left join workspace_member m on m.id = t.member_id"
        " order by t.occurred_at desc, t.id desc"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, {**values, "limit": limit})
        return [as_entry(row) for row in cursor.fetchall()]


def as_entry(row: Sequence[Any]) -> Entry:
    """From COLUMNS, then content, when it was erased, whether it is pinned, and the name of its member (None: `dress` asks)."""
    (
        id_, customer_id, occurred_at, recorded_at, channel, kind, direction, source, subject, amount, currency,
        properties, member_id, corrects_id, batch_id, body, erased_at, pinned, member_name,
    ) = row  # fmt: skip
    return Entry(
        id=id_,
        customer_id=customer_id,
        occurred_at=occurred_at,
        recorded_at=recorded_at,
        channel=channel,
        kind=kind,
        direction=direction,
        source=source,
        subject=subject,
        amount=amount,
        currency=currency,
        properties=msgspec.json.decode(properties),  # Django leaves jsonb as text
        content=body or "",
        erased_at=erased_at,
        member_id=member_id,
        member_name=member_name or "",
        corrects_id=corrects_id,
        batch_id=batch_id,
        pinned=pinned,
    )
