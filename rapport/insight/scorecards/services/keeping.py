"""Keeping the scorecard: the four numbers of the month, what became of those handed over, and the wires."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import transaction

from rapport.foundation.lib import clock
from rapport.foundation.records import policies as record_policies
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.insight.scorecards import policies
from rapport.insight.scorecards.extension_points import scorecard_deferrers
from rapport.insight.scorecards.models import Line, PairLine
from rapport.insight.scorecards.queries import lines as queries
from rapport.insight.scorecards.rules.lines import Dimension, Numbers, month_of
from rapport.insight.scorecards.services.wires import watch
from rapport.stores.customers.policies import RECORD_TYPE

_log = logging.getLogger(__name__)


def keep(*, currency: str = "") -> None:
    """All of it, for the current workspace. What was kept for this month is replaced; done twice, it is the same."""
    keep_lines()
    keep_pairs()
    for wire, opened in watch(currency=currency).items():
        if opened:
            _log.info("%s follow-ups were opened by the wire %s.", opened, wire)


@transaction.atomic
def keep_lines() -> None:
    today = clock.now().date()
    everyone = record_policies.visible(SYSTEM, RECORD_TYPE)
    found: list[tuple[Dimension, Numbers]] = []
    for dimension in Dimension:
        if dimension is Dimension.SEGMENT:
            found += [(dimension, numbers) for numbers in queries.measure_segments(SYSTEM, today)]
        else:
            found += [(dimension, numbers) for numbers in queries.measure(everyone, dimension, today)[:200]]
    period = month_of(today)
    Line.objects.filter(period=period).delete()
    Line.objects.bulk_create(
        [Line(period=period, dimension=dimension.value, **vars(numbers)) for dimension, numbers in found]
    )


@transaction.atomic
def keep_pairs() -> None:
    now = clock.now()
    pairs = queries.measure_pairs(now)
    PairLine.objects.all().delete()
    since = queries.handed_over_since(now.date())
    PairLine.objects.bulk_create([PairLine(since=since, at=now, **vars(pair)) for pair in pairs])


def ask_for_refresh(*, actor: Actor) -> None:
    """Have the worker do it soon. Errors: NotAllowed."""
    policies.require_refresh(actor)
    defer: Callable[[], None] | None = scorecard_deferrers.get("worker")
    if defer is not None:
        defer()
