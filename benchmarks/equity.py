"""Customer equity: what keeping it costs after a refresh of scores, and the server time of its page, which reads what is kept.

Everyone gets a made-up value twice, a year apart, so that the waterfall has every customer in it.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from benchmarks.firm import firm, postmaster_pid
from benchmarks.lists import _ask, _signed_in
from benchmarks.machine import cpu_ms, family, heading

PAGE = "/w/bench/insight/equity"


def main(arguments: argparse.Namespace) -> None:
    with firm(arguments.size) as (size, workspace):
        client = _signed_in(workspace)
        heading("Customer equity", size=size.name, customers=size.customers)
        _keep(workspace)
        print(f"{'':32}{'server time':46}CPU web + db    queries")
        for name, query in (("a year", ""), ("a quarter", "?period=quarter")):
            _ask(client, name, PAGE + query, arguments.times)


def _keep(workspace: Any) -> None:
    from rapport.foundation.accounts import tenancy
    from rapport.foundation.lib import clock
    from rapport.insight.value.models import EquityComparison
    from rapport.stores.customers.models import Customer

    tenancy.enter(workspace)
    ids = list(Customer.objects.filter(deleted_at=None, merged_into=None).order_by("pk").values_list("pk", flat=True))
    now = clock.now()
    _run(ids, now - timedelta(days=365), 1)
    took, web, database = _run(ids, now, 2)
    told = EquityComparison.objects.get(period="year")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"kept for {len(ids):,} customers in {took:.1f} s; CPU {web:.1f} + {database:.1f} s, {peak:.0f} MB at most")
    print(f"from {told.opening / 100:,.2f} to {told.closing / 100:,.2f}, every customer in its parts")
    tenancy.enter_public()


def _run(ids: list[UUID], at: datetime, seed: int) -> tuple[float, float, float]:
    """Seconds, CPU seconds here and in the database, of keeping equity; writing the scores is not counted."""
    from rapport.insight.value.extension_points import ScoresWritten
    from rapport.insight.value.models import EquityRun
    from rapport.insight.value.services.equity import keep_equity
    from rapport.stores.customers.services.scores import write_scores

    EquityRun.objects.filter(at__gte=at - timedelta(days=30), at__lte=at).delete()
    run_id = uuid4()
    write_scores(_scores(ids, at, seed), run_id=run_id, at=at)
    written = ScoresWritten(run_id=run_id, at=at, currency="EUR", model_key=str(seed))
    processes = family(postmaster_pid())
    started, web, database = time.perf_counter(), time.process_time(), cpu_ms(processes)
    keep_equity(written)
    return time.perf_counter() - started, time.process_time() - web, (cpu_ms(processes) - database) / 1000


def _scores(ids: list[UUID], at: datetime, seed: int) -> Iterator[Any]:
    from rapport.stores.customers.rules.scores import ScoreRow

    chance = random.Random(seed)
    tiers = ("platinum", "gold", "silver", "bronze")
    for customer_id in ids:
        value = round(chance.lognormvariate(5, 1.2), 2)
        bought = chance.randrange(1, 9) + seed
        yield ScoreRow(
            customer_id, value, value * 0.6, value * 1.5, value * 2, chance.random(), 0.3, 1.2, None,
            chance.choice(tiers), at.date(), bought - 1, None, None, "", "", "made up", "EUR",
        )  # fmt: skip
