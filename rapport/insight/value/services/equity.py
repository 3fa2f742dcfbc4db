"""Customer equity after each refresh of scores: what everyone is worth, beside what they were worth, and all sums of it.

A run is written in one transaction: pages see the one before until the whole of the new one is there, also when the worker
dies in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import groupby, islice
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Min, QuerySet

from rapport.foundation.lib import clock
from rapport.foundation.records.extension_points import condition_compilers, list_pages
from rapport.foundation.records.queries.fragments import Fragment, of_queryset
from rapport.foundation.records.queries.saved_views import get_view
from rapport.foundation.records.services.copying import NULL, copy_columns, delete_at_once
from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.insight.value import policies
from rapport.insight.value.extension_points import ScoresWritten, ValueThen, equity_deferrers
from rapport.insight.value.models import (
    EquityComparison,
    EquityEntry,
    EquityPart,
    EquityPosition,
    EquityReport,
    EquityRun,
    EquityView,
)
from rapport.insight.value.queries.equity_figures import figures_of
from rapport.insight.value.rules.equity import Entry, Pair, Position, Restated, Waterfall, is_gone
from rapport.insight.value.rules.equity_parts import PartKey, part_id
from rapport.insight.value.rules.equity_periods import (
    Period,
    RunAt,
    instants_to_work_back,
    opening_for,
    runs_to_clear,
)
from rapport.stores.customers.queries.standings import aliases, lives_at, standings

_CHUNK = 20_000
_LOCK = 0xE9017
_COLUMNS = (
    "customer_id, run_id, value, spread, p_alive, purchases, products, phase, tier, source, kind, recruited_on, tenth"
)
_NOW = """
    insert into value_equityposition ({columns})
    select t.customer_id, %s, t.value, t.spread, t.p_alive, t.purchases, t.products, t.phase, t.tier, t.source, t.kind,
        (t.recruited_at at time zone 'UTC')::date, ntile(10) over (order by t.value desc, t.customer_id)
    from ({standings}) t
"""
_THEN = """
    insert into value_equityposition ({columns})
    select t.customer_id, %s, t.value, 0, t.p_alive, t.purchases, l.products, l.phase, '', l.source, l.kind,
        (l.recruited_at at time zone 'UTC')::date, ntile(10) over (order by t.value desc, t.customer_id)
    from equity_then t join ({lives}) l on l.customer_id = t.customer_id
"""
_STAGE = """
    create temporary table equity_then (customer_id uuid, value bigint, p_alive float8, purchases integer) on commit drop
"""
# One line for each opening position (0), closing position (1) and restated value (2), those of one customer together.
_SIDES = """
    select coalesce(a.surviving_id, p.customer_id) as customer_id, 0 as side, p.value, p.purchases, p.products, p.phase,
        p.p_alive, false as bought_by_then
    from value_equityposition p left join ({aliases}) a on a.absorbed_id = p.customer_id where p.run_id = %s
    union all
    select p.customer_id, 1, p.value, p.purchases, p.products, p.phase, p.p_alive, coalesce(p.recruited_on < %s, false)
    from value_equityposition p where p.run_id = %s
    union all
    select t.customer_id, 2, t.value, t.purchases, 0, '', null, false from equity_then t
    order by 1, 2
"""


def keep_equity(written: ScoresWritten) -> None:
    """Work equity out for scores that were just written, and what it takes to compare them. Safe to run twice."""
    if EquityRun.objects.filter(at=written.at, is_ready=True).exists():
        return
    fresh = _work_back(written, written.values_at) if written.values_at is not None else set()
    with transaction.atomic():
        _lock()
        run = _new_run(written.at, written, worked_back=False)
        if not _fill(run, Fragment(_NOW.format(columns=_COLUMNS, standings="{}")), standings()):
            run.delete()
            return
        compared = [_compare(run, period, written, fresh) for period in Period]
        _drop_older([each for each in compared if each])
        _report(run, None)
        for view_id in EquityView.objects.values_list("view_id", flat=True):
            _report_view(run, view_id)
        _name_parts(run)
        EquityRun.objects.filter(pk=run.pk).update(is_ready=True, has_positions=True)
    clear_positions()


def ask_for_view(*, actor: Actor, view_id: UUID) -> None:
    """Have equity worked out for the customers of a saved view, now and with every run. Errors: NotAllowed, NotFound."""
    policies.require_segments(actor)
    view = get_view(view_id, actor=actor)
    policies.require_segment(view)
    EquityView.objects.get_or_create(view_id=view.pk, defaults={"asked_by": actor.member_id})
    equity_deferrers["worker"](view.pk)


def keep_view(view_id: UUID) -> None:
    """Work the newest run out for one saved view. Safe to run twice."""
    with transaction.atomic():
        _lock()
        run = EquityRun.objects.filter(is_ready=True, has_positions=True).order_by("-at").first()
        if run is not None and not EquityReport.objects.filter(run=run, view_id=view_id).exists():
            _report_view(run, view_id)


@transaction.atomic
def clear_positions() -> int:
    """Let go of the customers of runs that nothing is compared with any more; their sums stay. Returns how many runs."""
    runs = [RunAt(*row) for row in EquityRun.objects.filter(has_positions=True).values_list("pk", "at")]
    compared = set(EquityComparison.objects.values_list("opening_run_id", flat=True))
    old = [run_id for run_id in runs_to_clear(runs, clock.now()) if run_id not in compared]
    if old:
        delete_at_once(EquityPosition.objects.filter(run_id__in=old))
        EquityRun.objects.filter(pk__in=old).update(has_positions=False)
        EquityReport.objects.filter(run_id__in=old).update(figures={})
    return len(old)


def cents_of(amount: Decimal) -> int:
    return int((amount * 100).to_integral_value(ROUND_HALF_EVEN))


def _lock() -> None:
    """One run at a time in a workspace; what a killed worker left unfinished was rolled back."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s, hashtext(current_schema()))", [_LOCK])


def _new_run(at: datetime, written: ScoresWritten, *, worked_back: bool) -> EquityRun:
    return EquityRun.objects.create(
        at=at,
        scores_run_id=written.run_id,
        currency=written.currency,
        model_key=written.model_key,
        is_worked_back=worked_back,
        draws=[] if worked_back else [cents_of(total) for total in written.totals],
    )


def _fill(run: EquityRun, statement: Fragment, source: Fragment) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement.text.format(source.text), _with(source, run.pk))
        return int(cursor.rowcount)


ValuesAt = Callable[[datetime], Iterable[ValueThen]]


def _work_back(written: ScoresWritten, values_at: ValuesAt) -> set[UUID]:
    """Instants before the first run are told by what is known and by the parameters of today, each time anew."""
    first = EquityRun.objects.filter(is_worked_back=False, is_ready=True).aggregate(at=Min("at"))["at"] or written.at
    instants = [each for each in instants_to_work_back(written.at, customers=_count(standings())) if each < first]
    made = {run_id for instant in instants if (run_id := _work_back_to(instant, written, values_at))}
    with transaction.atomic():
        _remove(EquityRun.objects.filter(is_worked_back=True).exclude(pk__in=made))
    return made


@transaction.atomic
def _work_back_to(instant: datetime, written: ScoresWritten, values_at: ValuesAt) -> UUID | None:
    _lock()
    _remove(EquityRun.objects.filter(is_worked_back=True, at=instant))
    _stage(values_at, instant)
    run = _new_run(instant, written, worked_back=True)
    if not _fill(run, Fragment(_THEN.format(columns=_COLUMNS, lives="{}")), lives_at(instant)):
        run.delete()
        return None
    _report(run, None)
    EquityRun.objects.filter(pk=run.pk).update(is_ready=True, has_positions=True)
    return UUID(str(run.pk))


def _remove(runs: QuerySet[EquityRun]) -> None:
    old = list(runs.values_list("pk", flat=True))
    if old:
        delete_at_once(EquityPosition.objects.filter(run_id__in=old))
        EquityRun.objects.filter(pk__in=old).delete()


def _with(source: Fragment, *before: Any) -> list[Any]:
    return [*before, *source.params]


def _count(source: Fragment) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"select count(*) from ({source.text}) t", _with(source))  # noqa: S608 (ours)
        return int(cursor.fetchone()[0])


def _stage(values_at: ValuesAt | None, at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("drop table if exists equity_then")
        cursor.execute(_STAGE)
    if values_at is None:
        return
    rows = (row for row in values_at(at) if row.lifetime_value is not None)
    while part := list(islice(rows, _CHUNK)):
        columns = {
            "customer_id": [str(row.customer_id) for row in part],
            "value": [str(cents_of(row.lifetime_value)) for row in part if row.lifetime_value is not None],
            "p_alive": [NULL if row.p_alive is None else str(row.p_alive) for row in part],
            "purchases": [str(row.purchases) for row in part],
        }
        copy_columns("equity_then", columns, len(part))


def _compare(run: EquityRun, period: Period, written: ScoresWritten, fresh: set[UUID]) -> EquityComparison | None:
    """Set the run beside the one a period earlier. What was worked back a moment ago needs no second telling."""
    runs = [RunAt(*row) for row in EquityRun.objects.filter(has_positions=True, is_ready=True).values_list("pk", "at")]
    opening = opening_for(run.at, period, runs)
    if opening is None:
        return None
    restating = written.values_at is not None and opening.id not in fresh
    _stage(written.values_at if restating else None, opening.at)
    waterfall = Waterfall()
    comparison = EquityComparison.objects.create(
        period=period, opening_run_id=opening.id, run_id=run.pk, is_restated=restating or opening.id in fresh, opening=0, closing=0
    )  # fmt: skip
    entries = waterfall.of(_pairs(opening, run, restating=restating))
    while part := list(islice(entries, _CHUNK)):
        _copy_entries(comparison.pk, part)
    if not waterfall.ties_out:
        raise AssertionError("The parts of equity do not add up to its change.")
    comparison.opening, comparison.closing = waterfall.opening, waterfall.closing
    comparison.save(update_fields=["opening", "closing"])
    return comparison


def _pairs(opening: RunAt, run: EquityRun, *, restating: bool) -> Iterator[Pair]:
    names = aliases()
    with connection.chunked_cursor() as cursor:
        cursor.execute(_SIDES.format(aliases=names.text), [opening.id, opening.at.date(), run.pk])
        rows = iter(lambda: cursor.fetchmany(_CHUNK), [])
        for customer_id, sides in groupby((row for part in rows for row in part), key=itemgetter(0)):
            yield _pair(customer_id, list(sides), restating=restating)


def _pair(customer_id: UUID, sides: list[tuple[Any, ...]], *, restating: bool) -> Pair:
    before, after, restated, known_then = [], None, None, False
    for _, side, value, purchases, products, phase, p_alive, bought_by_then in sides:
        if side == 2:
            restated = Restated(value, purchases)
            continue
        position = Position(value, purchases, products, is_gone(phase, p_alive))
        if side == 0:
            before.append(position)
        else:
            after, known_then = position, bought_by_then
    if restating and restated is None and before and after:
        restated = Restated(0, 0)  # nothing is known of the time before any more
    return Pair(customer_id, tuple(before), after, restated, known_then)


def _copy_entries(comparison_id: UUID, entries: list[Entry]) -> None:
    copy_columns(
        EquityEntry._meta.db_table,
        {
            "customer_id": [str(entry.customer_id) for entry in entries],
            "comparison_id": str(comparison_id),
            "part": [entry.part.value for entry in entries],
            "cents": [str(entry.cents) for entry in entries],
        },
        len(entries),
    )


def _drop_older(kept: list[EquityComparison]) -> None:
    old = list(EquityComparison.objects.exclude(pk__in=[each.pk for each in kept]).values_list("pk", flat=True))
    if old:
        delete_at_once(EquityEntry.objects.filter(comparison_id__in=old))
        EquityComparison.objects.filter(pk__in=old).delete()


def _report(run: EquityRun, view_id: UUID | None, members: Fragment | None = None) -> None:
    found = figures_of(run, members)
    EquityReport.objects.update_or_create(
        run=run,
        view_id=view_id,
        defaults={
            "customers": found.customers,
            "value": found.value,
            "low": found.span.low if found.span else None,
            "high": found.span.high if found.span else None,
            "figures": found.figures,
            "made_at": clock.now(),
        },
    )


def _report_view(run: EquityRun, view_id: UUID) -> None:
    """A view that is gone, or can't be read any more, is not asked for again."""
    try:
        view = get_view(view_id, actor=SYSTEM)
        policies.require_segment(view)
    except NotFound:
        EquityView.objects.filter(view_id=view_id).delete()
        return
    page = list_pages.get(view.page)
    tree = {"all": [each for each in (page.base if page else {}, view.condition) if each]}
    chosen = policies.everyone().filter(condition_compilers["orm"](tree, "customer", actor=SYSTEM, now=clock.now()))
    _report(run, view_id, of_queryset(chosen.order_by().values("pk")))


def _name_parts(run: EquityRun) -> None:
    """Sets that conditions can name, for every figure of the newest report."""
    figures = EquityReport.objects.values_list("figures", flat=True).get(run=run, view_id=None)
    keys = [PartKey(kind, str(row[0])) for kind in ("tier", "phase", "source", "kind") for row in figures[kind]]
    keys += [PartKey("tenth", str(tenth)) for tenth in range(1, 11)]
    keys += [PartKey("cohort", str(row[0])) for row in figures["cohorts"]["rows"]]
    for period, told in figures["periods"].items():
        keys += [PartKey("change", f"{period}:{part}") for part, _, _ in told.get("parts", ())]
    keys.append(PartKey("all", ""))
    EquityPart.objects.bulk_create(
        [EquityPart(pk=part_id(key), kind=key.kind, key=key.key) for key in keys], ignore_conflicts=True
    )
