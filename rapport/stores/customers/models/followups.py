"""Follow-ups: one thing to do for one customer, with one owner, one due date and, once done, one outcome."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from rapport.foundation.lib import clock, ids
from rapport.stores.customers.types import FollowUpOutcome


def _no_evidence() -> dict[str, Any]:
    return {}


class FollowUp(models.Model):
    """`trip` names what opened it by itself, so that the same is never opened twice; people's own have none.

    `about_type` and `about_id` name the record it is about, such as a deal of the customer.
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    customer_id = models.UUIDField()
    title = models.CharField(_("what to do"), max_length=200)
    why = models.CharField(_("why"), max_length=500, blank=True, default="")
    rule = models.CharField(max_length=40, blank=True, default="")
    trip = models.CharField(max_length=120, null=True, blank=True, unique=True)
    about_type = models.CharField(max_length=40, null=True, blank=True)
    about_id = models.UUIDField(null=True, blank=True)
    evidence = models.JSONField(default=_no_evidence)  # the numbers that opened it, as they were
    owner = models.ForeignKey(
        "workspace.Member",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    due_on = models.DateField(_("due"))
    opened_at = models.DateTimeField(default=clock.now, editable=False)
    opened_by = models.CharField(max_length=150)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=150, blank=True, default="")
    outcome = models.CharField(max_length=16, choices=FollowUpOutcome.choices, blank=True, default="")
    note = models.CharField(_("note"), max_length=500, blank=True, default="")

    class Meta:
        indexes = [
            models.Index("owner", "due_on", "id", name="follow_up_owner", condition=Q(closed_at=None)),
            models.Index("due_on", "id", name="follow_up_due", condition=Q(closed_at=None)),
            models.Index("customer_id", F("opened_at").desc(), name="follow_up_customer"),
            models.Index(
                "about_id", "due_on", "id", name="follow_up_about", condition=Q(closed_at=None, about_id__isnull=False)
            ),
            models.Index(
                F("closed_at").desc(), F("id").desc(), name="follow_up_closed", condition=Q(closed_at__isnull=False)
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_at=None, outcome="") | (Q(closed_at__isnull=False) & ~Q(outcome="")),
                name="follow_up_one_outcome",
            )
        ]

    def __str__(self) -> str:
        return self.title
