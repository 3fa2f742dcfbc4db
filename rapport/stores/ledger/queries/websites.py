"""Websites that write with a key, and what sources are called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext

from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import Actor
from rapport.stores.ledger import policies
from rapport.stores.ledger.models import Words, WriteKey
from rapport.stores.ledger.rules.items import OWN_SOURCE, web_source


@dataclass(frozen=True)
class WebsiteRow:
    """`first_seen_at`: when the first touch point came in; None: nothing yet."""

    id: UUID
    key: str
    name: str
    source: str
    allowed_origins: tuple[str, ...]
    create_customers: bool
    created_at: datetime
    first_seen_at: datetime | None


def websites(*, actor: Actor) -> list[WebsiteRow]:
    """Errors: NotAllowed."""
    policies.require_sources(actor)
    keys = list(WriteKey.objects.filter(revoked_at=None).order_by("created_at"))
    seen: dict[str, datetime] = {}
    for source, at in Words.objects.filter(source__in=[web_source(key.pk) for key in keys]).values_list(
        "source", "first_seen_at"
    ):
        seen[source] = min(at, seen.get(source, at))
    return [_row(key, seen.get(web_source(key.pk))) for key in keys]


def get_website(*, actor: Actor, key_id: UUID) -> WebsiteRow:
    """Errors: NotAllowed, NotFound."""
    found = next((row for row in websites(actor=actor) if row.id == key_id), None)
    if found is None:
        raise NotFound(gettext("There is no such website, or it was disconnected."))
    return found


def source_names() -> dict[str, str]:
    """Names people gave to sources, by their name in the ledger; also of websites that were disconnected."""
    given = {web_source(key_id): name for key_id, name in WriteKey.objects.values_list("pk", "name")}
    return {OWN_SOURCE: gettext("Logged by hand"), **given}


def has_website(actor: Actor) -> bool:
    return WriteKey.objects.filter(revoked_at=None).exists()


def _row(key: WriteKey, first_seen_at: datetime | None) -> WebsiteRow:
    return WebsiteRow(
        key.pk,
        key.key,
        key.name,
        web_source(key.pk),
        tuple(key.allowed_origins),
        key.create_customers,
        key.created_at,
        first_seen_at,
    )
