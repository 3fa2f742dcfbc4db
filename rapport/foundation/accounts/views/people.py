"""One's own account."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from rapport.foundation.accounts.forms.people import ProfileForm
from rapport.foundation.accounts.http import PersonRequest
from rapport.foundation.accounts.services.people import update_person
from rapport.foundation.accounts.views.answers import see_other

TEMPLATE = "accounts/people/profile.html"


@login_required
@require_http_methods(["GET", "POST"])
def profile(request: PersonRequest) -> HttpResponse:
    user = request.user
    if request.method == "GET":
        initial = {"name": user.name, "language": user.language, "timezone": user.timezone}
        return render(request, TEMPLATE, {"form": ProfileForm(initial=initial)})
    form = ProfileForm(request.POST)
    if not form.is_valid():
        return render(request, TEMPLATE, {"form": form}, status=422)
    update_person(user_id=user.pk, **form.cleaned_data)
    messages.success(request, gettext("Your account is saved."))
    response = see_other(reverse("accounts:profile"))
    # A language chosen on this device before would otherwise win over the one just saved.
    response.delete_cookie(settings.LANGUAGE_COOKIE_NAME)
    return response
