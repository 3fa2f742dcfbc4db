"""The warehouse: writing it from nothing, taking up 100,000 new touch points, and two questions about everybody.

Each step runs in a process of its own, so that its processor time and its memory are its own. Processor time is given
apart for our process and for the database; with other work on the machine it is what to compare, not the wall time.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.firm import firm, postmaster_pid
from benchmarks.machine import Clock, cpu_ms, family, heading

NEW = 100_000
BATCH = 500
SEGMENT = {
    "all": [
        {"behaviour": {"kind": "order_placed"}, "op": "at_least", "value": 2, "within": {"last": 90, "unit": "days"}},
        {"behaviour": {"kind": "call_made"}, "op": "at_most", "value": 0, "within": {"last": 180, "unit": "days"}},
        {"behaviour": {"kind": "order_placed"}, "measure": "sum", "of": "amount", "op": "at_least", "value": 150,
         "within": {"last": 365, "unit": "days"}},
        {"behaviour": {"kind": "email_opened"}, "op": "at_least", "value": 1, "within": {"last": 30, "unit": "days"}},
        {"field": "city", "op": "any_of", "value": ["Utrecht", "Rotterdam", "Hamburg"]},
    ]
}  # fmt: skip


def main(arguments: argparse.Namespace) -> None:
    with firm(arguments.size) as (size, workspace):
        heading("Warehouse", size=size.name, customers=size.customers, touchpoints=size.touchpoints)
        folder = Path(os.environ["RAPPORT_HOME"]) / "warehouse" / workspace.schema_name
        shutil.rmtree(folder, ignore_errors=True)
        print(f"{'':46}{'wall':>8}{'our CPU':>10}{'database':>10}{'RSS':>9}")
        for name in ("first", "append", "increment", "nothing", "open", "rfm", "segment"):
            _run(name, workspace.schema_name)


def _run(name: str, schema: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.warehouse", name, schema], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    print(
        f"{told['label']:46}{told['wall']:7.2f}s{told['cpu']:9.2f}s{told['database']:9.2f}s{told['rss']:6.0f} MB"
        f"   {told['said']}"
    )


def step(name: str, schema: str) -> None:
    """One step, in this process."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "rapport.config.settings"
    import django

    django.setup()
    from django_tenants.utils import schema_context

    label, prepare = _STEPS[name]
    with schema_context(schema):
        work: Callable[[], str] = prepare()
        database = family(postmaster_pid())
        before, ours = cpu_ms(database), _cpu()
        with Clock() as clock:
            said = work()
        used, own = (cpu_ms(family(postmaster_pid())) - before) / 1000, _cpu() - ours
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"label": label, "wall": clock.seconds, "cpu": own, "database": used, "rss": rss, "said": said}))


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _writing() -> Callable[[], str]:
    from rapport.stores.warehouse.queries.lake import current_lake
    from rapport.stores.warehouse.services.writing import write

    def work() -> str:
        run = write()
        manifest = current_lake().manifest()
        assert manifest
        touchpoints = manifest.tables["touchpoints"]
        return (
            f"{run.touchpoints if run else 0:,} touch points; {len(touchpoints.files)} files,"
            f" {touchpoints.bytes / 1e6:,.0f} MB"
        )

    return work


def _appending() -> Callable[[], str]:
    """Through the ledger, as an import does: what this costs beside is in the table of the program `ingestion`."""
    import random

    from rapport.foundation.workspace.types import SYSTEM
    from rapport.stores.customers.models import Customer
    from rapport.stores.ledger.services.ingestion import append
    from rapport.stores.ledger.types import CustomerRef, new_touchpoint

    pick = random.Random(5)
    ids = list(Customer.objects.order_by("pk").values_list("pk", flat=True)[:100_000])

    def work() -> str:
        now = datetime.now(UTC)
        for _ in range(NEW // BATCH):
            items = []
            for _ in range(BATCH):
                kind = pick.choice(["page_viewed", "email_opened", "order_placed"])
                bought = kind == "order_placed"
                items.append(
                    new_touchpoint(
                        customer=CustomerRef(id=pick.choice(ids)),
                        channel="web",
                        kind=kind,
                        # most are of these days, some come late
                        occurred_at=now
                        - timedelta(seconds=pick.randrange(30_000_000 if pick.random() < 0.1 else 90_000)),
                        amount=Decimal(pick.randrange(500, 40_000)) / 100 if bought else None,
                        currency="EUR" if bought else "",
                        properties={"path": f"/p/{pick.randrange(99)}", "campaign": "spring"},
                    )
                )
            append(actor=SYSTEM, items=items, source="bench")
        return f"in batches of {BATCH}"

    return work


def _opening() -> Callable[[], str]:
    from rapport.stores.warehouse.queries.engine import open_engine

    def work() -> str:
        with open_engine() as engine:
            engine.table("touchpoints")
        return "DuckDB and Ibis imported, views made"

    return work


def _asking(build: Callable[[Any], Any]) -> Callable[[], Callable[[], str]]:
    def prepare() -> Callable[[], str]:
        from rapport.stores.warehouse.queries.engine import open_engine

        engine = open_engine()
        engine.run(engine.table("customers").count().as_table())

        def work() -> str:
            return f"{engine.run(build(engine)).num_rows:,} customers"

        return work

    return prepare


def _rfm(engine: Any) -> Any:
    from rapport.stores.warehouse.queries.marts import rfm

    return rfm(engine)


def _segment(engine: Any) -> Any:
    from rapport.stores.warehouse.queries import conditions

    return conditions.compile(SEGMENT, "customer", engine, datetime.now(UTC))


_STEPS: dict[str, tuple[str, Callable[[], Callable[[], str]]]] = {
    "first": ("everything, from nothing", _writing),
    "append": (f"(append {NEW:,} touch points to the ledger)", _appending),
    "increment": (f"take up {NEW:,} new touch points", _writing),
    "nothing": ("nothing new", _writing),
    "open": ("open an engine", _opening),
    "rfm": ("RFM of everybody", _asking(_rfm)),
    "segment": ("segment of five conditions", _asking(_segment)),
}


if __name__ == "__main__":
    step(sys.argv[1], sys.argv[2])
