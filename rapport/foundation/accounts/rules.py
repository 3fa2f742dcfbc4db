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
