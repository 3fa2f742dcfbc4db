"""The permission gate: a decision for each of many customers in one go, single decisions, and permits.

Customers are made for it: a quarter were never asked, some refused, unsubscribed, bounced, or were merged; a tenth had a
message this week, and a cap holds.
"""

from __future__ import annotations

import argparse
import random
import time
from typing import Any

from benchmarks.firm import firm, postmaster_pid
from benchmarks.machine import cpu_ms, family, heading

DECISIONS = {"T": 2_000, "S": 100_000, "P": 1_000_000, "M": 1_000_000, "L": 1_000_000}
SINGLES = 300

_CUSTOMERS = """
insert into customers_customer (id, kind, name, given_name, family_name, email, phone, job_title, organisation_name, city, country,
    language, timezone, website, source, notes, tags, custom, phase, search, created_at, updated_at, version)
select gen_random_uuid(), 'person', 'Person ' || n, '', '', 'p' || n || '.' || %s || '@bench.example', '+3120' || (5000000 + n), '', '', '',
    (array['NL', 'DE', 'PT'])[1 + n %% 3], '', (array['Europe/Amsterdam', 'Asia/Tokyo', ''])[1 + n %% 3], '', 'gate', '', '{}', '{}',
    'prospect', '', now(), now(), 1
from generate_series(1, %s) n
"""
_EVIDENCE = """
insert into permission_evidence (id, customer_id, point_key, channel, purpose, status, basis, cause, source, at, recorded_at, actor_name)
select gen_random_uuid(), c.id, left(encode(sha256(convert_to('email:' || c.email, 'UTF8')), 'hex'), 32)::uuid, 'email', 'offers',
    s.status, case s.status when 'granted' then 'consent' else '' end, case s.status when 'stopped' then 'bounce' else '' end,
    'import', now() - interval '1 day' * s.days, now(), 'Benchmark'
from customers_customer c
cross join lateral (select ('x' || right(c.id::text, 4))::bit(16)::int %% 100 as part) p
cross join lateral (values ('granted', 90, 25, 100), ('withdrawn', 30, 60, 70), ('granted', 9, 66, 70), ('stopped', 5, 97, 100))
    as s (status, days, low, high)
where c.source = 'gate' and p.part >= s.low and p.part < s.high
"""
_PERMITS = """
insert into permission_issuedpermit (id, customer_id, evidence_id, purpose, channel, is_service, reason, at, issued_at, valid_until, actor_name)
select gen_random_uuid(), c.id, gen_random_uuid(), 'offers', 'email', false, 'granted', now() - interval '2 days', now(), now(), 'Benchmark'
from customers_customer c where c.source = 'gate' and right(c.id::text, 1) in ('0', '8')
"""


def main(arguments: argparse.Namespace) -> None:
    with firm("T") as (_size, _):
        from django.db import connection, transaction

        from rapport.foundation.workspace.types import SYSTEM
        from rapport.stores.customers.models import Customer
        from rapport.touchpoints.permission.models import FrequencyCap, QuietHours
        from rapport.touchpoints.permission.queries.bulk import contact_counts, may_contact_many
        from rapport.touchpoints.permission.queries.gate import may_contact
        from rapport.touchpoints.permission.services.gate import permit_many

        wanted = DECISIONS[arguments.size]
        with connection.cursor() as cursor:
            cursor.execute("delete from customers_customer where source = 'gate'")
            # Evidence stays for good: another run has other addresses.
            cursor.execute(_CUSTOMERS, [str(int(time.time())), wanted])
            cursor.execute(_EVIDENCE.replace("%%", "%"))
            cursor.execute(_PERMITS)
            for table in ("customers_customer", "permission_evidence", "permission_issuedpermit"):
                cursor.execute(f"analyze {table}")
            cursor.execute("select count(*) from permission_evidence")
            evidence = cursor.fetchone()[0]
        FrequencyCap.objects.get_or_create(channel="email", hours=168, defaults={"most": 1})
        QuietHours.objects.get_or_create(channel="sms", start=21 * 60, end=8 * 60)
        heading("Permission", size=arguments.size, customers=wanted, evidence=evidence)
        everybody = Customer.objects.filter(source="gate")

        def measured(name: str, ask: Any, count: int) -> Any:
            database = family(postmaster_pid())
            before, mine, started = cpu_ms(database), time.process_time(), time.perf_counter()
            found = ask()
            seconds = time.perf_counter() - started
            spent = (cpu_ms(family(postmaster_pid())) - before) / 1000
            print(
                f"{name:42} {count:>9,} in {seconds:6.2f} s  ({count / seconds:,.0f} a second;"
                f" CPU {time.process_time() - mine:.2f} s here, {spent:.2f} s in the database)"
            )
            return found

        answers = measured(
            "decisions in bulk",
            lambda: may_contact_many(actor=SYSTEM, customers=everybody, purpose="offers", channel="email"),
            wanted,
        )
        counts = measured(
            "the same, counted by reason",
            lambda: contact_counts(actor=SYSTEM, customers=everybody, purpose="offers", channel="email"),
            wanted,
        )
        print("  " + ", ".join(f"{reason} {number:,}" for reason, number in sorted(counts.items())))
        some = random.Random(4).sample(sorted(answers), min(SINGLES, wanted))
        spent = []
        database, mine = family(postmaster_pid()), time.process_time()
        before = cpu_ms(database)
        for one in some:
            started = time.perf_counter()
            may_contact(actor=SYSTEM, customer_id=one, purpose="offers", channel="email")
            spent.append((time.perf_counter() - started) * 1000)
        here = (time.process_time() - mine) * 1000 / len(some)
        there = (cpu_ms(family(postmaster_pid())) - before) / len(some)
        spent.sort()
        print(
            f"{'single decisions':42} p50 {spent[len(spent) // 2]:.2f} ms, p95 {spent[int(len(spent) * 0.95)]:.2f} ms,"
            f" slowest {spent[-1]:.2f} ms; CPU {here:.2f} ms here, {there:.2f} ms in the database"
        )
        willing = [customer for customer, decision in answers.items() if decision.allowed][: min(20_000, wanted)]

        def give() -> Any:
            with transaction.atomic():
                return permit_many(actor=SYSTEM, customers=willing, purpose="offers", channel="email")

        measured("permits, caps held", give, len(willing))
