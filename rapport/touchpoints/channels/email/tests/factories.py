"""Mailboxes and mails, made in one line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from rapport.foundation.lib import ids, secrets
from rapport.touchpoints.channels.email.models import Mailbox
from rapport.touchpoints.channels.email.services.mailboxes import MailboxValues
from rapport.touchpoints.channels.email.tests.servers import PASSWORD, USER, Running
from rapport.touchpoints.channels.email.types import Mail, Server

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def make_mailbox(running: Running | None = None, **columns: Any) -> Mailbox:
    """A shared mailbox that sends through this server."""
    values: dict[str, Any] = {
        "address": USER,
        "name": "Ines Duarte",
        "username": USER,
        "sealed_password": secrets.seal(PASSWORD, key=settings.SECRET_KEY),
        "smtp_host": running.host if running else "smtp.firm.example",
        "smtp_port": running.port if running else 587,
        "smtp_security": "none",
        "per_minute": 6000,
        "per_day": 1_000_000,
        **columns,
    }
    return Mailbox.objects.create(**values)


def mailbox_values(running: Running | None = None, **changed: Any) -> MailboxValues:
    values: dict[str, Any] = {
        "address": USER,
        "name": "Ines Duarte",
        "username": USER,
        "password": PASSWORD,
        "smtp_host": running.host if running else "smtp.firm.example",
        "smtp_port": running.port if running else 587,
        "smtp_security": "none",
        **changed,
    }
    return MailboxValues(**values)


def server_of(running: Running, **changed: Any) -> Server:
    values: dict[str, Any] = {
        "host": running.host,
        "port": running.port,
        "security": "none",
        "username": USER,
        "password": PASSWORD,
        **changed,
    }
    return Server(**values)


def make_mail(**changed: Any) -> Mail:
    values: dict[str, Any] = {
        "from_name": "Ines Duarte",
        "from_address": USER,
        "to_name": "Marta Oliveira",
        "to_address": "marta@pedal.example",
        "subject": "Your six Longtails",
        "text": "Dear Marta,\n\nthey are ready.",
        "message_id": f"<{ids.new_id().hex}@firm.example>",
        "at": NOON,
        **changed,
    }
    return Mail(**values)
