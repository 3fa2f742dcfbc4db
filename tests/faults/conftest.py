"""A Rapport of its own that may be killed: durable database, web server, a workspace and a token."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from rapport.launch.database import Cluster
from rapport.launch.schema import prepare
from rapport.launch.serving import web_command, web_environment
from rapport.launch.up import free_port
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
scopes = frozenset({"touchpoint:write"})
_, raw = create_token(actor=actor, workspace=workspace, name="x", scopes=scopes, expires_at=None, rate_per_minute=HIGHEST_RATE)
print(workspace.schema_name, raw)
"""


@dataclass
class Rapport:
    """Started, killed and started again by the test."""

    home: Path
    clusters: list[Cluster] = field(default_factory=list)
    web: subprocess.Popen[bytes] | None = None
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
        self.port = self.port or free_port("127.0.0.1", 19500 + os.getpid() % 400)
        environment = {**self._environment(), **web_environment(self.port)}
        command = web_command(host="127.0.0.1", port=self.port, workers=2)
        self.web = subprocess.Popen(command, env=environment, start_new_session=True, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 120
        while True:
            with suppress(OSError, http.client.HTTPException):
                if self.ask("GET", "/readyz")[0] == 200:
                    return
            assert time.monotonic() < deadline, "the web server did not start"
            time.sleep(0.1)

    def kill_web(self) -> None:
        """kill -9 of the server and all its workers."""
        assert self.web is not None
        os.killpg(self.web.pid, signal.SIGKILL)
        self.web.wait()

    def kill_database(self) -> None:
        """kill -9 of PostgreSQL and every process it has."""
        postmaster = int(next(self.home.parent.rglob("postmaster.pid"), Path()).read_text().splitlines()[0])
        family = [postmaster, *_children(postmaster)]
        for process in family:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        deadline = time.monotonic() + 30
        while any(_runs(process) for process in family):
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        response = connection.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text[:1] in (b"{", b"[") else text

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, options=f"-c search_path={self.schema},public") as connection:
            return connection.execute(query).fetchall()  # type: ignore[arg-type]

    def stop(self) -> None:
        if self.web is not None and self.web.poll() is None:
            self.kill_web()
        for cluster in self.clusters:
            cluster.release()

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


def _children(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(entry.name))
    return found


def _runs(process: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
