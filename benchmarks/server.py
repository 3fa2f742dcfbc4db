"""The web server as `rapport up` starts it, alone, on a port that is free."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks.machine import family
from rapport.waiting import eventually


@dataclass(frozen=True)
class Server:
    port: int
    process: subprocess.Popen[bytes]

    @property
    def workers(self) -> list[int]:
        """The processes that answer requests."""
        return family(self.process.pid)[1:]


@contextmanager
def web(workers: int = 1) -> Iterator[Server]:
    from rapport.launch.serving import web_command, web_environment

    port = _free_port()
    environment = {**os.environ, "RAPPORT_URL": f"http://127.0.0.1:{port}", **web_environment(port)}
    process = subprocess.Popen(web_command(host="127.0.0.1", port=port, workers=workers), env=environment)
    try:
        eventually(
            lambda: Browser(port).ask("GET", "/readyz")[0] == 200,
            within=120,
            for_what="the web server",
            process=process,
            despite=(OSError, http.client.HTTPException),
        )
        yield Server(port, process)
    finally:
        process.terminate()
        process.wait(30)


@dataclass
class Browser:
    """One client on one connection that stays open."""

    port: int
    cookie: str = ""
    csrf: str = ""
    _connection: http.client.HTTPConnection | None = field(default=None, repr=False)

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, bytes]:
        sent = {"Cookie": self.cookie, "Accept-Encoding": "gzip", "Accept": "text/html", **headers}
        if method == "POST":
            sent |= {
                "Content-Type": "application/x-www-form-urlencoded",
                "X-CSRFToken": self.csrf,
                "Origin": f"http://127.0.0.1:{self.port}",
            }
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        self._connection.request(method, path, body or None, sent)
        answer = self._connection.getresponse()
        return answer.status, answer.read()


def signed_in(port: int) -> Browser:
    """Somebody who has come in before, without paying for the hashing of the password."""
    from django.conf import settings
    from django.middleware.csrf import _get_new_csrf_string
    from django.test import Client

    from rapport.foundation.accounts import tenancy
    from rapport.foundation.accounts.models import User

    tenancy.enter_public()
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    client = Client()
    client.force_login(
        User.objects.get(email="bench@example.com"), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    csrf = _get_new_csrf_string()
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    return Browser(port, f"{settings.SESSION_COOKIE_NAME}={session}; csrftoken={csrf}", csrf)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
