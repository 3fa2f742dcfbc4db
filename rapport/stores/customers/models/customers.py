"""Customers: persons, organisations and households in one table, so that every list, ledger and score speaks of one thing."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from rapport.foundation.lib import clock, ids
from rapport.stores.customers.types import AddressPurpose, CustomerKind, Phase


def _today() -> date:
    return clock.now().date()


def _no_custom_values() -> dict[str, Any]:
    return {}


class Customer(models.Model):
    """A person, organisation or household the firm knows.

    `email` and `phone` repeat the primary identities for lists. `search` is the folded text that search matches.
    A merged customer keeps its row: `merged_into` names the survivor, and CustomerAlias the end of the chain.
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    kind = models.CharField(_("kind"), max_length=12, choices=CustomerKind.choices, default=CustomerKind.PERSON)
    name = models.CharField(_("name"), max_length=240)
    given_name = models.CharField(_("given name"), max_length=120, blank=True, default="")
    family_name = models.CharField(_("family name"), max_length=120, blank=True, default="")
    email = models.CharField(_("e-mail"), max_length=254, blank=True, default="")
    phone = models.CharField(_("phone"), max_length=40, blank=True, default="")
    job_title = models.CharField(_("job title"), max_length=160, blank=True, default="")
    organisation_name = models.CharField(_("works at"), max_length=240, blank=True, default="")
    city = models.CharField(_("city"), max_length=120, blank=True, default="")
    country = models.CharField(_("country"), max_length=2, blank=True, default="")
    language = models.CharField(_("language"), max_length=10, blank=True, default="")
    timezone = models.CharField(_("time zone"), max_length=64, blank=True, default="")
    website = models.CharField(_("website"), max_length=400, blank=True, default="")
    birth_date = models.DateField(_("date of birth"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=80, blank=True, default="")
    notes = models.TextField(_("notes"), blank=True, default="")
    owner = models.ForeignKey(
        "workspace.Member",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    tags = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    custom = models.JSONField(default=_no_custom_values, blank=True)
    # Told from evidence; written by services.phases alone.
    phase = models.CharField(
        max_length=12, choices=Phase.choices, default=Phase.PROSPECT, db_default="prospect", editable=False
    )
    phase_since = models.DateField(default=_today, null=True, editable=False)
    recruited_on = models.DateField(null=True, editable=False)
    search = models.TextField(default="", blank=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    operation_id = models.UUIDField(null=True, blank=True, editable=False)  # that created it
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    merged_into = models.ForeignKey(
        "self",
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )

    class Meta:
        # Lists page by (column, id); only live rows are in these indexes. The newest first are read from their end: rows
        # that come in then go to the end too, at a third of the cost and in half the room.
        indexes = [
            models.Index("created_at", "id", name="customer_newest", condition=Q(deleted_at=None, merged_into=None)),
            models.Index(
                "kind", "created_at", "id", name="customer_kind_newest", condition=Q(deleted_at=None, merged_into=None)
            ),
            models.Index(
                "phase", "created_at", "id", name="customer_phase", condition=Q(deleted_at=None, merged_into=None)
            ),
            models.Index(
                "phase_since", "id", name="customer_phase_since", condition=Q(deleted_at=None, merged_into=None)
            ),
            models.Index("name", "id", name="customer_name", condition=Q(deleted_at=None, merged_into=None)),
            models.Index(
                "owner",
                "created_at",
                "id",
                name="customer_owner",
                condition=Q(deleted_at=None, merged_into=None, owner__isnull=False),
            ),
            models.Index("city", "id", name="customer_city", condition=Q(deleted_at=None, merged_into=None)),
            models.Index("country", "id", name="customer_country", condition=Q(deleted_at=None, merged_into=None)),
            models.Index("operation_id", name="customer_operation"),
            models.Index(F("deleted_at").desc(), name="customer_bin", condition=Q(deleted_at__isnull=False)),
            models.Index("merged_into", name="customer_merged", condition=Q(merged_into__isnull=False)),
            GinIndex("tags", name="customer_tags"),
            GinIndex(OpClass(F("custom"), name="jsonb_path_ops"), name="customer_custom"),
            GinIndex(OpClass(F("search"), name="gin_trgm_ops"), name="customer_search"),
        ]

    def __str__(self) -> str:
        return self.name


class Address(models.Model):
    """A postal address; the street lines are kept as people wrote them."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    customer_id = models.UUIDField(db_index=True)
    purpose = models.CharField(_("purpose"), max_length=12, choices=AddressPurpose.choices, default=AddressPurpose.MAIN)
    street = models.CharField(_("street"), max_length=240, blank=True, default="")
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True, default="")
    city = models.CharField(_("city"), max_length=120, blank=True, default="")
    region = models.CharField(_("region"), max_length=120, blank=True, default="")
    country = models.CharField(_("country"), max_length=2, blank=True, default="")
    created_at = models.DateTimeField(default=clock.now, editable=False)
    operation_id = models.UUIDField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name_plural = "addresses"

    def __str__(self) -> str:
        return ", ".join(
            part for part in (self.street, f"{self.postal_code} {self.city}".strip(), self.country) if part
        )


class CustomerFile(models.Model):
    """A document of a customer. The bytes lie in the workspace's own storage folder."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    customer_id = models.UUIDField(db_index=True)
    name = models.CharField(max_length=240)
    storage_key = models.CharField(max_length=400)
    content_type = models.CharField(max_length=120, blank=True, default="")
    size_bytes = models.BigIntegerField(default=0)
    member_id = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name
