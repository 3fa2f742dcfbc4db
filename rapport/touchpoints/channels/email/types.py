"""Words of the e-mail channel."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Label = str | _StrPromise
else:
    Label = str

CHANNEL = "email"
MESSAGE = "message"  # the record type of messages: who may write and send them may have a mailbox


class Security(models.TextChoices):
    """How the line to a server is protected."""

    TLS = "tls", _("TLS from the start")
    STARTTLS = "starttls", _("STARTTLS")
    NONE = "none", _("None (only inside your own network)")


class Sharing(models.TextChoices):
    """What colleagues see of the mails of somebody's own mailbox."""

    ALL = "all", _("Everything")
    SUBJECT = "subject", _("That there was a mail, and its subject")
    NOTHING = "nothing", _("Only that there was a mail")


class Trouble(enum.StrEnum):
    """What can be wrong with a server, told apart as far as it helps to mend it."""

    UNKNOWN_HOST = "unknown_host"
    PRIVATE_HOST = "private_host"
    NOBODY_THERE = "nobody_there"
    SILENT = "silent"
    WRONG_CERTIFICATE = "wrong_certificate"
    NO_TLS = "no_tls"
    WRONG_PROTOCOL = "wrong_protocol"
    SIGN_IN_REFUSED = "sign_in_refused"
    SIGN_IN_NOT_OFFERED = "sign_in_not_offered"
    SENDER_REFUSED = "sender_refused"
    LOST = "lost"
    UNREADABLE_PASSWORD = "unreadable_password"  # noqa: S105 - a name, no password
    OTHER = "other"


@dataclass(frozen=True)
class Attachment:
    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Mail:
    """One mail to one recipient, ready to be put into its form."""

    from_name: str
    from_address: str
    to_name: str
    to_address: str
    subject: str
    text: str
    message_id: str  # with its angle brackets
    at: datetime
    html: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    unsubscribe_url: str = ""  # one click stops it (RFC 8058)
    is_automatic: bool = False  # nobody pressed a button for it (RFC 3834)


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where to sign in, with the password as it is."""

    host: str
    port: int
    security: str
    username: str
    password: str


@dataclass(frozen=True)
class Check:
    """One line of what the test button found. `said`: what the server answered, word for word."""

    label: Label
    good: bool
    words: Label
    said: str = ""


@dataclass(frozen=True, kw_only=True)
class Sender:
    """A mailbox as somebody chooses it to send from."""

    id: UUID
    name: str
    address: str
    is_shared: bool
    signature: str = ""

    @property
    def label(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address
