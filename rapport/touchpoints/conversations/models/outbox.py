"""The outbox: one row for each message to each recipient, which ends in exactly one final state.

pending    waits for its time, its sender, its turn under the rates
claimed    a worker has it. The claim is committed before anything is handed over, and the worker holds the row's lock
           meanwhile: a claimed row that nobody has locked belongs to a worker that died
uncertain  it was in somebody's hands when the line broke or the worker died. Settled by a person
sent, failed, refused, cancelled: final, with the reason
"""

from __future__ import annotations

import operator
from functools import reduce
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from rapport.foundation.lib import clock, ids
from rapport.touchpoints.conversations.types import FINAL, State


def _any_of(*states: str) -> Q:
    """Spelled out: PostgreSQL tells a list of states differently after a dump, and the two would count as a difference."""
    return reduce(operator.or_, (Q(state=state) for state in states))


_OPEN = _any_of("pending", "claimed", "uncertain")
_HANDED = _any_of("claimed", "uncertain")
_FINAL = _any_of(*sorted(FINAL))


def _no_references() -> list[Any]:
    return []


class OutboxRow(models.Model):
    """One message to one recipient."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    customer_id = models.UUIDField()
    conversation_id = models.UUIDField()
    channel = models.CharField(max_length=20)
    sender_id = models.UUIDField()  # of the channel: a mailbox
    member_id = models.UUIDField(null=True, blank=True)
    member_name = models.CharField(max_length=150)
    purpose = models.CharField(max_length=40)
    permit_id = models.UUIDField(unique=True)  # a permit is for one message
    permit_until = models.DateTimeField()
    contact_point = models.CharField(max_length=254)
    to_name = models.CharField(max_length=240, blank=True, default="")
    subject = models.CharField(max_length=500)
    reference = models.CharField(max_length=320)
    in_reply_to = models.CharField(max_length=998, blank=True, default="")
    references = ArrayField(models.CharField(max_length=998), default=_no_references, blank=True)
    sharing = models.CharField(max_length=8, default="all")  # what colleagues see of it: all, subject, nothing
    is_automatic = models.BooleanField(default=False)
    batch_id = models.UUIDField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    reason = models.CharField(max_length=40, blank=True, default="")
    said = models.TextField(blank=True, default="")  # by the other side, or the gate's words
    queued_at = models.DateTimeField(default=clock.now, editable=False)
    send_at = models.DateTimeField()  # when it was meant to leave
    next_at = models.DateTimeField()  # when it is tried next
    paused_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    claim = models.UUIDField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.CharField(max_length=150, blank=True, default="")
    touchpoint_id = models.UUIDField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                "channel", "sender_id", "next_at", "id", name="outbox_due", condition=Q(state="pending", paused_at=None)
            ),
            models.Index("state", name="outbox_open", condition=_OPEN),
            models.Index("sender_id", "claimed_at", name="outbox_rate", condition=Q(claimed_at__isnull=False)),
            models.Index(F("queued_at").desc(), F("id").desc(), name="outbox_newest"),
            models.Index("customer_id", F("queued_at").desc(), name="outbox_customer"),
            models.Index("batch_id", name="outbox_batch", condition=Q(batch_id__isnull=False)),
            models.Index("id", name="outbox_untold", condition=Q(state="sent", touchpoint_id=None)),
        ]
        constraints = [
            models.CheckConstraint(
                name="outbox_final_has_time",
                condition=(_FINAL & Q(finished_at__isnull=False)) | (~_FINAL & Q(finished_at=None)),
            ),
            models.CheckConstraint(
                name="outbox_claim_has_time",
                condition=(_HANDED & Q(claimed_at__isnull=False, claim__isnull=False)) | ~_HANDED,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contact_point} {self.state}"


class MessageContent(models.Model):
    """What a message says. Erasable without touching the outbox."""

    message_id = models.UUIDField(primary_key=True)
    customer_id = models.UUIDField(db_index=True)
    text = models.TextField(blank=True, default="")
    html = models.TextField(blank=True, default="")
    erased_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return str(self.message_id)


class MessageFile(models.Model):
    """A file that goes with a message. The bytes lie in the workspace's storage folder."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    message_id = models.UUIDField(db_index=True)
    name = models.CharField(max_length=255)
    content_type = models.CharField(max_length=120)
    size_bytes = models.PositiveBigIntegerField()
    storage_key = models.CharField(max_length=200)

    def __str__(self) -> str:
        return self.name
