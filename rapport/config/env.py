"""Settings from the environment. A value that makes no sense stops the start with a sentence, not later with a traceback."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict


class SettingError(SystemExit):
    """Names the variable and what is wrong with it."""


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def flag(name: str, *, default: bool = False) -> bool:
    value = text(name).lower()
    if value in ("1", "true", "yes", "on"):
        return True
    if value in ("0", "false", "no", "off"):
        return False
    if not value:
        return default
    raise SettingError(f"{name} must be true or false, not {value!r}")


def number(name: str, default: int) -> int:
    value = text(name)
    if not value:
        return default
    if not value.isdigit():
        raise SettingError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def single_sign_on() -> list[dict[str, Any]]:
    """The OpenID Connect provider of RAPPORT_OIDC_*, in allauth's words; nothing when none is named."""
    issuer, client, secret = (text(f"RAPPORT_OIDC_{part}") for part in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET"))
    if not issuer:
        return []
    if not client or not secret:
        raise SettingError("RAPPORT_OIDC_ISSUER needs RAPPORT_OIDC_CLIENT_ID and RAPPORT_OIDC_CLIENT_SECRET too")
    if not issuer.startswith(("https://", "http://localhost", "http://127.0.0.1")):
        raise SettingError(f"RAPPORT_OIDC_ISSUER must begin with https://, not {issuer!r}")
    return [
        {
            "provider_id": "oidc",
            "name": text("RAPPORT_OIDC_NAME") or "your company account",
            "client_id": client,
            "secret": secret,
            "settings": {"server_url": issuer, "verified_email": flag("RAPPORT_OIDC_TRUST_EMAIL")},
        }
    ]


def secret_key(folder: Path) -> str:
    """RAPPORT_SECRET_KEY, else a key made once and kept readable by its owner alone."""
    if explicit := text("RAPPORT_SECRET_KEY"):
        if len(explicit) < 32:
            raise SettingError("RAPPORT_SECRET_KEY must be at least 32 characters long")
        return explicit
    path = folder / "secret_key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / f".secret_key.{os.getpid()}", os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            os.link(folder / f".secret_key.{os.getpid()}", path)  # the first of several starters wins
        except FileExistsError:
            pass
        finally:
            (folder / f".secret_key.{os.getpid()}").unlink()
    return path.read_text().strip()


def database(url: str) -> dict[str, Any]:
    """Django's settings for a PostgreSQL URL."""
    if not url:
        raise SettingError(
            "DATABASE_URL is not set. `rapport up` sets it to the embedded PostgreSQL; or name your own server."
        )
    parts = conninfo_to_dict(url)
    options = {key: value for key, value in parts.items() if key not in ("host", "port", "user", "password", "dbname")}
    return {
        "ENGINE": "django_tenants.postgresql_backend",
        "NAME": parts.get("dbname") or "rapport",
        "USER": parts.get("user") or "",
        "PASSWORD": parts.get("password") or "",
        "HOST": parts.get("host") or "",
        "PORT": str(parts.get("port") or ""),
        "OPTIONS": options,
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }
