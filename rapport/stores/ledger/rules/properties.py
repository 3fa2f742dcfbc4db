"""Whether the JSON of an item's properties can be stored as it is.

Properties are kept as bytes from the request to the database: most are never decoded at all. What PostgreSQL would refuse
or blow up is found here: it reads numbers in full (1e131071 becomes 65 kB), and knows no NUL and no half characters.
"""

from __future__ import annotations

import json
import re

LARGEST = 32 * 1024
DEEPEST = 32

# Digits to 0, E to e, signs taken out: an exponent of three digits is then e000. Ten times as quick as a pattern.
_DIGITS = bytes.maketrans(b"123456789E", b"000000000e")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
_HUGE_NUMBER = re.compile(rb"[eE][+-]?0*[1-9][0-9]{2}")
_OPENING, _CLOSING = frozenset(b"[{"), frozenset(b"]}")


def problem(raw: bytes) -> str:
    """What keeps these bytes, which are well-formed JSON, from being stored; empty when nothing does."""
    if len(raw) > LARGEST:
        return f"At most {LARGEST // 1024} kB of properties; these are {len(raw) / 1024:.0f} kB."
    if raw[:1] != b"{":
        return 'Properties are a JSON object, such as {"pages": 3}.'
    if (
        b"\\u" not in raw
        and b"e000" not in raw.translate(_DIGITS, b"+-")
        and raw.count(b"{") + raw.count(b"[") <= DEEPEST
    ):
        return ""  # nearly always: no strings were taken out, nothing was decoded
    bare = _STRING.sub(b"", raw)
    if _depth(bare) > DEEPEST:
        return f"Properties can be nested {DEEPEST} levels deep, not deeper."
    if _HUGE_NUMBER.search(bare):
        return "A number in the properties is too large. Send it as a text."
    if b"\\u" in raw and not _characters_exist(raw):
        return "The properties hold characters that no text can hold (NUL, or half of a pair)."
    return ""


def _depth(bare: bytes) -> int:
    depth = deepest = 0
    for byte in bare:
        if byte in _OPENING:
            depth += 1
            deepest = max(deepest, depth)
        elif byte in _CLOSING:
            depth -= 1
    return deepest


def _characters_exist(raw: bytes) -> bool:
    try:
        plain = json.dumps(json.loads(raw), ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return False
    return rb"\u0000" not in plain.replace(rb"\\", b"")
