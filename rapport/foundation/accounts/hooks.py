"""Listens to allauth, which tells by Django signals what happened to an account."""

from __future__ import annotations

from typing import Any

from allauth.account import signals as account_signals
from allauth.account.adapter import get_adapter
from allauth.mfa import signals as second_step_signals
from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver

from rapport.foundation.accounts.services.people import report, tell_watchers
from rapport.foundation.accounts.types import AccountAct


def _ip(request: Any) -> str | None:
    return get_adapter().get_client_ip(request) if request else None


@receiver(account_signals.user_logged_in, dispatch_uid="rapport-signed-in")
def signed_in(request: Any, user: Any, **_: Any) -> None:
    report(AccountAct.SIGNED_IN, user, ip=_ip(request))


@receiver(user_logged_out, dispatch_uid="rapport-signed-out")
def signed_out(request: Any, user: Any, **_: Any) -> None:
    if user:
        report(AccountAct.SIGNED_OUT, user, ip=_ip(request))


@receiver(account_signals.password_changed, dispatch_uid="rapport-password-changed")
@receiver(account_signals.password_set, dispatch_uid="rapport-password-set")
def password_changed(request: Any, user: Any, **_: Any) -> None:
    report(AccountAct.PASSWORD_CHANGED, user, ip=_ip(request))


@receiver(account_signals.password_reset, dispatch_uid="rapport-password-reset")
def password_reset(request: Any, user: Any, **_: Any) -> None:
    report(AccountAct.PASSWORD_RESET, user, ip=_ip(request))


@receiver(account_signals.email_changed, dispatch_uid="rapport-email-changed")
def email_changed(request: Any, user: Any, **_: Any) -> None:
    tell_watchers(user)
    report(AccountAct.EMAIL_CHANGED, user, ip=_ip(request))


@receiver(second_step_signals.authenticator_added, dispatch_uid="rapport-second-step-added")
def second_step_added(request: Any, user: Any, authenticator: Any, **_: Any) -> None:
    report(AccountAct.SECOND_STEP_ADDED, user, ip=_ip(request), kind=str(authenticator.type))


@receiver(second_step_signals.authenticator_removed, dispatch_uid="rapport-second-step-removed")
def second_step_removed(request: Any, user: Any, authenticator: Any, **_: Any) -> None:
    report(AccountAct.SECOND_STEP_REMOVED, user, ip=_ip(request), kind=str(authenticator.type))


@receiver(second_step_signals.authenticator_reset, dispatch_uid="rapport-recovery-codes-made")
def recovery_codes_made(request: Any, user: Any, **_: Any) -> None:
    report(AccountAct.RECOVERY_CODES_MADE, user, ip=_ip(request))
