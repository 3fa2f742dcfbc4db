"""A workspace of a given size in an embedded PostgreSQL of its own, built once for each size and kept in var/bench."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from rapport.launch.database import Cluster

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Size:
    name: str
    customers: int
    touchpoints: int


SIZES = {
    size.name: size
    for size in (
        Size("T", 300, 3_000),  # tiny: whether the programs run at all
        Size("S", 2_000, 60_000),
        Size("P", 100_000, 300_000),  # at which peers were measured
        Size("M", 100_000, 2_000_000),
        Size("L", 1_000_000, 20_000_000),
    )
}
GIVEN = ["Marta", "Jonas", "Priya", "Fenna", "Amara", "Luis", "Hannah", "Tomas", "Noor", "Lea", "Rui", "Ines", "Joost"]
FAMILY = [
    "Oliveira",
    "Weber",
    "Raman",
    "de Boer",
    "Okafor",
    "Ferreira",
    "Brandt",
    "Costa",
    "Prins",
    "Duarte",
    "Vermeer",
]
CITIES = ["Utrecht", "Rotterdam", "Hamburg", "Antwerp", "Lyon", "Köln", "Leipzig", "Delft", "Bristol", "Porto", "Gent"]
# kind, channel, direction, and how many of a hundred
KINDS = [
    ("page_viewed", "web", "in", 46),
    ("email_sent", "email", "out", 22),
    ("email_opened", "email", "in", 16),
    ("order_placed", "shop", "in", 10),
    ("call_made", "phone", "out", 6),
]
YEARS = 3
HEAVY_TOUCHPOINTS = 10_000  # of one customer, so that a long timeline is there
CHUNK = 100_000


@contextmanager
def firm(size_name: str) -> Iterator[tuple[Size, Any]]:
    """The size and its workspace, entered; Django is set up on the way."""
    size = SIZES[size_name]
    os.environ.setdefault("RAPPORT_HOME", str(ROOT / "var" / "bench" / size.name))
    with Cluster(Path(os.environ["RAPPORT_HOME"])).running() as url:
        os.environ["DATABASE_URL"] = url
        workspace = _opened(size)
        from rapport.foundation.accounts import tenancy

        tenancy.enter(workspace)
        try:
            yield size, workspace
        finally:
            tenancy.enter_public()
            from django.db import connection

            connection.close()


def postmaster_pid() -> int:
    """Of the cluster in use."""
    folder = Path(os.environ["RAPPORT_HOME"])
    return int(next(folder.rglob("postmaster.pid")).read_text().splitlines()[0])


def heavy_customer() -> UUID:
    """The customer with the long timeline."""
    return UUID(int=1)


def _opened(size: Size) -> Any:
    os.environ["DJANGO_SETTINGS_MODULE"] = "rapport.config.settings"
    import django

    django.setup()
    from django.core.management import call_command
    from django_tenants.utils import schema_context

    from rapport.foundation.accounts import tenancy
    from rapport.foundation.accounts.models import User, Workspace
    from rapport.foundation.accounts.services.workspaces import create_workspace

    call_command("prepare_database", verbosity=0)
    tenancy.enter_public()
    workspace = Workspace.objects.filter(slug="bench").first()
    if workspace is None:
        user = User.objects.create_user("bench@example.com", "correct horse battery", name="Bench")
        workspace = create_workspace(name="Bench", slug="bench", user=user)
        with schema_context(workspace.schema_name):
            _fill(size)
    return workspace


def _fill(size: Size) -> None:
    """Copied in, in the order of time, with the indexes made afterwards: an hour becomes minutes at size L."""
    from django.db import connection

    print(f"building {size.customers:,} customers and {size.touchpoints:,} touch points …", flush=True)
    started = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("set maintenance_work_mem = '1GB'; set synchronous_commit = off")
        for table, columns, chunks in (
            ("customers_customer", CUSTOMER_COLUMNS, _customers(size)),
            ("customers_identity", IDENTITY_COLUMNS, _identities(size)),
            ("touchpoint", TOUCHPOINT_COLUMNS, _touchpoints(size)),
        ):
            with _without_indexes(cursor, table), cursor.copy(f"copy {table} ({columns}) from stdin") as copy:
                for chunk in chunks:
                    copy.write(chunk)
            print(f"  {table} after {time.perf_counter() - started:,.0f} s", flush=True)
        cursor.execute(
            "insert into touchpoint_words (kind, channel, source, first_seen_at)"
            " select kind, channel, source, min(recorded_at) from touchpoint group by 1, 2, 3 on conflict do nothing"
        )
        connection.commit()
        cursor.execute("vacuum (analyze)")
    print(f"  done after {time.perf_counter() - started:,.0f} s", flush=True)


CUSTOMER_COLUMNS = (
    "id, kind, name, given_name, family_name, email, phone, job_title, organisation_name, city, country, language,"
    " timezone, website, source, notes, tags, custom, search, created_at, updated_at, version"
)
IDENTITY_COLUMNS = "id, kind, namespace, value, customer_id, is_primary, source, created_at"
TOUCHPOINT_COLUMNS = (
    "customer_id, occurred_at, id, recorded_at, channel, kind, direction, source, source_id, subject, amount, currency,"
    " properties"
)


def email_of(number: int) -> str:
    """Of the customer with this number, whose id is one more."""
    return f"c{number}@firm{number % 9973}.example"


def _customers(size: Size) -> Iterator[str]:
    chance = random.Random(20261121)
    first, step = _began(), timedelta(days=365 * YEARS) / size.customers
    for start in range(0, size.customers, CHUNK):
        lines = []
        for number in range(start, min(size.customers, start + CHUNK)):
            given, family, city = chance.choice(GIVEN), chance.choice(FAMILY), chance.choice(CITIES)
            name, email, at = f"{given} {family} {number}", email_of(number), first + number * step
            kind = "organisation" if number % 10 == 0 else "person"
            tags = "{fleet}" if number % 20 == 0 else "{}"
            lines.append(
                f"{UUID(int=number + 1)}\t{kind}\t{name}\t{given}\t{family}\t{email}\t\t\t\t{city}\tNL\t\t\t\tbench\t\t{tags}"
                f"\t{{}}\t{f'{name} {email} {city}'.lower()}\t{at}\t{at}\t1\n"
            )
        yield "".join(lines)


def _identities(size: Size) -> Iterator[str]:
    now = datetime.now(UTC)
    for start in range(0, size.customers, CHUNK):
        yield "".join(
            f"{UUID(int=(1 << 64) + number)}\temail\t\t{email_of(number)}\t{UUID(int=number + 1)}\tt\t\t{now}\n"
            for number in range(start, min(size.customers, start + CHUNK))
        )


def _touchpoints(size: Size) -> Iterator[str]:
    """Spread over three years, oldest first; a few customers have much of it, as everywhere."""
    import numpy as np

    chance = np.random.default_rng(20261121)
    began, length = int(_began().timestamp() * 1000), YEARS * 365 * 86_400_000
    heavy_every = max(2, size.touchpoints // HEAVY_TOUCHPOINTS)
    kinds = np.repeat(np.arange(len(KINDS)), [share for *_, share in KINDS])
    for start in range(0, size.touchpoints, CHUNK):
        count = min(CHUNK, size.touchpoints - start)
        numbers = np.arange(start, start + count)
        whose = (chance.random(count) ** 2 * size.customers).astype(np.int64) + 1
        whose[numbers % heavy_every == 0] = heavy_customer().int
        at = began + (numbers * (length / size.touchpoints)).astype(np.int64)
        stamps = np.datetime_as_string(at.astype("datetime64[ms]"))
        yield "".join(
            map(
                _touchpoint,
                numbers.tolist(),
                whose.tolist(),
                at.tolist(),
                stamps.tolist(),
                chance.choice(kinds, count).tolist(),
            )
        )


def _touchpoint(number: int, whose: int, at: int, stamp: str, which: int) -> str:
    kind, channel, direction, _share = KINDS[which]
    made = UUID(int=(at << 80) | (7 << 76) | (2 << 62) | number)  # as ids are: version 7, in the order of time
    amount = f"{number % 190 + 9}.50\tEUR" if kind == "order_placed" else "\\N\t"
    subject = f"Order K-{number}" if kind == "order_placed" else "Looked at Longtail 3"
    return (
        f"{UUID(int=whose)}\t{stamp}Z\t{made}\t{stamp}Z\t{channel}\t{kind}\t{direction}\tbench\tb-{number}\t{subject}"
        f'\t{amount}\t{{"url": "https://shop.example/longtail-{number % 97}"}}\n'
    )


def _began() -> datetime:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=365 * YEARS)


@contextmanager
def _without_indexes(cursor: Any, table: str) -> Iterator[None]:
    """Primary key and indexes are dropped, and made again at the end, as they were."""
    cursor.execute(
        "select i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), c.conname, pg_get_constraintdef(c.oid)"
        " from pg_index i left join pg_constraint c on c.conindid = i.indexrelid and c.contype in ('p', 'u')"
        " where i.indrelid = %s::regclass",
        [table],
    )
    found = cursor.fetchall()
    for index, _definition, constraint, _said in found:
        cursor.execute(
            f'alter table {table} drop constraint "{constraint}" cascade' if constraint else f"drop index {index}"
        )
    yield
    for _index, definition, constraint, said in found:
        again = definition.replace(" ON ONLY ", " ON ")  # with those of the partitions
        cursor.execute(f'alter table {table} add constraint "{constraint}" {said}' if constraint else again)
