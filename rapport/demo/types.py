"""What the simulator hands out: plain values, so that it can be read, hashed and tested without a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple

Kind = Literal["person", "organisation", "household"]

SOURCE = "simulator"  # the source of every simulated row
CURRENCY = "EUR"


class Identity(NamedTuple):
    kind: str  # email, phone, cookie, external
    value: str
    namespace: str = ""
    is_primary: bool = False


class Touch(NamedTuple):
    """One touch point. `party` is the key of a customer or of a visitor."""

    party: str
    at: datetime
    channel: str
    kind: str
    direction: str
    subject: str
    amount: Decimal | None = None
    properties: Mapping[str, Any] = {}
    body: str = ""
    colleague: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    street: str
    postal_code: str
    city: str
    country: str


@dataclass(frozen=True, slots=True)
class Latent:
    """What no firm can see: the truth behind a customer's buying, for tests that try to recover it."""

    rate_per_day: float = 0.0  # orders while active, in seasonally adjusted days
    p_dropout: float = 0.0  # after each order
    lapsed_at: datetime | None = None
    regained_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    key: str
    kind: Kind
    name: str
    given_name: str = ""
    family_name: str = ""
    email: str = ""
    phone: str = ""
    job_title: str = ""
    organisation_name: str = ""
    website: str = ""
    language: str = ""
    timezone: str = ""
    birth_date: date | None = None
    notes: str = ""
    address: Address
    owner: str = ""  # key of a colleague
    tags: tuple[str, ...] = ()
    custom: Mapping[str, Any] = field(default_factory=dict)
    identities: tuple[Identity, ...] = ()
    created_at: datetime
    latent: Latent = Latent()


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser on the firm's site. Once the person is known, `customer` says who it was."""

    key: str
    cookie: str
    first_seen_at: datetime
    customer: str = ""
    identified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """`from_party` <type> `to_party`: Marta works_at Pedal & Post."""

    type: str
    from_party: str
    to_party: str
    role: str = ""
    since: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """Something an organisation may buy, with the stages it went through and when each began."""

    key: str
    party: str
    name: str
    past: tuple[tuple[str, datetime], ...]
    cents: int
    expected_on: date
    owner: str = ""
    source: str = ""
    lost_reason: str = ""
    lost_note: str = ""
    competitors: tuple[str, ...] = ()
    people: tuple[tuple[str, str], ...] = ()  # key of a person, role
    next_step: tuple[str, date] | None = None


@dataclass(frozen=True, slots=True)
class Colleague:
    key: str
    name: str
    title: str
    role: str


@dataclass(frozen=True, slots=True)
class CustomField:
    name: str
    label: str
    kind: str
    choices: tuple[tuple[str, str, str], ...] = ()  # value, label, tone
    target: str = ""
    group: str = ""
    help: str = ""


@dataclass(frozen=True, slots=True)
class View:
    name: str
    condition: Mapping[str, Any]
    columns: tuple[str, ...]
    page: str = "customers"
    is_pinned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Firm:
    """Everything one simulation yields."""

    name: str
    seed: int
    start_at: datetime
    until: datetime
    colleagues: tuple[Colleague, ...]
    fields: tuple[CustomField, ...]
    views: tuple[View, ...]
    customers: tuple[Customer, ...]
    visitors: tuple[Visitor, ...]
    links: tuple[Link, ...]
    touches: tuple[Touch, ...]  # in order of time
    deals: tuple[Deal, ...] = ()
