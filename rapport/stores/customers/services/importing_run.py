"""One import of customers at work: what several batches share, what checking finds, what writing does."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from rapport.foundation.records import policies
from rapport.foundation.records.queries.fields import record_type
from rapport.foundation.records.rules.imports import Outcome, Rows
from rapport.stores.customers.queries.customers import RECORD_TYPE
from rapport.stores.customers.services.importing_changes import RowChanger, is_id
from rapport.stores.customers.services.importing_rows import MOST_NAMES, Known

MOST_SEEN = 3_000_000


class CustomersRun(RowChanger):
    """Fills records.extension_points.ImportRun."""

    # What batches share

    def prepare(self, rows: Rows) -> Mapping[str, int]:
        """Organisations and households that rows name are there before the rows are written."""
        made = 0
        for column, (kind, _relation, known) in self.groups.items():
            if len(known) > MOST_NAMES:
                known.clear()
            missing = {
                name for name, own in zip(rows.column(column), self._kinds(rows), strict=True) if name and own != kind
            } - set(known)
            if missing:
                made += self._find_or_make(kind, sorted(missing), known)
        return {"organisations": made} if made else {}

    def claims(self, rows: Rows) -> frozenset[Any]:
        claimed: set[Any] = set()
        for name, _kind, _namespace in self._identity_columns(rows):
            column = filter(None, rows.column(name))
            claimed.update(itertools.chain.from_iterable(column) if name.startswith("other_") else column)
        if rows.has("id"):
            claimed.update(filter(None, rows.column("id")))
        return frozenset(claimed)

    def finish(self) -> None:
        """Nothing is left to do."""

    # Checking

    def check(self, rows: Rows) -> Outcome:
        outcome = Outcome()
        rows = self._with_relations(self._without_nameless(rows, outcome), outcome)
        known = self._look_up(rows)
        matched = self._matched(rows, known)
        standing = self._reachable(matched.values()) if matched else {}
        touched: dict[int, UUID] = {}
        same: set[int] = set()
        contents = list(zip(*rows.values.values(), strict=True)) if rows.values else []
        for position, key in enumerate(self._keys(rows)):
            owner = matched.get(position)
            if owner is not None and (reason := self._not_to_change(owner, standing)):
                outcome.refuse(rows.numbers[position], reason, *self._key_shown(rows, position))
                continue
            repeats = self._met_before(key, contents[position])
            if owner is not None:
                touched[position] = owner
                if repeats or not self._compared(rows, position, standing[owner]).after:
                    same.add(position)
            elif repeats is None:
                outcome.new += self._may_add(rows.numbers[position], outcome)
            else:
                outcome.unchanged += repeats
                outcome.updated += not repeats
        attached, _twins = self._to_attach(rows, touched, known, outcome)
        got = (
            set(attached.values())
            | {touched[at] for at in self._new_places(rows, touched)}
            | self._new_links(rows, touched)
        )
        for position, owner in touched.items():
            changes = self.existing != "leave" and (position not in same or owner in got)
            outcome.updated += changes
            outcome.unchanged += not changes
        return outcome

    def _met_before(self, key: Any, content: Any) -> bool | None:
        """Whether an earlier row of this key said the same; None when there was none."""
        if key is None:
            return None
        before = self._seen.get(hash(key))
        if before is not None or len(self._seen) < MOST_SEEN:
            self._seen[hash(key)] = hash(repr(content))
        return None if before is None else before == hash(repr(content))

    def _may_add(self, row: int, outcome: Outcome) -> bool:
        if not self.may_create:
            outcome.refuse(row, _("This customer is not here yet, and your role does not let you add customers."))
        return self.may_create

    # Writing

    def write(self, rows: Rows) -> Outcome:
        outcome = Outcome()
        rows = self._with_relations(self._without_nameless(rows, outcome), outcome)
        for wave in self._waves(rows):
            self._write_wave(rows.take(wave), outcome)
        return outcome

    def _waves(self, rows: Rows) -> list[list[int]]:
        """Rows of one key one after another: the second finds what the first wrote."""
        keys = self._keys(rows)
        if len(set(keys)) == len(keys):
            return [list(range(len(keys)))]
        waves: list[list[int]] = [[]]
        times: dict[Any, int] = {}
        for position, key in enumerate(keys):
            turn = times.get(key, 0) if key is not None else 0
            times[key] = turn + 1
            if turn == len(waves):
                waves.append([])
            waves[turn].append(position)
        return [wave for wave in waves if wave]

    def _write_wave(self, rows: Rows, outcome: Outcome) -> None:
        if not len(rows):
            return
        if self._expects_news and self.may_create and not rows.has("id"):
            # Most first imports meet nobody: then looking up every identity is wasted. The unique index tells if not.
            news = Outcome()
            try:
                with transaction.atomic():
                    self._insert(rows, Known({}), news)
            except IntegrityError:
                self._expects_news = False
            else:
                outcome.add(news)
                return
        known = self._look_up(rows)
        matched = self._matched(rows, known)
        self._expects_news = not matched and not known.owners
        if matched:
            self._update(rows, matched, known, outcome)
            for position, key, _first in self._identities(rows):
                if position in matched:  # by now theirs, unless it was somebody's before
                    known.owners.setdefault(key, matched[position])
        new = [at for at in range(len(rows)) if at not in matched and self._may_add(rows.numbers[at], outcome)]
        if new:
            self._insert(rows.take(new), known, outcome)

    # Rows that cannot be taken

    def _without_nameless(self, rows: Rows, outcome: Outcome) -> Rows:
        named = [
            rows.column(name)
            for name in ("name", "given_name", "family_name", "email", "phone", "external_id", "id")
            if rows.has(name)
        ]
        blank = [position for position, cells in enumerate(zip(*named, strict=True)) if not any(cells)]
        if not blank:
            return rows
        for position in blank:
            outcome.refuse(
                rows.numbers[position], _("This row has neither a name nor anything to reach the customer by.")
            )
        dropped = set(blank)
        return rows.take([position for position in range(len(rows)) if position not in dropped])

    def _with_relations(self, rows: Rows, outcome: Outcome) -> Rows:
        """Ids for the names that relation columns hold."""
        for one in self.relations:
            column = rows.column(one.name)
            wanted = {value for value in column if value}
            if not wanted:
                continue
            target = record_type(one.target or RECORD_TYPE)
            visible = policies.visible(self.actor, target.name)
            given = {value: UUID(value) for value in wanted if is_id(value)}
            found: dict[str, list[UUID]] = {}
            for pk in visible.filter(pk__in=given.values()).values_list("pk", flat=True):
                found.setdefault(str(pk), []).append(pk)
            title = target.title_field
            for pk, name in visible.filter(**{f"{title}__in": wanted - set(given)}).values_list("pk", title):
                found.setdefault(name, []).append(pk)
            good: list[int] = []
            for position, value in enumerate(column):
                held = found.get(str(given[value]) if value in given else value, []) if value else [None]
                if len(held) == 1:
                    column[position] = held[0]
                    good.append(position)
                else:
                    reason = (
                        _("Several records have this name. Write the id of the one you mean.")
                        if held
                        else _("There is no record of this name.")
                    )
                    outcome.refuse(rows.numbers[position], reason, str(one.label), value)
            rows.values[one.name] = column
            rows = rows.take(good)
        return rows
