"""`rapport up`: database, schema, demo workspace, web and worker, in the foreground."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import time
from dataclasses import dataclass

import psycopg

from rapport.launch import assets, schema, translations
from rapport.launch.checkout import checkout, home
from rapport.launch.database import Cluster, DatabaseError
from rapport.launch.serving import database, this_program, web_command, web_environment, worker_command
from rapport.launch.supervisor import Child, Supervisor
from rapport.launch.welcome import FirstSignIn

PORTS_TRIED = 50
DATABASE_LOOK_SECONDS = 0.5
DATABASE_RETRY_SECONDS = 10.0


class UpError(RuntimeError):
    """Rapport cannot be started; the text says why."""


@dataclass(frozen=True)
class Plan:
    host: str
    port: int
    workers: int
    demo: bool
    worker: bool = True


def say(words: str) -> None:
    print(words, flush=True)


def up(plan: Plan) -> int:
    if checkout() and not assets.is_current_here():
        say("Building the front-end files …")
        assets.build()
    if checkout():
        translations.build()
    port = free_port(plan.host, plan.port)
    if port != plan.port:
        say(f"Port {plan.port} is taken by another program; using {port}.")
    near = _near(plan.host)
    address = f"http://[{near}]:{port}" if ":" in near else f"http://{near}:{port}"
    os.environ.setdefault("RAPPORT_URL", address)
    cluster = None if os.environ.get("DATABASE_URL", "").strip() else Cluster(home())
    with database(cluster=cluster) as url:
        _prepare(url, demo=plan.demo)
        children = [Child("web", web_command(host=plan.host, port=port, workers=plan.workers), web_environment(port))]
        if plan.worker:
            children.append(Child("worker", worker_command()))
        supervisor = Supervisor(children, say=say)
        supervisor.stop_on_signals()
        announce, watch = _Announcement(address, near, port, url), _DatabaseWatch(cluster)

        def each_tick() -> None:
            watch()
            announce()

        supervisor.run(each_tick=each_tick)
        say("Stopped. Your data is kept; start again any time.")
    return 0


def _prepare(url: str, *, demo: bool) -> None:
    outcome = schema.prepare(url)
    if outcome != "current":
        say({"built": "The database was set up.", "migrated": "The database was brought up to date."}[outcome])
    with psycopg.connect(url) as connection:
        count = connection.execute("select count(*) from public.accounts_workspace").fetchone()
    if demo and count == (0,):
        say("Making the demo workspace …")
        done = subprocess.run(this_program("manage", "open_demo"), text=True, capture_output=True, check=False)
        if done.returncode:
            raise UpError("The demo workspace could not be made: " + "".join(done.stderr.strip().splitlines()[-1:]))
        FirstSignIn(**json.loads(done.stdout.strip().splitlines()[-1])).keep(home())


class _DatabaseWatch:
    """Starts the embedded server again when it died; web and worker find it by themselves."""

    def __init__(self, cluster: Cluster | None) -> None:
        self.cluster = cluster
        self.next = 0.0

    def __call__(self) -> None:
        if self.cluster is None or time.monotonic() < self.next:
            return
        self.next = time.monotonic() + DATABASE_LOOK_SECONDS
        try:
            if self.cluster.revive():
                say("The database had stopped; it was started again, and nothing that was saved is lost.")
        except DatabaseError as error:
            say(f"The database does not start: {error} Trying again.")
            self.next = time.monotonic() + DATABASE_RETRY_SECONDS


class _Announcement:
    """Says once where Rapport is and how to sign in, as soon as it answers."""

    def __init__(self, address: str, host: str, port: int, url: str) -> None:
        self.address, self.host, self.port, self.url = address, host, port, url
        self.made = False

    def __call__(self) -> None:
        if self.made or not answers(self.host, self.port):
            return
        self.made = True
        say(f"\nRapport is ready: {self.address}")
        if known := FirstSignIn.find(home(), self.url):
            say(f"Sign in as {known.email} with the password {known.password}")
        else:
            with psycopg.connect(self.url) as connection:
                people = connection.execute("select count(*) from public.accounts_user").fetchone()
            if people == (0,):
                say(
                    'Nobody can sign in yet. Open a workspace: rapport workspace create "My firm" --owner me@example.org'
                )
        say("Ctrl-C stops it.\n")


def answers(host: str, port: int, path: str = "/healthz") -> bool:
    """Asked directly, never through a proxy."""
    connection = http.client.HTTPConnection(host, port, timeout=2)
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        connection.request("GET", path, headers={"Host": "localhost"})
        return connection.getresponse().status == 200
    return False


def is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError as error:
            raise UpError(f"This user may not use port {port}; choose one above 1023 with --port.") from error
        except OSError:
            return False
        return True


def free_port(host: str, wanted: int) -> int:
    for port in range(wanted, min(wanted + PORTS_TRIED, 65536)):
        if is_free(host, port):
            return port
    raise UpError(f"No port between {wanted} and {wanted + PORTS_TRIED - 1} is free; choose one with --port.")


def _near(host: str) -> str:
    """Where a server that listens on this host is found from here."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
