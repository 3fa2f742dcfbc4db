"""How the first person signs in: the demo owner's address and password, kept until the password is changed."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import argon2
import psycopg


@dataclass(frozen=True)
class FirstSignIn:
    email: str
    password: str

    def keep(self, home: Path) -> None:
        path = _path(home)
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            json.dump(asdict(self), file)

    @classmethod
    def find(cls, home: Path, url: str) -> FirstSignIn | None:
        """What still works. Once the password was changed, or the person erased, the note is thrown away."""
        try:
            kept = cls(**json.loads(_path(home).read_text()))
        except (OSError, ValueError, TypeError):
            return None
        with psycopg.connect(url) as connection:
            found = connection.execute(
                "select password from public.accounts_user where email = %s and is_active", [kept.email]
            ).fetchone()
        if found and _fits(str(found[0]), kept.password):
            return kept
        _path(home).unlink(missing_ok=True)
        return None


def _path(home: Path) -> Path:
    return home / "first-sign-in.json"


def _fits(stored: str, password: str) -> bool:
    """Django writes the name of the algorithm before the hash."""
    algorithm, _, encoded = stored.partition("$")
    if algorithm != "argon2":
        return False
    with contextlib.suppress(argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return argon2.PasswordHasher().verify(f"${encoded}", password)
    return False
