"""Keys that websites write with. They stand in the page's source for everyone to read, so they open nothing but appending."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

from django.utils.translation import gettext

from rapport.foundation.accounts.models import Workspace
from rapport.foundation.accounts.tenancy import current_schema, enter, enter_public
from rapport.foundation.lib import clock, ids
from rapport.foundation.workspace.errors import Invalid, NotFound
from rapport.foundation.workspace.services import audit
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.stores.ledger import policies
from rapport.stores.ledger.models import WriteKey
from rapport.stores.ledger.rules import beats, origins
from rapport.stores.ledger.rules.items import web_source
from rapport.stores.ledger.services.ingestion import append
from rapport.stores.ledger.services.words import kinds_with_room
from rapport.stores.ledger.types import CustomerRef, Outcome, new_touchpoint

_KEY = re.compile(r"(?P<schema>[0-9a-f]{8})[0-9a-f]{20}")
MOST_KEYS = 50
MOST_KINDS = 200  # of one website


class Website(NamedTuple):
    """What a write key stands for."""

    id: UUID
    name: str
    source: str
    allowed_origins: Sequence[str]
    create_customers: bool


def create_write_key(
    *, actor: Actor, name: str, allowed_origins: Sequence[str], create_customers: bool = True
) -> WriteKey:
    """Errors: NotAllowed, Invalid."""
    policies.require_sources(actor)
    if WriteKey.objects.filter(revoked_at=None).count() >= MOST_KEYS:
        raise Invalid({"name": gettext("There are fifty websites. Disconnect those that are no longer used.")})
    schema = current_schema().removeprefix("w_")
    key = WriteKey.objects.create(
        id=ids.new_id(),
        key=f"{schema}{secrets.token_hex(10)}",
        name=name,
        allowed_origins=_origins(allowed_origins),
        create_customers=create_customers,
    )
    audit.record("website.connected", actor=actor, subject=name, subject_type="write_key", subject_id=key.pk)
    return key


def change_write_key(
    *, actor: Actor, key_id: UUID, name: str, allowed_origins: Sequence[str], create_customers: bool
) -> WriteKey:
    """Errors: NotAllowed, NotFound, Invalid."""
    policies.require_sources(actor)
    key = WriteKey.objects.filter(pk=key_id, revoked_at=None).first()
    if key is None:
        raise NotFound
    key.name, key.allowed_origins, key.create_customers = name, _origins(allowed_origins), create_customers
    key.save(update_fields=["name", "allowed_origins", "create_customers"])
    audit.record("website.changed", actor=actor, subject=name, subject_type="write_key", subject_id=key.pk)
    return key


def revoke_write_key(*, actor: Actor, key_id: UUID) -> None:
    """Errors: NotAllowed, NotFound."""
    policies.require_sources(actor)
    key = WriteKey.objects.filter(pk=key_id, revoked_at=None).first()
    if key is None:
        raise NotFound
    key.revoked_at = clock.now()
    key.save(update_fields=["revoked_at"])
    audit.record("website.disconnected", actor=actor, subject=key.name, subject_type="write_key", subject_id=key.pk)


def website_of(raw: str) -> Website | None:
    """The website a key belongs to; None for whatever is no good key. On success we are left inside its workspace."""
    found = _KEY.fullmatch(raw)
    if not found:
        return None
    enter_public()
    workspace = Workspace.objects.filter(schema_name=f"w_{found['schema']}").first()
    if workspace is None:
        return None
    enter(workspace)
    key = WriteKey.objects.filter(key=raw, revoked_at=None).first()
    if key is None:
        enter_public()
        return None
    return _website(key)


def collect(*, website: Website, beat: beats.Beat) -> list[Outcome]:
    """Append what a beacon sent. Runs as the website: it may begin customers if that is allowed, and fill gaps."""
    told = beats.touchpoints(beat, source=website.source, now=clock.now())
    kinds = kinds_with_room(website.source, beats.CHANNEL, {item.kind for item in told}, most=MOST_KINDS)
    items = [item for item in told if item.kind in kinds]
    return append(
        actor=replace(SYSTEM, name=website.name),
        items=items,
        source=website.source,
        create_customers=website.create_customers,
        trusted=False,
    )


def send_test(*, actor: Actor, key_id: UUID) -> Outcome:
    """A touch point as the website's beacon would send it, to see it arrive. Errors: NotAllowed, NotFound."""
    policies.require_sources(actor)
    key = WriteKey.objects.filter(pk=key_id, revoked_at=None).first()
    if key is None:
        raise NotFound
    website = _website(key)
    item = new_touchpoint(
        customer=CustomerRef(page=f"test-{ids.new_id().hex}"),
        channel=beats.CHANNEL,
        kind="beacon_tested",
        direction="in",
        properties={"by": actor.name},
    )
    (outcome,) = append(actor=replace(SYSTEM, name=website.name), items=[item], source=website.source, trusted=False)
    return outcome


def _website(key: WriteKey) -> Website:
    return Website(key.pk, key.name, web_source(key.pk), key.allowed_origins, key.create_customers)


def _origins(texts: Sequence[str]) -> list[str]:
    wrong = [text for text in texts if text.strip() and origins.normalised(text) is None]
    if wrong:
        raise Invalid({"allowed_origins": gettext("“%(text)s” is no address of a website.") % {"text": wrong[0]}})
    found = list(dict.fromkeys(one for text in texts if text.strip() and (one := origins.normalised(text))))
    if not found:
        raise Invalid({"allowed_origins": gettext("Name at least one website, such as https://shop.example.")})
    if len(found) > origins.MOST:
        raise Invalid({"allowed_origins": gettext("At most twenty websites for one key.")})
    return found
