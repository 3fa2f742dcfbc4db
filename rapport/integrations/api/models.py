"""Answers kept for `Idempotency-Key`, so that a repeated request is answered, not carried out again."""

from __future__ import annotations

from django.db import models

from rapport.foundation.lib import clock


class KeptAnswer(models.Model):
    """The answer to one request of one token. Kept for a day."""

    pk = models.CompositePrimaryKey("token_id", "key")
    token_id = models.UUIDField()
    key = models.CharField(max_length=200)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)  # null while the first request is still at work
    body = models.BinaryField(default=b"")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="kept_answer_age")]

    def __str__(self) -> str:
        return self.key
