"""Touch points over HTTP against a bare COPY of the same rows into the same table, in turns, in the same run.

The COPY has everything prepared: one connection, one statement, binary rows made beforehand. The HTTP side sends JSON
batches of 500 from a few connections to a real server, which checks, deduplicates, finds the customers and commits each
batch before it answers. The bar: at least half of the rows per second of the COPY.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import statistics
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from benchmarks.firm import email_of, firm, postmaster_pid
from benchmarks.machine import Clock, Times, cpu_ms, family, heading
from benchmarks.server import Server, web

BATCH = 500
BATCHES = 120
ROUNDS = 5
CONNECTIONS = 4
SINGLES = 2_000
KINDS = [
    ("web", "page_viewed", "in"),
    ("web", "product_viewed", "in"),
    ("email", "email_opened", "in"),
    ("shop", "order_placed", "in"),
]


@dataclass
class Round:
    """What one side did in one turn."""

    rows: int
    seconds: float
    web_ms: float
    database_ms: float
    answers: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return self.rows / self.seconds

    def __str__(self) -> str:
        per = 1000 / self.rows
        said = f"{self.rate:9,.0f} rows/s   CPU per 1,000 rows: database {self.database_ms * per:5.1f} ms"
        return said + (f", web {self.web_ms * per:5.1f} ms" if self.web_ms else "")


def main(arguments: argparse.Namespace) -> None:
    workers = int(os.environ.get("BENCH_WORKERS", "2"))
    batches, rounds, singles = (2, 1, 20) if arguments.size == "T" else (BATCHES, ROUNDS, SINGLES)
    with firm(arguments.size) as (size, workspace), web(workers) as server:
        token = _token(workspace)
        heading("Ingestion", size=size.name, customers=size.customers, touchpoints=size.touchpoints, batch=BATCH)
        print(
            f"{workers} web workers, {CONNECTIONS} connections, fsync {_setting('fsync')},"
            f" {rounds} turns each of {batches * BATCH:,} rows"
        )
        copies, sent = [], []
        _send(server, token, _bodies(size.customers, f"warm-{time.time_ns()}", 8))  # code loaded, connections open
        for turn in range(rounds):
            copies.append(_copy(workspace, _rows(size.customers, turn, batches), batches * BATCH))
            sent.append(_send(server, token, _bodies(size.customers, f"turn{turn}-{time.time_ns()}", batches)))
            print(f"turn {turn + 1}: COPY {copies[-1]}")
            print(f"        HTTP {sent[-1]}")
        bare, http_rate = statistics.median(r.rate for r in copies), statistics.median(r.rate for r in sent)
        print(
            f"medians: COPY {bare:,.0f} rows/s, HTTP {http_rate:,.0f} rows/s = {http_rate / bare:.0%} of it (bar: 50%)"
        )
        print(f"one batch over HTTP: {Times([ms for r in sent for ms in r.answers])}")
        ones = [_body(items) for items in _items(size.customers, f"one-{time.time_ns()}", singles, 1)]
        single = _send(server, token, ones, connections=8)
        print(f"single events, 8 connections: {single.rate:,.0f} requests/s; {Times(single.answers)}")
        print(f"        {single}")


def _send(server: Server, token: str, bodies: list[bytes], *, connections: int = CONNECTIONS) -> Round:
    """Post all bodies; ends when the last is answered, and so committed."""
    waiting = list(reversed(bodies))
    lock = threading.Lock()
    answers: list[float] = []
    problems: list[str] = []

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        while True:
            with lock:
                if not waiting or problems:
                    return
                body = waiting.pop()
            started = time.perf_counter()
            connection.request("POST", "/api/v1/touchpoints", body, headers)
            response = connection.getresponse()
            text = response.read()
            with lock:
                answers.append((time.perf_counter() - started) * 1000)
                if response.status != 202 or b'"refused":0' not in text or b'"duplicate":0' not in text:
                    problems.append(f"{response.status} {text[:300]!r}")

    threads = [threading.Thread(target=work) for _ in range(connections)]
    web, database = family(server.process.pid), family(postmaster_pid())
    web_ms, database_ms = cpu_ms(web), cpu_ms(database)
    with Clock() as clock:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if problems:
        raise SystemExit(problems[0])
    rows = sum(body.count(b'"source_id"') for body in bodies)
    database = [*database, *(pid for pid in family(postmaster_pid()) if pid not in database)]
    return Round(rows, clock.seconds, cpu_ms(web) - web_ms, cpu_ms(database) - database_ms, answers)


def _copy(workspace: Any, data: bytes, count: int) -> Round:
    import psycopg
    from django.db import connection
    from psycopg import sql

    from rapport.stores.ledger.rules import rows

    parameters = connection.get_connection_params()
    parameters.pop("cursor_factory", None), parameters.pop("context", None)
    with psycopg.connect(**parameters) as bare:
        bare.execute(sql.SQL("set search_path to {}").format(sql.Identifier(workspace.schema_name)))
        bare.commit()
        database = family(postmaster_pid())
        before = cpu_ms(database)
        with Clock() as clock:
            with (
                bare.cursor() as cursor,
                cursor.copy(f"copy touchpoint ({rows.TOUCHPOINT_COLUMNS}) from stdin (format binary)") as copy,
            ):
                copy.write(data)
            bare.commit()
        return Round(count, clock.seconds, 0, cpu_ms(database) - before)


def _items(customers: int, run: str, count: int, size: int) -> list[list[dict[str, Any]]]:
    chance = random.Random(run)
    now = datetime.now(UTC)
    made = []
    for batch in range(count):
        items = []
        for place in range(size):
            number = chance.randrange(customers)
            channel, kind, direction = chance.choice(KINDS)
            item: dict[str, Any] = {
                "customer": {"email": email_of(number)},
                "occurred_at": (now - timedelta(seconds=chance.randrange(2_600_000))).isoformat(),
                "channel": channel, "kind": kind, "direction": direction, "source": "shop", "source_id": f"{run}-{batch}-{place}",
                "properties": {"url": f"https://shop.example/p/{number % 977}", "title": "Service plan Plus", "seconds": number % 600, "utm_source": "newsletter"},
            }  # fmt: skip
            if kind == "order_placed":
                item |= {"amount": f"{number % 900}.50", "currency": "EUR", "subject": f"Order K-{number}"}
            items.append(item)
        made.append(items)
    return made


def _body(items: list[dict[str, Any]]) -> bytes:
    return json.dumps({"touchpoints": items}, separators=(",", ":")).encode()


def _bodies(customers: int, run: str, count: int) -> list[bytes]:
    return [_body(items) for items in _items(customers, run, count, BATCH)]


def _rows(customers: int, turn: int, count: int) -> bytes:
    """The same kind of rows, as they end up in the table."""
    from decimal import Decimal

    from rapport.stores.ledger.rules import rows

    now = datetime.now(UTC)
    packer = rows.TouchpointRows(now, None)
    batches = _items(customers, f"copy{turn}-{time.time_ns()}", count, BATCH)
    ids = iter(rows.new_ids(BATCH * count, now))
    for item in (item for items in batches for item in items):
        number = int(item["customer"]["email"].partition("@")[0][1:])
        packer.add(
            UUID(int=number + 1).bytes, rows.microseconds(datetime.fromisoformat(item["occurred_at"])), next(ids),
            (item["channel"], item["kind"], item["direction"], item["source"]), item["source_id"], item.get("subject", ""),
            Decimal(item["amount"]) if "amount" in item else None, item.get("currency", ""), json.dumps(item["properties"]).encode(),
        )  # fmt: skip
    return packer.bytes()


def _token(workspace: Any) -> str:
    from rapport.foundation.workspace.models import Member
    from rapport.foundation.workspace.queries.members import actor_of_member
    from rapport.foundation.workspace.services.tokens import HIGHEST_RATE, create_token

    actor = actor_of_member(Member.objects.filter(role_key="owner").values_list("pk", flat=True)[0], workspace)
    if actor is None:
        raise SystemExit("the workspace has no owner")
    scopes = frozenset({"touchpoint:write"})
    _, raw = create_token(
        actor=actor, workspace=workspace, name="Benchmark", scopes=scopes, expires_at=None, rate_per_minute=HIGHEST_RATE
    )
    return raw


def _setting(name: str) -> str:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("select current_setting(%s)", [name])
        return str(cursor.fetchone()[0])
