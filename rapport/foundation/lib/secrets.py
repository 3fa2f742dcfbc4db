"""Secrets that must be read again (passwords of mail servers), sealed before they are stored.

The key is made of the installation's secret key, so a database or a backup without it tells nothing.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode

_VERSION = "v1:"


class Unreadable(ValueError):
    """It was sealed with another key, or changed since."""


def seal(text: str, *, key: str) -> str:
    return _VERSION + _box(key).encrypt(text.encode()).decode()


def unseal(sealed: str, *, key: str) -> str:
    """Errors: Unreadable."""
    from cryptography.fernet import InvalidToken

    if not sealed.startswith(_VERSION):
        raise Unreadable("This is no sealed secret.")
    try:
        return str(_box(key).decrypt(sealed.removeprefix(_VERSION).encode()).decode())
    except InvalidToken:
        raise Unreadable("This was sealed with another key, or changed since.") from None


def _box(key: str):  # type: ignore[no-untyped-def]  # named where it is imported, which is late: most processes need none
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"rapport sealed secrets").derive(key.encode())
    return Fernet(urlsafe_b64encode(derived))
