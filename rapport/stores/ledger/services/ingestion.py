"""The only way into the ledger. Pages, API, beacon, imports and the simulator all append here.

A batch is one transaction: what was answered is committed, what was not can be sent again. The inbox holds a key for each
(source, source_id) ever taken, so sending twice is harmless; rows go in by binary COPY.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.utils import DatabaseError, IntegrityError, OperationalError
from django_tenants.utils import schema_context
from psycopg import errors as pg

from rapport.foundation.accounts.tenancy import current_schema
from rapport.foundation.lib import clock
from rapport.foundation.records.policies import visible
from rapport.foundation.workspace.types import Action, Actor, Rows
from rapport.stores.customers.queries.customers import surviving_ids
from rapport.stores.customers.queries.identities import anonymous_ids
from rapport.stores.customers.services.identities import resolve_identities
from rapport.stores.customers.types import KNOWN, IdentityKey, IdentitySet, Resolved
from rapport.stores.ledger import policies
from rapport.stores.ledger.extension_points import after_append, with_append
from rapport.stores.ledger.models import Retraction, TouchpointContent
from rapport.stores.ledger.rules import rows
from rapport.stores.ledger.rules.items import Checked, Checker
from rapport.stores.ledger.services.words import note_words
from rapport.stores.ledger.types import (
    Appended,
    Landed,
    NewTouchpoint,
    Outcome,
    Problem,
    Refused,
    Status,
    Written,
)

ATTEMPTS = 4
_NOT_VISIBLE = "There is no such customer, or you may not see them."
_UNSTORABLE = Problem("/properties", "The database cannot store these properties.")
_log = logging.getLogger(__name__)


class _SeenBefore(Exception):
    """Some of the batch came in before: take the longer way, which finds out what."""


class _Unstorable(Exception):
    """PostgreSQL refused some JSON that every check let through."""


def append(
    *,
    actor: Actor,
    items: Sequence[NewTouchpoint | Refused],
    source: str,
    batch_id: UUID | None = None,
    create_customers: bool = True,
    trusted: bool = True,
    own_sources: bool = True,
    corrects_id: UUID | None = None,
) -> list[Outcome]:
    """Append touch points; one outcome for each item, in order. All that can be stored is stored, in one transaction.

    `source` holds for items that name none. `batch_id` joins what came together, so that it can be retracted as one.
    `create_customers`: unknown people become customers. `trusted` false: from a browser, which may only fill gaps.
    `own_sources` false: items may not use the source names of Rapport itself. Errors: NotAllowed.
    """
    policies.require(actor, Action.CREATE)
    now = clock.now()
    region = getattr(getattr(connection, "tenant", None), "country", "") or ""
    checker = Checker(now=now, source=source, region=region, own_sources=own_sources)
    outcomes: list[Outcome | None] = [None] * len(items)
    good: list[tuple[int, Checked]] = []
    for index, item in enumerate(items):
        if isinstance(item, Refused):
            outcomes[index] = Outcome(Status.REFUSED, problems=item.problems)
        elif isinstance(checked := checker.check(item), Checked):
            good.append((index, checked))
        else:
            outcomes[index] = Outcome(Status.REFUSED, problems=checked)
    if good:
        batch = _Batch(actor, source, batch_id, now, create=create_customers, trusted=trusted, corrects_id=corrects_id)
        _store(batch, good, outcomes)
    return [outcome for outcome in outcomes if outcome is not None]


def _store(batch: _Batch, good: list[tuple[int, Checked]], outcomes: list[Outcome | None]) -> None:
    """Once straight ahead, which is right for a batch of news; with care when some of it is none."""
    careful = False
    alone = not connection.in_atomic_block
    for attempt in range(ATTEMPTS):
        try:
            with transaction.atomic():
                batch.store(good, outcomes, careful=careful)
        except _SeenBefore:
            careful = True
        except _Unstorable:
            good = _without_unstorable(good, outcomes)
            if not good:
                return
        except OperationalError as error:
            # A deadlock with somebody else's transaction: ours was rolled back whole, so it can simply be done again.
            if not alone or attempt == ATTEMPTS - 1 or not isinstance(error.__cause__, pg.DeadlockDetected):
                raise
        else:
            return
    raise AssertionError("The careful way was taken, and still met what only the short way meets.")


class _Batch:
    """One batch on its way into the tables."""

    def __init__(
        self,
        actor: Actor,
        source: str,
        batch_id: UUID | None,
        now: datetime,
        *,
        create: bool,
        trusted: bool,
        corrects_id: UUID | None,
    ) -> None:
        self.actor, self.source, self.now = actor, source, now
        self.batch_id = batch_id
        self.batch_bytes = batch_id.bytes if batch_id else None
        # Who sees only some customers may neither begin others nor tell of those. The scope touchpoint:write of a token
        # holds what comes with a touch point, its customer; so the role is asked here, not the scopes.
        self.role = replace(actor, scopes=None)
        self.sees_all = self.role.row_rule(Action.READ, "customer").rows is Rows.ALL
        self.create = create and self.sees_all and self.role.may(Action.CREATE, "customer")
        self.trusted = trusted and self.sees_all
        self.corrects = corrects_id.bytes if corrects_id else None

    def store(self, good: Sequence[tuple[int, Checked]], outcomes: list[Outcome | None], *, careful: bool) -> None:
        ids = rows.new_ids(len(good), self.now)
        first_of: dict[bytes, int] = {}  # inbox key to place in `good`
        repeats: list[tuple[int, int]] = []  # place, and the place it repeats
        keys: list[bytes | None] = []
        key_of: dict[str, Callable[[str], bytes]] = {}  # by source
        for place, (_, item) in enumerate(good):
            key = None
            if item.source_id:
                source = item.words[3]
                if source not in key_of:
                    key_of[source] = rows.inbox_keys(source)
                key = key_of[source](item.source_id)
                if first_of.setdefault(key, place) != place:
                    repeats.append((place, first_of[key]))
                    key = None
            keys.append(key)
        pairs = sorted((key, ids[place]) for key, place in first_of.items())
        seen = self._enter_inbox(pairs, careful=careful) if pairs else {}

        fresh: Sequence[int] = range(len(good))
        if seen or repeats:
            for place, key in enumerate(keys):
                if key is not None and key in seen:
                    outcomes[good[place][0]] = Outcome(Status.DUPLICATE, seen[key])
            skipped = {place for place, _ in repeats} | {place for place, key in enumerate(keys) if key in seen}
            fresh = [place for place in fresh if place not in skipped]
        landed = self._write(good, fresh, ids, self._customers([good[place][1] for place in fresh]), outcomes)
        if len(landed) < len(fresh):
            refused = [key for place in set(fresh) - set(landed) if (key := keys[place]) is not None]
            self._leave_inbox(refused)
        for place, original in repeats:
            first = outcomes[good[original][0]]
            if first is not None:
                outcomes[good[place][0]] = (
                    first if first.status is Status.REFUSED else Outcome(Status.DUPLICATE, first.id, first.customer_id)
                )
        if landed:
            written = Written(self.now, rows.uuid_of(ids[landed[0]]), rows.uuid_of(ids[landed[-1]]), len(landed))
            for companion in with_append.values():
                companion(written)
        if landed and len(after_append):
            self._announce([good[place][1] for place in landed], [outcomes[good[place][0]] for place in landed])

    # The inbox

    def _enter_inbox(self, pairs: list[tuple[bytes, bytes]], *, careful: bool) -> dict[bytes, UUID]:
        """Take the keys; those taken before come back with the touch point they stand for. Sorted, against deadlocks."""
        if not careful:
            try:
                _copy(
                    f"copy touchpoint_inbox ({rows.INBOX_COLUMNS}) from stdin (format binary)",
                    rows.inbox_rows(pairs, self.batch_bytes),
                )
            except IntegrityError:
                raise _SeenBefore from None
            return {}
        keys, ids = [UUID(bytes=key) for key, _ in pairs], [UUID(bytes=id_) for _, id_ in pairs]
        with connection.cursor() as cursor:
            cursor.execute(
                "insert into touchpoint_inbox (key, touchpoint_id, batch_id)"
                " select k.key, k.id, %s::uuid from unnest(%s::uuid[], %s::uuid[]) as k (key, id)"
                " on conflict (key) do nothing",
                [self.batch_id, keys, ids],
            )
            if cursor.rowcount == len(pairs):
                return {}
            cursor.execute("select key, touchpoint_id, batch_id from touchpoint_inbox where key = any(%s)", [keys])
            found = {key: (id_, batch) for key, id_, batch in cursor.fetchall()}
        own = dict(zip(keys, ids, strict=True))
        before = {key: (id_, batch) for key, (id_, batch) in found.items() if id_ != own[key]}
        before = self._take_over(before, own)
        return {key.bytes: id_ for key, (id_, _) in before.items()}

    def _take_over(
        self, before: dict[UUID, tuple[UUID, UUID | None]], own: dict[UUID, UUID]
    ) -> dict[UUID, tuple[UUID, UUID | None]]:
        """Keys of batches that were retracted since are free again: the same file can be imported anew."""
        batches = {batch for _, batch in before.values() if batch is not None}
        retracted = (
            set(Retraction.objects.filter(batch_id__in=batches).values_list("batch_id", flat=True))
            if batches
            else set()
        )
        free = sorted(key for key, (_, batch) in before.items() if batch in retracted)
        if not free:
            return before
        with connection.cursor() as cursor:
            cursor.execute("select 1 from touchpoint_inbox where key = any(%s) order by key for update", [free])
            cursor.execute(
                "update touchpoint_inbox i set touchpoint_id = n.id, batch_id = %s::uuid"
                " from unnest(%s::uuid[], %s::uuid[], %s::uuid[]) as n (key, id, before)"
                " where i.key = n.key and i.touchpoint_id = n.before returning i.key",
                [self.batch_id, free, [own[key] for key in free], [before[key][0] for key in free]],
            )
            taken = {key for (key,) in cursor.fetchall()}
        return {key: held for key, held in before.items() if key not in taken}

    def _leave_inbox(self, keys: Sequence[bytes]) -> None:
        with connection.cursor() as cursor:
            cursor.execute("delete from touchpoint_inbox where key = any(%s)", [[UUID(bytes=key) for key in keys]])

    # The customers

    def _customers(self, items: Sequence[Checked]) -> list[Resolved]:
        """The customer id for each item, or why there is none."""
        unique: list[IdentitySet] = []
        places: dict[IdentityKey, int] = {}
        of_item: list[int] = []
        for item in items:
            one = item.identities
            # What a lone key of a known person answers cannot change within the batch, so it is asked once.
            lone = len(one.keys) == 1 and one.keys[0].kind in KNOWN and one.customer_id is None and not one.fields
            place = places.setdefault(one.keys[0], len(unique)) if lone else len(unique)
            if place == len(unique):
                unique.append(one)
            of_item.append(place)
        answers = resolve_identities(
            unique, actor=self.actor, source=self.source, create=self.create, trusted=self.trusted
        )
        if not self.sees_all:
            hidden = self._hidden({answer.customer_id for answer in answers if answer.customer_id})
            answers = [Resolved(None, _NOT_VISIBLE) if answer.customer_id in hidden else answer for answer in answers]
        return [answers[place] for place in of_item]

    def _hidden(self, customer_ids: set[UUID]) -> set[UUID]:
        standing = surviving_ids(customer_ids)
        seen = set(visible(self.role, "customer").filter(pk__in=set(standing.values())).values_list("pk", flat=True))
        return {one for one, now in standing.items() if now not in seen} - anonymous_ids(customer_ids)

    # The ledger

    def _write(
        self,
        good: Sequence[tuple[int, Checked]],
        fresh: Sequence[int],
        ids: Sequence[bytes],
        answers: Sequence[Resolved],
        outcomes: list[Outcome | None],
    ) -> list[int]:
        """Copy the rows in; returns the places that made it."""
        packer = rows.TouchpointRows(self.now, self.batch_bytes)
        add, microseconds = packer.add, rows.microseconds
        contents: list[tuple[UUID, UUID, str]] = []
        landed: list[int] = []
        created, uuid_of, corrects = Status.CREATED, rows.uuid_of, self.corrects
        for place, (customer_id, problem) in zip(fresh, answers, strict=True):
            index, item = good[place]
            if customer_id is None:
                outcomes[index] = Outcome(Status.REFUSED, problems=(Problem("/customer", problem),))
                continue
            raw_id, member_id = ids[place], item.member_id
            add(
                customer_id.bytes,
                microseconds(item.occurred_at),
                raw_id,
                item.words,
                item.source_id,
                item.subject,
                item.amount,
                item.currency,
                item.properties,
                member_id.bytes if member_id else None,
                corrects,
            )
            id_ = uuid_of(raw_id)
            if item.content:
                contents.append((customer_id, id_, item.content))
            landed.append(place)
            outcomes[index] = Outcome(created, id_, customer_id)
        if landed:
            try:
                _copy(f"copy touchpoint ({rows.TOUCHPOINT_COLUMNS}) from stdin (format binary)", packer.bytes())
            except DatabaseError as error:
                if isinstance(error.__cause__, pg.DataError | pg.ProgramLimitExceeded | pg.StatementTooComplex):
                    raise _Unstorable from None
                raise
            if contents:
                TouchpointContent.objects.bulk_create(
                    [
                        TouchpointContent(customer_id=customer, touchpoint_id=id_, body=body)
                        for customer, id_, body in contents
                    ]
                )
            note_words({(kind, channel, source) for channel, kind, _, source in packer.words}, self.now)
        return landed

    def _announce(self, items: Sequence[Checked], outcomes: Sequence[Outcome | None]) -> None:
        landed = tuple(
            Landed(outcome.id, outcome.customer_id, item.occurred_at, item.words[0], item.words[1])
            for item, outcome in zip(items, outcomes, strict=True)
            if outcome is not None and outcome.id is not None and outcome.customer_id is not None
        )
        appended = Appended(self.source, self.batch_id, landed)
        schema = current_schema()
        transaction.on_commit(lambda: _tell_in(schema, appended))


def _tell_in(schema: str, appended: Appended) -> None:
    """By the time an outer transaction commits, the connection may have left the workspace that the batch belongs to."""
    if current_schema() == schema:
        _tell(appended)
        return
    with schema_context(schema):
        _tell(appended)


def _tell(appended: Appended) -> None:
    for name, listener in after_append.items():
        try:
            listener(appended)
        except Exception:  # noqa: BLE001 - the touch points are committed: no listener may make that look like a failure
            _log.exception("The listener %s failed after a batch of touch points.", name)


def _copy(statement: str, data: bytes) -> None:
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as copy:
        copy.write(data)


def _without_unstorable(good: list[tuple[int, Checked]], outcomes: list[Outcome | None]) -> list[tuple[int, Checked]]:
    """Halve until the items are found whose properties PostgreSQL cannot read, and refuse those."""
    bad: set[int] = set()

    def search(part: Sequence[tuple[int, Checked]]) -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                texts = [item.properties.decode() for _, item in part]
                cursor.execute("select count(p::jsonb) from unnest(%s::text[]) as p", [texts])
        except DatabaseError:
            if len(part) == 1:
                bad.add(part[0][0])
            else:
                search(part[: len(part) // 2])
                search(part[len(part) // 2 :])

    search(good)
    if not bad:
        raise RuntimeError("PostgreSQL refused rows whose properties it can read.")
    for index in bad:
        outcomes[index] = Outcome(Status.REFUSED, problems=(_UNSTORABLE,))
    return [(index, item) for index, item in good if index not in bad]
