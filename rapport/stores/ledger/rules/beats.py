"""What a beacon sends: read, bounded and turned into touch points. Anybody can send this, so it can do little.

Always channel web, always from the visitor, never an amount; customers only by what the visitor says of themselves, never
by id. The clock of a browser is not trusted: it tells how long ago something was, by its own measure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from rapport.stores.customers.rules.identities import FIELDS, clean_fields
from rapport.stores.ledger.errors import BadBody
from rapport.stores.ledger.rules import vocabulary
from rapport.stores.ledger.types import NO_PROPERTIES, CustomerRef, NewTouchpoint

LARGEST = 64 * 1024
MOST_EVENTS = 50
LARGEST_PROPERTIES = 8 * 1024
OLDEST = timedelta(days=7)
CHANNEL = "web"
_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_BOT = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|headless|lighthouse|pingdom|preview|facebookexternalhit|curl/|wget/|python-|java/|go-http",
    re.IGNORECASE,
)


class Who(msgspec.Struct):
    email: Any = None
    phone: Any = None
    external: Any = None
    fields: Any = None


class Event(msgspec.Struct):
    id: str
    kind: str
    age: float = 0
    properties: msgspec.Raw = NO_PROPERTIES
    customer: Who | None = None


class Beat(msgspec.Struct):
    events: list[Event]
    cookie: str = ""
    page: str = ""


_beat = msgspec.json.Decoder(Beat)


def is_bot(user_agent: str) -> bool:
    """Programs that say what they are. Those that do not are not told from people here."""
    return not user_agent or bool(_BOT.search(user_agent))


def read(body: bytes) -> Beat:
    """Errors: BadBody."""
    if len(body) > LARGEST:
        raise BadBody(f"At most {LARGEST // 1024} kB.", 413)
    try:
        body.decode("utf-8")
        beat = _beat.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadBody("This is not what the beacon sends.") from None
    if len(beat.events) > MOST_EVENTS:
        raise BadBody(f"At most {MOST_EVENTS} events.", 413)
    return beat


def touchpoints(beat: Beat, *, source: str, now: datetime) -> list[NewTouchpoint]:
    """What can be kept of it. Events that make no sense are left out: there is nobody to tell."""
    cookie = beat.cookie if _ID.fullmatch(beat.cookie) else ""
    page = beat.page if not cookie and _ID.fullmatch(beat.page) else ""
    found = []
    for event in beat.events:
        if (
            not _ID.fullmatch(event.id)
            or vocabulary.kind_problem(event.kind)
            or len(bytes(event.properties)) > LARGEST_PROPERTIES
        ):
            continue
        customer = _customer(event.customer, cookie)
        if customer == CustomerRef():
            customer = CustomerRef(page=page or event.id)
        age = (
            timedelta(milliseconds=min(max(event.age, 0), OLDEST / timedelta(milliseconds=1)))
            if event.age == event.age
            else timedelta()
        )
        properties = event.properties if bytes(event.properties)[:1] == b"{" else NO_PROPERTIES
        found.append(
            NewTouchpoint(
                customer=customer, channel=CHANNEL, kind=event.kind, direction="in", occurred_at=now - age,
                source=source, source_id=event.id, properties=properties,
            )
        )  # fmt: skip
    return found


def _customer(who: Who | None, cookie: str) -> CustomerRef:
    if who is None:
        return CustomerRef(cookie=cookie)
    external: dict[str, str | int] = {
        name: str(value)
        for name, value in (who.external.items() if isinstance(who.external, Mapping) else ())
        if isinstance(value, str | int) and not isinstance(value, bool)
    }
    given = who.fields if isinstance(who.fields, Mapping) else {}
    fields, _ = clean_fields({name: value for name, value in given.items() if name in FIELDS})
    said = CustomerRef(email=_text(who.email), phone=_text(who.phone), external=external, cookie=cookie)
    if said.email or said.phone or said.external:
        said.fields = dict(fields)
    return said


def _text(value: Any) -> str:
    return value.strip()[:254] if isinstance(value, str) else ""
