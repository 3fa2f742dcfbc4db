"""Channels and kinds: which words may come in, and how words that nobody registered are shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rapport.stores.ledger.types import Channel, Group, Kind

_WORD = re.compile(r"[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*")
_SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:@/+-]{0,79}")
_BRACES = re.compile(r"\{([a-z_]+)\}")
LONGEST_CHANNEL, LONGEST_KIND = 40, 60
DIRECTIONS = frozenset({"in", "out", "none"})

# What unregistered words hint at. A guess shows something sensible on the first day; registering says it properly.
_GROUPS = (
    (
        Group.ORDERS,
        ("order", "cart", "checkout", "payment", "invoice", "refund", "shipment", "delivery", "return", "purchase"),
    ),
    (Group.SERVICE, ("case", "ticket", "complaint", "repair", "support", "survey", "warranty", "service")),
    (Group.WEB, ("page", "web", "site", "session", "product", "search", "download", "click")),
)


def channel_problem(word: str) -> str:
    if len(word) > LONGEST_CHANNEL or not _WORD.fullmatch(word):
        return f"A channel is a short word in small letters, such as email or showroom; at most {LONGEST_CHANNEL} characters."
    return ""


def kind_problem(word: str) -> str:
    if len(word) > LONGEST_KIND or not _WORD.fullmatch(word):
        return f"A kind is small letters joined by _, in the past tense, such as order_placed; at most {LONGEST_KIND} characters."
    return ""


def source_problem(word: str) -> str:
    return "" if _SOURCE.fullmatch(word) else "A source is a short name, such as shop or till-2; at most 80 characters."


def words(name: str) -> str:
    """`fax_received` as people write it: Fax received."""
    text = name.replace("_", " ").replace("-", " ").strip()
    return text[:1].upper() + text[1:]


def guessed_channel(name: str) -> Channel:
    return Channel(name=name, label=words(name), group=_guessed_group(name) or Group.CONTACT)


def guessed_kind(name: str) -> Kind:
    return Kind(name=name, label=words(name), group=_guessed_group(name))


def _guessed_group(name: str) -> Group | None:
    parts = set(re.split(r"[_-]", name))
    return next((group for group, hints in _GROUPS if parts.intersection(hints)), None)


def headline(kind: Kind, subject: str, properties: Mapping[str, Any]) -> str:
    """What a touch point says of itself: its subject, else the kind's phrase where all it names is there, else its label."""
    if subject:
        return subject
    phrase = str(kind.phrase)
    if phrase:
        values = {name: properties.get(name) for name in _BRACES.findall(phrase)}
        if all(isinstance(value, str | int | float) and value != "" for value in values.values()):
            return _BRACES.sub(lambda found: str(values[found[1]]), phrase)[:500]
    return str(kind.label)
