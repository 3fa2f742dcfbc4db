"""Workers are killed with SIGKILL while they hand messages to a real server; then what arrived is compared with the outbox.

RAPPORT_OUTBOX_KILLS=200 does it more often. Two workers run side by side. The server itself pulls the trigger, at a known step
of the conversation with the worker it kills, so that every run meets every step; every few messages it says "not now".
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import connection
from pytest_django import Settings

from rapport.foundation.accounts.models import Workspace
from rapport.foundation.lib import clock
from rapport.launch.database import with_database
from rapport.stores.ledger.models import Touchpoint
from rapport.stores.ledger.services import words
from rapport.testing import SERVER
from rapport.touchpoints.channels.email.tests.factories import make_mailbox
from rapport.touchpoints.channels.email.tests.servers import running_controller
from rapport.touchpoints.conversations.models import OutboxRow
from rapport.touchpoints.conversations.services import delivery
from rapport.touchpoints.conversations.tests.factories import willing, write
from rapport.touchpoints.conversations.types import State
from rapport.waiting import eventually, until_ended

pytestmark = [pytest.mark.fault, pytest.mark.timeout(1800), pytest.mark.django_db(transaction=True)]
KILLS = int(os.environ.get("RAPPORT_OUTBOX_KILLS", "25"))
CUSTOMERS = 10
STEPS = ("sender", "recipient", "taking", "taken", "sender", "greeted again", "taken")

# Loads the program once and makes workers of itself: starting each from nothing would take seconds. A worker is a process
# of its own with a database connection of its own, and does what the job of the queue does, over and over.
_MAKER = """
import os, signal, sys
import django; django.setup()
from django.conf import settings
from django.db import connection
from django_tenants.utils import schema_context
from rapport.touchpoints.conversations.services.delivery import deliver
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print("ready", flush=True)
for _ in sys.stdin:
    made = os.fork()
    if made:
        print(made, flush=True)
        continue
    os.close(0)
    settings.MAIL_HELO = f"w{os.getpid()}.example"
    connection.close()
    with schema_context(sys.argv[1]):
        while True:
            deliver(seconds=5)
"""


@dataclass
class Server:
    """Notes every mail it takes, and kills the worker that reaches the step it was told, the so-many-th time."""

    arrived: list[str] = field(default_factory=list)
    connections: int = 0
    armed: tuple[str, int] | None = None
    killed: list[tuple[int, str]] = field(default_factory=list)
    chance: random.Random = field(default_factory=lambda: random.Random(20261122))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def reached(self, step: str, session: Session) -> None:
        with self.lock:
            if self.armed is None or self.armed[0] != step:
                return
            if self.armed[1]:
                self.armed = (step, self.armed[1] - 1)
                return
            worker = int(str(session.host_name).removeprefix("w").partition(".")[0])
            self.armed = None
            os.kill(worker, signal.SIGKILL)
            self.killed.append((worker, step))

    async def handle_EHLO(  # noqa: N802 (aiosmtpd calls it so)
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return responses

    async def handle_MAIL(  # noqa: N802 (aiosmtpd calls it so)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        self.reached("sender", session)
        if getattr(session, "busy", False):
            self.reached("greeted again", session)  # the former mail was written down, and the next one claimed
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 (aiosmtpd calls it so)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.reached("recipient", session)
        if self.chance.random() < 0.05:
            return "451 4.7.1 Not now"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd calls it so)
        content = envelope.content
        assert isinstance(content, bytes)
        (name,) = [line for line in content.split(b"\r\n") if line.lower().startswith(b"message-id:")]
        self.reached("taking", session)
        self.arrived.append(name.partition(b":")[2].strip().decode())
        session.busy = True  # type: ignore[attr-defined]  # a mark of this test's own
        self.reached("taken", session)
        return "250 OK taken"


@dataclass
class Workers:
    """Two at a time, whatever happens to them."""

    maker: subprocess.Popen[str]
    running: list[int] = field(default_factory=list)

    def start(self) -> None:
        assert self.maker.stdin is not None
        assert self.maker.stdout is not None
        self.maker.stdin.write("\n")
        self.maker.stdin.flush()
        self.running.append(int(self.maker.stdout.readline()))

    def gone(self, worker: int) -> None:
        until_ended(worker, for_what="the killed worker to be gone")
        self.running.remove(worker)


@contextmanager
def workers_of(schema: str) -> Iterator[Workers]:
    environment = {
        **os.environ,
        "DATABASE_URL": with_database(SERVER.url, connection.settings_dict["NAME"]),
        "RAPPORT_MAIL_MAY_BE_PRIVATE": "1",
    }
    environment["DJANGO_SETTINGS_MODULE"] = "rapport.config.settings"
    maker = subprocess.Popen(
        [sys.executable, "-c", _MAKER, schema],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    workers = Workers(maker)
    try:
        assert maker.stdout is not None
        assert maker.stdout.readline() == "ready\n"
        yield workers
    finally:
        for worker in workers.running:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
            until_ended(worker, for_what="the worker to be gone")
        maker.kill()
        maker.communicate()


def queued(count: int, port: int) -> dict[str, OutboxRow]:
    """Messages that were written a minute ago, by their Message-IDs."""
    running: Any = type("Running", (), {"host": "127.0.0.1", "port": port})
    mailbox = make_mailbox(running, username="", sealed_password="")
    with clock.frozen(clock.now() - timedelta(minutes=1)):
        customers = [willing(email=f"c{n}@example.org", phone="") for n in range(CUSTOMERS)]
    with clock.frozen(clock.now() - timedelta(seconds=30)):
        rows = [write(mailbox, customer) for customer in itertools.islice(itertools.cycle(customers), count)]
    return {row.reference: row for row in rows}


def test_killed_workers_send_nothing_twice_and_forget_nothing(workspace: Workspace, settings: Settings) -> None:
    settings.MAIL_MAY_BE_PRIVATE = True
    words.forget()
    server = Server()
    with running_controller(server) as port:
        rows = queued(KILLS * 10, port)
        with workers_of(workspace.schema_name) as workers:
            workers.start()
            workers.start()
            for kill, step in zip(range(KILLS), itertools.cycle(STEPS), strict=False):
                server.armed = (step, server.chance.randrange(3))
                eventually(
                    lambda wanted=kill + 1: len(server.killed) == wanted, for_what=f"a worker to be killed when {step}"
                )
                workers.gone(server.killed[-1][0])
                workers.start()
            eventually(lambda: not due(), within=120, for_what="the outbox to be empty")
        finish_here()

    outcome = Counter(OutboxRow.objects.values_list("state", flat=True))
    states = dict(OutboxRow.objects.values_list("reference", "state"))
    arrived = Counter(server.arrived)
    lost = sorted(name for name, state in states.items() if state == State.SENT and not arrived[name])
    unsaid = sorted(name for name in arrived if states[name] not in (State.SENT, State.UNCERTAIN))
    uncertain = [name for name, state in states.items() if state == State.UNCERTAIN]
    print(f"{KILLS} kills, {len(rows)} messages, {len(server.arrived)} arrived: {dict(outcome)}")
    print(
        f"uncertain: {sum(arrived[name] for name in uncertain)} arrived, {sum(not arrived[name] for name in uncertain)} did not"
    )
    assert [name for name, count in arrived.items() if count > 1] == []
    assert lost == []
    assert unsaid == []
    assert set(arrived) <= set(states) == set(rows)
    assert set(outcome) <= {State.SENT, State.UNCERTAIN}
    assert 0 < len(uncertain) <= KILLS
    assert {bool(arrived[name]) for name in uncertain} == {True, False}  # both fates, and nobody here can tell which
    told = Touchpoint.objects.filter(kind="email_sent").values_list("source_id", flat=True)
    assert sorted(told) == sorted(str(rows[name].pk) for name, state in states.items() if state == State.SENT)


def due() -> bool:
    """Whether a worker still has something in hand, or to take. What the server put off waits for its time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from conversations_outboxrow where state = 'claimed' or (state = 'pending' and next_at <= now())"
        )
        return bool(cursor.fetchone()[0])


def finish_here() -> None:
    """All workers are dead. What was put off is handed over, and what they held is found."""
    for minutes in (3, 9, 25, 56, 117):
        with clock.frozen(clock.now() + timedelta(minutes=minutes)):
            delivery.deliver()
