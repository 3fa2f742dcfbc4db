"""Double opt-in: somebody is asked by mail, and only who opens that mail can say yes. Until then nothing is granted."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from smtplib import SMTPException
from uuid import UUID

from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from rapport.foundation.lib import clock
from rapport.foundation.workspace.errors import Conflict, Invalid
from rapport.foundation.workspace.types import SYSTEM, Action, Actor
from rapport.stores.customers.queries.customers import all_ids, get_customer
from rapport.touchpoints.permission import policies
from rapport.touchpoints.permission.errors import BadLink
from rapport.touchpoints.permission.models import Evidence, EvidenceProof
from rapport.touchpoints.permission.queries.evidence import standing
from rapport.touchpoints.permission.queries.gate import ask
from rapport.touchpoints.permission.queries.settings import find_purpose
from rapport.touchpoints.permission.rules.gate import House, decide
from rapport.touchpoints.permission.rules.links import LIFETIMES, Link, LinkKind
from rapport.touchpoints.permission.services.evidence import Recorded, record
from rapport.touchpoints.permission.services.links import confirm_url
from rapport.touchpoints.permission.services.wordings import shown
from rapport.touchpoints.permission.types import Basis, Reason, Source, Status

CHANNEL = "email"
AGAIN_AFTER = timedelta(hours=24)
_STOPPED = (Reason.BOUNCED, Reason.COMPLAINED, Reason.STOPPED)
_log = logging.getLogger(__name__)


@transaction.atomic
def ask_by_mail(
    *,
    actor: Actor,
    customer_id: UUID,
    purposes: Sequence[str],
    contact_point: str | None = None,
    address: str = "",
    source: str = Source.HAND,
) -> str:
    """Mail the question; returns where it is confirmed. One question an address a day, so that it can plague nobody.

    Errors: NotFound, NotAllowed, Invalid; Conflict when the address was asked already or is stopped.
    """
    policies.require(actor, Action.CREATE)
    customer = get_customer(actor=actor, customer_id=customer_id, action=Action.UPDATE)
    if not purposes:
        raise Invalid({"purpose": _("What do you want to ask for?")})
    now = clock.now()
    found = ask(
        actor=actor,
        customer_id=customer.pk,
        purpose=purposes[0],
        channel=CHANNEL,
        contact_point=contact_point,
        at=now,
    )
    if found.question.point_key is None:
        raise Invalid({"contact_point": _("Which address or number is this for?")})
    verdict = decide(found.question, found.rows, [], House())
    if verdict.reason in _STOPPED:
        raise Conflict(_("Nothing is sent to this address; see why under stopped addresses."))
    recent = Evidence.objects.filter(
        point_key=found.question.point_key, status=Status.PENDING, recorded_at__gt=now - AGAIN_AFTER
    )
    if standing(recent).exists():
        raise Conflict(_("This address was asked less than a day ago."))
    language = customer.language or _house_language()
    texts: list[str] = []
    rows: list[Recorded] = []
    for name in purposes:
        wording = shown(find_purpose(name), language, _house_name())
        row = record(
            actor=actor,
            customer_id=customer.pk,
            contact_point=found.contact_point,
            channel=CHANNEL,
            purpose=name,
            status=Status.PENDING,
            wording=wording.pk,
            source=source,
            address=address,
            expires_at=now + LIFETIMES[LinkKind.CONFIRM],
            parent_id=rows[0].id if rows else None,
        )
        rows.append(row)
        texts.append(wording.text)
    url = confirm_url(customer_id=customer.pk, evidence_id=rows[0].id)
    point = found.contact_point
    transaction.on_commit(lambda: _mail(point, texts, url, language, _house_name()))
    return url


@transaction.atomic
def confirm(*, link: Link, address: str) -> list[str]:
    """The customer said yes; returns the wordings they said it to. Doing it twice is harmless. Errors: BadLink."""
    rows = requested(link)
    if not rows:
        raise BadLink
    ids = all_ids(link.customer_id)
    for row in rows:
        if Evidence.objects.filter(parent_id=row.pk, status=Status.GRANTED, customer_id__in=ids).exists():
            continue
        proof = EvidenceProof.objects.filter(pk=row.pk).first()
        record(
            actor=SYSTEM,
            customer_id=link.customer_id,
            contact_point=proof.contact_point if proof else None,
            point=row.point_key,
            channel=row.channel,
            purpose=row.purpose,
            status=Status.GRANTED,
            basis=Basis.CONSENT,
            wording=row.wording_id,
            source=Source.CONFIRMATION,
            address=address,
            parent_id=row.pk,
        )
    return [row.purpose for row in rows]


def requested(link: Link) -> list[Evidence]:
    """What a link to confirm asks for, while the question stands."""
    if link.evidence_id is None:
        return []
    rows = list(
        standing(Evidence.objects.filter(status=Status.PENDING, customer_id=link.customer_id))
        .filter(expires_at__gt=clock.now())
        .order_by("id")
    )
    first = [row for row in rows if row.pk == link.evidence_id]
    return first + [row for row in rows if row.parent_id == link.evidence_id] if first else []


def _mail(point: str, texts: Sequence[str], url: str, language: str, house: str) -> None:
    with translation.override(language):
        message = EmailMessage(
            subject=_("Please confirm: may %(house)s write to you?") % {"house": house},
            body=_(
                "Somebody asked %(house)s to write to this address. If it was you, and you want this:\n\n"
                "%(texts)s\n\nconfirm it here within a week:\n%(url)s\n\n"
                "If it was not you, there is nothing to do: without your confirmation nothing is sent."
            )
            % {"house": house, "texts": "\n\n".join(texts), "url": url},
            to=[point],
            headers={"Auto-Submitted": "auto-generated"},
        )
    try:
        message.send()
    except (SMTPException, OSError) as error:
        # The question stands and can be asked again tomorrow; the address is nobody's business in a log.
        _log.warning("A question for permission could not be mailed: %s", type(error).__name__)


def _house_name() -> str:
    return str(getattr(getattr(connection, "tenant", None), "name", "")) or "Rapport"


def _house_language() -> str:
    return str(getattr(getattr(connection, "tenant", None), "language", "")) or "en"
