"""Real mail servers on this machine, which behave as a test tells them to."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rapport.foundation.lib import clock

USER, PASSWORD = "ines@firm.example", "blue Longtail 22"


@dataclass
class Post:
    """What arrived, and how to answer. `answers` by recipient and step ("rcpt", "data"); "drop" breaks the line."""

    mails: list[tuple[str, str, bytes]] = field(default_factory=list)
    answers: dict[tuple[str, str], str] = field(default_factory=dict)
    connections: int = 0
    on_data: Callable[[str], None] | None = None

    def read(self, place: int = -1) -> EmailMessage:
        return email.message_from_bytes(self.mails[place][2], policy=email.policy.default)  # type: ignore[return-value]  # its policy makes an EmailMessage

    @property
    def recipients(self) -> list[str]:
        return [recipient for _, recipient, _ in self.mails]

    async def handle_RCPT(  # noqa: N802 (aiosmtpd calls it so)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answers.get((address, "rcpt"), "")
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd calls it so)
        (recipient,) = envelope.rcpt_tos
        answer = self.answers.get((recipient, "data"), "250 OK taken")
        if answer.startswith(("250", "keep and drop")):
            content = envelope.content
            assert isinstance(content, bytes)
            self.mails.append((str(envelope.mail_from), recipient, content))
        if self.on_data:
            self.on_data(recipient)
        if "drop" in answer:
            assert server.transport is not None
            server.transport.abort()  # type: ignore[attr-defined]  # the transport of a socket has it
            await asyncio.sleep(0)
        return answer


@dataclass(frozen=True)
class Running:
    host: str
    port: int
    post: Post


def _sign_in(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=False)


class _Controller(Controller):
    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]  # the one that was free
        super()._trigger_server()
        self.handler.connections = 0

    def factory(self) -> SMTP:
        self.handler.connections += 1
        return super().factory()


@contextmanager
def smtp_server(
    *, tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None, sign_in: bool = True
) -> Iterator[Running]:
    post = Post()
    with running_controller(post, tls=tls, starttls=starttls, sign_in=sign_in) as port:
        yield Running("127.0.0.1", port, post)


@contextmanager
def running_controller(
    handler: Any, *, tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None, sign_in: bool = False
) -> Iterator[int]:
    """A server with this handler; its port."""
    options: dict[str, Any] = {"authenticator": _sign_in, "auth_required": starttls is not None} if sign_in else {}
    if starttls is not None:
        options |= {"tls_context": starttls, "require_starttls": True}
    controller = _Controller(
        handler, hostname="127.0.0.1", port=0, ssl_context=tls, auth_require_tls=starttls is not None, **options
    )
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def certificate(folder: Path, name: str = "localhost") -> tuple[Path, Path]:
    """A certificate that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = clock.now()
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / f"{name}.pem", folder / f"{name}.key"
    certificate_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_file, key_file


def server_context(files: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*map(str, files))
    return context
