"""One import of customers at work: what several batches share, what checking finds, what writing does."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from rapport.foundation.records.rules.imports import Outcome, Rows
from rapport.foundation.records.services.import_rows import waves
from rapport.stores.customers.services.importing_changes import RowChanger
from rapport.stores.customers.services.importing_rows import MOST_NAMES, Known


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
            repeats = self._repeats.met_before(key, contents[position])
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

    def _may_add(self, row: int, outcome: Outcome) -> bool:
        if not self.may_create:
            outcome.refuse(row, _("This customer is not here yet, and your role does not let you add customers."))
        return self.may_create

    # Writing

    def write(self, rows: Rows) -> Outcome:
        outcome = Outcome()
        rows = self._with_relations(self._without_nameless(rows, outcome), outcome)
        for wave in waves(self._keys(rows)):
            self._write_wave(rows.take(wave), outcome)
        return outcome

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
