"""A Rapport of its own that may be killed: durable database, web server, worker, a workspace and a token."""

from __future__ import annotations

import http.client
import json
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from rapport.launch.database import Cluster
from rapport.launch.schema import prepare
from rapport.launch.serving import this_program, web_command, web_environment, worker_command
from rapport.waiting import eventually, until_ended
from tests.platform.conftest import home

__all__ = ["home"]

_SET_UP = """
import django; django.setup()
from rapport.foundation.accounts.models import Membership, User
from rapport.foundation.accounts.services.workspaces import create_workspace
from rapport.foundation.accounts.tenancy import enter
from rapport.foundation.workspace.queries.members import actor_of_member
from rapport.foundation.workspace.services.tokens import HIGHEST_RATE, create_token
user = User.objects.create_user("ada@example.com", "correct horse battery", name="Ada")
workspace = create_workspace(name="Faults", slug="faults", user=user)
enter(workspace)
actor = actor_of_member(Membership.objects.get(user=user, workspace=workspace).pk, workspace)
scopes = frozenset({"touchpoint:write", "customer:read", "customer:write"})
_, raw = create_token(actor=actor, workspace=workspace, name="x", scopes=scopes, expires_at=None, rate_per_minute=HIGHEST_RATE)
print(workspace.schema_name, raw)
"""


@dataclass
class Rapport:
    """Started, killed and started again by the test."""

    home: Path
    clusters: list[Cluster] = field(default_factory=list)
    web: subprocess.Popen[bytes] | None = None
    worker: subprocess.Popen[bytes] | None = None
    port: int = 0
    schema: str = ""
    token: str = ""

    @property
    def url(self) -> str:
        return self.clusters[-1].url()

    def start_database(self) -> None:
        cluster = Cluster(self.home)  # a new user of it: as when the program itself was started again
        cluster.acquire()
        self.clusters.append(cluster)

    def set_up(self) -> None:
        self.start_database()
        prepare(self.url)
        done = subprocess.run(
            [sys.executable, "-c", _SET_UP],
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
        assert done.returncode == 0, done.stderr
        self.schema, self.token = done.stdout.split()[-2:]

    def start_web(self) -> None:
        self.port = self.port or _free_port()
        environment = {**self._environment(), **web_environment(self.port)}
        command = web_command(host="127.0.0.1", port=self.port, workers=2)
        self.web = subprocess.Popen(command, env=environment, start_new_session=True, stderr=subprocess.DEVNULL)
        self.until_ready(within=120, process=self.web)

    def until_ready(self, *, within: float = 90, process: subprocess.Popen[bytes] | None = None) -> None:
        """The web server answers, and finds its database."""
        eventually(
            lambda: self.ask("GET", "/readyz")[0] == 200,
            within=within,
            for_what="the web server to be ready",
            process=process,
            despite=(OSError, http.client.HTTPException),
        )

    def kill_web(self) -> None:
        """kill -9 of the server and all its workers."""
        _kill(self.web)

    def start_worker(self) -> None:
        self.worker = subprocess.Popen(
            worker_command(), env=self._environment(), start_new_session=True, stderr=subprocess.DEVNULL
        )

    def kill_worker(self) -> None:
        _kill(self.worker)

    def take_over(self) -> None:
        """What the worker does every minute, at once: dead workers are known for dead, and their jobs begun anew."""
        self.rows("update public.procrastinate_workers set last_heartbeat = now() - interval '1 day' returning 1")
        defer = this_program("manage", "procrastinate", "defer", "records.take_over_killed_jobs", '{"timestamp": 60}')
        done = subprocess.run(defer, env=self._environment(), capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr

    def kill_database(self) -> None:
        """kill -9 of PostgreSQL and every process it has."""
        postmaster = self._postmaster()
        family = [postmaster, *_children(postmaster)]
        for process in family:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        for process in family:
            until_ended(process, for_what="the end of PostgreSQL")

    @contextmanager
    def no_room(self, largest_bytes: int) -> Iterator[None]:
        """Every file of PostgreSQL may grow to this size and no further: a full disk that needs no disk to fill."""
        postmaster, user, group = self._postmaster(), self.clusters[-1].uid, self.clusters[-1].gid
        _limit([postmaster, *_children(postmaster)], largest_bytes, user, group)
        try:
            yield
        finally:
            _limit([postmaster, *_children(postmaster)], resource.RLIM_INFINITY, user, group)

    def ask(self, method: str, path: str, body: Any = None, *, kind: str = "application/json") -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": kind}
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body)
        connection.request(method, path, sent, headers)
        response = connection.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text[:1] in (b"{", b"[") else text

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, options=f"-c search_path={self.schema},public") as connection:
            return connection.execute(query).fetchall()  # type: ignore[arg-type]  # written by the tests

    def stop(self) -> None:
        for process in (self.web, self.worker):
            if process is not None and process.poll() is None:
                _kill(process)
        for cluster in self.clusters:
            cluster.release()

    def _postmaster(self) -> int:
        return int(next(self.home.parent.rglob("postmaster.pid"), Path()).read_text().splitlines()[0])

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DATABASE_URL": self.url,
            "RAPPORT_HOME": str(self.home),
            "RAPPORT_URL": f"http://127.0.0.1:{self.port or 8000}",
            "DJANGO_SETTINGS_MODULE": "rapport.config.settings",
        }


@pytest.fixture
def rapport(home: Path) -> Iterator[Rapport]:
    made = Rapport(home)
    try:
        home.mkdir(mode=0o711)
        (home / "snapshots").symlink_to(Path(os.environ["RAPPORT_HOME"]) / "snapshots")  # no migrations from zero
        made.set_up()
        made.start_web()
        yield made
    finally:
        made.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _limit(processes: list[int], size: int, user: int, group: int) -> None:
    """Set how large their files may become; as their own user, since not even root may always do it for others."""
    child = os.fork()
    if child:
        assert os.waitpid(child, 0)[1] == 0
        return
    failed = 1
    with suppress(BaseException):
        if os.geteuid() != user:
            os.setgroups([])
            os.setgid(group)
            os.setuid(user)
        for process in processes:
            with suppress(ProcessLookupError):
                resource.prlimit(process, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        failed = 0
    os._exit(failed)


def _kill(process: subprocess.Popen[bytes] | None) -> None:
    assert process is not None
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _children(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(entry.name))
    return found
