"""Signed links for customers, who have no account: to their choices, to unsubscribe, to confirm.

A link is signed with the installation's key and ends by itself. Links to choices can be taken back; those to unsubscribe
work for as long as the mail may lie somewhere, because they only ever take something back.
"""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import transaction

from rapport.foundation.accounts.links import public_url
from rapport.foundation.accounts.models import Workspace
from rapport.foundation.accounts.tenancy import current_schema, enter
from rapport.foundation.lib import clock
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.customers.queries.customers import get_customer, surviving_id
from rapport.touchpoints.permission import policies
from rapport.touchpoints.permission.errors import BadLink
from rapport.touchpoints.permission.extension_points import channels
from rapport.touchpoints.permission.models import LinkRevocation
from rapport.touchpoints.permission.queries import settings as house
from rapport.touchpoints.permission.rules.links import Link, LinkKind
from rapport.touchpoints.permission.rules.points import normalised, point_key
from rapport.touchpoints.permission.types import PointKind

SALT = "permission.link"
LONGEST = 600
_PAGES = {
    LinkKind.PREFERENCES: "permission_public:preferences",
    LinkKind.UNSUBSCRIBE: "permission_public:unsubscribe",
    LinkKind.CONFIRM: "permission_public:confirm",
}


def preferences_url(*, customer_id: UUID) -> str:
    """Where the customer finds their choices."""
    return _url(Link(kind=LinkKind.PREFERENCES, schema=current_schema(), customer_id=customer_id, made_at=clock.now()))


def unsubscribe_url(*, customer_id: UUID, channel: str, contact_point: str, purpose: str) -> str:
    """Where one click takes back this purpose by this channel."""
    kind = channels[channel].point if channel in channels else PointKind.NONE
    point = normalised(kind, contact_point, house.house_region()) or ""
    return _url(
        Link(
            kind=LinkKind.UNSUBSCRIBE,
            schema=current_schema(),
            customer_id=customer_id,
            made_at=clock.now(),
            channel=channel,
            purpose=purpose,
            point_key=point_key(kind, point),
        )
    )


def unsubscribe_headers(*, customer_id: UUID, contact_point: str, purpose: str) -> dict[str, str]:
    """The headers of RFC 8058 for one e-mail."""
    url = unsubscribe_url(customer_id=customer_id, channel="email", contact_point=contact_point, purpose=purpose)
    return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def confirm_url(*, customer_id: UUID, evidence_id: UUID) -> str:
    """Where a request is confirmed (double opt-in)."""
    return _url(
        Link(
            kind=LinkKind.CONFIRM,
            schema=current_schema(),
            customer_id=customer_id,
            made_at=clock.now(),
            evidence_id=evidence_id,
        )
    )


def open_link(token: str, kind: LinkKind) -> Link:
    """Read a link and enter its workspace. Errors: BadLink, which never says what is wrong with it."""
    link = _read(token)
    if link is None or link.kind is not kind or link.is_over(clock.now()):
        raise BadLink
    workspace = Workspace.objects.filter(schema_name=link.schema).first()
    if workspace is None:
        raise BadLink
    enter(workspace)
    if kind is LinkKind.PREFERENCES:
        ids = {link.customer_id, surviving_id(link.customer_id)}
        if LinkRevocation.objects.filter(customer_id__in=ids, revoked_until__gte=link.made_at).exists():
            raise BadLink
    return link


@transaction.atomic
def revoke_links(*, actor: Actor, customer_id: UUID) -> None:
    """No link to the customer's choices that was made until now works any longer. Errors: NotFound, NotAllowed."""
    policies.require(actor, Action.CREATE)
    customer = get_customer(actor=actor, customer_id=customer_id, action=Action.UPDATE)
    LinkRevocation.objects.update_or_create(customer_id=customer.pk, defaults={"revoked_until": clock.now()})


def _url(link: Link) -> str:
    said = [
        link.kind.value,
        link.schema,
        link.customer_id.hex,
        int(link.made_at.timestamp()),
        link.channel,
        link.purpose,
        link.point_key.hex if link.point_key else "",
        link.evidence_id.hex if link.evidence_id else "",
    ]
    token = signing.Signer(salt=SALT).sign_object(said, compress=True)
    return str(settings.BASE_URL) + public_url(_PAGES[link.kind], token)


def _read(token: str) -> Link | None:
    if len(token) > LONGEST:
        return None
    try:
        kind, schema, customer, made, channel, purpose, point, evidence = signing.Signer(salt=SALT).unsign_object(token)
        return Link(
            kind=LinkKind(kind),
            schema=schema,
            customer_id=UUID(customer),
            made_at=datetime.fromtimestamp(made, UTC),
            channel=channel,
            purpose=purpose,
            point_key=UUID(point) if point else None,
            evidence_id=UUID(evidence) if evidence else None,
        )
    except (signing.BadSignature, ValueError, TypeError):
        return None
