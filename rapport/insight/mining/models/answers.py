"""Answers: a question to the warehouse, how far the worker has come with it, and what it found the last time."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from rapport.foundation.lib import clock, ids


class State(models.TextChoices):
    WAITING = "waiting", _("Waiting for the worker")
    WORKING = "working", _("Being worked out")
    DONE = "done", _("Worked out")
    NOTHING = "nothing", _("Not enough data")


class Answer(models.Model):
    """One row a question, whoever asks it. While it is worked out anew, the former result stays readable."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    kind = models.CharField(max_length=20)  # the tag of the question
    digest = models.CharField(max_length=64, unique=True)  # of the question
    question = models.JSONField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    progress = models.PositiveSmallIntegerField(default=0)  # per cent
    result = models.JSONField(null=True)  # the latest there was
    answered_at = models.DateTimeField(null=True)  # when the result was found
    data_until = models.DateTimeField(null=True)  # the newest touch point it knows of
    reason = models.CharField(max_length=20, blank=True, default="")  # why there is no newer result
    have = models.BigIntegerField(default=0)
    need = models.BigIntegerField(default=0)
    asked_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "mining_answer"
        indexes = [models.Index(fields=["kind", "-asked_at"], name="mining_answer_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.digest[:8]}"

    @property
    def is_busy(self) -> bool:
        return self.state in (State.WAITING, State.WORKING)


class CustomerSet(models.Model):
    """The customers behind one figure of an answer, kept as ids: what a list can be narrowed to."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    digest = models.CharField(max_length=64, unique=True)  # of the question and the part
    question = models.JSONField()
    part = models.JSONField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    size = models.PositiveIntegerField(default=0)  # customers
    strangers = models.PositiveIntegerField(default=0)  # visitors nobody knows by name, who are in no list
    reason = models.CharField(max_length=20, blank=True, default="")
    is_kept = models.BooleanField(default=False)  # a view rests on it, so it is gathered anew every night
    asked_at = models.DateTimeField(default=clock.now)
    gathered_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "mining_set"

    def __str__(self) -> str:
        return self.digest[:8]

    @property
    def is_busy(self) -> bool:
        return self.state in (State.WAITING, State.WORKING)


class SetMember(models.Model):
    """One customer of a set, by the id that stood when it was gathered; reads resolve later merges."""

    pk = models.CompositePrimaryKey("set_id", "customer_id")
    set_id = models.UUIDField()
    customer_id = models.UUIDField()

    class Meta:
        db_table = "mining_set_member"

    def __str__(self) -> str:
        return str(self.customer_id)


class SavedFunnel(models.Model):
    """A funnel under a name, for everybody."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    name = models.CharField(_("name"), max_length=80, unique=True)
    question = models.JSONField()
    member_id = models.UUIDField(null=True)  # who made it
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "mining_funnel"

    def __str__(self) -> str:
        return self.name
