"""Patterns for their page, each with its sentences in the reader's language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from rapport.foundation.lib import clock
from rapport.foundation.workspace.types import Actor
from rapport.insight.mining import policies
from rapport.insight.mining.models import Pattern, PatternRun
from rapport.insight.mining.queries.wording import WORDING
from rapport.insight.mining.rules import sentences
from rapport.insight.mining.types import PatternKind

_FORGOTTEN = timedelta(hours=1)
MOST = 60


@dataclass(frozen=True)
class Card:
    """A pattern as it is shown."""

    pattern: Pattern
    kind: str
    sentence: str
    suggestion: str
    evidence: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class LatestRun:
    """The latest search, and what it could not look at (kind of question, why)."""

    run: PatternRun
    is_busy: bool
    missing: tuple[tuple[str, str], ...]


def cards(*, actor: Actor, status: str) -> list[Card]:
    """The patterns of a status that still hold, what matters most first within each kind's turn. One query."""
    policies.require_reading(actor)
    rows = Pattern.objects.filter(status=status)
    if status == Pattern.Status.NEW:
        rows = rows.filter(expires_at__gt=clock.now())
    return [_card(pattern) for pattern in _mixed(list(rows.order_by("-weight", "key")[:MOST]))]


def latest_run(*, actor: Actor) -> LatestRun | None:
    """One query."""
    policies.require_reading(actor)
    run = PatternRun.objects.order_by("-started_at").first()
    if run is None:
        return None
    is_busy = run.finished_at is None and run.started_at > clock.now() - _FORGOTTEN
    missing = tuple(
        (kind, sentences.reason_text(reason, have, need, WORDING)) for kind, reason, have, need in run.reasons
    )
    return LatestRun(run, is_busy, missing)


def _card(pattern: Pattern) -> Card:
    facts: dict[str, Any] = pattern.facts
    return Card(
        pattern,
        str(sentences.KINDS[PatternKind(pattern.kind)]),
        sentences.sentence(pattern.kind, facts, WORDING),
        sentences.suggestion(pattern.kind, facts),
        tuple(
            (str(sentences.EVIDENCE.get(name, name)), _figure(name, value, facts)) for name, value in pattern.evidence
        ),
    )


def _figure(name: str, value: float, facts: dict[str, Any]) -> str:
    if name in sentences.MONEY and facts.get("currency"):
        return WORDING.money(value, facts["currency"])
    if name in sentences.SHARES:
        return WORDING.fine_percent(value) if name == "support" else WORDING.percent(value)
    if name == "q":
        return "< 0.001" if value < 0.001 else WORDING.number(round(value, 3))
    return WORDING.number(round(value, 2))


def _mixed(rows: Sequence[Pattern]) -> list[Pattern]:
    """One of each kind in turn, so that eight rules do not hide the one group that matters."""
    by_kind: dict[str, list[Pattern]] = {}
    for row in rows:
        by_kind.setdefault(row.kind, []).append(row)
    turns = max((len(group) for group in by_kind.values()), default=0)
    return [group[turn] for turn in range(turns) for group in by_kind.values() if turn < len(group)]
