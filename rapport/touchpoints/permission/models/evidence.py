"""The permission ledger: what customers allowed and forbade, appended once and never changed.

The application's role has no UPDATE or DELETE on `permission_evidence`; what was wrong is countered by a new row that
names it. Addresses and words of people lie in `permission_evidence_proof`, which can be erased.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from rapport.foundation.lib import clock, ids
from rapport.touchpoints.permission.types import Basis, Cause, Source, Status


class Evidence(models.Model):
    """One answer of a customer, or one thing that happened to a contact point.

    An empty channel stands for every one, an empty purpose for every one but service, no `point_key` for every address.
    A stop may be of nobody we know. `at` is when it happened.
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    customer_id = models.UUIDField(null=True, blank=True)
    point_key = models.UUIDField(null=True, blank=True)
    channel = models.CharField(max_length=20, blank=True, default="")
    purpose = models.CharField(max_length=40, blank=True, default="")
    status = models.CharField(max_length=10, choices=Status.choices)
    basis = models.CharField(max_length=20, choices=Basis.choices, blank=True, default="")
    cause = models.CharField(max_length=12, choices=Cause.choices, blank=True, default="")
    source = models.CharField(max_length=12, choices=Source.choices, default=Source.HAND)
    wording_id = models.UUIDField(null=True, blank=True)  # of the very version that was shown
    touchpoint_id = models.UUIDField(null=True, blank=True)
    parent_id = models.UUIDField(null=True, blank=True)  # the row this one confirms, lifts or takes back
    batch_id = models.UUIDField(null=True, blank=True)  # the import it came with, or that is taken back
    limit_days = models.PositiveSmallIntegerField(null=True, blank=True)  # of LIMITED: at most once in so many days
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    member_id = models.UUIDField(null=True, blank=True)
    actor_name = models.CharField(max_length=150)

    class Meta:
        db_table = "permission_evidence"
        verbose_name_plural = "evidence"
        indexes = [
            models.Index("customer_id", "at", name="evidence_of_customer"),
            models.Index(
                "point_key",
                name="evidence_stops",
                condition=(Q(status="stopped") | Q(status="lifted")) & Q(point_key__isnull=False),
            ),
            models.Index(
                "parent_id", name="evidence_taken_back", condition=Q(status="retracted", parent_id__isnull=False)
            ),
            models.Index("batch_id", name="evidence_batch", condition=Q(batch_id__isnull=False)),
            models.Index("expires_at", name="evidence_expiry", condition=Q(status="granted", expires_at__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(customer_id__isnull=False)
                | Q(point_key__isnull=False)
                | Q(status="retracted", batch_id__isnull=False),
                name="evidence_of_something",
            ),
            models.CheckConstraint(
                condition=~Q(status="granted") | (~Q(purpose="") & ~Q(basis="")), name="evidence_grants_for_a_purpose"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.purpose or 'everything'} {self.channel}"


class EvidenceProof(models.Model):
    """The personal side of a row of evidence: which address it was, from where it came, what else proves it. Erasable."""

    evidence_id = models.UUIDField(primary_key=True)
    customer_id = models.UUIDField(null=True, blank=True, db_index=True)
    contact_point = models.CharField(max_length=254, blank=True, default="")
    address = models.CharField(max_length=45, blank=True, default="")  # IP address of the browser that answered
    proof = models.CharField(max_length=500, blank=True, default="")  # number of the paper, link to the recording
    note = models.CharField(max_length=1000, blank=True, default="")
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "permission_evidence_proof"

    def __str__(self) -> str:
        return str(self.evidence_id)
