"""What customers decide themselves: every change is evidence, with the words they were shown, the time and the address."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from rapport.foundation.lib import clock
from rapport.foundation.records.services import records
from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.stores.customers.queries.customers import get_customer
from rapport.touchpoints.permission.models import Evidence, EvidenceProof, Wording
from rapport.touchpoints.permission.queries.evidence import standing
from rapport.touchpoints.permission.queries.gate import ask
from rapport.touchpoints.permission.queries.preferences import (
    OFTEN,
    PAUSE_DAYS,
    Choices,
    Topic,
    choices_of,
    stops_to_lift,
)
from rapport.touchpoints.permission.queries.settings import all_purposes
from rapport.touchpoints.permission.rules import gate
from rapport.touchpoints.permission.rules.gate import STOPPING
from rapport.touchpoints.permission.rules.links import Link
from rapport.touchpoints.permission.services.evidence import record
from rapport.touchpoints.permission.services.wordings import shown
from rapport.touchpoints.permission.types import Basis, Cause, Reason, Source, Status


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the page sent: switches that are on ("offers:email"), and the rest. None: was not asked."""

    on: Set[str]
    often: int | None = None
    pause: bool | None = None
    language: str | None = None
    wordings: Mapping[str, str] | None = None  # ids of the versions shown, by purpose


@transaction.atomic
def decide(*, customer_id: UUID, wish: Wish, language: str, house: str, address: str) -> int:
    """Write down what changed; returns how many things that were. Errors: NotFound, Invalid."""
    before = choices_of(customer_id, language=language, house=house)
    customer, actor = before.customer, _themselves(before.customer.name)
    changed = 0

    def say(status: str, *, purpose: str = "", channel: str = "", topic: Topic | None = None, **more: Any) -> None:
        nonlocal changed
        changed += 1
        wording = _wording(topic, wish, language, house) if topic else None
        record(
            actor=actor, customer_id=customer.pk, contact_point=None, channel=channel, purpose=purpose, status=status,
            source=Source.PREFERENCES, address=address, wording=wording, **more,
        )  # fmt: skip

    for channel in before.channels:
        turned_on = any(
            cell.channel.name == channel.name and cell.is_possible and not cell.is_on and cell.name in wish.on
            for topic in before.topics
            if not topic.purpose.is_service
            for cell in topic.cells
        )
        lifts = turned_on and stops_to_lift(before, channel.name)
        if lifts:
            _lift(actor, before, channel.name, address)
        for topic in before.topics:
            cell = next((one for one in topic.cells if one.channel.name == channel.name), None)
            if topic.purpose.is_service or cell is None or not cell.is_possible:
                continue
            wanted = cell.name in wish.on
            if wanted and not cell.is_on:
                say(Status.GRANTED, purpose=topic.purpose.name, channel=channel.name, topic=topic, basis=Basis.CONSENT)
            elif not wanted and (cell.is_on or lifts):
                say(Status.WITHDRAWN, purpose=topic.purpose.name, channel=channel.name, topic=topic)
    for topic in before.uses:
        wanted = f"{topic.purpose.name}:" in wish.on
        if wanted and not topic.is_on:
            say(Status.GRANTED, purpose=topic.purpose.name, topic=topic, basis=Basis.CONSENT)
        elif not wanted and topic.is_on:
            say(Status.WITHDRAWN, purpose=topic.purpose.name, topic=topic)
    if wish.pause is not None and wish.pause != before.is_paused:
        if wish.pause:
            say(Status.PAUSED, expires_at=clock.now() + timedelta(days=PAUSE_DAYS))
        else:
            say(Status.RESUMED)
    if wish.often in OFTEN and wish.often != before.often:
        say(Status.LIMITED, limit_days=wish.often)
    if wish.language and wish.language != customer.language:
        records.update_record(
            actor=actor, record_type="customer", record_id=customer.pk, values={"language": wish.language}
        )
        changed += 1
    return changed


@transaction.atomic
def unsubscribe(*, link: Link, address: str, source: str = Source.HEADER) -> bool:
    """Take back what the link is for. Doing it twice is harmless; returns whether anything changed."""
    try:
        customer = get_customer(actor=SYSTEM, customer_id=link.customer_id)
    except NotFound:  # put away since; the address is honoured all the same
        return _stop_address(link, address)
    if _is_taken_back(link, customer.pk):
        return False
    record(
        actor=_themselves(customer.name),
        customer_id=customer.pk,
        contact_point=_address_of(link) or None,
        point=link.point_key,
        channel=link.channel,
        purpose=link.purpose,
        status=Status.WITHDRAWN,
        source=source,
        address=address,
    )
    return True


def _is_taken_back(link: Link, customer_id: UUID) -> bool:
    """Whether nothing of what the link is for is allowed any more, because it was taken back."""
    meant = [link.purpose] if link.purpose else [one.name for one in all_purposes() if not one.is_service]
    said = set()
    for purpose in meant:
        found = ask(
            actor=SYSTEM,
            customer_id=customer_id,
            purpose=purpose,
            channel=link.channel,
            contact_point=None,
            at=clock.now(),
        )
        question = replace(found.question, point_key=link.point_key)
        said.add(gate.decide(question, found.rows, [], gate.House()).reason)
    return said <= {Reason.WITHDRAWN, Reason.REFUSED}


def _stop_address(link: Link, address: str) -> bool:
    if (
        link.point_key is None
        or standing(
            Evidence.objects.filter(
                point_key=link.point_key, status=Status.STOPPED, cause=Cause.UNSUBSCRIBE, purpose=link.purpose
            )
        ).exists()
    ):
        return False
    record(
        actor=SYSTEM, customer_id=None, contact_point=None, point=link.point_key, channel=link.channel, purpose=link.purpose,
        status=Status.STOPPED, cause=Cause.UNSUBSCRIBE, source=Source.HEADER, address=address,
    )  # fmt: skip
    return True


def _address_of(link: Link) -> str:
    """The readable address, where some entry still holds it."""
    rows = Evidence.objects.filter(customer_id=link.customer_id, point_key=link.point_key).values_list("pk", flat=True)
    found = EvidenceProof.objects.filter(pk__in=list(rows[:20])).exclude(contact_point="").first()
    return found.contact_point if found and link.point_key else ""


def _lift(actor: Actor, choices: Choices, channel: str, address: str) -> None:
    """The customer's own consent outdoes that they once unsubscribed or complained there."""
    keys = {reach.channel.name: reach for reach in choices.standing.channels}[channel]
    wanted = {answer.verdict.evidence_id for answer in keys.answers if answer.verdict.evidence_id}
    stops = standing(Evidence.objects.filter(pk__in=wanted, status__in=list(STOPPING)))
    point_keys = {row.point_key for row in stops}
    for row in standing(
        Evidence.objects.filter(
            point_key__in=[key for key in point_keys if key],
            status=Status.STOPPED,
            cause__in=[Cause.UNSUBSCRIBE, Cause.COMPLAINT],
            channel__in=["", channel],
        )
    ):
        record(
            actor=actor, customer_id=choices.customer.pk, contact_point=None, point=row.point_key, channel=row.channel,
            purpose=row.purpose, status=Status.LIFTED, cause=row.cause, parent_id=row.pk, source=Source.PREFERENCES,
            address=address,
        )  # fmt: skip


def _wording(topic: Topic, wish: Wish, language: str, house: str) -> UUID:
    """The version that stood on the page, even if another one was written meanwhile."""
    given = (wish.wordings or {}).get(topic.purpose.name, "")
    try:
        named = Wording.objects.filter(pk=UUID(given), purpose=topic.purpose.name).first() if given else None
    except ValueError:
        named = None
    return (named or shown(topic.purpose, language, house)).pk


def _themselves(name: str) -> Actor:
    return replace(SYSTEM, name=name[:150])
