"""Lines to mail servers: only to addresses that were checked, encrypted, signed in; every trouble told by name."""

from __future__ import annotations

import smtplib
import socket
import ssl
from typing import Any

from django.conf import settings

from rapport.foundation.lib import hosts
from rapport.touchpoints.channels.email.rules import replies, troubles
from rapport.touchpoints.channels.email.types import Label, Security, Server, Trouble

COMMAND_SECONDS = 30.0
TAKING_SECONDS = 180.0  # how long a server may think about a mail it has been given (RFC 5321 4.5.3.2 allows more)


class Troubled(Exception):
    """The server could not be used; nothing was handed over."""

    def __init__(self, trouble: Trouble, said: str = "") -> None:
        super().__init__(trouble.value)
        self.trouble, self.said = trouble, said

    @property
    def words(self) -> Label:
        return troubles.WORDS[self.trouble]


def certificates() -> ssl.SSLContext:
    """Names and issuers are checked; an installation may name more issuers (its own mail server's)."""
    context = ssl.create_default_context()
    if settings.MAIL_CERTIFICATES:
        context.load_verify_locations(settings.MAIL_CERTIFICATES)
    return context


def trouble_of(error: BaseException) -> Troubled:
    """The trouble behind an exception of a socket, of TLS or of smtplib."""
    if isinstance(error, Troubled):
        return error
    if isinstance(error, hosts.Private):
        return Troubled(Trouble.PRIVATE_HOST)
    if isinstance(error, hosts.Unknown):
        return Troubled(Trouble.UNKNOWN_HOST)
    if isinstance(error, ssl.SSLCertVerificationError):
        return Troubled(Trouble.WRONG_CERTIFICATE, str(error.verify_message))
    if isinstance(error, ssl.SSLError):
        return Troubled(Trouble.WRONG_PROTOCOL, str(error.reason or ""))
    if isinstance(error, TimeoutError):
        return Troubled(Trouble.SILENT)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Troubled(Trouble.NO_TLS if "STARTTLS" in str(error) else Trouble.SIGN_IN_NOT_OFFERED)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        kind = Trouble.OTHER if replies.is_temporary(error.smtp_code) else Trouble.SIGN_IN_REFUSED
        return Troubled(kind, replies.said(error.smtp_code, error.smtp_error))
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return Troubled(Trouble.LOST)
    if isinstance(error, smtplib.SMTPResponseException):
        kind = Trouble.WRONG_PROTOCOL if error.smtp_code < 100 else Trouble.OTHER
        return Troubled(kind, replies.said(error.smtp_code, error.smtp_error))
    if isinstance(error, smtplib.SMTPException):
        return Troubled(Trouble.SIGN_IN_NOT_OFFERED if "AUTH" in str(error) else Trouble.OTHER, str(error)[:400])
    if isinstance(error, ConnectionRefusedError):
        return Troubled(Trouble.NOBODY_THERE)
    if isinstance(error, ConnectionError):
        return Troubled(Trouble.LOST)
    return Troubled(Trouble.NOBODY_THERE, str(error)[:400])


def open_smtp(server: Server) -> smtplib.SMTP:
    """Connected, encrypted and signed in. Errors: Troubled."""
    line: smtplib.SMTP | None = None
    try:
        line = _line(server)
        code, words = line.connect(server.host, server.port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, words)
        line.ehlo_or_helo_if_needed()
        if server.security == Security.STARTTLS:
            line.starttls(context=certificates())
            line.ehlo()
        if server.username:
            line.login(server.username, server.password)
    except (OSError, smtplib.SMTPException, UnicodeError) as error:
        if line is not None:
            line.close()
        raise trouble_of(error) from None
    return line


def _line(server: Server) -> smtplib.SMTP:
    name = settings.MAIL_HELO or None
    if server.security == Security.TLS:
        return _Encrypted(timeout=COMMAND_SECONDS, context=certificates(), local_hostname=name)
    return _Plain(timeout=COMMAND_SECONDS, local_hostname=name)


def _connected(host: str, port: int, seconds: float) -> socket.socket:
    line = hosts.connect(host, port, allow_private=settings.MAIL_MAY_BE_PRIVATE)
    line.settimeout(seconds)
    return line


class _Plain(smtplib.SMTP):
    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        self._host = host  # the name that STARTTLS checks the certificate against
        return _connected(host, port, timeout)


class _Encrypted(smtplib.SMTP_SSL):
    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        return self.context.wrap_socket(_connected(host, port, timeout), server_hostname=host)
