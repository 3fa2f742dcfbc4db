"""Who an event is about. Decides from what is known already, and writes down what is to be stored.

The rules, in one place:

- A browser or device nobody has seen gets an anonymous id: an identity without a customer.
- A known e-mail address, phone number or external id means that customer. An unknown one begins a customer, if allowed.
- When a browser turns out to be a person's, its anonymous id becomes an alias of theirs, so that earlier visits join.
- A browser that was somebody else's moves on under a fresh anonymous id: who was here before keeps their visits.
- Two known customers named by one event are never joined. The stronger key wins, and the pair is proposed to people.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from rapport.foundation.lib import contact
from rapport.stores.customers.types import KNOWN, IdentityKey, IdentityKind, IdentitySet, Resolved

LONGEST_VALUE = 254
STRENGTH = {
    IdentityKind.EXTERNAL: 0,
    IdentityKind.EMAIL: 1,
    IdentityKind.PHONE: 2,
    IdentityKind.COOKIE: 3,
    IdentityKind.DEVICE: 4,
}
_BROWSER = re.compile(r"[A-Za-z0-9_.:-]{8,128}")
_NAMESPACE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,79}|")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")

# What an event may tell about the customer beside identities, and how long it may be.
FIELDS = {
    "name": 240,
    "given_name": 120,
    "family_name": 120,
    "job_title": 160,
    "organisation_name": 240,
    "city": 120,
    "country": 2,
    "language": 10,
    "timezone": 64,
}

NO_IDENTITY = "Name the customer: by id, e-mail address, phone number, external id, cookie or device."
NO_SUCH_ID = "There is no customer with this id."
NOT_KNOWN = "Nobody here is known by this, and new customers may not be added this way."


def identity_key(kind: IdentityKind, value: str, namespace: str = "", *, region: str = "") -> IdentityKey | None:
    """The normal form that identities are compared by; None when the value can't be one of that kind."""
    if kind == IdentityKind.EMAIL:
        normal = contact.normalised_email(value)
    elif kind == IdentityKind.PHONE:
        normal = contact.normalised_phone(value, region)
    elif kind == IdentityKind.EXTERNAL:
        normal = value.strip()
        normal = None if _CONTROL.search(normal) or not _NAMESPACE.fullmatch(namespace) else normal
    else:
        normal = value if _BROWSER.fullmatch(value) else None
    if not normal or len(normal) > LONGEST_VALUE:
        return None
    return IdentityKey(normal, kind.value, namespace)


def clean_fields(fields: Mapping[str, object]) -> tuple[dict[str, str], dict[str, str]]:
    """The fields that can be stored, and what is wrong with the others, by name."""
    good, problems = {}, {}
    for name, raw in fields.items():
        if name not in FIELDS:
            problems[name] = f"Events can fill only these fields: {', '.join(FIELDS)}."
        elif not isinstance(raw, str):
            problems[name] = "This must be a text."
        else:
            value = " ".join(_CONTROL.sub(" ", raw).split())
            if len(value) > FIELDS[name]:
                problems[name] = f"At most {FIELDS[name]} characters; this has {len(value)}."
            elif name == "country" and value and not (len(value) == 2 and value.isascii() and value.isalpha()):
                problems[name] = "Two letters, such as NL."
            elif value:
                good[name] = value.upper() if name == "country" else value
    return good, problems


@dataclass
class Known:
    """What the store holds of the keys and ids of one batch. `people` are those ids that have a customer record."""

    owners: dict[IdentityKey, UUID] = field(default_factory=dict)
    aliases: dict[UUID, UUID] = field(default_factory=dict)
    people: set[UUID] = field(default_factory=set)

    def root(self, customer_id: UUID) -> UUID:
        return self.aliases.get(customer_id, customer_id)

    def is_person(self, customer_id: UUID) -> bool:
        return customer_id in self.people or self.root(customer_id) in self.people


@dataclass(frozen=True)
class NewCustomer:
    id: UUID
    keys: tuple[IdentityKey, ...]
    fields: Mapping[str, str]


@dataclass
class Plan:
    """What is to be written for a batch. `answers` has one entry for each set, in order."""

    answers: list[Resolved] = field(default_factory=list)
    customers: dict[UUID, NewCustomer] = field(default_factory=dict)
    identities: dict[IdentityKey, UUID] = field(default_factory=dict)  # new ones
    moves: dict[IdentityKey, tuple[UUID, UUID]] = field(default_factory=dict)  # from, to
    aliases: dict[UUID, tuple[UUID, UUID]] = field(default_factory=dict)  # absorbed: direct, surviving
    proposals: dict[tuple[UUID, UUID], list[tuple[IdentityKey, UUID]]] = field(default_factory=dict)
    fills: dict[UUID, dict[str, str]] = field(default_factory=dict)  # by surviving id, as the next
    attached: dict[UUID, list[IdentityKey]] = field(default_factory=dict)  # new identities of customers who exist

    def writes(self) -> bool:
        return bool(self.identities or self.moves or self.aliases or self.proposals or self.fills)

    def touched(self) -> set[UUID]:
        """The standing customers whose record or aliases change: to be locked first."""
        joined = {surviving for _, surviving in self.aliases.values()}
        return (joined | set(self.fills) | set(self.attached)) - set(self.customers)


def resolve(
    sets: Iterable[IdentitySet],
    known: Known,
    *,
    new_id: Callable[[], UUID],
    create: bool = True,
    trusted: bool = True,
) -> Plan:
    """Decide about each set in turn; what one set makes known holds for those after it. `known` is brought up to date.

    `create`: unknown people may become customers. `trusted`: the source may add identities to a customer who exists;
    a browser, which anybody can make say anything, may not.
    """
    plan = Plan()
    owners, answers = known.owners, plan.answers
    for one in sets:
        keys, customer_id, _, visitor_id = one
        if len(keys) == 1 and customer_id is None and visitor_id is None and not one.fields:
            # By far the most frequent: one key, and whose it is is known. Nothing is to be decided then.
            owner = owners.get(keys[0])
            if owner is not None:
                answers.append(Resolved(owner))
                continue
        answers.append(_resolve_one(one, known, plan, new_id, create=create, trusted=trusted))
    return plan


def _resolve_one(
    one: IdentitySet, known: Known, plan: Plan, new_id: Callable[[], UUID], *, create: bool, trusted: bool
) -> Resolved:
    if one.visitor_id is not None:
        return Resolved(one.visitor_id)
    naming = sorted((key for key in one.keys if key.kind in KNOWN), key=lambda key: STRENGTH[IdentityKind(key.kind)])
    browsers = sorted(
        (key for key in one.keys if key.kind not in KNOWN), key=lambda key: STRENGTH[IdentityKind(key.kind)]
    )
    if one.customer_id is not None and not known.is_person(one.customer_id):
        return Resolved(None, NO_SUCH_ID)
    if not naming and one.customer_id is None:
        return Resolved(_anonymous(browsers[0], known, plan, new_id)) if browsers else Resolved(None, NO_IDENTITY)

    claims = [(key, known.owners[key]) for key in naming if key in known.owners]
    person = one.customer_id or (claims[0][1] if claims else None)
    if person is None:
        if not create:
            return Resolved(_anonymous(browsers[0], known, plan, new_id)) if browsers else Resolved(None, NOT_KNOWN)
        person = _begin(naming, one.fields, known, plan, new_id)
    else:
        _propose(person, claims, known, plan)
        if trusted:
            for key in naming:
                if key not in known.owners:
                    _attach(key, person, known, plan)
        if one.fields:
            _fill(person, one.fields, known, plan)
    for key in browsers:
        _recognise(key, person, known, plan, new_id)
    return Resolved(person)


def _anonymous(key: IdentityKey, known: Known, plan: Plan, new_id: Callable[[], UUID]) -> UUID:
    if key not in known.owners:
        known.owners[key] = plan.identities[key] = new_id()
    return known.owners[key]


def _begin(
    naming: Sequence[IdentityKey], fields: Mapping[str, str], known: Known, plan: Plan, new_id: Callable[[], UUID]
) -> UUID:
    person = new_id()
    known.people.add(person)
    plan.customers[person] = NewCustomer(person, tuple(naming), dict(fields))
    for key in naming:
        known.owners[key] = plan.identities[key] = person
    return person


def _propose(person: UUID, claims: Sequence[tuple[IdentityKey, UUID]], known: Known, plan: Plan) -> None:
    own = known.root(person)
    for _key, owner in claims:
        other = known.root(owner)
        if other != own:
            pair = (min(own, other), max(own, other))
            plan.proposals.setdefault(pair, list(claims))


def _attach(key: IdentityKey, person: UUID, known: Known, plan: Plan) -> None:
    known.owners[key] = plan.identities[key] = person
    begun = plan.customers.get(person)
    if begun:
        plan.customers[person] = NewCustomer(person, (*begun.keys, key), begun.fields)
    else:
        plan.attached.setdefault(known.root(person), []).append(key)


def _fill(person: UUID, fields: Mapping[str, str], known: Known, plan: Plan) -> None:
    """Later events of a batch never overwrite what an earlier one told: both only fill what is empty."""
    begun = plan.customers.get(person)
    if begun:
        plan.customers[person] = NewCustomer(begun.id, begun.keys, {**fields, **begun.fields})
    else:
        wanted = plan.fills.setdefault(known.root(person), {})
        for name, value in fields.items():
            wanted.setdefault(name, value)


def _recognise(key: IdentityKey, person: UUID, known: Known, plan: Plan, new_id: Callable[[], UUID]) -> None:
    """The browser is this person's from now on."""
    owner = known.owners.get(key)
    if owner is not None and known.root(owner) == known.root(person):
        return
    if owner is not None and owner not in known.aliases and owner not in known.people:
        _join(owner, person, known, plan)  # so far anonymous: its visits were this person's
        return
    fresh = new_id()
    if owner is None or key in plan.identities:
        plan.identities[key] = fresh
    else:
        stored = plan.moves[key][0] if key in plan.moves else owner
        plan.moves[key] = (stored, fresh)
    known.owners[key] = fresh
    _join(fresh, person, known, plan)


def _join(anonymous: UUID, person: UUID, known: Known, plan: Plan) -> None:
    surviving = known.root(person)
    known.aliases[anonymous] = surviving
    plan.aliases[anonymous] = (person, surviving)
