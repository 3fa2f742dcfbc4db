"""What a request costs: wall time, processor time of web and database together, and bytes, against a real server.

Pages are asked one after the other by one client, so that processor time can be told apart by page.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import json
import os
import subprocess
import time
from dataclasses import dataclass, field

from benchmarks.firm import firm, heavy_customer, postmaster_pid
from benchmarks.machine import Times, cpu_ms, family, heading, rss_mb

PORT = 8765


@dataclass
class Browser:
    """One signed-in client on one connection."""

    cookie: str
    csrf: str
    connection: http.client.HTTPConnection = field(
        default_factory=lambda: http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    )

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, bytes]:
        sent = {"Cookie": self.cookie, "Accept-Encoding": "gzip", "Accept": "text/html", **headers}
        if method == "POST":
            sent |= {
                "Content-Type": "application/x-www-form-urlencoded",
                "X-CSRFToken": self.csrf,
                "Origin": f"http://127.0.0.1:{PORT}",
            }
        self.connection.request(method, path, body or None, sent)
        answer = self.connection.getresponse()
        return answer.status, answer.read()


def main(arguments: argparse.Namespace) -> None:
    with firm(arguments.size) as (size, workspace):
        from rapport.launch.serving import web_command, web_environment

        browser = _signed_in(workspace)
        heading("Requests", size=size.name, customers=size.customers, touchpoints=size.touchpoints)
        environment = {**os.environ, "RAPPORT_URL": f"http://127.0.0.1:{PORT}", **web_environment(PORT)}
        server = subprocess.Popen(web_command(host="127.0.0.1", port=PORT), env=environment)
        try:
            _wait()
            _measure(browser, server.pid, arguments.times)
        finally:
            server.terminate()
            server.wait(20)


def _measure(browser: Browser, web: int, times: int) -> None:
    base = "/w/bench"
    where = json.dumps({"field": "city", "op": "is", "value": "Köln"})
    from urllib.parse import quote

    pages = {
        "customers, first page": [f"{base}/customers/"],
        "customers, sorted by name": [f"{base}/customers/?sort=name"],
        "customers, filtered by city": [f"{base}/customers/?where={quote(where)}"],
        "customers, part of a name": [f"{base}/customers/?q={quote(f'weber {n}')}" for n in range(100, 160)],
        "palette search": [f"{base}/find?q={quote(f'oliveira {n}')}" for n in range(300, 360)],
        "customer with a long timeline": [f"{base}/customers/{heavy_customer()}/"],
        "touch points, newest": [f"{base}/touchpoints/"],
    }
    database = postmaster_pid()
    print(f"{'':34}{'wall':^52}{'CPU web + db':>14}{'bytes gz':>10}")
    for name, paths in pages.items():
        for path in paths[:3]:
            browser.ask("GET", path)
        used, spent = cpu_ms(family(web, database)), []
        size = 0
        for turn in range(times):
            started = time.perf_counter()
            status, body = browser.ask("GET", paths[turn % len(paths)])
            spent.append((time.perf_counter() - started) * 1000)
            size = len(body)
            if status != 200:
                raise SystemExit(f"{name}: {paths[turn % len(paths)]} answered {status}")
        cpu = (cpu_ms(family(web, database)) - used) / times
        print(f"{name:34}{Times(spent)!s:52}{cpu:11.1f} ms{size:10,}")
    used, spent = cpu_ms(family(web, database)), []
    for turn in range(times):
        started = time.perf_counter()
        body = f"kind=person&given_name=New&family_name=Customer+{turn}&email=new{time.time_ns()}%40firm.example"
        status, answer = browser.ask("POST", f"{base}/customers/new", body)
        spent.append((time.perf_counter() - started) * 1000)
        if status not in (200, 302, 303):
            raise SystemExit(f"create answered {status}: {_text(answer)[:300]}")
    cpu = (cpu_ms(family(web, database)) - used) / times
    print(f"{'create a customer':34}{Times(spent)!s:52}{cpu:11.1f} ms")
    workers = family(web)
    print(f"web memory (proportional): {rss_mb(workers):.0f} MB in {len(workers)} processes")


def _text(body: bytes) -> str:
    return (gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body).decode(errors="replace")


def _signed_in(workspace: object) -> Browser:
    from django.conf import settings
    from django.test import Client

    from rapport.foundation.accounts import tenancy
    from rapport.foundation.accounts.models import User

    tenancy.enter_public()
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    client = Client()
    client.force_login(
        User.objects.get(email="bench@example.com"), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    from django.middleware.csrf import _get_new_csrf_string

    csrf = _get_new_csrf_string()
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    return Browser(f"{settings.SESSION_COOKIE_NAME}={session}; csrftoken={csrf}", csrf)


def _wait() -> None:
    said = "nothing"
    for _ in range(300):
        try:
            probe = http.client.HTTPConnection("127.0.0.1", PORT, timeout=20)
            probe.request("GET", "/readyz")
            answer = probe.getresponse()
            said = answer.read().decode(errors="replace")
            if answer.status == 200:
                return
        except OSError as error:
            said = str(error)
        time.sleep(0.1)
    raise SystemExit(f"The web server did not come up: {said}")
