"""How allauth behaves here: e-mail addresses instead of user names, sign-up by invitation unless it is opened."""

from __future__ import annotations

import base64
import logging
import smtplib
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib import messages
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext

from rapport.foundation.accounts import policies
from rapport.foundation.accounts.models import User
from rapport.foundation.accounts.services.people import report
from rapport.foundation.accounts.types import AccountAct

SIGN_UP_LOCK = 7_203_812
logger = logging.getLogger(__name__)


def display_name(user: User) -> str:
    return str(user)


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up is open while nobody has an account, or when RAPPORT_OPEN_SIGNUP says so; otherwise invitations only."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return policies.may_sign_up(request)

    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:
        """The first person keeps the installation. Asked again under a lock: two may be first at the same time."""
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("select pg_advisory_xact_lock(%s)", [SIGN_UP_LOCK])
            if not policies.may_sign_up(request):
                raise ImmediateHttpResponse(HttpResponseRedirect(reverse("account_signup")))
            user.is_staff = not User.objects.exists()
            user.name = form.cleaned_data.get("name", "").strip()
            return super().save_user(request, user, form, commit)

    def is_email_verified(self, request: HttpRequest, email: str) -> bool:
        """Whoever sets the installation up has nobody to prove their address to, and often no mail server yet."""
        only_one = User.objects.order_by("created_at").values_list("email", "is_staff")[:2]
        return list(only_one) == [(email.lower(), True)] or super().is_email_verified(request, email)

    def populate_username(self, request: HttpRequest, user: Any) -> None:
        """There are no user names."""

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        user = User.objects.filter(email=credentials.get("email", "").strip().lower()).first()
        if user:
            report(AccountAct.SIGN_IN_FAILED, user, ip=self.get_client_ip(request))

    def get_from_email(self) -> str:
        return settings.DEFAULT_FROM_EMAIL

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """A mail server that is away must not keep anybody from signing in or changing a password."""
        try:
            super().send_mail(template_prefix, email, context)
        except (OSError, smtplib.SMTPException):
            logger.exception("A mail could not be sent", extra={"template": template_prefix})
            messages.warning(
                self.request,
                gettext("The mail server did not take our mail. Ask whoever runs this installation to check it."),
            )


class SingleSignOnAdapter(DefaultSocialAccountAdapter):
    """Who the firm's own provider vouches for signs in; a new account needs an invitation here too."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return policies.may_sign_up(request) or policies.is_invited(
            address.email for address in sociallogin.email_addresses if address.verified
        )

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> Any:
        user = sociallogin.user
        user.set_unusable_password()
        user.is_staff = policies.nobody_yet()
        user.name = user.name or str(sociallogin.account.extra_data.get("userinfo", {}).get("name", ""))[:150]
        return super().save_user(request, sociallogin, form)


class SecondStepAdapter(DefaultMFAAdapter):
    """Keeps the secrets of authenticator apps and recovery codes encrypted, with a key drawn from the secret key."""

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _cipher().decrypt(encrypted_text.encode()).decode()


def _cipher() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_derived(str(key))) for key in keys])


def _derived(secret_key: str) -> bytes:
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"rapport second step")
    return base64.urlsafe_b64encode(hkdf.derive(secret_key.encode()))
