"""The four numbers: measured over any set of customers in one statement, and read back from what was kept."""

# ruff: noqa: S608 (column names are those of declared fields; whatever a user wrote is a parameter)
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Aggregate, Avg, Count, F, FloatField, Func, IntegerField, QuerySet, Sum, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, NullIf

from rapport.foundation.lib import clock
from rapport.foundation.records import policies as record_policies
from rapport.foundation.records.queries.conditions import matching
from rapport.foundation.records.queries.fields import record_type
from rapport.foundation.records.queries.saved_views import usable
from rapport.foundation.records.rules import conditions
from rapport.foundation.records.rules.conditions import ConditionError
from rapport.foundation.records.types import Field
from rapport.foundation.workspace.types import Actor
from rapport.insight.scorecards.models import Line, PairLine
from rapport.insight.scorecards.rules.lines import Dimension, Numbers, Pair
from rapport.stores.customers.policies import RECORD_TYPE
from rapport.stores.customers.queries.phases import settings, source_fields
from rapport.stores.customers.types import Phase

MOST_SEGMENTS = 40
MOST_LINES = 60
MOST_MONTHS = 24
MOST_PAIRS = 15  # shown; all are kept
HANDED_OVER_MONTHS = 24


class _Median(Aggregate):
    """Between the two in the middle, where there are two."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()
    allow_distinct = False


class _DaysSince(Func):
    """Days from a date to a day; PostgreSQL subtracts dates to a whole number."""

    arity = 2
    template = "(%(expressions)s)"
    arg_joiner = " - "
    output_field = IntegerField()


def measure(rows: QuerySet[Any], dimension: Dimension, today: date) -> list[Numbers]:
    """The numbers of each part of these customers, the most valuable first. One statement."""
    since = _DaysSince(Cast(Value(today.isoformat()), _Date()), F("score__last_order_on"))
    own_gap = Cast(NullIf(F("score__latency_days"), Value(Decimal(0))), FloatField())
    found = (
        rows.order_by()
        .annotate(d_part=_part(dimension))
        .values("d_part")
        .annotate(
            customers=Count("pk"),
            buyers=Count("score__last_order_on"),
            recency_days=_Median(since),
            frequency=Avg("score__frequency"),
            latency_days=_Median(own_gap),
            gap_ratio=_Median(Cast(since, FloatField()) / own_gap),
            valued=Count("score__lifetime_value"),
            value=Coalesce(Sum("score__lifetime_value"), Decimal(0)),
        )
        .order_by("-value", "d_part")
    )
    now = clock.now()
    return [Numbers(key=row.pop("d_part")[:200], at=now, **row) for row in found]


class _Date(TextField):
    """A day, for a cast; as a parameter it is text."""

    def db_type(self, connection: Any) -> str:
        return "date"

    def cast_db_type(self, connection: Any) -> str:
        return "date"


def _part(dimension: Dimension) -> Any:
    match dimension:
        case Dimension.PHASE:
            return F("phase")
        case Dimension.OWNER:
            return Coalesce(Cast("owner_id", TextField()), Value(""), output_field=TextField())
        case Dimension.TIER:
            return Coalesce(F("score__tier"), Value(""), output_field=TextField())
        case Dimension.SOURCE:
            field = source_field()
            if field is None:
                return Value("", output_field=TextField())
            if field.custom:
                return Coalesce(KeyTextTransform(field.name, F("custom")), Value(""), output_field=TextField())
            return F(field.path)
    return Value("", output_field=TextField())


def source_field() -> Field | None:
    """The field that says who recruited a customer, as the life cycle has it."""
    return source_fields().get(settings().source_field)


def segments(actor: Actor) -> list[Any]:
    """Views of all customers that are shared and hold the same for whoever looks, by name."""
    rows = usable(actor).filter(record_type=RECORD_TYPE, page="customers", is_shared=True).order_by("name")
    return [view for view in rows[:MOST_SEGMENTS] if '"me"' not in str(view.condition).replace("'", '"')]


def measure_segments(actor: Actor, today: date) -> list[Numbers]:
    """One statement for each shared view, a bounded number of them."""
    declared = record_type(RECORD_TYPE)
    found: list[Numbers] = []
    for view in segments(actor):
        try:
            rows = matching(conditions.from_json(view.condition), declared, actor=actor)
        except ConditionError:
            continue  # a field it names is gone
        found += [replace(numbers, key=str(view.pk)) for numbers in measure(rows, Dimension.ALL, today)]
    return found


def live(actor: Actor, dimension: Dimension) -> list[Numbers]:
    """Of the customers whom the actor may see, at this moment."""
    today = clock.now().date()
    if dimension is Dimension.SEGMENT:
        return measure_segments(actor, today)
    return measure(record_policies.visible(actor, RECORD_TYPE), dimension, today)


def months() -> list[tuple[date, Numbers]]:
    """Everyone, month by month, the newest first: two years at most."""
    rows = Line.objects.filter(dimension=Dimension.ALL.value).order_by("-period")[:MOST_MONTHS]
    return [(row.period, _numbers(row)) for row in rows]


def kept(dimension: Dimension, periods: Sequence[date]) -> dict[date, list[Numbers]]:
    """The parts of these months, the most valuable first. One query."""
    found: dict[date, list[Numbers]] = {period: [] for period in periods}
    for row in Line.objects.filter(period__in=periods, dimension=dimension.value).order_by("-value", "key"):
        found[row.period].append(_numbers(row))
    return found


def _numbers(row: Line) -> Numbers:
    return Numbers(**{name: getattr(row, name) for name in Numbers.__dataclass_fields__})


# Since hand-over


def measure_pairs(now: datetime) -> list[Pair]:
    """What became of those recruited in the last two years, by who brought them and who looks after them. One statement.

    The value at hand-over is that of the first month which closed after they were recruited.
    """
    source, params = _source_sql()
    with connection.cursor() as cursor:
        cursor.execute(
            f"select left({source}, 200), coalesce(c.owner_id::text, ''), count(*), count(*) filter (where c.phase <> all(%s)),"
            " count(*) filter (where b.lifetime_value is not null and s.lifetime_value is not null),"
            " coalesce(sum(b.lifetime_value) filter (where s.lifetime_value is not null), 0),"
            " coalesce(sum(s.lifetime_value) filter (where b.lifetime_value is not null), 0)"
            " from customers_customer c left join customers_score s on s.customer_id = c.id"
            " left join lateral (select x.lifetime_value from customers_scoresnapshot x where x.customer_id = c.id"
            "  and x.period >= date_trunc('month', c.recruited_on) and x.lifetime_value is not null"
            "  order by x.period limit 1) b on true"
            " where c.recruited_on >= %s and c.deleted_at is null and c.merged_into_id is null"
            " group by 1, 2 order by 3 desc, 1, 2 limit 200",
            [*params, [Phase.LAPSED.value, Phase.ENDED.value], handed_over_since(now.date())],
        )
        return [
            Pair(
                source=row[0],
                owner=row[1],
                handed_over=row[2],
                kept=row[3],
                valued=row[4],
                value_then=row[5],
                value_now=row[6],
            )
            for row in cursor.fetchall()
        ]


def _source_sql() -> tuple[str, list[str]]:
    field = source_field()
    if field is None:
        return "''", []
    if field.custom:
        return "coalesce(c.custom ->> %s, '')", [field.name]
    return f"c.{connection.ops.quote_name(field.path)}", []


def handed_over_since(today: date) -> date:
    months = today.year * 12 + today.month - 1 - HANDED_OVER_MONTHS
    return date(months // 12, months % 12 + 1, 1)


def kept_pairs() -> tuple[list[Pair], date | None]:
    """The largest pairs, those with the most customers first, and since when they count."""
    rows: Sequence[PairLine] = list(PairLine.objects.order_by("-handed_over", "source", "owner")[:MOST_PAIRS])
    names = Pair.__dataclass_fields__
    return [Pair(**{name: getattr(row, name) for name in names}) for row in rows], rows[0].since if rows else None
