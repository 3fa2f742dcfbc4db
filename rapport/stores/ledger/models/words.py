"""Which words have come in: the open vocabularies, for menus, filters and quick lists."""

from __future__ import annotations

from django.db import models

from rapport.foundation.lib import clock


class Words(models.Model):
    """One combination of kind, channel and source that touch points carry; written when it is first seen."""

    pk = models.CompositePrimaryKey("kind", "channel", "source")
    kind = models.CharField(max_length=60)
    channel = models.CharField(max_length=40)
    source = models.CharField(max_length=80)
    first_seen_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "touchpoint_words"

    def __str__(self) -> str:
        return f"{self.channel} {self.kind} {self.source}"
