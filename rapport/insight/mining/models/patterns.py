"""Patterns: what was found in the data, as facts from which the sentence is made in the reader's language."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from rapport.foundation.lib import clock, ids


class Pattern(models.Model):
    """One finding. It is found again or it expires; what somebody dismissed stays dismissed while it is found again."""

    class Status(models.TextChoices):
        NEW = "new", _("New")
        ACCEPTED = "accepted", _("Made a view")
        DISMISSED = "dismissed", _("Not useful")

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    key = models.CharField(max_length=64, unique=True)  # of its kind and subject, without its numbers
    kind = models.CharField(max_length=20)
    facts = models.JSONField()
    n = models.PositiveIntegerField()  # customers it is about
    weight = models.FloatField(default=0)  # what comes first
    evidence = models.JSONField(default=list)  # pairs of a name and a number
    condition = models.JSONField(null=True)  # of the customers it is about, where the language can say it
    question = models.JSONField(null=True)  # else: the question and the part they are the answer to
    part = models.JSONField(null=True)
    found_at = models.DateTimeField(default=clock.now)
    seen_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField(db_index=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.NEW)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=150, blank=True, default="")
    view_id = models.UUIDField(null=True)

    class Meta:
        db_table = "mining_pattern"

    def __str__(self) -> str:
        return f"{self.kind} {self.key[:8]}"


class PatternRun(models.Model):
    """One search for patterns: how far it has come, and what it could not look at."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    started_at = models.DateTimeField(default=clock.now)
    finished_at = models.DateTimeField(null=True)
    step = models.CharField(max_length=20, blank=True, default="")  # the kind of question at work
    progress = models.PositiveSmallIntegerField(default=0)
    found = models.PositiveIntegerField(default=0)
    reasons = models.JSONField(default=list)  # [question kind, reason, have, need] of what had not enough data
    problem = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        db_table = "mining_run"

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M}"
