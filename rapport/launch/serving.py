"""The programs that Rapport consists of when it runs: web and worker. `rapport up` and production start the same."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from rapport.launch.checkout import home
from rapport.launch.database import Cluster

ACCESS_LINE = '%(addr)s "%(method)s %(path)s" %(status)d %(dt_ms).1f ms'


@contextlib.contextmanager
def database(*, cluster: Cluster | None = None) -> Iterator[str]:
    """The URL of the database to use: DATABASE_URL, else the embedded server, kept running meanwhile."""
    if named := os.environ.get("DATABASE_URL", "").strip():
        yield named
        return
    with (cluster or Cluster(home())).running() as url:
        os.environ["DATABASE_URL"] = url
        try:
            yield url
        finally:
            del os.environ["DATABASE_URL"]


def this_program(*arguments: str) -> list[str]:
    """A command line for `rapport …` in this very installation, wherever it lies."""
    return [sys.executable, "-m", "rapport.launch", *arguments]


def web_command(*, host: str, port: int, workers: int = 1, threads: int = 4, access_log: bool = False) -> list[str]:
    (home() / "static").mkdir(parents=True, exist_ok=True)  # WhiteNoise complains about a folder that is not there
    # A worker that grew over its limit is replaced: connections keep the catalogue of each workspace they touched.
    options: list[str] = ["--interface", "wsgi", "--no-ws", "--host", host, "--port", str(port)]
    options += ["--workers", str(workers), "--blocking-threads", str(threads), "--workers-kill-timeout", "10"]
    options += ["--respawn-failed-workers", "--respawn-interval", "0.5", "--workers-max-rss", "512"]
    options += ["--log-level", "info" if access_log else "warning"]
    if access_log:
        options += ["--access-log", "--access-log-fmt", ACCESS_LINE]
    if os.environ.get("RAPPORT_LOG") == "json":
        options += ["--log-config", str(_json_logs())]
    return [sys.executable, "-m", "granian", *options, "rapport.config.wsgi:application"]


def web_environment(port: int) -> dict[str, str]:
    """Where the web processes count together; emptied, since old counts belong to processes that are gone.

    And one arena for all threads, which wait for each other in Python anyway: five megabytes less a process.
    """
    folder = home() / "metrics" / f"{socket.gethostname()}-{port}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return {"PROMETHEUS_MULTIPROC_DIR": str(folder), "MALLOC_ARENA_MAX": os.environ.get("MALLOC_ARENA_MAX", "1")}


def worker_command(*, concurrency: int = 4) -> list[str]:
    return this_program("manage", "procrastinate", "worker", "--concurrency", str(concurrency))


def replace_this_process(command: Sequence[str]) -> None:
    """Become the program: signals and exit status then need no go-between."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(command[0], list(command))  # noqa: S606 - our own interpreter, arguments of our own


def _json_logs() -> Path:
    """Granian takes its logging from a file."""
    handler = {"class": "logging.StreamHandler", "formatter": "json"}
    config = {
        "formatters": {"json": {"()": "rapport.config.logs.JsonFormatter"}},
        "handlers": {"console": handler, "access": handler},
        "loggers": {
            "_granian": {"handlers": ["console"], "level": "INFO", "propagate": False},
            "granian.access": {"handlers": ["access"], "level": "INFO", "propagate": False},
        },
    }
    path = home() / "granian-logs.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(config))
    return path
