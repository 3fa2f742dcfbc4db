"""What a request costs: wall time, processor time of web and database, and bytes, against a real server.

Pages are asked one after the other by one client, so that processor time can be told apart by page. Afterwards the same
pages are asked again and again, to see whether the web worker's memory stays where it is. Bars at size P: list 40 ms,
search 30 ms, customer page 40 ms, create 35 ms of processor time; a worker below 120 MB, and flat.
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from collections.abc import Callable
from urllib.parse import quote

from benchmarks.firm import firm, heavy_customer, postmaster_pid
from benchmarks.machine import Times, cpu_ms, family, heading, resident_mb, rss_mb
from benchmarks.server import Browser, Server, signed_in, web

BASE = "/w/bench"


def main(arguments: argparse.Namespace) -> None:
    with firm(arguments.size) as (size, _workspace), web() as server:
        browser = signed_in(server.port)
        heading("Requests", size=size.name, customers=size.customers, touchpoints=size.touchpoints)
        started = resident_mb(server.workers)
        pages = _pages()
        _measure(server, browser, pages, arguments.times)
        warm = resident_mb(server.workers)
        again = arguments.times * 5
        for turn in range(again):
            for paths in pages.values():
                browser.ask("GET", paths[turn % len(paths)])
        print(
            f"web worker: {started:.0f} MB when started, {warm:.0f} MB after these requests,"
            f" {resident_mb(server.workers):.0f} MB after {again * len(pages):,} more (resident;"
            f" {rss_mb(server.workers):.0f} MB without its share of what other processes map too)"
        )


def _pages() -> dict[str, list[str]]:
    where = json.dumps({"field": "city", "op": "is", "value": "Köln"})
    return {
        "customers, first page": [f"{BASE}/customers/"],
        "customers, sorted by name": [f"{BASE}/customers/?sort=name"],
        "customers, filtered by city": [f"{BASE}/customers/?where={quote(where)}"],
        "customers, part of a name": [f"{BASE}/customers/?q={quote(f'weber {n}')}" for n in range(100, 160)],
        "palette search": [f"{BASE}/find?q={quote(f'oliveira {n}')}" for n in range(300, 360)],
        "customer with a long timeline": [f"{BASE}/customers/{heavy_customer()}/"],
        "touch points, newest": [f"{BASE}/touchpoints/"],
    }


def _measure(server: Server, browser: Browser, pages: dict[str, list[str]], times: int) -> None:
    print(f"{'':32}{'wall':46}CPU web + db       bytes gzipped")
    for name, paths in pages.items():
        for path in paths[:3]:
            browser.ask("GET", path)

        def get(turn: int, paths: list[str] = paths, name: str = name) -> int:
            status, body = browser.ask("GET", paths[turn % len(paths)])
            if status != 200:
                raise SystemExit(f"{name}: {paths[turn % len(paths)]} answered {status}")
            return len(body)

        _time(server, name, get, times)

    def create(turn: int) -> int:
        body = f"kind=person&given_name=New&family_name=Customer+{turn}&email=new{time.time_ns()}%40firm.example"
        status, answer = browser.ask("POST", f"{BASE}/customers/new", body)
        if status not in (200, 302, 303):
            raise SystemExit(f"create answered {status}: {_text(answer)[:300]}")
        return len(answer)

    create(-1)
    _time(server, "create a customer", create, times)


def _time(server: Server, name: str, ask: Callable[[int], int], times: int) -> None:
    spent, size = [], 0
    web_before, database_before = cpu_ms(family(server.process.pid)), cpu_ms(family(postmaster_pid()))
    for turn in range(times):
        started = time.perf_counter()
        size = ask(turn)
        spent.append((time.perf_counter() - started) * 1000)
    used = (cpu_ms(family(server.process.pid)) - web_before) / times
    data = (cpu_ms(family(postmaster_pid())) - database_before) / times
    print(f"{name:32}{Times(spent)!s:46}{used:5.1f} + {data:4.1f} = {used + data:5.1f} ms{size:9,}")


def _text(body: bytes) -> str:
    return (gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body).decode(errors="replace")
