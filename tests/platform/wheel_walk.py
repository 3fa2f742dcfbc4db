"""What somebody does who installed the wheel: start, sign in, make a token, create a customer, find it again.

Run by the Python of that installation, in a network that reaches nothing but this process: `wheel_walk.py HOME`.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import http.client
import json
import os
import re
import socket
import struct
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlencode

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
RAPPORT = Path(sys.executable).with_name("rapport")


def raise_loopback() -> None:
    """A new network namespace begins with its loopback down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control, contextlib.suppress(PermissionError):
        request = array.array("B", struct.pack("16sH14x", b"lo", 0))
        fcntl.ioctl(control, SIOCGIFFLAGS, request)
        (flags,) = struct.unpack("16xH14x", request)
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))


def other_networks() -> list[str]:
    return [name for _, name in socket.if_nameindex() if name != "lo"]


class Browser:
    """Cookies, redirects and forms: no more than this walk needs."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}

    def open(self, path: str, form: dict[str, object] | None = None) -> tuple[str, str]:
        """The path where it ended, and the page."""
        body = None
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if form is not None:
            body = urlencode({"csrfmiddlewaretoken": self.cookies.get("csrftoken", ""), **form}, doseq=True)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request("POST" if body is not None else "GET", path, body, headers)
            answer = connection.getresponse()
            page = answer.read().decode()
            for name, value in answer.getheaders():
                if name.lower() == "set-cookie":
                    key, _, rest = value.partition("=")
                    self.cookies[key] = rest.split(";")[0]
        if answer.status in (301, 302, 303):
            return self.open(answer.getheader("Location") or "/")
        assert answer.status == 200, (path, answer.status, page[-2000:])
        return path, page


def call(port: int, token: str, method: str, path: str, values: object = None) -> tuple[int, dict[str, object]]:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        connection.request(method, path, json.dumps(values) if values is not None else None, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def main() -> None:
    raise_loopback()
    os.environ["RAPPORT_HOME"] = sys.argv[1]
    networks = other_networks()
    opened = subprocess.run([RAPPORT, "db", "migrate"], capture_output=True, text=True, check=True).stdout.strip()
    said = subprocess.run(
        [RAPPORT, "workspace", "create", "Wheel works", "--owner", "ada@wheel.example"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    password = re.search(r"with the password (\S+)", said)[1]  # type: ignore[index]  # set-up says it, or the walk ends here
    running = subprocess.Popen([RAPPORT, "up", "--no-demo", "--port", "18700"], stdout=subprocess.PIPE, text=True)
    try:
        assert running.stdout
        lines = iter(running.stdout.readline, "")
        port = next(int(found[1]) for line in lines if (found := re.search(r"ready: http://127\.0\.0\.1:(\d+)", line)))
        browser = Browser(port)
        browser.open("/account/login/")
        place, _ = browser.open("/account/login/", {"login": "ada@wheel.example", "password": password})
        _, page = browser.open("/w/wheel-works/settings/tokens/new/")
        scopes = re.findall(r'name="scopes"[^>]*value="([^"]+)"|value="([^"]+)"[^>]*name="scopes"', page)
        wanted = [one or other for one, other in scopes]
        _, page = browser.open(
            "/w/wheel-works/settings/tokens/new/",
            {"name": "Walk", "scopes": wanted, "lasts": "30", "rate_per_minute": "60"},
        )
        token = re.search(r"\brpt_w_[0-9a-f_]{80,}", page)
        assert token, (wanted, page[-3000:])
        created = call(port, token[0], "POST", "/api/v1/customers", {"name": "Grace Hopper", "email": "g@navy.example"})
        found = call(port, token[0], "GET", f"/api/v1/customers/{created[1]['id']}")
        style = browser.open("/static/vendor/tabler.min.css")[1]
    finally:
        running.terminate()
        running.wait(60)
    print(
        json.dumps(
            {
                "networks": networks,
                "opened": opened,
                "place": place,
                "status": created[0],
                "name": found[1]["name"],
                "style": len(style),
                "exit": running.returncode,
            }
        )
    )


if __name__ == "__main__":
    main()
