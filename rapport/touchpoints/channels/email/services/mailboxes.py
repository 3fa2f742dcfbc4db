"""Connecting mailboxes, changing and testing them, and what their servers are called."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from psycopg.errors import UniqueViolation

from rapport.foundation.lib import clock, secrets
from rapport.foundation.lib.contact import normalised_email
from rapport.foundation.workspace.errors import Invalid, NotAllowed
from rapport.foundation.workspace.services import audit
from rapport.foundation.workspace.types import Actor
from rapport.touchpoints.channels.email import policies
from rapport.touchpoints.channels.email.models import Mailbox
from rapport.touchpoints.channels.email.rules import replies, troubles
from rapport.touchpoints.channels.email.services.lines import Troubled, open_smtp, trouble_of
from rapport.touchpoints.channels.email.types import Check, Server, Trouble

MOST_MAILBOXES = 500


@dataclass(frozen=True, kw_only=True)
class MailboxValues:
    """What a mailbox is made of. `password` empty: as it was."""

    address: str
    name: str
    username: str
    password: str
    smtp_host: str
    smtp_port: int
    smtp_security: str
    sharing: str = "all"
    signature: str = ""
    per_minute: int = 10
    per_day: int = 1000


def connect_mailbox(*, actor: Actor, values: MailboxValues, shared: bool) -> Mailbox:
    """A mailbox of one's own, or one for all who write messages. Errors: NotAllowed, Invalid."""
    if not (policies.may_share(actor) if shared else policies.may_have_one(actor)):
        raise NotAllowed(gettext("Your role does not let you connect this mailbox."))
    if not values.password and values.username:
        raise Invalid({"password": gettext("Enter the password.")})
    if Mailbox.objects.filter(removed_at=None).count() >= MOST_MAILBOXES:
        raise Invalid({"address": gettext("There are five hundred mailboxes. Remove those that are no longer used.")})
    mailbox = Mailbox(member_id=None if shared else actor.member_id)
    _fill(mailbox, values)
    _save(mailbox, new=True)
    audit.record(
        "mailbox.connected", actor=actor, subject=mailbox.address, subject_type="mailbox", subject_id=mailbox.pk
    )
    return mailbox


@transaction.atomic
def change_mailbox(*, actor: Actor, mailbox_id: UUID, values: MailboxValues) -> Mailbox:
    """Whoever changes a mailbox has mended it: its rest ends. Errors: NotFound, Invalid."""
    mailbox = policies.require_managed(actor, mailbox_id, lock=True)
    elsewhere = (values.smtp_host, values.username) != (mailbox.smtp_host, mailbox.username)
    if elsewhere and not values.password and values.username:
        # Or whoever may change a mailbox could have its password sent to a server of their own.
        raise Invalid({"password": gettext("Enter the password again, since the server or the user name is another.")})
    _fill(mailbox, values)
    mailbox.rests_until, mailbox.troubles = None, 0
    _save(mailbox, new=False)
    audit.record("mailbox.changed", actor=actor, subject=mailbox.address, subject_type="mailbox", subject_id=mailbox.pk)
    return mailbox


@transaction.atomic
def remove_mailbox(*, actor: Actor, mailbox_id: UUID) -> None:
    """What was sent from it stays; what waits is refused by the outbox. The password is forgotten. Errors: NotFound."""
    mailbox = policies.require_managed(actor, mailbox_id, lock=True)
    mailbox.removed_at, mailbox.sealed_password = clock.now(), ""
    mailbox.save(update_fields=["removed_at", "sealed_password"])
    audit.record("mailbox.removed", actor=actor, subject=mailbox.address, subject_type="mailbox", subject_id=mailbox.pk)


@transaction.atomic
def pause_mailbox(*, actor: Actor, mailbox_id: UUID, paused: bool) -> Mailbox:
    """Nothing leaves a paused mailbox; what is queued waits. Errors: NotFound."""
    mailbox = policies.require_managed(actor, mailbox_id, lock=True)
    if bool(mailbox.paused_at) != paused:
        mailbox.paused_at = clock.now() if paused else None
        if not paused:
            mailbox.rests_until, mailbox.troubles = None, 0
        mailbox.save(update_fields=["paused_at", "rests_until", "troubles"])
        action = "mailbox.paused" if paused else "mailbox.resumed"
        audit.record(action, actor=actor, subject=mailbox.address, subject_type="mailbox", subject_id=mailbox.pk)
    return mailbox


def smtp_server(mailbox: Mailbox) -> Server:
    """Errors: Troubled, when the password cannot be read."""
    return Server(
        host=mailbox.smtp_host,
        port=mailbox.smtp_port,
        security=mailbox.smtp_security,
        username=mailbox.username,
        password=password_of(mailbox),
    )


def password_of(mailbox: Mailbox) -> str:
    if not mailbox.sealed_password:
        return ""
    try:
        return secrets.unseal(mailbox.sealed_password, key=settings.SECRET_KEY)
    except secrets.Unreadable:
        raise Troubled(Trouble.UNREADABLE_PASSWORD) from None


def test_mailbox(*, actor: Actor, mailbox_id: UUID) -> list[Check]:
    """Sign in as for sending, and ask whether this address may send; no mail is sent. Errors: NotFound."""
    mailbox = policies.require_managed(actor, mailbox_id)
    checks = [_tried(_("Sending"), lambda: _try_smtp(mailbox))]
    if all(check.good for check in checks):
        note_good(mailbox.pk)
    else:
        wrong = next(check for check in checks if not check.good)
        Mailbox.objects.filter(pk=mailbox.pk).update(last_trouble=str(wrong.words), last_trouble_at=clock.now())
    return checks


def note_good(mailbox_id: UUID) -> None:
    Mailbox.objects.filter(pk=mailbox_id).update(last_good_at=clock.now(), troubles=0, rests_until=None)


@transaction.atomic
def note_trouble(mailbox_id: UUID, reason: str, said: str, *, lasting: bool) -> None:
    """Its server could not be used: it is left alone for a while, or, where only a person can help, paused."""
    mailbox = Mailbox.objects.select_for_update().filter(pk=mailbox_id).first()
    if mailbox is None:
        return
    now = clock.now()
    known = troubles.WORDS.get(Trouble(reason)) if reason in set(Trouble) else None
    mailbox.troubles += 1
    mailbox.last_trouble = " ".join(part for part in (str(known or reason), said) if part)
    mailbox.last_trouble_at = now
    if lasting:
        mailbox.paused_at = mailbox.paused_at or now
    else:
        mailbox.rests_until = now + timedelta(minutes=troubles.rest_minutes(mailbox.troubles))
    mailbox.save(update_fields=["troubles", "last_trouble", "last_trouble_at", "paused_at", "rests_until"])


def _fill(mailbox: Mailbox, values: MailboxValues) -> None:
    address = normalised_email(values.address)
    if address is None:
        raise Invalid({"address": gettext("This is no e-mail address.")})
    wrong = {
        name: gettext("Between 1 and %(most)d.") % {"most": most}
        for name, value, most in (
            ("smtp_port", values.smtp_port, 65535),
            ("per_minute", values.per_minute, 6000),
            ("per_day", values.per_day, 1_000_000),
        )
        if not 1 <= value <= most
    }
    if wrong:
        raise Invalid(wrong)
    mailbox.address = address
    for name in (
        "name", "username", "smtp_host", "smtp_port", "smtp_security", "sharing", "signature", "per_minute", "per_day",
    ):  # fmt: skip
        setattr(mailbox, name, getattr(values, name))
    if values.password:
        mailbox.sealed_password = secrets.seal(values.password, key=settings.SECRET_KEY)


def _save(mailbox: Mailbox, *, new: bool) -> None:
    try:
        with transaction.atomic():
            mailbox.save(force_insert=new)
    except IntegrityError as error:
        if not isinstance(error.__cause__, UniqueViolation):
            raise
        raise Invalid({"address": gettext("This mailbox is connected already.")}) from None


def _tried(label: object, attempt: Callable[[], None]) -> Check:
    try:
        attempt()
    except Troubled as trouble:
        return Check(str(label), False, trouble.words, trouble.said)
    return Check(str(label), True, _("The server knows this user and lets them send."))


def _try_smtp(mailbox: Mailbox) -> None:
    line = open_smtp(smtp_server(mailbox))
    try:
        code, words = line.mail(mailbox.address)
        if code >= 500:
            raise Troubled(Trouble.SENDER_REFUSED, replies.said(code, words))
        with suppress(OSError, smtplib.SMTPException):
            line.rset()
            line.quit()
    except (OSError, smtplib.SMTPException) as error:
        raise trouble_of(error) from None
    finally:
        line.close()
