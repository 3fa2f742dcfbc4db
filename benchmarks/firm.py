"""A workspace of a given size in an embedded PostgreSQL of its own, built once for each size and kept in var/bench."""

from __future__ import annotations

import os
import random
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
KINDS = ["page_viewed", "page_viewed", "page_viewed", "email_sent", "email_opened", "order_placed", "call_made"]
HEAVY_TOUCHPOINTS = 10_000  # of one customer, so that a long timeline is there


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
    from django.db import connection

    print(f"building {size.customers:,} customers and {size.touchpoints:,} touch points …", flush=True)
    chance = random.Random(20261121)
    now = datetime.now(UTC)
    ids = [UUID(int=number + 1) for number in range(size.customers)]
    with connection.cursor() as cursor:
        with cursor.copy(
            "copy customers_customer (id, kind, name, given_name, family_name, email, phone, job_title,"
            " organisation_name, city, country, language, timezone, website, source, notes, tags, custom, search,"
            " created_at, updated_at, version) from stdin"
        ) as copy:
            for number, one in enumerate(ids):
                given, family, city = chance.choice(GIVEN), chance.choice(FAMILY), chance.choice(CITIES)
                name, email = f"{given} {family} {number}", f"c{number}@firm{number % 9973}.example"
                at = now - timedelta(seconds=chance.randrange(90_000_000))
                kind = "organisation" if number % 10 == 0 else "person"
                copy.write_row(
                    [
                        one,
                        kind,
                        name,
                        given,
                        family,
                        email,
                        "",
                        "",
                        "",
                        city,
                        "NL",
                        "",
                        "",
                        "",
                        "bench",
                        "",
                        ["fleet"] if number % 20 == 0 else [],
                        "{}",
                        f"{name} {email} {city}".lower(),
                        at,
                        at,
                        1,
                    ]
                )
        with cursor.copy(
            "copy customers_identity (id, kind, namespace, value, customer_id, is_primary, source, created_at) from stdin"
        ) as copy:
            for number, one in enumerate(ids):
                copy.write_row(
                    [
                        UUID(int=(1 << 64) + number),
                        "email",
                        "",
                        f"c{number}@firm{number % 9973}.example",
                        one,
                        True,
                        "",
                        now,
                    ]
                )
        with cursor.copy(
            "copy touchpoint (customer_id, occurred_at, id, recorded_at, channel, kind, source, subject, properties)"
            " from stdin"
        ) as copy:
            for number in range(size.touchpoints):
                one = ids[0] if number < HEAVY_TOUCHPOINTS else ids[chance.randrange(size.customers)]
                kind = chance.choice(KINDS)
                at = now - timedelta(seconds=chance.randrange(90_000_000))
                channel = "web" if kind == "page_viewed" else kind.partition("_")[0]
                copy.write_row(
                    [
                        one,
                        at,
                        UUID(int=(1 << 65) + number),
                        at,
                        channel,
                        kind,
                        "bench",
                        "Looked at Longtail 3",
                        '{"path":"/longtail"}',
                    ]
                )
        connection.commit()
        cursor.execute("vacuum (analyze)")
