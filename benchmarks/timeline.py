"""A page of one customer's timeline: the 50 newest of 10,000, in a ledger of the given size.

Measured in the process that asks, statement by statement as the customer page does: every statement is planned anew.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

from benchmarks.firm import HEAVY_TOUCHPOINTS, firm, heavy_customer, postmaster_pid
from benchmarks.machine import Times, cpu_ms, family, heading


def main(arguments: argparse.Namespace) -> None:
    with firm(arguments.size) as (size, _):
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        from rapport.foundation.workspace.types import SYSTEM
        from rapport.stores.customers.models import Customer
        from rapport.stores.ledger.queries.activity import activity
        from rapport.stores.ledger.queries.stream import Asked, stream
        from rapport.stores.ledger.queries.timeline import timeline
        from rapport.stores.ledger.services.partitions import partitions

        heavy = heavy_customer()
        ids = list(Customer.objects.order_by("-created_at").values_list("pk", flat=True)[:50])
        first = timeline(actor=SYSTEM, customer_id=heavy, ids=[heavy])
        heading(
            "Timeline",
            size=size.name,
            customers=size.customers,
            touchpoints=size.touchpoints,
            partitions=len(partitions()),
        )
        print(
            f"one customer with {min(HEAVY_TOUCHPOINTS, size.touchpoints // 2):,} touch points; others have {size.touchpoints // size.customers} on average"
        )
        asks: dict[str, Callable[[], Any]] = {
            "50 newest of the heavy customer": lambda: timeline(actor=SYSTEM, customer_id=heavy, ids=[heavy]),
            "the same over two merged ids": lambda: timeline(actor=SYSTEM, customer_id=heavy, ids=[heavy, ids[0]]),
            "the page after it": lambda: timeline(actor=SYSTEM, customer_id=heavy, ids=[heavy], before=first.earlier),
            "only orders": lambda: timeline(actor=SYSTEM, customer_id=heavy, ids=[heavy], kinds=["order_placed"]),
            "a word that is not there": lambda: timeline(actor=SYSTEM, customer_id=heavy, ids=[heavy], search="zebra"),
            "a customer with few": lambda: timeline(actor=SYSTEM, customer_id=ids[0], ids=[ids[0]]),
            "last touch of 50 customers": lambda: activity(actor=SYSTEM, customer_ids=ids),
            "newest of the whole workspace": lambda: stream(actor=SYSTEM, asked=Asked()),
        }
        for name, ask in asks.items():
            with CaptureQueriesContext(connection) as queries:
                ask()
            spent = []
            database = family(postmaster_pid())
            before = cpu_ms(database)
            for _ in range(arguments.times):
                started = time.perf_counter()
                ask()
                spent.append((time.perf_counter() - started) * 1000)
            used = (cpu_ms(database) - before) / arguments.times
            print(f"{name:34}{Times(spent)}   database CPU {used:5.1f} ms   {len(queries)} statements")
