"""The job that keeps values fresh: warehouse, fit, scores. Killed anywhere, the last finished run stays what pages show.

One runs at a time in a workspace. Scores are exchanged in one transaction, together with the run becoming the newest.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from rapport.foundation.accounts.tenancy import current_schema
from rapport.foundation.lib import clock
from rapport.foundation.workspace.errors import NotAllowed, NotFound, RapportError
from rapport.foundation.workspace.types import Actor, Power
from rapport.insight.value.extension_points import ScoresWritten, ValueThen, after_scores, fit_deferrers
from rapport.insight.value.models import FitState, ModelFit
from rapport.insight.value.queries.histories import EPOCH
from rapport.insight.value.queries.settings import ValueRules, current
from rapport.stores.commerce.queries.rates import home_currency
from rapport.stores.customers.queries.scores import freshness
from rapport.stores.customers.services.scores import close_period, write_scores
from rapport.stores.warehouse.errors import NotWritten
from rapport.stores.warehouse.queries.engine import open_engine

if TYPE_CHECKING:
    from rapport.insight.value.rules.buyers import Buyers, ContractLives
    from rapport.insight.value.services.fits import Result
    from rapport.stores.warehouse.queries.engine import Engine

_log = logging.getLogger(__name__)
SILENT_MINUTES = 30  # after which a run that says nothing is taken for killed
KEPT = 60  # versions, beside the newest
_LOCK = 0xF17


class NotYet(RapportError):
    """There is nothing to read yet; a later attempt may go well."""


class Cancelled(Exception):
    """Somebody asked the run to stop."""


def ask_for_refresh(*, actor: Actor) -> ModelFit:
    """Have the worker fit and score anew; one that waits or runs already is answered instead. Errors: NotAllowed."""
    if not (actor.is_system or actor.has(Power.MANAGE_WORKSPACE)):
        raise NotAllowed(_("Only those who manage the workspace start a run."))
    with transaction.atomic():
        _lock()
        _bury_silent()
        going = ModelFit.objects.filter(state__in=(FitState.WAITING, FitState.RUNNING)).order_by("-asked_at").first()
        row = going or ModelFit.objects.create(
            asked_by="" if actor.is_system else actor.name, business=current().business
        )
    fit_deferrers["worker"]()
    return row


def cancel(*, actor: Actor, fit_id: UUID) -> None:
    """A waiting run ends at once, a running one at its next step. Errors: NotAllowed, NotFound."""
    if not actor.has(Power.MANAGE_WORKSPACE):
        raise NotAllowed(_("Only those who manage the workspace stop a run."))
    if not ModelFit.objects.filter(pk=fit_id).update(cancel_asked=True):
        raise NotFound(_("There is no such run."))
    ModelFit.objects.filter(pk=fit_id, state=FitState.WAITING).update(state=FitState.CANCELLED, finished_at=clock.now())


def refresh() -> ModelFit | None:
    """Do the run that waits, or a new one. None when another process is at it. Called by the worker."""
    with _alone() as mine:
        if not mine:
            return None
        ModelFit.objects.filter(state=FitState.RUNNING).update(  # nobody else runs: they were killed
            state=FitState.FAILED, finished_at=clock.now(), problem=_("The worker was stopped in the middle.")
        )
        row = ModelFit.objects.filter(state=FitState.WAITING).order_by("asked_at").first() or ModelFit()
        row.state, row.started_at, row.beat_at = FitState.RUNNING, clock.now(), clock.now()
        row.save()
        begun = time.process_time()
        try:
            _run(row)
        except Cancelled:
            _end(row, FitState.CANCELLED)
        except NotWritten as error:
            _end(row, FitState.FAILED, str(error))
        except Exception as error:
            _log.exception("The fit of %s failed", current_schema())
            _end(row, FitState.FAILED, f"{type(error).__name__}: {error}")
            raise
        ModelFit.objects.filter(pk=row.pk).update(cpu_seconds=time.process_time() - begun)
    _forget_old()
    row.refresh_from_db()
    return row


def _run(row: ModelFit) -> None:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads make these fits slower
    from rapport.insight.value.services import reading, score_rows

    rules = current()
    until = reading.today()
    beat = _Beat(row)
    beat(2, "read")
    with open_engine() as engine:
        data = _read(engine, rules, until)
        beat(20, "group")
        row.window_until, row.window_from = until, data.first
        row.business, row.settings, row.currency = (
            rules.business,
            rules.as_json() | {"later": data.later},
            home_currency(),
        )
        result = data.fit(rules, beat)
        _tell(row, result, data.rows)
        beat(75, "write")
        at = clock.now()
        with transaction.atomic():
            _close_last_month(at.date())
            row.scored = write_scores(
                score_rows.score_rows(result, data.rows, rules, row.currency), run_id=row.pk, at=at
            )
            _stop_if_asked(row)
            row.state, row.progress, row.step, row.finished_at = FitState.DONE, 100, "", clock.now()
            row.save()
        _say(row, at, result, engine, rules)


@dataclass
class _Data:
    """What was read, and the fit that fits it."""

    rows: Buyers
    lives: ContractLives | None
    attendance: Any
    first: date | None
    later: int

    def fit(self, rules: ValueRules, beat: _Beat) -> Result:
        from rapport.insight.value.services import contracts, occasions, shops

        if self.lives is not None:
            return contracts.fit_contracts(self.lives, rules, beat)
        if self.attendance is not None:
            return occasions.fit_occasions(self.rows, self.attendance, rules, beat)
        return shops.fit_shop(self.rows, rules, beat)


def _read(engine: Engine, rules: ValueRules, until: date) -> _Data:
    from rapport.insight.value.rules.buyers import as_buyers
    from rapport.insight.value.services import reading
    from rapport.insight.value.services.fits import PERIOD_DAYS

    if rules.business == "contracts":
        lives = reading.contract_lives(engine, until, PERIOD_DAYS[rules.period])
        paid = as_buyers(lives)
        first = EPOCH + timedelta(days=int(lives.begun.min())) if lives.count else None
        return _Data(paid, lives, None, first, 0)
    first, later = reading.window(engine, until)
    cut = reading.cut_of(first or until, until)
    rows = reading.buyers(engine, until, cut)
    attendance = reading.attendance(engine, rows, rules.period) if rules.business == "occasions" else None
    return _Data(rows, None, attendance, first, later)


def _tell(row: ModelFit, result: Result, buyers: Buyers) -> None:
    """What the run found out, in the row."""
    from rapport.insight.value.services.fits import spend_json

    row.buyers, row.repeaters, row.purchases, row.groups = (
        buyers.count, result.repeaters, result.purchases, result.groups,
    )  # fmt: skip
    row.inputs_hash, row.model, row.chosen_because = result.inputs_hash, result.model, result.because
    if result.fit is not None:
        row.parameters, row.standard_errors = result.fit.parameters, result.fit.standard_errors
        row.log_likelihood = result.fit.log_likelihood
    row.spend = spend_json(result)
    row.candidates, row.calibration = result.candidates, result.calibration
    row.gates = [
        {"name": gate.name, "is_open": gate.is_open, "found": gate.found, "needed": gate.needed}
        for gate in result.gates
    ]
    row.reason = result.reason
    if result.values is not None and not result.reason:
        import numpy as np

        row.total = _money(float(np.round(result.values, 2).sum()))
        if len(result.totals) > 1:
            row.total_low, row.total_high = (_money(float(each)) for each in np.quantile(result.totals, (0.1, 0.9)))


class _Beat:
    """Says how far the run is. Raises Cancelled when somebody asked to stop."""

    def __init__(self, row: ModelFit) -> None:
        self.row = row

    def __call__(self, progress: int, step: str) -> None:
        self.row.progress, self.row.step, self.row.beat_at = progress, step, clock.now()
        ModelFit.objects.filter(pk=self.row.pk).update(progress=progress, step=step, beat_at=self.row.beat_at)
        _stop_if_asked(self.row)


def _stop_if_asked(row: ModelFit) -> None:
    if ModelFit.objects.filter(pk=row.pk, cancel_asked=True).exists():
        raise Cancelled


def _end(row: ModelFit, state: FitState, problem: str = "") -> None:
    ModelFit.objects.filter(pk=row.pk).update(
        state=state, finished_at=clock.now(), problem=problem[:500], settings=row.settings
    )


def _close_last_month(today: date) -> None:
    """The scores that stand are of a month that is over: they are what it closed with."""
    fresh = freshness()
    if fresh is not None and (fresh.at.year, fresh.at.month) < (today.year, today.month):
        close_period(fresh.at.date())


def _say(row: ModelFit, at: datetime, result: Result, engine: Engine, rules: ValueRules) -> None:
    """Tell the rest of insight; one that fails does not hinder the others."""
    said = ScoresWritten(
        run_id=row.pk,
        at=at,
        currency=row.currency,
        model_key=_model_key(row),
        values_at=None if result.reason else _Then(engine, result, rules),
        totals=tuple(_money(each) for each in result.totals),
    )
    for name, listener in after_scores.items():
        try:
            listener(said)
        except Exception:  # noqa: BLE001  # whatever goes wrong there is not ours
            _log.exception("%s could not make use of the scores of %s", name, current_schema())


def _model_key(row: ModelFit) -> str:
    import hashlib

    parts = (
        row.model,
        sorted(row.parameters.items()),
        sorted(row.spend.items(), key=str),
        sorted(row.settings.items()),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()


class _Then:
    """Values as they stood at an earlier instant, told by the parameters of this run."""

    def __init__(self, engine: Engine, result: Result, rules: ValueRules) -> None:
        self.engine, self.result, self.rules = engine, result, rules

    def __call__(self, instant: datetime) -> Iterator[ValueThen]:
        from rapport.insight.value.services import contracts, occasions, reading, shops
        from rapport.insight.value.services.fits import PERIOD_DAYS

        until = instant.date()
        result = self.result
        if result.fit is None:
            return
        if self.rules.business == "contracts":
            lives = reading.contract_lives(self.engine, until, PERIOD_DAYS[self.rules.period])
            ids, purchases = lives.customer_id, lives.renewals + 1
            values, alive = contracts.values_of_contracts(result, lives, self.rules)
        else:
            rows = reading.buyers(self.engine, until, until, with_gaps=False)
            ids, purchases = rows.customer_id, rows.days
            if self.rules.business == "occasions":
                attended = reading.attendance(self.engine, rows, self.rules.period)
                values, alive = occasions.values_of_occasions(result, attended, self.rules)
            else:
                values, alive = shops.values_of_shop(result, rows, self.rules)
        for begin in range(0, len(values), 25_000):
            part = slice(begin, begin + 25_000)
            yield from (
                ValueThen(UUID(one), _money(value), chance, int(count))
                for one, value, chance, count in zip(
                    ids.slice(begin, 25_000).to_pylist(),
                    values[part].tolist(),
                    alive[part].tolist(),
                    purchases[part].tolist(),
                    strict=True,
                )
            )


def _money(value: float) -> Decimal:
    return Decimal(str(round(value, 2)))


def _forget_old() -> None:
    old = ModelFit.objects.order_by("-asked_at").values_list("pk", flat=True)[KEPT:]
    newest = ModelFit.objects.filter(state=FitState.DONE).order_by("-finished_at").values_list("pk", flat=True)[:1]
    ModelFit.objects.filter(pk__in=list(old)).exclude(pk__in=list(newest)).delete()


def _bury_silent() -> None:
    silent = clock.now() - timedelta(minutes=SILENT_MINUTES)
    ModelFit.objects.filter(state=FitState.RUNNING, beat_at__lt=silent).update(
        state=FitState.FAILED, finished_at=clock.now(), problem=_("The worker was stopped in the middle.")
    )


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s, hashtext(current_schema()))", [_LOCK])


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether no other process runs this in the workspace; held until the end, or until the process dies."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s, hashtext(current_schema()))", [_LOCK + 1])
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute("select pg_advisory_unlock(%s, hashtext(current_schema()))", [_LOCK + 1])
