"""Messages on their way, for the outbox page and whoever wants to know what became of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from rapport.foundation.lib import clock
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.customers.extension_points import Holding
from rapport.stores.customers.queries.customers import names_of
from rapport.touchpoints.channels.email.rules.troubles import WORDS
from rapport.touchpoints.channels.email.types import Trouble
from rapport.touchpoints.conversations import policies
from rapport.touchpoints.conversations.models import MessageContent, MessageFile, OutboxRow
from rapport.touchpoints.conversations.rules.outbox import words
from rapport.touchpoints.conversations.types import RECORD_TYPE, TONES, Label, OutboxLine, State
from rapport.touchpoints.permission.queries.settings import all_purposes
from rapport.touchpoints.permission.rules.words import SENTENCES
from rapport.touchpoints.permission.types import Reason

PAGE = 50
MOST_UNDERWAY = 5


@dataclass(frozen=True)
class OutboxPage:
    lines: Sequence[OutboxLine]
    counts: Mapping[State, int]  # of what is not final, which is little
    following: str  # the cursor; empty at the end


@dataclass(frozen=True)
class Written:
    """One message with what it says, as far as the reader may see it."""

    line: OutboxLine
    text: str
    files: Sequence[MessageFile]
    is_hidden: bool


OPEN = (State.PENDING, State.CLAIMED, State.UNCERTAIN)


def outbox_page(*, actor: Actor, state: str = "", mine: bool = False, after: str = "") -> OutboxPage:
    """Messages, the newest first. Six queries, whatever there is. Errors: NotAllowed."""
    policies.require(actor, Action.READ)
    rows = policies.visible(actor)
    if mine:
        rows = rows.filter(member_id=actor.member_id)
    counts = _open_counts(rows)
    if state in State.values:
        rows = rows.filter(state=state)
    rows = _after(rows, after).order_by("-queued_at", "-id")
    found = list(rows[: PAGE + 1])
    shown = found[:PAGE]
    following = f"{shown[-1].queued_at.isoformat()}_{shown[-1].pk.hex}" if len(found) > PAGE else ""
    return OutboxPage(_lines(actor, shown), counts, following)


def get_written(*, actor: Actor, message_id: UUID) -> Written:
    """Errors: NotFound."""
    row = policies.get_message(actor, message_id)
    (line,) = _lines(actor, [row])
    if not policies.sees_content(actor, sharing=row.sharing, member_id=row.member_id):
        return Written(line, "", (), is_hidden=True)
    content = MessageContent.objects.filter(pk=row.pk).first()
    files = list(MessageFile.objects.filter(message_id=row.pk).order_by("pk"))
    return Written(line, content.text if content else "", files, is_hidden=False)


def line_of(*, actor: Actor, message_id: UUID) -> OutboxLine:
    """Errors: NotFound."""
    (line,) = _lines(actor, [policies.get_message(actor, message_id)])
    return line


@dataclass(frozen=True)
class Underway:
    """A message to a customer that is not settled, as the customer page shows it."""

    id: UUID
    subject: str
    state: State
    next_at: datetime
    member_name: str
    is_paused: bool

    @property
    def tone(self) -> str:
        return TONES[self.state]


def on_their_way(*, actor: Actor, ids: Sequence[UUID]) -> list[Underway]:
    """Of a visible customer. One query."""
    rows = policies.visible(actor).filter(customer_id__in=ids, state__in=OPEN).order_by("next_at", "id")
    return [
        Underway(row.pk, _subject(row, actor), State(row.state), row.next_at, row.member_name, bool(row.paused_at))
        for row in rows[:MOST_UNDERWAY]
    ]


def has_work() -> bool:
    """Whether a worker should look: something is due, or claimed and perhaps orphaned, or untold."""
    due = Q(state=State.PENDING, paused_at=None, next_at__lte=clock.now())
    return OutboxRow.objects.filter(due | Q(state=State.CLAIMED) | Q(state=State.SENT, touchpoint_id=None)).exists()


def everything(actor: Actor, ids: Sequence[UUID]) -> Iterator[dict[str, Any]]:
    """All messages to a customer, for an export of what is known."""
    if not actor.may(Action.READ, RECORD_TYPE):
        return
    rows = policies.visible(actor).filter(customer_id__in=ids).order_by("queued_at", "id")
    texts = dict(MessageContent.objects.filter(customer_id__in=ids).values_list("message_id", "text"))
    for row in rows:
        seen = policies.sees_content(actor, sharing=row.sharing, member_id=row.member_id)
        yield {
            "id": str(row.pk),
            "channel": row.channel,
            "to": row.contact_point,
            "purpose": row.purpose,
            "subject": row.subject
            if policies.sees_subject(actor, sharing=row.sharing, member_id=row.member_id)
            else "",
            "text": texts.get(row.pk, "") if seen else "",
            "state": row.state,
            "reason": row.reason,
            "queued_at": row.queued_at.isoformat(),
            "finished_at": row.finished_at.isoformat() if row.finished_at else None,
        }


def holding(actor: Actor, ids: Sequence[UUID]) -> Holding:
    return Holding(_("messages"), OutboxRow.objects.filter(customer_id__in=ids).count())


def _open_counts(rows: QuerySet[Any]) -> dict[State, int]:
    counted = dict(rows.filter(state__in=OPEN).order_by().values_list("state").annotate(Count("pk")))
    return {state: counted.get(state, 0) for state in OPEN}


def _after(rows: QuerySet[Any], cursor: str) -> QuerySet[Any]:
    at, _sep, pk = cursor.partition("_")
    try:
        when, last = datetime.fromisoformat(at), UUID(pk)
    except ValueError:
        return rows
    return rows.filter(Q(queued_at__lt=when) | Q(queued_at=when, id__lt=last)) if when.tzinfo else rows


def _lines(actor: Actor, rows: Sequence[OutboxRow]) -> list[OutboxLine]:
    names = names_of(actor=actor, customer_ids=[row.customer_id for row in rows])
    labels = {purpose.name: purpose.label for purpose in all_purposes(retired=True)}
    changeable = policies.visible(actor, Action.UPDATE).filter(pk__in=[row.pk for row in rows])
    mine = set(changeable.values_list("pk", flat=True))
    return [
        OutboxLine(
            id=row.pk,
            customer_id=row.customer_id,
            customer_name=names.get(row.customer_id, ""),
            contact_point=row.contact_point,
            subject=_subject(row, actor),
            purpose=labels.get(row.purpose, row.purpose),
            state=State(row.state),
            words=_why(row),
            said=row.said if row.state != State.SENT else "",
            member_name=row.member_name,
            queued_at=row.queued_at,
            next_at=row.next_at if row.state == State.PENDING else None,
            finished_at=row.finished_at,
            attempts=row.attempts,
            is_paused=row.paused_at is not None,
            may_act=row.pk in mine,
        )
        for row in rows
    ]


def _subject(row: OutboxRow, actor: Actor) -> str:
    seen = policies.sees_subject(actor, sharing=row.sharing, member_id=row.member_id)
    return row.subject if seen else _("(private)")


def _why(row: OutboxRow) -> Label:
    if row.reason in set(Reason):
        return SENTENCES[Reason(row.reason)]
    if row.reason in set(Trouble):
        return WORDS[Trouble(row.reason)]
    return words(State(row.state), row.reason, row.said)
