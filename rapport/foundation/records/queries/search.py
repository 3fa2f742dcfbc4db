"""Finding records by words, over the folded text that a record type keeps with a trigram index.

Two steps: rows that contain every word; and only if these are too few, rows whose words are alike. Each step takes at
most so many rows from the index and ranks those, so that a search costs much the same whatever was typed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Lookup, Q, QuerySet, TextField

from rapport.foundation.lib.text import folded
from rapport.foundation.records import policies
from rapport.foundation.records.extension_points import record_finders, record_types
from rapport.foundation.records.queries.fields import record_type as known_type
from rapport.foundation.records.rules import search as rules
from rapport.foundation.records.rules.records import searched
from rapport.foundation.records.types import FoundRecord, RecordType
from rapport.foundation.workspace.types import Actor

TAKEN = 300  # rows that are ranked
TAKEN_ALIKE = 150
MOST_RECHECKED = 20_000  # beyond this many rows a second look at the index costs more than it gives


@TextField.register_lookup
class WordLike(Lookup):
    """`column__word_like="oliveria"`: some words of the column are alike. Uses the trigram index."""

    lookup_name = "word_like"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, column_params = self.process_lhs(compiler, connection)
        word, word_params = self.process_rhs(compiler, connection)
        return f"{word} <%% {column}", (*word_params, *column_params)


@dataclass(frozen=True)
class _Candidate:
    id: UUID
    text: str
    changed: Any


def search_ids(
    *, actor: Actor, record_type: str, words: str, limit: int, readable: Sequence[str] | None = None, alike: bool = True
) -> list[UUID]:
    """Ids of visible records, best first, at most `limit`. Two to four statements, a few more when nothing fits as typed.

    `readable`: only what stands in these columns counts, when the actor may not read all that the search text holds.
    `alike`: False leaves out what is only alike.
    """
    rows = policies.visible(actor, record_type)
    return ranked_ids(rows, record_types[record_type].searchable_column, words, limit, readable=readable, alike=alike)


def ranked_ids(
    rows: QuerySet[Any],
    column: str,
    words: str,
    limit: int,
    *,
    readable: Sequence[str] | None = None,
    alike: bool = True,
) -> list[UUID]:
    """Ids of these rows, which keep their search text in the column: best first."""
    wanted = rules.words_of(words)
    if not wanted or len("".join(wanted)) < rules.SHORTEST:
        return []
    search = _Search(rows, column, readable)
    with transaction.atomic():
        _prefer_the_index()
        found = search.as_typed(wanted)
        ids = [each.id for each in found[:limit]]
        if alike and len(ids) < limit and not (ids and len(wanted) > 1):
            ids += [each.id for each in search.alike(wanted) if each.id not in ids]
    return ids[:limit]


def find_records(*, actor: Actor, record_type: str, words: str, limit: int = 8) -> Sequence[FoundRecord]:
    """Records to choose from, by words. Errors: none; an unknown type finds nothing."""
    finder = record_finders.get(record_type)
    if finder:
        return finder(actor, words, limit)
    declared = record_types.get(record_type)
    if declared is None or not declared.searchable_column:
        return []
    part = readable_part(actor, known_type(record_type))
    ids = search_ids(actor=actor, record_type=record_type, words=words, limit=limit, readable=part)
    titles = dict(policies.visible(actor, record_type).filter(pk__in=ids).values_list("pk", declared.title_path))
    return [FoundRecord(one, str(titles[one])) for one in ids if one in titles]


def readable_part(actor: Actor, declared: RecordType) -> list[str] | None:
    """Columns of what the actor may be found things by, when they may not read all that is in the search text."""
    fields = searched(declared)
    readable = [field.path for field in fields if policies.may_read_field(actor, declared, field.name)]
    return None if len(readable) == len(fields) else readable


def _prefer_the_index() -> None:
    """For this transaction. A limit makes reading the table look cheap to the planner; for rare words it is not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select set_config('enable_seqscan', 'off', true), set_config('pg_trgm.word_similarity_threshold', %s, true)",
            [str(rules.ALIKE)],
        )


@dataclass(frozen=True)
class _Search:
    """The rows one search goes through."""

    rows: QuerySet[Any]
    column: str
    readable: Sequence[str] | None

    def as_typed(self, words: Sequence[str]) -> list[_Candidate]:
        """Rows with every word, best first."""
        holding = self.rows.filter(self._all(words))
        found = self._take(holding, TAKEN)
        if len(found) == TAKEN and _estimate(holding) < MOST_RECHECKED:
            # More than are ranked: make sure that those which begin with what was typed are among them.
            begin = self._take(self.rows.filter(**{f"{self.column}__startswith": " ".join(words)}), TAKEN)
            found = list({each.id: each for each in (*begin, *found)}.values())
        found = [each for each in found if rules.contains(each.text, words)]
        return sorted(found, key=lambda each: (rules.score(each.text, words), each.changed), reverse=True)

    def alike(self, words: Sequence[str]) -> list[_Candidate]:
        """Rows with every word or one that is alike, closest first. Words that nobody has are taken for slips; when
        each is somebody's, the longest ones are doubted in turn.
        """
        doubtful = [word for word in words if rules.may_be_a_slip(word)]
        if not doubtful:
            return []
        there = self._there(doubtful)
        slips = [word for word in doubtful if word not in there]
        suspects = [slips] if slips else [[word] for word in sorted(doubtful, key=len, reverse=True)[:2]]
        for suspected in suspects:
            sure = self._all([word for word in words if word not in suspected])
            for doubt in (self._swapped, self._like):
                rows = self.rows.filter(sure, *(doubt(word) for word in suspected))
                close = [(rules.closeness(each.text, words), each) for each in self._take(rows, TAKEN_ALIKE)]
                close = [pair for pair in close if pair[0]]
                if close:
                    return [
                        each for _, each in sorted(close, key=lambda pair: (pair[0], pair[1].changed), reverse=True)
                    ]
        return []

    def _take(self, rows: QuerySet[Any], most: int) -> list[_Candidate]:
        columns = [self.column] if self.readable is None else list(self.readable)
        found = rows.order_by().values_list("pk", "updated_at", *columns)[:most]
        if self.readable is None:
            return [_Candidate(pk, text, changed) for pk, changed, text in found]
        return [_Candidate(pk, folded(*(str(part) for part in parts)), changed) for pk, changed, *parts in found]

    def _there(self, words: Sequence[str]) -> set[str]:
        """Those of the words that some row has; one statement."""
        asked = [
            self.rows.order_by().filter(self._all([word])).values("pk")[:1].query.sql_with_params() for word in words
        ]
        with connection.cursor() as cursor:
            cursor.execute(
                "select " + ", ".join(f"exists({statement})" for statement, _ in asked),
                [param for _, params in asked for param in params],
            )
            answers = cursor.fetchone() or ()
        return {word for word, answer in zip(words, answers, strict=False) if answer}

    def _all(self, words: Sequence[str]) -> Q:
        wanted = Q()
        for word in words:
            if len(word) < 3:  # too short for a trigram within a word: where one begins
                wanted &= Q(**{f"{self.column}__startswith": word}) | Q(**{f"{self.column}__contains": f" {word}"})
            else:
                wanted &= Q(**{f"{self.column}__contains": word})
        return wanted

    def _swapped(self, word: str) -> Q:
        either = Q(pk__in=[])
        for other in rules.swapped(word):
            either |= Q(**{f"{self.column}__contains": other})
        return either

    def _like(self, word: str) -> Q:
        return Q(**{f"{self.column}__word_like": word})


def _estimate(rows: QuerySet[Any]) -> int:
    """How many rows the planner expects: from its statistics, without counting."""
    plan = json.loads(rows.order_by().values("pk").explain(format="json"))
    return int(plan[0]["Plan"]["Plan Rows"])
