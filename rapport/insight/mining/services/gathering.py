"""Whom a part of an answer counts. Loads the engine's libraries: only `sets` imports this, inside the worker."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from rapport.insight.mining.errors import NotEnough
from rapport.insight.mining.models import Answer
from rapport.insight.mining.queries.marts import baskets, behaviour, cohorts, funnels
from rapport.insight.mining.rules import questions
from rapport.insight.mining.rules.clustering import Grouping
from rapport.insight.mining.rules.rfm import SEGMENTS, segment_named
from rapport.insight.mining.services.answering import MOVED_DAYS, feature_columns, lines_of, scored_until
from rapport.insight.mining.types import Baskets, Clusters, Cohorts, Funnel, Part, Question, Reason, Rfm
from rapport.insight.value.queries.histories import purchase_days

if TYPE_CHECKING:
    from rapport.stores.warehouse.queries.engine import Engine


def members_of(question: Question, part: Part, engine: Engine, now: datetime) -> list[str]:
    """Ids of customers and of unknown visitors. Errors: NotEnough."""
    if isinstance(question, Clusters):
        return _cluster(part.row, engine, now)
    found: list[str] = engine.run(_expression(question, part, engine, now))["customer_id"].to_pylist()
    return found


def _expression(question: Question, part: Part, engine: Engine, now: datetime) -> Any:
    match question:
        case Rfm():
            return _of_grid(part, engine, now)
        case Baskets():
            lines = lines_of(engine)
            having, without = part.items[:-1], part.items[-1:]
            if part.name == "both":
                having, without = part.items, ()
            return baskets.members(lines, item=question.item, having=having, without=without)
        case Cohorts():
            first = questions.origin(question, now.date())
            bitmaps = cohorts.bitmaps(
                engine.table("touchpoints"),
                start=question.start, again=question.again, unit=question.unit, origin=first,
                periods=questions.periods_until(question, first, now.date()),
            )  # fmt: skip
            came = {"cohort": None, "came": True, "away": False}[part.name]
            return cohorts.members(bitmaps, first=part.row, offset=part.column, came=came)
        case Funnel():
            mart = funnels.first_view if question.count_from == "first" else funnels.any_start
            chains = mart(engine.table("touchpoints"), question.steps, question.days)
            went_on = {"reached": None, "lost": False}[part.name]
            return funnels.members(chains, step=part.row, went_on=went_on)
    raise NotEnough(Reason.NOTHING_THERE)


def _of_grid(part: Part, engine: Engine, now: datetime) -> Any:
    scored = scored_until(engine, now)
    if part.name == "cell":
        return scored.filter(scored.r == part.row, scored.f == part.column).select("customer_id")
    if part.name == "segment":
        return scored.filter(_in_segment(scored, part.items[:1])).select("customer_id")
    before = scored_until(engine, now - timedelta(days=MOVED_DAYS))
    old, new = (tuple(names.split("+")) for names in part.items)
    then = before.filter(_in_segment(before, old)).select("customer_id")
    return scored.filter(_in_segment(scored, new)).semi_join(then, "customer_id").select("customer_id")


def _in_segment(scored: Any, names: tuple[str, ...]) -> Any:
    segments = [segment for name in names if (segment := segment_named(name))] or list(SEGMENTS)
    test = None
    for segment in segments:
        this = scored.r.between(*segment.r) & scored.f.between(*segment.f)
        test = this if test is None else test | this
    return test


def _cluster(number: int, engine: Engine, now: datetime) -> list[str]:
    """By the stored model, so that the customers are those of the group that was shown, as they are today."""
    result = Answer.objects.filter(digest=questions.digest(Clusters())).values_list("result", flat=True).first()
    if not result:
        raise NotEnough(Reason.NOTHING_THERE)
    grouping = msgspec.convert(result["model"], Grouping)
    table = engine.run(behaviour.features(purchase_days(engine, now.date()), engine.table("touchpoints"), now))
    here = grouping.placed(feature_columns(table)) == number
    found: list[str] = table["customer_id"].filter(here).to_pylist()
    return found
