"""What simulated customers allow: who orders or comes by is answered, who subscribed hears of offers, some say no."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from rapport.demo.types import Customer, Firm, Touch
from rapport.foundation.records.models import Operation
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.stores.ledger.types import CustomerRef
from rapport.touchpoints.permission.services.first_contact import KINDS
from rapport.touchpoints.permission.services.loading import NewEvidence, load_evidence, unload_evidence
from rapport.touchpoints.permission.types import Basis, Cause, Source, Status

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def provide(operation: Operation, firm: Firm, parties: Mapping[str, CustomerRef]) -> None:
    """Give the customers of the firm what they allowed and forbade."""
    touches: dict[str, list[Touch]] = defaultdict(list)
    for touch in firm.touches:
        touches[touch.party].append(touch)
    rows = (
        row
        for customer in firm.customers
        if (pk := parties[customer.key].id) is not None
        for row in _said(customer, pk, touches[customer.key], firm)
    )
    load_evidence(actor=SYSTEM, batch_id=operation.id, rows=rows)


def take_back(actor: Actor, operation: Operation) -> None:
    unload_evidence(actor=actor, batch_id=operation.id)


def _said(customer: Customer, pk: UUID, touches: Sequence[Touch], firm: Firm) -> Iterator[NewEvidence]:
    """One customer's answers, the same for the same seed. Told from what happened with them, where it tells."""
    chance = random.Random(f"permission {firm.seed} {customer.key}")
    first = {touch.kind: touch for touch in reversed(touches)}
    contact = min((first[kind].at for kind in KINDS if kind in first), default=None)
    email, phone = customer.email, customer.phone
    if contact:
        yield NewEvidence(pk, Status.GRANTED, contact, purpose="service", basis=Basis.CONTRACT, source=Source.CONTRACT)
    began = contact or customer.created_at

    def yes(channel: str, purpose: str, after: timedelta, source: str, point: str = "", proof: str = "") -> NewEvidence:
        at = min(began + after, firm.until - HOUR)
        return NewEvidence(pk, Status.GRANTED, at, channel, purpose, point, Basis.CONSENT, source=source, proof=proof)

    def no(channel: str, purpose: str, after: timedelta, source: str, status: str = Status.REFUSED) -> NewEvidence:
        return NewEvidence(pk, status, min(began + after, firm.until - HOUR), channel, purpose, source=source)

    if email and "newsletter_subscribed" in first:
        at = first["newsletter_subscribed"].at + 2 * HOUR
        for purpose in ("offers", "tips"):
            yield NewEvidence(
                pk, Status.GRANTED, at, "email", purpose, email, Basis.CONSENT, source=Source.CONFIRMATION
            )
    elif email and contact and chance.random() < 0.45:
        yield yes("email", "offers", HOUR, Source.FORM, email, proof=f"Order form {chance.randint(1000, 9999)}")
        if chance.random() < 0.5:
            yield yes("email", "tips", HOUR, Source.FORM, email)
    elif email and chance.random() < 0.2:
        yield no("email", "offers", HOUR, Source.FORM)
    if email and "unsubscribed" in first:
        yield NewEvidence(
            pk, Status.WITHDRAWN, first["unsubscribed"].at, "email", "offers", email, source=Source.HEADER
        )
    if email and "email_bounced" in first:
        yield NewEvidence(
            pk,
            Status.STOPPED,
            first["email_bounced"].at,
            "email",
            "",
            email,
            cause=Cause.BOUNCE,
            source=Source.PROVIDER,
        )
    if phone and "call_made" in first:
        at = first["call_made"].at
        if chance.random() < 0.6:
            yield NewEvidence(pk, Status.GRANTED, at, "phone", "offers", phone, Basis.CONSENT, source=Source.CALL)
        elif chance.random() < 0.4:
            yield NewEvidence(pk, Status.REFUSED, at, "phone", "offers", source=Source.CALL)
    if phone and contact and chance.random() < 0.18:
        yield no("sms", "offers", 3 * DAY, Source.PREFERENCES)
    elif phone and contact and chance.random() < 0.12:
        yield yes("sms", "offers", 3 * DAY, Source.PREFERENCES, phone)
    if contact and chance.random() < 0.3:
        yield yes("letter", "offers", DAY, Source.CONTRACT)
    if email and contact and chance.random() < 0.25:
        yield yes("email", "research", 5 * DAY, Source.PREFERENCES, email)
    if chance.random() < 0.3:
        answer = yes if chance.random() < 0.7 else no
        yield answer("", "profiling", 2 * DAY, Source.PREFERENCES)
    if email and chance.random() < 0.05:
        yield NewEvidence(
            pk,
            Status.LIMITED,
            min(began + 9 * DAY, firm.until - HOUR),
            source=Source.PREFERENCES,
            limit_days=chance.choice((7, 30)),
        )
    if email and chance.random() < 0.01:
        yield NewEvidence(
            pk, Status.PAUSED, firm.until - 3 * DAY, source=Source.PREFERENCES, expires_at=firm.until + 27 * DAY
        )
