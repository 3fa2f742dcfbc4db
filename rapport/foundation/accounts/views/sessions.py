"""Signing one of one's other devices out. The list itself and "all others" are allauth's."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from rapport.foundation.accounts.http import PersonRequest
from rapport.foundation.accounts.services.people import end_session
from rapport.foundation.accounts.views.answers import see_other


@login_required
@require_POST
def end(request: PersonRequest, session_id: int) -> HttpResponse:
    if end_session(user=request.user, session_id=session_id):
        messages.success(request, gettext("That device is signed out."))
    return see_other(reverse("usersessions_list"))
