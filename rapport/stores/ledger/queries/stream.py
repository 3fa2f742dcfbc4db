"""All touch points of the workspace, the newest first. Found through the index of kinds, so it needs none of its own.

For each kind that can match, the newest few are looked up and merged. Where a filter has no index (a source), time is
searched window by window, and a page says how far it looked instead of keeping somebody waiting.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from rapport.foundation.lib import clock
from rapport.foundation.records.policies import visible
from rapport.foundation.workspace.types import Action, Actor, Rows
from rapport.stores.customers.queries.customers import names_of as customer_names
from rapport.stores.ledger import policies
from rapport.stores.ledger.queries.timeline import COLUMNS, STANDING, as_entry, dress
from rapport.stores.ledger.queries.vocabulary import InUse, in_use
from rapport.stores.ledger.rules.cursors import Cursor
from rapport.stores.ledger.types import LATEST_DAYS_AHEAD, Entry, Group

PAGE = 50
WINDOWS = (timedelta(days=7), timedelta(days=92), timedelta(days=1096), None)
PATIENCE_SECONDS = 0.6
MOST_SEEN = 50_000  # customers of somebody who sees only some
_EVER = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is looked for; empty means any. `since` is included, `until` is not."""

    kind: str = ""
    channel: str = ""
    source: str = ""
    group: Group | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Line:
    """A touch point with its customer's name; empty for a visitor nobody knows."""

    entry: Entry
    customer_name: str


@dataclass(frozen=True)
class Page:
    """`earlier` leads on; `looked_back_to` is set when the search stopped there for want of time."""

    lines: tuple[Line, ...]
    earlier: Cursor | None = None
    looked_back_to: datetime | None = None


def stream(
    *, actor: Actor, asked: Asked, before: Cursor | None = None, words: InUse | None = None, limit: int = PAGE
) -> Page:
    """Touch points of customers the actor may see, newest first."""
    words = words or in_use()
    kinds = sorted(words.kinds(channel=asked.channel, source=asked.source, group=asked.group))
    if asked.kind:
        kinds = [kind for kind in kinds if kind == asked.kind]
    if not kinds or not actor.may(Action.READ, policies.RECORD_TYPE):
        return Page(())
    newest = clock.now() + timedelta(days=LATEST_DAYS_AHEAD + 1)
    newest = min(newest, asked.until - timedelta(microseconds=1)) if asked.until else newest
    newest = min(newest, before.occurred_at) if before else newest
    floor = max(asked.since - timedelta(microseconds=1), _EVER) if asked.since else _EVER
    statement, values = _statement(actor, asked, before)
    values |= {"kinds": kinds, "newest": newest}
    found: list[Entry] = []
    looked_back_to: datetime | None = None
    started = time.monotonic()
    # Where an index leads to every row that matches, a bounded time needs no windows.
    windows = (None,) if asked.since and not (asked.channel or asked.source or "seen" in values) else WINDOWS
    for window in windows:
        oldest = max(floor, newest - window if window and newest - _EVER > window else _EVER)
        found += _rows(statement, {**values, "oldest": oldest, "limit": limit + 1 - len(found)})
        if len(found) > limit or oldest <= floor:
            break
        values["newest"] = oldest
        if time.monotonic() - started > PATIENCE_SECONDS:
            looked_back_to = oldest
            break
    page = found[:limit]
    if len(found) > limit:
        return Page(_lines(actor, page), Cursor(page[-1].occurred_at, page[-1].id))
    return Page(_lines(actor, page), Cursor(looked_back_to) if looked_back_to else None, looked_back_to)


def arrivals(
    *, actor: Actor, source: str, after: UUID | None = None, minutes: int = 60, limit: int = 20
) -> tuple[Line, ...]:
    """What came in from a source of late, in the order it was recorded, newest first; with `after`, only what followed."""
    kinds = sorted(in_use().kinds(source=source))
    if not kinds or not actor.may(Action.READ, policies.RECORD_TYPE):
        return ()
    statement, values = _statement(actor, Asked(source=source), None)
    now = clock.now()
    values |= {
        "kinds": kinds,
        "newest": now + timedelta(days=2),
        "oldest": now - timedelta(minutes=minutes),
        "limit": 200,
    }
    found = sorted(_rows(statement, values), key=lambda entry: entry.id, reverse=True)
    return _lines(actor, [entry for entry in found if after is None or entry.id > after][:limit])


def _statement(actor: Actor, asked: Asked, before: Cursor | None) -> tuple[str, dict[str, Any]]:
    """For each kind the newest that match. Holds no text of users; what they ask for travels as values."""
    parts = ["t.kind = k.kind", "t.occurred_at <= %(newest)s", "t.occurred_at > %(oldest)s", STANDING]
    values: dict[str, Any] = {}
    if before:
        parts.append("(t.occurred_at, t.id) < (%(before_at)s, %(before_id)s)")
        values |= {"before_at": before.occurred_at, "before_id": before.id}
    for name, value in (("channel", asked.channel), ("source", asked.source)):
        if value:
            parts.append(f"t.{name} = %({name})s")
            values[name] = value
    whose, whose_values = _whose(actor)
    if whose:
        parts.append(whose)
        values |= whose_values
    newest = "order by t.occurred_at desc, t.id desc limit %(limit)s"
    return (
        f"select {COLUMNS} from unnest(%(kinds)s::text[]) as k (kind)"  # noqa: S608 - see above
        f" cross join lateral (select t.* from touchpoint t where {' and '.join(parts)} {newest}) t {newest}"
    ), values


def _whose(actor: Actor) -> tuple[str, Mapping[str, Any]]:
    """Only customers the actor may see, under any of their ids."""
    if actor.row_rule(Action.READ, "customer").rows is Rows.ALL:
        return "", {}
    rows = list(visible(actor, "customer").values_list("pk", flat=True)[:MOST_SEEN])
    return (
        "t.customer_id in (select unnest(%(seen)s::uuid[]) union all"
        " select a.absorbed_id from customers_customeralias a where a.surviving_id = any(%(seen)s))"
    ), {"seen": rows}


def _rows(statement: str, values: Mapping[str, Any]) -> list[Entry]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [as_entry((*row, "", None, False, None)) for row in cursor.fetchall()]


def _lines(actor: Actor, entries: Sequence[Entry]) -> tuple[Line, ...]:
    customers = customer_names(actor=actor, customer_ids={entry.customer_id for entry in entries})
    return tuple(Line(entry, customers.get(entry.customer_id, "")) for entry in dress(entries, actor))
