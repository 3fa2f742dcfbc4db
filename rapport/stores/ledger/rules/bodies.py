"""Reading the bytes of a request as items. One unreadable item never costs the others."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from rapport.stores.ledger.errors import BadBody
from rapport.stores.ledger.types import NewTouchpoint, Problem, Refused

MOST_ITEMS = 5_000
LARGEST_BODY = 20 * 1024 * 1024  # of text, also when it came compressed

T = TypeVar("T")
_item = msgspec.json.Decoder(NewTouchpoint)
_items = msgspec.json.Decoder(list[NewTouchpoint])
_raws = msgspec.json.Decoder(list[msgspec.Raw])
_WHERE = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>.*)`)?$", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_EXPECTED = re.compile(r"Expected `(.*)`, got `(.*)`")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_PLAIN = {
    "str": "a text", "int": "a whole number", "object": "an object", "array": "a list", "decimal": "a number",
    "bool": "true or false", "null": "null", "uuid": "an id", "datetime": "an instant", "float": "a number",
}  # fmt: skip


class Envelope(msgspec.Struct):
    """{"touchpoints": […]}"""

    touchpoints: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_envelope = msgspec.json.Decoder(Envelope)


class Read(msgspec.Struct):
    """Items in the order sent. `pointer` leads to the list inside the document; empty and `single` for a lone object."""

    items: Sequence[NewTouchpoint | Refused]
    pointer: str = ""
    single: bool = False


def gunzipped(data: bytes) -> bytes:
    """Errors: BadBody when it is no gzip, is cut short, or grows beyond what a request may hold."""
    parts: list[bytes] = []
    left = LARGEST_BODY + 1
    while data:
        stream = zlib.decompressobj(wbits=31)
        try:
            parts.append(stream.decompress(data, left))
        except zlib.error:
            raise BadBody("The body says it is gzip, but cannot be unpacked.") from None
        left -= len(parts[-1])
        if left <= 0:
            raise too_large()
        if not stream.eof:
            raise BadBody("The gzip body ends too early.")
        data = stream.unused_data
    return b"".join(parts)


def too_large() -> BadBody:
    return BadBody(
        f"At most {LARGEST_BODY // 1024 // 1024} MB, unpacked, and {MOST_ITEMS} touch points a request.", 413
    )


def read(body: bytes, *, lines: bool = False) -> Read:
    """One object, a list, {"touchpoints": […]}, or with `lines` one object a line. Errors: BadBody."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadBody(f"The body is not UTF-8 (byte {error.start}).") from None
    if lines:
        return Read([_read_item(line) for line in _at_most([line for line in body.splitlines() if line.strip()])])
    start = body.lstrip(b" \t\r\n")[:1]
    if start == b"[":
        return Read(_read_list(body))
    if start != b"{":
        raise BadBody('Send a JSON object, a list of objects, or {"touchpoints": […]}.')
    try:
        inner = _envelope.decode(body).touchpoints
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadBody(_malformed(error)) from None
    if isinstance(inner, msgspec.UnsetType):
        return Read([_read_item(body)], single=True)
    listed = bytes(inner)
    if listed[:1] != b"[":
        raise BadBody("touchpoints must be a list.")
    return Read(_read_list(listed), pointer="/touchpoints")


def _read_list(body: bytes) -> Sequence[NewTouchpoint | Refused]:
    try:
        return _at_most(_items.decode(body))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        pass  # something is wrong somewhere: read them one by one, to say where
    try:
        raws = _raws.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadBody(_malformed(error)) from None
    return [_read_item(bytes(raw)) for raw in _at_most(raws)]


def _at_most(items: list[T]) -> list[T]:
    if len(items) > MOST_ITEMS:
        raise BadBody(f"At most {MOST_ITEMS} touch points a request; these are {len(items)}.", 413)
    return items


def _read_item(raw: bytes) -> NewTouchpoint | Refused:
    try:
        return _item.decode(raw)
    except msgspec.ValidationError as error:
        return Refused((_problem(str(error)),))
    except msgspec.DecodeError as error:
        return Refused((Problem("", _malformed(error)),))
    except (RecursionError, UnicodeDecodeError):
        return Refused(
            (Problem("", "This cannot be read: it is nested too deep, or holds characters that do not exist."),)
        )


def _malformed(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "The JSON is nested too deep."
    return str(error).removesuffix(".") + "."


def _problem(message: str) -> Problem:
    """msgspec's sentence in ours, and its path as a JSON pointer."""
    found = _WHERE.match(message)
    what, path = (found["what"], found["path"] or "") if found else (message, "")
    pointer = "".join(
        f"/{(name or index).replace('~', '~0').replace('/', '~1')}"
        for name, index in _STEP.findall(path)
        if index != "..."
    )
    if missing := _MISSING.fullmatch(what):
        return Problem(f"{pointer}/{missing[1]}", "This is needed.")
    if unknown := _UNKNOWN.fullmatch(what):
        return Problem(f"{pointer}/{unknown[1].replace('~', '~0').replace('/', '~1')}", "There is no such field.")
    if expected := _EXPECTED.fullmatch(what):
        wanted = " or ".join(
            _PLAIN.get(word.strip(), word.strip()) for word in expected[1].split("|") if word.strip() != "null"
        )
        return Problem(pointer, f"This must be {wanted}, not {_PLAIN.get(expected[2], expected[2])}.")
    if "datetime" in what:
        return Problem(pointer, "An instant with its time zone is needed, such as 2026-11-21T09:30:00+01:00.")
    return Problem(pointer, what.removesuffix(".") + ".")
