"""SMTP replies (RFC 5321, 3463): whether to try again, and what a refusal means."""

from __future__ import annotations

import re

from django.utils.translation import gettext_lazy as _

from rapport.touchpoints.channels.email.types import Label

_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_LONGEST = 400
_MEANINGS: dict[str, Label] = {
    "1.1": _("There is no such mailbox at the recipient's provider."),
    "1.2": _("There is no such mail domain."),
    "1.3": _("The address is not valid."),
    "1.6": _("The recipient has moved and left no new address."),
    "1.10": _("The recipient's domain takes no mail."),
    "2.1": _("The recipient's mailbox is switched off."),
    "2.2": _("The recipient's mailbox is full."),
    "2.3": _("The mail is too large for the recipient."),
    "3.4": _("The mail is too large."),
    "7.1": _("The recipient's provider does not take mail from you."),
    "7.26": _("The recipient's provider could not verify that this mail is yours (SPF, DKIM)."),
}


_NOBODY = {"1.1", "1.2", "1.3", "1.6", "1.10", "2.1"}


def names_nobody(code: int, text: bytes | str) -> bool:
    """Whether the refusal says that there is nobody at this address, rather than that this mail is not wanted."""
    found = _ENHANCED.search(said(code, text))
    return code >= 500 and found is not None and found[1] == "5" and f"{found[2]}.{found[3]}" in _NOBODY


def is_temporary(code: int) -> bool:
    return 400 <= code < 500


def said(code: int, text: bytes | str) -> str:
    """What the server answered, on one line."""
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(words.split())}"[:_LONGEST]


def meaning(code: int, text: bytes | str) -> Label:
    """The refusal in words; without an enhanced code the place where it came from says most."""
    found = _ENHANCED.search(said(code, text))
    known = _MEANINGS.get(f"{found[2]}.{found[3]}") if found else None
    if known:
        return known
    if code == 550:
        return _("The recipient's provider refused the mail.")
    if code == 552:
        return _("The mail is too large or the mailbox is full.")
    return _("The server refused the mail.")
