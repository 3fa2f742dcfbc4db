"""Customers from a CSV file, end to end: read, check, write with identities and history; then the undo of all of it.

The file holds persons with name, e-mail address, phone number, city, country, job title, a tag and the id of another
system: three identities each. The import runs as the worker runs it, in a process of its own whose memory is watched.
Bars at size L (1,000,000 rows): 15,000 rows/s, 500 MB, undo within a minute.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.firm import CITIES, FAMILY, GIVEN, ROOT, firm, postmaster_pid
from benchmarks.machine import Clock, cpu_ms, family, heading, rss_mb

HOME = ROOT / "var" / "bench" / "imports"
ROWS = {"T": 3_000, "S": 20_000, "P": 100_000, "M": 100_000, "L": 1_000_000}
HEADINGS = ["First name", "Last name", "E-mail", "Phone", "City", "Country", "Job title", "Tags", "Customer number"]
TITLES = ["Buyer", "Owner", "Head of fleet", "Mechanic", "", ""]


def main(arguments: argparse.Namespace) -> None:
    os.environ.setdefault("RAPPORT_HOME", str(HOME))
    base, count = "T" if arguments.size == "T" else "S", ROWS[arguments.size]
    with firm(base) as (_size, _workspace):
        from rapport.stores.customers.models import Customer

        _forget_rest()
        before = Customer.objects.count()
        path = _written(Path(os.environ["RAPPORT_HOME"]) / f"people-{count}.csv", count)
        heading("Import of customers", rows=count, file_MB=path.stat().st_size // 2**20, customers_before=before)
        found = _run(path, base)
        counts = found["counts"]
        assert (counts["new"], counts["refused"]) == (count, 0), counts
        print(
            f"import  {count / found['seconds']:9,.0f} rows/s   {found['seconds']:.1f} s   CPU per 1,000 rows: worker {found['cpu'] * 1000 / count * 1000:.1f} ms, database {found['database_ms'] * 1000 / count:.1f} ms"
        )
        print(f"load    {os.getloadavg()[0]:.1f} when it was done")
        print(
            f"memory  {found['peak_mb']:.0f} MB at most in the worker (resident), {found['idle_mb']:.0f} MB before it began"
        )
        again = _run(path, base)
        print(
            f"again   {count / again['seconds']:9,.0f} rows/s   {again['seconds']:.1f} s   the same file: all {again['counts']['unchanged']:,} unchanged"
        )
        database_before = cpu_ms(family(postmaster_pid()))
        undone = _undo(found["import_id"])
        database_ms = cpu_ms(family(postmaster_pid())) - database_before
        print(
            f"undo    {undone['seconds']:.1f} s, {undone['removed']:,} customers removed, {undone['left']:,} customers left; CPU of the database {database_ms / 1000:.1f} s"
        )
        assert undone["left"] == before, undone


def _written(path: Path, count: int) -> Path:
    """The file, made once: the same for every run."""
    if not path.exists():
        chance = random.Random(count)
        with path.open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(HEADINGS)
            writer.writerows(_people(chance, count))
    return path


def _people(chance: random.Random, count: int) -> Iterator[list[str]]:
    for number in range(count):
        given, last = chance.choice(GIVEN), chance.choice(FAMILY)
        address = f"{given}.{last.replace(' ', '')}.{number:x}@{chance.choice(('example.org', 'example.com', 'mail.example'))}".lower()
        yield [
            given,
            last,
            address,
            f"+4915{number:09}",
            chance.choice(CITIES),
            "DE",
            chance.choice(TITLES),
            "fair" if number % 5 == 0 else "",
            f"K-{number:07}",
        ]


def _forget_rest() -> None:
    """What an interrupted run left."""
    from rapport.foundation.records.models import Import
    from rapport.foundation.workspace.types import SYSTEM

    for row in Import.objects.filter(state__in=("done", "cancelled", "failed", "running"), operation_id__isnull=False):
        Import.objects.filter(pk=row.pk).update(state="done")
        _undo(str(row.pk))
    Import.objects.filter(operation_id=None).delete()
    assert SYSTEM.is_system


def _run(path: Path, base: str) -> dict[str, Any]:
    """One import in a process of its own."""
    database = postmaster_pid()
    before, processes = cpu_ms(family(database)), len(family(database))
    worker = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.imports", str(path), base], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    peak = _Peak(worker.pid)
    out, _nothing = worker.communicate()
    peak.stop()
    if worker.returncode:
        raise SystemExit("the import failed")
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    for _attempt in range(100):  # what a server process used is lost from sight while it ends
        if len(family(database)) <= processes:
            break
        time.sleep(0.1)
    found["database_ms"] = cpu_ms(family(database)) - before
    return found


class _Peak(threading.Thread):
    """The most memory a process had to itself, looked at ten times a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.most, self._over = pid, 0.0, threading.Event()
        self.start()

    def run(self) -> None:
        while not self._over.wait(0.1):
            self.most = max(self.most, rss_mb([self.pid]))

    def stop(self) -> None:
        self._over.set()
        self.join()


def _undo(import_id: str) -> dict[str, Any]:
    from uuid import UUID

    from rapport.foundation.records.models import Import, Operation
    from rapport.foundation.records.services import imports
    from rapport.foundation.workspace.types import SYSTEM
    from rapport.stores.customers.models import Customer

    row = Import.objects.get(pk=UUID(import_id))
    Import.objects.filter(pk=row.pk).update(state="undoing")
    with Clock() as clock:
        imports.undo_import(actor=SYSTEM, import_id=row.pk)
    reverse = Operation.objects.filter(undoes_id=row.operation_id).first()
    return {
        "seconds": clock.seconds,
        "removed": reverse.counts.get("removed", 0) if reverse else 0,
        "left": Customer.objects.count(),
    }


def _work(path: Path, base: str) -> None:
    """The process whose memory and time are measured: what the worker does with an import."""
    with firm(base):
        from django.core.files.uploadedfile import SimpleUploadedFile
        from django.db import connection

        from rapport.foundation.records.models import Import
        from rapport.foundation.records.services import import_runs, imports
        from rapport.foundation.workspace.types import SYSTEM

        with path.open("rb") as stream:
            upload = SimpleUploadedFile(path.name, b"")
            upload.file, upload.size = stream, path.stat().st_size
            row = imports.start_import(actor=SYSTEM, record_type="customer", upload=upload)
        Import.objects.filter(pk=row.pk).update(state="running", options={**row.options, "namespace": "bench"})
        idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        started_cpu = time.process_time()
        with Clock() as clock:
            import_runs.run_import(
                actor=SYSTEM, import_id=row.pk, writers=int(os.environ.get("BENCH_WRITERS", import_runs.WRITERS))
            )
        row.refresh_from_db()
        assert row.state == "done", (row.state, row.problem)
        connection.close()
        print(
            json.dumps(
                {
                    "import_id": str(row.pk),
                    "seconds": clock.seconds,
                    "cpu": time.process_time() - started_cpu,
                    "counts": row.counts,
                    "idle_mb": idle,
                    "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                }
            )
        )


if __name__ == "__main__":
    os.environ.setdefault("RAPPORT_HOME", str(HOME))
    _work(Path(sys.argv[1]), sys.argv[2])
