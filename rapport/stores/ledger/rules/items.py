"""Checking items: from what was sent to what can be stored, or sentences that say what to mend and where."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import msgspec

from rapport.foundation.lib.contact import normalised_email
from rapport.foundation.lib.ids import key_id
from rapport.stores.customers.rules.identities import clean_fields, identity_key
from rapport.stores.customers.types import NO_FIELDS, IdentityKey, IdentityKind, IdentitySet
from rapport.stores.ledger.rules import properties as property_rules
from rapport.stores.ledger.rules import vocabulary
from rapport.stores.ledger.types import LATEST_DAYS_AHEAD, CustomerRef, NewTouchpoint, Problem

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LONGEST_SUBJECT, LONGEST_SOURCE_ID, LONGEST_CONTENT = 500, 200, 100_000
LARGEST_AMOUNT = Decimal(10) ** 14
MOST_EXTERNAL_IDS = 20

# Control characters, halves of surrogate pairs, and marks that turn the direction of the text after them.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_CONTROL_BUT_LINES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_CURRENCY = re.compile(r"[A-Z]{3}")
_RESERVED_SOURCE = re.compile(r"(?:web:.*|rapport|orders|permission|outbox|inbox)", re.IGNORECASE)
OWN_SOURCE = "rapport"

_NOT_AN_EMAIL = "This is not an e-mail address."
_NOT_A_PHONE = "This is not a phone number. Send it with its country, such as +31205550100."
_NOT_AN_EXTERNAL_ID = (
    "An external id is a text of at most 254 characters under a namespace in small letters, such as shopify."
)
_NOT_A_BROWSER = "A browser or device id is 8 to 128 letters, digits and _ . : -"


_EMAIL = IdentityKind.EMAIL.value


class Checked(msgspec.Struct, gc=False):
    """An item that can be stored. (A struct, because making one takes a third of the time of a named tuple.)"""

    identities: IdentitySet
    occurred_at: datetime
    words: tuple[str, str, str, str]  # channel, kind, direction, source
    source_id: str
    subject: str
    amount: Decimal | None
    currency: str
    properties: bytes
    content: str
    member_id: UUID | None


class Checker:
    """Checks the items of one batch. Words that were found good once are not looked at again."""

    def __init__(self, *, now: datetime, source: str, region: str = "", own_sources: bool = True) -> None:
        """`own_sources`: whether items may carry the names Rapport's own sources have (a request from outside may not)."""
        self.source = source
        self.region = region
        self.own_sources = own_sources
        self.now = now
        self.latest = now + timedelta(days=LATEST_DAYS_AHEAD)
        self._good_words: set[tuple[str, str, str, str]] = set()
        self._sets: dict[str, IdentitySet] = {}

    def check(self, item: NewTouchpoint) -> Checked | tuple[Problem, ...]:
        """Runs for each of thousands: what nearly every item has is looked at here, what few have in functions of its own."""
        problems: list[Problem] = []
        words = (item.channel, item.kind, item.direction, item.source or self.source)
        if words not in self._good_words:
            problems += self._words_problems(words)
        customer = item.customer
        identities = self._sets.get(customer.email) if customer.email else None
        if identities is None or customer != CustomerRef(email=customer.email):
            identities = self._identities(customer, words[3], problems)
        occurred_at = item.occurred_at or self.now
        if not EARLIEST <= occurred_at <= self.latest:
            problems.append(Problem("/occurred_at", _when_problem(occurred_at)))
        source_id = item.source_id
        if type(source_id) is not str:
            source_id = str(source_id)
        if len(source_id) > LONGEST_SOURCE_ID or not source_id.isprintable():
            problems.append(Problem("/source_id", f"At most {LONGEST_SOURCE_ID} printable characters."))
        subject = item.subject and _subject(item.subject, problems)
        amount, currency = item.amount, item.currency
        if amount is not None or currency:
            problems += _money_problems(amount, currency)
        raw = bytes(item.properties)
        if len(raw) > 2 or raw != b"{}":
            reason = property_rules.problem(raw)
            if reason:
                problems.append(Problem("/properties", reason))
        content = item.content and _content(item.content, problems)
        if problems or identities is None:
            return tuple(problems)
        return Checked(
            identities, occurred_at, words, source_id, subject, amount, currency, raw, content, item.member_id
        )

    def _words_problems(self, words: tuple[str, str, str, str]) -> list[Problem]:
        channel, kind, direction, source = words
        found = {
            "/channel": vocabulary.channel_problem(channel),
            "/kind": vocabulary.kind_problem(kind),
            "/direction": "" if direction in vocabulary.DIRECTIONS else "A direction is in, out or none.",
            "/source": vocabulary.source_problem(source),
        }
        if source != self.source and not self.own_sources and _RESERVED_SOURCE.fullmatch(source):
            found["/source"] = "Rapport uses this name itself. Choose another."
        problems = [Problem(pointer, reason) for pointer, reason in found.items() if reason]
        if not problems:
            self._good_words.add(words)
        return problems

    def _identities(self, ref: CustomerRef, source: str, problems: list[Problem]) -> IdentitySet | None:
        if ref.page:
            return self._visitor(ref, source, problems)
        if ref.email and ref == CustomerRef(email=ref.email):  # most name one address alone, and batches repeat them
            normal = normalised_email(ref.email)
            if normal is None:
                problems.append(Problem("/customer/email", _NOT_AN_EMAIL))
                return None
            made = self._sets[ref.email] = _lone_email(normal)
            return made
        return self._any_identities(ref, problems)

    def _visitor(self, ref: CustomerRef, source: str, problems: list[Problem]) -> IdentitySet | None:
        """Touch points of one page load belong together, and to nobody: their id is made from the page's, one way only."""
        if ref != CustomerRef(page=ref.page):
            problems.append(Problem("/customer/page", "A page goes with no other identity."))
        elif len(ref.page) > LONGEST_SOURCE_ID or not ref.page.isprintable():
            problems.append(Problem("/customer/page", f"At most {LONGEST_SOURCE_ID} printable characters."))
        else:
            return IdentitySet(visitor_id=key_id("page", source, ref.page))
        return None

    def _any_identities(self, ref: CustomerRef, problems: list[Problem]) -> IdentitySet | None:
        keys: list[IdentityKey] = []

        def add(pointer: str, kind: IdentityKind, value: str | int, reason: str, namespace: str = "") -> None:
            key = identity_key(kind, str(value), namespace, region=self.region)
            if key is None:
                problems.append(Problem(pointer, reason))
            else:
                keys.append(key)

        if len(ref.external) > MOST_EXTERNAL_IDS:
            problems.append(Problem("/customer/external", f"At most {MOST_EXTERNAL_IDS} external ids."))
        else:
            for namespace, value in ref.external.items():
                place = namespace.replace("~", "~0").replace("/", "~1")
                add(f"/customer/external/{place}", IdentityKind.EXTERNAL, value, _NOT_AN_EXTERNAL_ID, namespace)
        if ref.email:
            add("/customer/email", IdentityKind.EMAIL, ref.email, _NOT_AN_EMAIL)
        if ref.phone:
            add("/customer/phone", IdentityKind.PHONE, ref.phone, _NOT_A_PHONE)
        if ref.cookie:
            add("/customer/cookie", IdentityKind.COOKIE, ref.cookie, _NOT_A_BROWSER)
        if ref.device:
            add("/customer/device", IdentityKind.DEVICE, ref.device, _NOT_A_BROWSER)
        fields: Mapping[str, str] = {}
        if ref.fields:
            fields, wrong = clean_fields(ref.fields)
            problems += [
                Problem(f"/customer/fields/{name.replace('~', '~0').replace('/', '~1')}", reason)
                for name, reason in wrong.items()
            ]
        return IdentitySet(tuple(keys), ref.id, fields)


def _lone_email(normal: str) -> IdentitySet:
    """IdentitySet((IdentityKey(normal, EMAIL),)), made the short way: thousands of times in a batch."""
    key: IdentityKey = tuple.__new__(IdentityKey, (normal, _EMAIL, ""))
    return tuple.__new__(IdentitySet, ((key,), None, NO_FIELDS, None))


def _subject(subject: str, problems: list[Problem]) -> str:
    if not (subject.isascii() and subject.isprintable()):
        subject = " ".join(_CONTROL.sub(" ", subject).split())
    if len(subject) > LONGEST_SUBJECT:
        reason = f"At most {LONGEST_SUBJECT} characters; this has {len(subject)}. Long texts go into content."
        problems.append(Problem("/subject", reason))
    return subject


def _content(content: str, problems: list[Problem]) -> str:
    content = _CONTROL_BUT_LINES.sub("", content.replace("\r\n", "\n")).strip()
    if len(content) > LONGEST_CONTENT:
        problems.append(Problem("/content", f"At most {LONGEST_CONTENT} characters; this has {len(content)}."))
    return content


def _when_problem(at: datetime) -> str:
    if at < EARLIEST:
        return "This is before the year 1900."
    return (
        "This lies more than a day in the future. Touch points are what has happened; check the clock or the time zone."
    )


def _money_problems(amount: Decimal | None, currency: str) -> list[Problem]:
    if amount is None:
        return [Problem("/amount", "A currency without an amount says nothing.")]
    if not _CURRENCY.fullmatch(currency):
        return [Problem("/currency", "An amount needs its currency: three capital letters, such as EUR.")]
    if not amount.is_finite() or abs(amount) >= LARGEST_AMOUNT:
        return [Problem("/amount", "At most 14 digits before the point.")]
    exponent = amount.normalize().as_tuple().exponent
    if isinstance(exponent, int) and exponent < -4:
        return [Problem("/amount", "At most 4 digits after the point.")]
    return []


def web_source(key_id: UUID) -> str:
    """The source name of a website's touch points. It stays when the website is renamed."""
    return f"web:{key_id.hex[-12:]}"
