"""Identities and aliases: how a customer is recognised, and which ids stand for the same customer."""

from __future__ import annotations

from django.db import models

from rapport.foundation.lib import clock, ids
from rapport.stores.customers.types import IdentityKind


class Identity(models.Model):
    """One way to recognise a customer; unique in the workspace.

    `value` is normalised (e-mail lower-case, phone E.164). A cookie or device that nobody has named yet has a
    `customer_id` of its own with no customer row: an anonymous visitor.
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    kind = models.CharField(max_length=10, choices=IdentityKind.choices)
    namespace = models.CharField(max_length=80, blank=True, default="")  # of an external id: "shopify"
    value = models.CharField(max_length=254)
    customer_id = models.UUIDField(db_index=True)
    is_primary = models.BooleanField(default=False)
    source = models.CharField(max_length=80, blank=True, default="")
    created_at = models.DateTimeField(default=clock.now, editable=False)
    operation_id = models.UUIDField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name_plural = "identities"
        constraints = [models.UniqueConstraint(fields=["value", "kind", "namespace"], name="identity_once")]
        indexes = [
            models.Index(
                fields=["operation_id"], name="identity_operation", condition=models.Q(operation_id__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"


class CustomerAlias(models.Model):
    """`absorbed_id` is another name of `surviving_id`. Touch points keep the id they were recorded with; reads resolve this.

    Always one step: when the survivor is absorbed in turn, its aliases are moved on, so no read follows a chain.
    `direct_id` keeps whom the id was first joined to (null: the survivor itself), so that unmerging gives back exactly that.
    """

    absorbed_id = models.UUIDField(primary_key=True)
    surviving_id = models.UUIDField(db_index=True)
    direct_id = models.UUIDField(null=True, blank=True)
    reason = models.CharField(max_length=12)  # merged, identified
    merge_id = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        verbose_name_plural = "customer aliases"

    def __str__(self) -> str:
        return f"{self.absorbed_id} is {self.surviving_id}"


class Merge(models.Model):
    """One merge of two customers with both former records, so that it can be taken back exactly."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    surviving_id = models.UUIDField(db_index=True)
    absorbed_id = models.UUIDField(db_index=True)
    surviving_before = models.JSONField(default=dict)
    surviving_after = models.JSONField(default=dict)
    absorbed_before = models.JSONField(default=dict)
    operation_id = models.UUIDField()
    merged_at = models.DateTimeField(default=clock.now)
    actor_name = models.CharField(max_length=150)
    undone_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.absorbed_id} into {self.surviving_id}"


class DuplicateProposal(models.Model):
    """Two customers who may be one, because something that came in named both. Nothing is joined until a person decides.

    The lower id stands first, so that each pair is there once.
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    first_id = models.UUIDField()
    second_id = models.UUIDField(db_index=True)
    evidence = models.JSONField(default=list)  # [{"kind", "namespace", "value", "customer_id"}]
    source = models.CharField(max_length=80, blank=True, default="")
    proposed_at = models.DateTimeField(default=clock.now)
    decision = models.CharField(max_length=12, blank=True, default="")  # merged, different
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by_name = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["first_id", "second_id"], name="duplicate_proposal_once")]
        indexes = [
            models.Index(
                models.F("proposed_at").desc(), name="duplicate_proposal_open", condition=models.Q(decided_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"{self.first_id} and {self.second_id}"
