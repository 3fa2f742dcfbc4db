"""Who works here and what they may do: one set of tables in each workspace's schema."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from rapport.foundation.lib import clock, ids


class Role(models.Model):
    """A custom role. The built-in ones live in rules.BUILT_IN and need no row."""

    key = models.SlugField(primary_key=True, max_length=40)
    name = models.CharField(_("name"), max_length=80)
    policy = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    def __str__(self) -> str:
        return self.name


class Member(models.Model):
    """A person's seat in this workspace. The id is that of the shared membership; name and e-mail are copies for display."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    user_id = models.UUIDField(unique=True, null=True, blank=True)  # null: a demo colleague nobody signs in as
    name = models.CharField(_("name"), max_length=150)
    email = models.EmailField(blank=True)
    role_key = models.CharField(max_length=40, default="member")
    title = models.CharField(_("title"), max_length=120, blank=True)
    timezone = models.CharField(max_length=64, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ApiToken(models.Model):
    """A token of a member or of a source. Only the hash of its secret is kept."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    name = models.CharField(_("name"), max_length=120)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    secret_hash = models.CharField(max_length=64)
    scopes = ArrayField(models.CharField(max_length=60), default=list)
    rate_per_minute = models.PositiveIntegerField(default=600)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    window_at = models.DateTimeField(null=True, blank=True)  # the minute that `window_used` counts
    window_used = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class AuditEntry(models.Model):
    """Who saw or changed what that is not a record's field: sign-ins, roles, tokens, exports, views of sensitive pages."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    at = models.DateTimeField(default=clock.now)
    member_id = models.UUIDField(null=True, blank=True)
    actor_name = models.CharField(max_length=150)
    action = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=60, blank=True)
    subject_id = models.CharField(max_length=64, blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["-at"], name="audit_at"),
            models.Index(fields=["subject_id", "-at"], name="audit_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.action} {self.subject_type}"


class Preference(models.Model):
    """One preference of the workspace (member null) or of one member."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=80)
    value = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "name"], name="preference_of_member", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return self.name
