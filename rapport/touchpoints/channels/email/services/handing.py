"""Handing mails to SMTP servers, one at a time, over a line that is kept between them."""

from __future__ import annotations

import smtplib
from contextlib import suppress
from types import TracebackType

from rapport.touchpoints.channels.email.rules import replies, troubles
from rapport.touchpoints.channels.email.services.lines import TAKING_SECONDS, Troubled, open_smtp, trouble_of
from rapport.touchpoints.channels.email.types import Server, Trouble
from rapport.touchpoints.channels.outcomes import Accepted, Closed, Deferred, Failed, Outcome, Unknown

PER_LINE = 100  # many servers close a line after about as many mails


class Line:
    """A line to one mailbox's server. `hand_over` says for certain what became of a mail, or that nobody can say."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._smtp: smtplib.SMTP | None = None
        self._handed = 0

    def __enter__(self) -> Line:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._smtp is not None:
            with suppress(OSError, smtplib.SMTPException):
                self._smtp.quit()
            self._smtp.close()
        self._smtp = None

    def hand_over(self, *, sender: str, recipient: str, content: bytes) -> Outcome:
        """Up to the word DATA nothing has left this house. After it a broken line leaves the mail's fate unknown."""
        smtp = None
        for attempt in (1, 2):
            kept = self._smtp is not None
            try:
                smtp = self._ready()
                answer = self._envelope(smtp, sender, recipient, len(content))
            except Troubled as trouble:
                return self._closed(trouble)
            except (OSError, smtplib.SMTPException, UnicodeError) as error:
                self._drop()
                # Servers close lines that were idle; that is no trouble, and only then is a second try due.
                if kept and attempt == 1:
                    continue
                return self._closed(trouble_of(error))
            if answer is None:
                return self._data(smtp, content)
            if kept and attempt == 1 and isinstance(answer, Deferred) and answer.said.startswith("421"):
                self._drop()
                continue
            return answer
        raise AssertionError("The second try answers.")

    def _ready(self) -> smtplib.SMTP:
        if self._smtp is not None and self._handed >= PER_LINE:
            self.close()
        if self._smtp is None:
            self._smtp, self._handed = open_smtp(self.server), 0
        return self._smtp

    def _envelope(self, smtp: smtplib.SMTP, sender: str, recipient: str, size: int) -> Outcome | None:
        """MAIL, RCPT and DATA; None when the server waits for the mail."""
        options = [f"size={size}"] if smtp.has_extn("size") else []
        if not recipient.isascii() or not sender.isascii():
            if not smtp.has_extn("smtputf8"):
                return Failed("address_not_taken", "SMTPUTF8")
            options.append("SMTPUTF8")
        code, words = smtp.mail(sender, options)
        if not _went_well(code):
            return self._refused(smtp, "sender", code, words)
        code, words = smtp.rcpt(recipient)
        if not _went_well(code):
            return self._refused(smtp, "recipient", code, words)
        code, words = smtp.docmd("DATA")
        return None if code == 354 else self._refused(smtp, "data", code, words)

    def _refused(self, smtp: smtplib.SMTP, step: str, code: int, words: bytes) -> Outcome:
        if code != 421:
            with suppress(OSError, smtplib.SMTPException):
                smtp.rset()
        else:
            self._drop()
        text = replies.said(code, words)
        if replies.is_temporary(code):
            return Deferred("try_later", text)
        if step == "sender" and code in (530, 535, 538, 550, 553, 554):
            return self._closed(Troubled(Trouble.SENDER_REFUSED, text))
        nobody = step == "recipient" and replies.names_nobody(code, words)
        return Failed("no_such_address" if nobody else "refused", text)

    def _data(self, smtp: smtplib.SMTP, content: bytes) -> Outcome:
        try:
            smtp.send(_stuffed(content))
        except (OSError, smtplib.SMTPException):
            self._drop()
            return Deferred("line_broke")  # without the closing dot a server has no mail it could deliver
        try:
            if smtp.sock is not None:
                smtp.sock.settimeout(TAKING_SECONDS)
            smtp.send(b".\r\n")
            code, words = smtp.getreply()
            if smtp.sock is not None:
                smtp.sock.settimeout(smtp.timeout)
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            return Unknown("line_broke", trouble_of(error).said)
        text = replies.said(code, words)
        if _went_well(code):
            self._handed += 1
            return Accepted(said=text)
        if code < 400:
            self._drop()
            return Unknown("no_answer", text)
        if code == 421:
            self._drop()
        return Deferred("try_later", text) if replies.is_temporary(code) else Failed("refused", text)

    def _closed(self, trouble: Troubled) -> Closed:
        self._drop()
        return Closed(trouble.trouble.value, trouble.said, lasting=trouble.trouble in troubles.LASTING)

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
        self._smtp = None


def _went_well(code: int) -> bool:
    return 200 <= code < 300


def _stuffed(content: bytes) -> bytes:
    """Lines as SMTP wants them: ended by CR LF, a leading dot doubled (RFC 5321 4.5.2)."""
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    stuffed = (b"\r\n" + lines).replace(b"\r\n.", b"\r\n..")[2:]
    return stuffed if stuffed.endswith(b"\r\n") else stuffed + b"\r\n"
