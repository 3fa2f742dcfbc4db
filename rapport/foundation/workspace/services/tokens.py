"""Tokens for programs: making them, reading them, counting what they ask for.

A token reads `rpt_<schema>_<id>_<secret>`: it names the workspace and its own row, so finding it costs one look-up by key.
Only the SHA-256 of the secret is kept (192 random bits need no slow hash), and it is compared in constant time.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import re
import secrets
import threading
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext

from rapport.foundation.accounts.models import Workspace
from rapport.foundation.accounts.tenancy import current_schema, enter_public, enter_schema, set_workspace
from rapport.foundation.lib import clock
from rapport.foundation.workspace import policies
from rapport.foundation.workspace.errors import Invalid, NotAllowed, NotFound
from rapport.foundation.workspace.models import ApiToken
from rapport.foundation.workspace.queries.members import actor_of
from rapport.foundation.workspace.queries.tokens import scopes_open_to
from rapport.foundation.workspace.services import audit
from rapport.foundation.workspace.types import Actor, Power, TokenGrant

TOKEN = re.compile(r"rpt_(?P<schema>w_[0-9a-f]{8})_(?P<id>[0-9a-f]{32})_(?P<secret>[0-9a-f]{48})")
USUAL_RATE = 600
HIGHEST_RATE = 60_000
AT_MOST_PER_MEMBER = 50
MINUTE = timedelta(minutes=1)


class Bearer(NamedTuple):
    """Who comes with a token: the workspace it opens, the actor it makes, and the token itself."""

    workspace: Workspace
    actor: Actor
    token: TokenGrant


@transaction.atomic
def create_token(
    *,
    actor: Actor,
    workspace: Workspace,
    name: str,
    scopes: frozenset[str],
    expires_at: datetime | None,
    rate_per_minute: int = USUAL_RATE,
) -> tuple[ApiToken, str]:
    """Make a token for oneself and answer it with its full text, which can't be had again.

    Errors: NotAllowed for tokens and for scopes beyond the person's role; Invalid.
    """
    member_id = _person(actor)
    if not scopes:
        raise Invalid({"scopes": gettext("Choose at least one thing that the token may do.")})
    if not scopes <= {scope.name for scope in scopes_open_to(actor)}:
        raise NotAllowed(gettext("A token can't do more than your own role."))
    if rate_per_minute > USUAL_RATE:
        policies.require(actor, Power.MANAGE_SOURCES)
    if not 1 <= rate_per_minute <= HIGHEST_RATE:
        raise Invalid({"rate_per_minute": gettext("Choose between 1 and 60,000 requests a minute.")})
    if expires_at is not None and expires_at <= clock.now():
        raise Invalid({"expires_at": gettext("Choose a day that is still to come.")})
    if ApiToken.objects.filter(member_id=member_id, revoked_at=None).count() >= AT_MOST_PER_MEMBER:
        raise Invalid({"name": gettext("You have fifty tokens. Revoke those that are no longer used.")})
    secret = secrets.token_hex(24)
    token = ApiToken.objects.create(
        name=name,
        member_id=member_id,
        secret_hash=_hash(secret),
        scopes=sorted(scopes),
        rate_per_minute=rate_per_minute,
        expires_at=expires_at,
    )
    audit.record(
        "token.created", actor=actor, subject=name, subject_type="token", subject_id=token.pk, scopes=sorted(scopes)
    )
    return token, f"rpt_{workspace.schema_name}_{token.pk.hex}_{secret}"


@transaction.atomic
def revoke_token(*, actor: Actor, token_id: UUID) -> None:
    """End a token at once: one's own, or anybody's for those who manage members or sources.

    Errors: NotAllowed, NotFound.
    """
    member_id = _person(actor)
    token = ApiToken.objects.select_for_update().filter(pk=token_id, revoked_at=None).first()
    if token is None:
        raise NotFound
    if token.member_id != member_id and not (actor.has(Power.MANAGE_MEMBERS) or actor.has(Power.MANAGE_SOURCES)):
        raise NotFound
    token.revoked_at = clock.now()
    token.save(update_fields=["revoked_at"])
    audit.record("token.revoked", actor=actor, subject=token.name, subject_type="token", subject_id=token.pk)


def authenticate(raw: str) -> Bearer | None:
    """Whose token this is; None for whatever is no good token. On success the connection is left inside the workspace.

    Three look-ups by key (workspace, token with its member, a custom role), so that revoking takes effect at once.
    """
    found = TOKEN.fullmatch(raw)
    if not found:
        return None
    enter_schema(found["schema"])  # public tables are seen from there too; a schema that is not there holds none
    bearer = _bearer(found["schema"], UUID(hex=found["id"]), found["secret"])
    if bearer is None:
        enter_public()
    return bearer


def _bearer(schema: str, token_id: UUID, secret: str) -> Bearer | None:
    workspace = Workspace.objects.filter(schema_name=schema).first()
    if workspace is None:
        return None
    set_workspace(workspace)
    token = ApiToken.objects.select_related("member").filter(pk=token_id).first()
    is_right = hmac.compare_digest(_hash(secret), token.secret_hash if token else "0" * 64)
    if token is None or not is_right or not _is_live(token):
        return None
    actor = actor_of(token.member, workspace, scopes=frozenset(token.scopes))
    return Bearer(workspace, actor, TokenGrant(token.pk, token.name, token.rate_per_minute, token.expires_at))


def _is_live(token: ApiToken) -> bool:
    if token.revoked_at or not token.member.is_active:
        return False
    return token.expires_at is None or token.expires_at > clock.now()


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _person(actor: Actor) -> UUID:
    if actor.scopes is not None or actor.member_id is None:
        raise NotAllowed(gettext("Tokens are made and revoked by people, not by tokens."))
    return actor.member_id


# The limit of requests a minute.
#
# The count of the present minute stands in the token's row, which all processes share. To keep it out of the hot path a
# process takes a twentieth of the minute's allowance at a time and spends that from memory: at 600 a minute, 20 writes
# instead of 600. What a process took and did not spend is lost with the minute, so with n processes a token gets between
# (rate - n * rate / 20) and rate requests a minute: never more than it may. The same write notes when it was last used.


class _Lease(NamedTuple):
    minute: datetime
    left: int
    is_last: bool  # the minute's allowance is used up


_leases: dict[tuple[str, UUID], _Lease] = {}
_lock = threading.Lock()
LEASES_KEPT = 10_000


def spend(token: TokenGrant, *, cost: int = 1) -> int:
    """Count a request (or `cost` of them). 0: go on; otherwise the seconds until the token may come again.

    To be called inside the token's workspace and outside any transaction: it must not be undone by one.
    """
    now = clock.now()
    minute = now.replace(second=0, microsecond=0)
    key = (current_schema(), token.id)
    cost = min(cost, token.rate_per_minute)  # a batch above the rate takes the whole minute instead of never passing
    while True:
        with _lock:
            lease = _lease(key, minute)
            if lease.left >= cost:
                _keep(key, lease._replace(left=lease.left - cost))
                return 0
            if lease.is_last:
                return max(1, math.ceil((minute + MINUTE - now).total_seconds()))
        wanted = max(cost, token.rate_per_minute // 20)
        granted = _take(token, wanted, minute=minute, now=now)  # not under the lock: other tokens need not wait
        with _lock:
            lease = _lease(key, minute)
            _keep(key, _Lease(minute, lease.left + granted, lease.is_last or granted < wanted))


def _lease(key: tuple[str, UUID], minute: datetime) -> _Lease:
    lease = _leases.get(key)
    return lease if lease and lease.minute == minute else _Lease(minute, 0, False)


def _take(token: TokenGrant, wanted: int, *, minute: datetime, now: datetime) -> int:
    """Take from the minute's allowance what is still there, up to `wanted`."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE workspace_apitoken
            SET window_used = CASE WHEN window_at = %(minute)s THEN window_used ELSE 0 END + %(wanted)s,
                window_at = %(minute)s,
                last_used_at = %(now)s
            WHERE id = %(id)s
            RETURNING window_used
            """,
            {"wanted": wanted, "minute": minute, "now": now, "id": token.id},
        )
        row = cursor.fetchone()
    used = int(row[0]) if row else token.rate_per_minute + wanted
    return max(0, wanted - max(0, used - token.rate_per_minute))


def _keep(key: tuple[str, UUID], lease: _Lease) -> None:
    if len(_leases) >= LEASES_KEPT and key not in _leases:
        _leases.clear()  # costs each token one write; a process that serves so many of them is not kept small by this
    _leases[key] = lease


def forget_leases() -> None:
    """Begin counting from the database again (tests)."""
    with _lock:
        _leases.clear()
