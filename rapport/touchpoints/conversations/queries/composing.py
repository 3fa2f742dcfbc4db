"""What the e-mail composer offers: from where, to which address, for what, and whether that is allowed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from rapport.foundation.records.policies import visible
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers import policies as customer_policies
from rapport.stores.customers.queries.customers import emails_of, get_customer
from rapport.stores.customers.types import IdentityKind
from rapport.touchpoints.channels.email.queries.mailboxes import senders
from rapport.touchpoints.channels.email.types import CHANNEL, Sender
from rapport.touchpoints.conversations import policies
from rapport.touchpoints.conversations.types import Label
from rapport.touchpoints.permission.queries.gate import may_contact
from rapport.touchpoints.permission.queries.settings import all_purposes
from rapport.touchpoints.permission.types import Decision, PurposeKind


@dataclass(frozen=True)
class Choices:
    """Empty addresses or senders: nothing can be written, and the page says what is missing."""

    customer: Any
    addresses: Sequence[str]
    senders: Sequence[Sender]
    purposes: Sequence[tuple[str, Label]]


def choices(*, actor: Actor, customer_id: UUID) -> Choices:
    """Errors: NotFound, NotAllowed."""
    policies.require_write(actor)
    # Most ids were never merged: then one query is enough.
    customer = visible(actor, "customer").filter(pk=customer_id).first()
    customer = customer or get_customer(actor=actor, customer_id=customer_id)
    known: list[str] = []
    if customer_policies.may_see_identity(actor, IdentityKind.EMAIL):
        known = [customer.email, *emails_of(customer.pk)]
    purposes = [(one.name, one.label) for one in all_purposes() if one.kind != PurposeKind.PROFILING]
    return Choices(customer, list(dict.fromkeys(one for one in known if one)), senders(actor=actor), purposes)


def permission(*, actor: Actor, customer_id: UUID, purpose: str, to: str, at: datetime | None = None) -> Decision:
    """Errors: NotFound, NotAllowed, Invalid."""
    return may_contact(actor=actor, customer_id=customer_id, purpose=purpose, channel=CHANNEL, contact_point=to, at=at)
