"""Servers outside that people name: looked up once, and only public addresses unless the installation allows others."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence

CONNECT_SECONDS = 15.0


class Unknown(OSError):
    """No server has this name."""


class Private(OSError):
    """The name leads into a private network: the installation's own machines are not for its users to reach."""


def addresses_of(host: str, port: int, *, allow_private: bool) -> Sequence[tuple[int, str]]:
    """(family, address) pairs to try in order. Errors: Unknown, Private.

    One private address among public ones spoils all of them: who answers so wants to be asked twice.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unknown(host) from None
    addresses = list(dict.fromkeys((int(family), str(place[0])) for family, _, _, _, place in found))
    if not allow_private and not all(_is_public(address) for _, address in addresses):
        raise Private(host)
    return addresses


def connect(host: str, port: int, *, allow_private: bool, seconds: float = CONNECT_SECONDS) -> socket.socket:
    """A connection to the very addresses that were checked. Errors: Unknown, Private, OSError."""
    last: OSError | None = None
    for family, address in addresses_of(host, port, allow_private=allow_private):
        line = socket.socket(family, socket.SOCK_STREAM)
        line.settimeout(seconds)
        try:
            line.connect((address, port))
        except OSError as error:
            line.close()
            last = error
        else:
            return line
    raise last or Unknown(host)


def _is_public(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(parsed, "ipv4_mapped", None) or getattr(parsed, "sixtofour", None)
    return parsed.is_global and not parsed.is_multicast and (inner is None or inner.is_global)
