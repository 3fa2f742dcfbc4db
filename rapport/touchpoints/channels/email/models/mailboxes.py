"""Mailboxes: where mails go out from."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from rapport.foundation.lib import clock, ids
from rapport.touchpoints.channels.email.types import Security, Sharing


class Mailbox(models.Model):
    """A member's own mailbox, or one that is shared (no member). The password is sealed: services.mailboxes opens it."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    address = models.CharField(_("address"), max_length=254)
    name = models.CharField(_("name"), max_length=120, blank=True, default="")
    member_id = models.UUIDField(null=True, blank=True)
    sharing = models.CharField(max_length=8, choices=Sharing.choices, default=Sharing.ALL)
    signature = models.TextField(blank=True, default="")
    username = models.CharField(max_length=254)
    sealed_password = models.TextField(blank=True, default="")
    smtp_host = models.CharField(max_length=253)
    smtp_port = models.PositiveIntegerField(default=587)
    smtp_security = models.CharField(max_length=8, choices=Security.choices, default=Security.STARTTLS)
    per_minute = models.PositiveIntegerField(default=10)
    per_day = models.PositiveIntegerField(default=1000)
    paused_at = models.DateTimeField(null=True, blank=True)
    rests_until = models.DateTimeField(null=True, blank=True)  # after its server could not be reached
    troubles = models.PositiveIntegerField(default=0)  # in a row; none since the last success
    last_trouble = models.TextField(blank=True, default="")
    last_trouble_at = models.DateTimeField(null=True, blank=True)
    last_good_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "mailboxes"
        constraints = [
            models.UniqueConstraint("address", "member_id", name="mailbox_of_member", condition=Q(removed_at=None)),
            models.UniqueConstraint("address", name="mailbox_shared", condition=Q(removed_at=None, member_id=None)),
        ]

    def __str__(self) -> str:
        return self.address
