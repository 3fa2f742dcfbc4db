"""A mail in its form (RFC 5322, 2045, 8058, 3834): our own Message-ID, threads, a text part beside every HTML part."""

from __future__ import annotations

import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape
from html.parser import HTMLParser
from uuid import UUID

from rapport.touchpoints.channels.email.types import Mail

_POLICY = SMTP.clone(cte_type="7bit")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]']")
_BLOCKS = {
    "p",
    "div",
    "br",
    "tr",
    "li",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "blockquote",
    "table",
    "ul",
    "ol",
    "hr",
    "pre",
}
_UNSEEN = {"style", "script", "head", "title"}
MOST_REFERENCES = 20


def message_id_of(row_id: UUID, address: str) -> str:
    """Made of the outbox row, so that whatever names it (a reply, a bounce) leads back to the row."""
    return f"<{row_id.hex}@{address.rpartition('@')[2]}>"


def row_id_of(message_id: str) -> UUID | None:
    """The outbox row a Message-ID of ours was made of."""
    local = message_id.strip().strip("<>").partition("@")[0]
    return UUID(local) if re.fullmatch(r"[0-9a-f]{32}", local) else None


def thread_headers(in_reply_to: str, references: tuple[str, ...]) -> tuple[str, ...]:
    """The references of an answer: those of the mail it answers, and that mail; the oldest and the newest are kept."""
    chain = list(dict.fromkeys(one for one in (*references, in_reply_to) if one))
    return tuple(chain if len(chain) <= MOST_REFERENCES else [chain[0], *chain[1 - MOST_REFERENCES :]])


def compose(mail: Mail) -> bytes:
    """The mail as it goes over the line."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = _address(mail.from_name, mail.from_address)
    message["To"] = _address(mail.to_name, mail.to_address)
    message["Subject"] = one_line(mail.subject)
    message["Date"] = format_datetime(mail.at)
    message["Message-ID"] = mail.message_id
    if mail.in_reply_to:
        message["In-Reply-To"] = one_line(mail.in_reply_to)
    if references := thread_headers(mail.in_reply_to, mail.references):
        message["References"] = one_line(" ".join(references))
    if mail.unsubscribe_url:
        message["List-Unsubscribe"] = f"<{one_line(mail.unsubscribe_url)}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if mail.is_automatic:
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
    text = mail.text or text_of(mail.html)
    message.set_content(_lines(text))
    message.add_alternative(mail.html or html_of(text), subtype="html")
    for attachment in mail.attachments:
        main, _, sub = attachment.content_type.partition("/")
        if main in ("", "multipart", "message") or not sub:
            main, sub = "application", "octet-stream"
        message.add_attachment(attachment.content, maintype=main, subtype=sub, filename=one_line(attachment.filename))
    return message.as_bytes()


def one_line(text: str) -> str:
    """Nothing that people write may begin a header of its own."""
    return _CONTROL.sub(" ", text).strip()


def html_of(text: str) -> str:
    """Plain text as simple HTML: paragraphs, line breaks, links."""
    paragraphs = re.split(r"\n{2,}", _lines(text).strip("\n"))
    body = "".join(f"<p>{_linked(part).replace(chr(10), '<br>')}</p>" for part in paragraphs)
    return f'<!doctype html><html><head><meta charset="utf-8"></head><body>{body}</body></html>'


def text_of(html: str) -> str:
    """What a person would read of it."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = [" ".join(line.split()) for line in "".join(reader.parts).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _linked(text: str) -> str:
    parts, at = [], 0
    for found in _LINK.finditer(text):
        link = escape(found[0])
        parts += [escape(text[at : found.start()]), f'<a href="{link}">{link}</a>']
        at = found.end()
    return "".join([*parts, escape(text[at:])])


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")


def _address(name: str, address: str) -> Address:
    return Address(display_name=one_line(name), addr_spec=address)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.unseen = 0
        self.link = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self.unseen += tag != "head"
        elif tag == "a":
            self.link = dict(attrs).get("href") or ""
        elif tag in _BLOCKS:
            self.parts.append("\n\n" if tag == "p" else "\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self.unseen = max(0, self.unseen - (tag != "head"))
        elif tag == "a":
            if self.link.startswith("http") and self.link not in "".join(self.parts[-3:]):
                self.parts.append(f" ({self.link})")
            self.link = ""
        elif tag in _BLOCKS and tag != "br":
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.unseen:
            self.parts.append(data if data.strip() else " ")
