"""Invitations by mail. The link holds a secret of which only the hash is kept, so it can be told once."""

from __future__ import annotations

import logging
import secrets
import smtplib
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext
from django_tenants.utils import schema_context

from rapport.foundation.accounts.models import Invitation, User, Workspace
from rapport.foundation.accounts.rules import hash_of
from rapport.foundation.lib import clock
from rapport.foundation.lib.contact import normalised_email
from rapport.foundation.workspace import policies
from rapport.foundation.workspace.errors import Invalid, NotAllowed, NotFound
from rapport.foundation.workspace.models import Member
from rapport.foundation.workspace.queries.members import actor_of, role_policy
from rapport.foundation.workspace.services import audit
from rapport.foundation.workspace.services.members import take_seat
from rapport.foundation.workspace.types import Actor, Power

VALID_FOR = timedelta(days=7)
AT_MOST_PER_HOUR = 100
logger = logging.getLogger(__name__)


@transaction.atomic
def invite(
    *, actor: Actor, workspace: Workspace, email: str, role_key: str, invited_by: User
) -> tuple[Invitation, str]:
    """Invite somebody; an earlier invitation of the same address ends. Answers the invitation and its secret.

    Errors: NotAllowed, Invalid.
    """
    _may_invite_as(actor, role_key)
    address = normalised_email(email)
    if address is None:
        raise Invalid({"email": gettext("This is not an e-mail address.")})
    if Member.objects.filter(email__iexact=address, is_active=True, user_id__isnull=False).exists():
        raise Invalid({"email": gettext("%(email)s is a member already.") % {"email": address}})
    recent = Invitation.objects.filter(workspace=workspace, created_at__gt=clock.now() - timedelta(hours=1))
    if recent.count() >= AT_MOST_PER_HOUR:
        raise Invalid({"email": gettext("That is a hundred invitations within an hour. Go on a little later.")})
    now = clock.now()
    Invitation.objects.open(now).filter(workspace=workspace, email=address).update(revoked_at=now)
    secret = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        workspace=workspace,
        email=address,
        role_key=role_key,
        secret_hash=hash_of(secret),
        invited_by=invited_by,
        created_at=now,
        expires_at=now + VALID_FOR,
    )
    audit.record(
        "member.invited",
        actor=actor,
        subject=address,
        subject_type="invitation",
        subject_id=invitation.pk,
        role=role_key,
    )
    return invitation, secret


@transaction.atomic
def renew(*, actor: Actor, workspace: Workspace, invitation_id: UUID) -> tuple[Invitation, str]:
    """Give an invitation a new secret and seven more days; the old link ends. Errors: NotAllowed, NotFound."""
    invitation = _locked(actor, workspace, invitation_id)
    secret = secrets.token_urlsafe(32)
    invitation.secret_hash, invitation.expires_at = hash_of(secret), clock.now() + VALID_FOR
    invitation.save(update_fields=["secret_hash", "expires_at"])
    audit.record(
        "member.invited_again",
        actor=actor,
        subject=invitation.email,
        subject_type="invitation",
        subject_id=invitation.pk,
    )
    return invitation, secret


@transaction.atomic
def revoke(*, actor: Actor, workspace: Workspace, invitation_id: UUID) -> None:
    """Take an invitation back. Errors: NotAllowed, NotFound."""
    invitation = _locked(actor, workspace, invitation_id)
    invitation.revoked_at = clock.now()
    invitation.save(update_fields=["revoked_at"])
    audit.record(
        "member.invitation_revoked",
        actor=actor,
        subject=invitation.email,
        subject_type="invitation",
        subject_id=invitation.pk,
    )


@transaction.atomic
def accept(*, secret: str, user: User, addresses: frozenset[str]) -> Workspace:
    """Take the seat that an invitation offers. `addresses` are the person's own, in small letters.

    Errors: NotFound when it can't be accepted any more, NotAllowed when it was meant for somebody else.
    """
    invitation = (
        Invitation.objects.open(clock.now())
        .select_for_update(of=("self",))
        .select_related("workspace")
        .filter(secret_hash=hash_of(secret))
        .first()
    )
    if invitation is None:
        raise NotFound
    if invitation.email not in addresses:
        raise NotAllowed(gettext("This invitation is for %(email)s.") % {"email": invitation.email})
    workspace = invitation.workspace
    with schema_context(workspace.schema_name):
        # A role that was removed since must not become the narrowest one unnoticed.
        if role_policy(invitation.role_key) is None:
            raise NotFound
        member = take_seat(workspace, user, invitation.role_key)
        audit.record(
            "member.joined",
            actor=actor_of(member, workspace, person=user),
            subject=member.name,
            subject_type="member",
            subject_id=member.pk,
        )
    invitation.accepted_at = clock.now()
    invitation.save(update_fields=["accepted_at"])
    return workspace


def mail(invitation: Invitation, *, link: str, language: str) -> bool:
    """Send the link. False when there is no mail server or it does not take the mail: then the link must be told otherwise."""
    context = {
        "invitation": invitation,
        "link": link,
        "inviter": invitation.invited_by,
        "workspace": invitation.workspace,
    }
    with translation.override(language):
        subject = " ".join(render_to_string("workspace/invitations/mail_subject.txt", context).split())
        body = render_to_string("workspace/invitations/mail.txt", context)
    try:
        EmailMessage(subject, body, settings.DEFAULT_FROM_EMAIL, [invitation.email]).send()
    except (OSError, smtplib.SMTPException):
        logger.exception("An invitation could not be mailed")
        return False
    return bool(settings.EMAIL_HOST)


def _may_invite_as(actor: Actor, role_key: str) -> None:
    policies.require(actor, Power.MANAGE_MEMBERS)
    role = role_policy(role_key)
    if role is None:
        raise Invalid({"role": gettext("There is no such role.")})
    policies.require_may_hand_on(actor, role)


def _locked(actor: Actor, workspace: Workspace, invitation_id: UUID) -> Invitation:
    policies.require(actor, Power.MANAGE_MEMBERS)
    invitation = (
        Invitation.objects.select_for_update(of=("self",))
        .select_related("workspace", "invited_by")
        .filter(pk=invitation_id, workspace=workspace, accepted_at=None, revoked_at=None)
        .first()
    )
    if invitation is None:
        raise NotFound
    _may_invite_as(actor, invitation.role_key)
    return invitation
