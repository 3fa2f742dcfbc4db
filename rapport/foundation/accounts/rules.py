"""Addresses of workspaces, and the hash that stands for an invitation's secret."""

from __future__ import annotations

import hashlib
import re
import unicodedata

LONGEST = 48
_ADDRESS = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?")


def is_address(text: str) -> bool:
    return bool(_ADDRESS.fullmatch(text))


def address_from_name(name: str) -> str:
    """What a firm's name becomes in an address: "Müller & Söhne GmbH" gives "muller-sohne-gmbh"."""
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST].strip("-")


def numbered(address: str, number: int) -> str:
    """The address with a number after it, still short enough: "kestrel" gives "kestrel-2"."""
    suffix = f"-{number}"
    return address[: LONGEST - len(suffix)].rstrip("-") + suffix


def hash_of(secret: str) -> str:
    """A secret of 256 random bits needs no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def device(user_agent: str) -> str:
    """A browser's long name for itself in a few words: "Firefox, Linux". What is not known is shown as it is."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return ", ".join(filter(None, (browser, system))) or user_agent[:60] or "–"
