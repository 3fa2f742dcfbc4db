"""`rapport up` as a person uses it: start, break, stop, start again."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from rapport.launch.database import Cluster
from rapport.launch.up import free_port
from rapport.waiting import eventually

pytestmark = [pytest.mark.fault, pytest.mark.timeout(500), pytest.mark.usefixtures("django_db_setup")]


@dataclass
class Running:
    """A `rapport up` in a process of its own, with what it has said so far."""

    process: subprocess.Popen[str]
    home: Path
    lines: list[str] = field(default_factory=list)
    is_over: bool = False

    def __post_init__(self) -> None:
        self.heard = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in iter(self.process.stdout.readline, ""):
            with self.heard:
                self.lines.append(line)
                self.heard.notify_all()
        with self.heard:
            self.is_over = True
            self.heard.notify_all()

    def hears(self, words: str, *, within: float = 30) -> None:
        """Waits until it has said so."""
        with self.heard:
            self.heard.wait_for(lambda: self.is_over or words in self.said, timeout=within)
        assert words in self.said, f"not said within {within:g} s: {words}\n{self.said}"

    @property
    def said(self) -> str:
        return "".join(self.lines)

    @property
    def port(self) -> int:
        found = re.search(r"Rapport is ready: http://127\.0\.0\.1:(\d+)", self.said)
        return int(found[1]) if found else 0

    def get(self, path: str, accept: str = "text/html") -> tuple[int, str]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            try:
                connection.request("GET", path, headers={"Accept": accept})
                answer = connection.getresponse()
                return answer.status, answer.read().decode()
            except (OSError, http.client.HTTPException):
                return 0, ""

    def children(self, words: str) -> list[int]:
        """Processes of this very start whose command line holds the words."""
        mark = f"RAPPORT_HOME={self.home}".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes() and words.encode() in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
            except OSError:
                continue
        return [pid for pid in found if pid != self.process.pid]


Start = Callable[..., Running]


@pytest.fixture
def start(home: Path) -> Iterator[Start]:
    started: list[Running] = []

    def begin(
        *options: str, home: Path = home / "with space", migrate: bool = False, url: str | None = None
    ) -> Running:
        if not migrate and not home.exists():
            home.mkdir(parents=True, mode=0o711)
            (home / "snapshots").symlink_to(Path(os.environ["RAPPORT_HOME"], "snapshots").resolve())
        environment = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "RAPPORT_HOME")}
        environment |= {"RAPPORT_HOME": str(home), "PYTHONUNBUFFERED": "1"}
        if url:
            environment["DATABASE_URL"] = url
        process = subprocess.Popen(
            [sys.executable, "-m", "rapport.launch", "up", "--no-demo", *options],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running = Running(process, home)
        started.append(running)
        running.hears("Rapport is ready: ", within=180)
        return running

    yield begin
    for running in reversed(started):  # they may share a database, which one that was killed leaves behind
        if running.process.poll() is None:
            running.process.terminate()
        running.process.wait(30)
        running.reader.join(5)
        assert running.process.stdout
        running.process.stdout.close()
        assert "does not end by itself" not in running.said, running.said
    for running in started:
        for data in running.home.glob("postgres/data-*/postmaster.pid"):
            os.kill(int(data.read_text().splitlines()[0]), signal.SIGQUIT)


def test_starts_serves_stops_and_starts_again(start: Start) -> None:
    first = start("--port", str(free_port("127.0.0.1", 18000)), migrate=True)

    assert first.get("/healthz")[0] == 200
    assert first.get("/readyz", accept="application/json") == (200, '{"status": "ready", "problems": []}')
    assert first.get("/account/login/")[0] == 200
    assert "The database was brought up to date." in first.said
    assert "Nobody can sign in yet" in first.said

    first.process.send_signal(signal.SIGINT)
    assert first.process.wait(30) == 0
    first.reader.join(5)
    assert "Stopped. Your data is kept" in first.said
    assert "Traceback" not in first.said
    assert not first.children("granian")
    assert not Cluster(first.home).alive()

    second = start("--port", str(free_port("127.0.0.1", 18000)))
    assert second.get("/healthz")[0] == 200
    assert "set up" not in second.said
    assert "up to date" not in second.said


def test_takes_the_next_port_when_one_is_taken_and_says_so(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        running = start("--port", str(port), "--no-worker")

    assert running.port > port
    assert f"Port {port} is taken by another program; using {running.port}." in running.said


def test_second_copy_runs_beside_the_first(start: Start, home: Path) -> None:
    one = start("--port", str(free_port("127.0.0.1", 18100)), "--no-worker", home=home / "one")
    two = start("--port", str(one.port), "--no-worker", home=home / "two")

    assert "The database was set up." in one.said
    assert one.port != two.port
    assert one.get("/readyz")[0] == two.get("/readyz")[0] == 200


def test_server_of_ones_own_is_used_and_left_running(start: Start, home: Path) -> None:
    theirs = Cluster(home / "theirs")
    with theirs.running() as url:
        running = start("--port", str(free_port("127.0.0.1", 18150)), "--no-worker", url=url)
        assert running.get("/readyz")[0] == 200
        running.process.terminate()
        assert running.process.wait(30) == 0

        assert theirs.alive()
        assert not (running.home / "postgres").exists()


def test_killed_web_and_worker_come_back(start: Start) -> None:
    running = start("--port", str(free_port("127.0.0.1", 18200)))
    before = set(running.children("granian")) | set(running.children("procrastinate"))
    assert before

    for pid in before:
        os.kill(pid, signal.SIGKILL)

    eventually(lambda: running.get("/readyz")[0] == 200, within=60, for_what="an answer of the web server")
    eventually(lambda: set(running.children("procrastinate")) - before, for_what="a new worker")
    assert "The web process ended (signal SIGKILL); starting it again in 0.5 s." in running.said


def test_killed_database_comes_back_and_pages_are_honest_meanwhile(start: Start) -> None:
    running = start("--port", str(free_port("127.0.0.1", 18300)), "--no-worker")
    cluster = Cluster(running.home)
    with psycopg.connect(cluster.url()) as connection:
        connection.execute("create table kept as select 1")

    running.process.send_signal(signal.SIGSTOP)  # so that nobody starts it again while we look
    os.kill(int((cluster.data / "postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)
    eventually(lambda: running.get("/readyz")[0] == 503, for_what="the server to miss the database")
    status, problem = running.get("/readyz", accept="application/json")
    page = running.get("/")
    running.process.send_signal(signal.SIGCONT)

    assert (status, problem) == (503, '{"status": "not ready", "problems": ["The database does not answer."]}')
    assert page[0] in (302, 503)
    assert "Traceback" not in page[1]
    eventually(lambda: running.get("/readyz")[0] == 200, within=60, for_what="the database to come back")
    running.hears("it was started again, and nothing that was saved is lost")
    with psycopg.connect(cluster.url()) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (1,)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of the death of their parent")
def test_nothing_but_the_database_outlives_a_killed_supervisor_and_the_next_start_takes_over(start: Start) -> None:
    running = start("--port", str(free_port("127.0.0.1", 18400)))

    running.process.kill()

    eventually(lambda: not running.children("granian"), for_what="the end of the web server")
    eventually(lambda: not running.children("procrastinate"), for_what="the end of the worker")
    again = start("--port", str(free_port("127.0.0.1", 18400)))
    assert again.get("/readyz")[0] == 200


def test_port_that_is_not_ours_to_use_is_explained() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rapport.launch", "up", "--port", "70000"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "must be a number from 1 to 65535" in done.stderr


@pytest.mark.parametrize("command", ["web", "worker"])
def test_production_commands_ask_for_a_database(command: str) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}

    done = subprocess.run(
        [sys.executable, "-m", "rapport.launch", command], env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stderr == (
        "rapport: DATABASE_URL names no database. Set it to your PostgreSQL, or use `rapport up`, which brings its own.\n"
    )
