"""What a customer sees of their own choices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings as django_settings

from rapport.foundation.workspace.types import SYSTEM
from rapport.stores.customers.models import Customer
from rapport.stores.customers.queries.customers import all_ids, get_customer, surviving_id
from rapport.touchpoints.permission.models import Wording
from rapport.touchpoints.permission.queries import settings
from rapport.touchpoints.permission.queries.consents import Entry, Standing, entries_of, points_of, standing_of
from rapport.touchpoints.permission.types import Channel, PointKind, Purpose, PurposeKind, Reason

SHOWN = ("email", "sms", "phone", "letter")
OFTEN = (30, 7, 0)  # at most once in so many days; 0: as it comes
PAUSE_DAYS = 30
PAST = 30


@dataclass(frozen=True)
class Cell:
    """One switch."""

    channel: Channel
    name: str
    is_on: bool
    is_possible: bool  # there is an address to reach


@dataclass(frozen=True)
class Topic:
    """One purpose with the words that are shown for it."""

    purpose: Purpose
    text: str
    wording_id: UUID | None
    cells: Sequence[Cell]
    is_on: bool = False  # of what needs no channel


@dataclass(frozen=True)
class Choices:
    customer: Any
    channels: Sequence[Channel]
    topics: Sequence[Topic]
    uses: Sequence[Topic]
    often: int
    pause_until: datetime | None
    is_paused: bool
    past: Sequence[Entry]
    standing: Standing
    ids: Sequence[UUID]


def choices_of(customer_id: UUID, *, language: str, house: str) -> Choices:
    """Errors: NotFound. The link was checked before; whoever holds it is the customer."""
    customer = get_customer(actor=SYSTEM, customer_id=customer_id)
    ids = all_ids(customer.pk)
    standing = standing_of(customer, ids)
    points = points_of(customer)
    reaches = {reach.channel.name: reach for reach in standing.channels}
    found: dict[str, Wording] = {
        row.purpose: row
        for row in Wording.objects.filter(language__in=[language, language.partition("-")[0]]).order_by("version")
    }
    ways = [reaches[name].channel for name in SHOWN if name in reaches]
    topics, uses = [], []
    for purpose in settings.all_purposes():
        wording = found.get(purpose.name)
        text = wording.text if wording else settings.plain_wording(purpose, language, house)
        if purpose.kind == PurposeKind.PROFILING:
            is_on = bool(
                standing.profiling and standing.profiling.purpose.name == purpose.name and standing.profiling.allowed
            )
            uses.append(Topic(purpose, text, wording.pk if wording else None, (), is_on))
            continue
        cells = []
        for way in ways:
            answer = next(each for each in reaches[way.name].answers if each.purpose.name == purpose.name)
            possible = way.point is PointKind.NONE or points[way.point] is not None
            cells.append(Cell(way, f"{purpose.name}:{way.name}", answer.allowed, possible))
        topics.append(Topic(purpose, text, wording.pk if wording else None, cells))
    return Choices(
        customer=customer,
        channels=ways,
        topics=topics,
        uses=uses,
        often=standing.limit_days if standing.limit_days in OFTEN else 0,
        pause_until=standing.paused_until,
        is_paused=standing.is_paused,
        past=[entry for entry in entries_of(actor=SYSTEM, ids=ids, limit=PAST) if not entry.taken_back_by],
        standing=standing,
        ids=ids,
    )


def stops_to_lift(choices: Choices, channel: str) -> bool:
    """Whether the customer's own unsubscribing stands in the way of what they ask for now."""
    reach = next((each for each in choices.standing.channels if each.channel.name == channel), None)
    own = (Reason.UNSUBSCRIBED, Reason.COMPLAINED)
    return reach is not None and any(answer.verdict.reason in own for answer in reach.answers)


def languages() -> list[tuple[str, str]]:
    return [(code, str(label)) for code, label in django_settings.LANGUAGES]


def language_of(customer_id: UUID) -> str:
    """The language the customer wants, where it is known."""
    found = Customer.objects.filter(pk=surviving_id(customer_id)).values_list("language", flat=True).first()
    return found or ""
