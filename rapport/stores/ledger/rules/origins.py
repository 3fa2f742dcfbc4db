"""Which websites may write with a key: origins such as https://shop.example or https://*.shop.example."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

_HOST = re.compile(
    r"(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?|\[[0-9a-f:.]+\]"
)
MOST = 20


def normalised(text: str) -> str | None:
    """`Shop.example/page` as https://shop.example; None when it names no website."""
    value = text.strip().lower()
    if "://" not in value:
        value = f"https://{value}"
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    else:
        try:
            host = ("*." if host.startswith("*.") else "") + host.removeprefix("*.").encode("idna").decode()
        except UnicodeError:
            return None
    if parts.scheme not in ("http", "https") or parts.username or not _HOST.fullmatch(host) or len(host) > 253:
        return None
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != usual else "")


def is_allowed(origin: str, allowed: Iterable[str]) -> bool:
    """Whether a browser's Origin header names one of the websites. A star stands for any subdomain, not for none."""
    found = normalised(origin) if "://" in origin else None
    if found is None or "*" in found:
        return False
    scheme, _, host = found.partition("://")
    for one in allowed:
        its_scheme, _, its_host = one.partition("://")
        if scheme == its_scheme and (host == its_host or (its_host.startswith("*.") and host.endswith(its_host[1:]))):
            return True
    return False
