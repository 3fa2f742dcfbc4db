"""Pages outside workspaces: account, API, beacon, health."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import include, path, resolve
from django.views.decorators.csrf import csrf_exempt

from rapport.stores.ledger.views.ingestion import receive


@csrf_exempt
def touchpoints(request: HttpRequest) -> HttpResponseBase:
    """Sending touch points has a view of its own, built for speed; reading them is the API's."""
    if request.method == "POST":
        return receive(request)
    view, args, kwargs = resolve(request.path_info, urlconf="rapport.integrations.api.urls")
    return view(request, *args, **kwargs)


urlpatterns = [
    path("api/v1/touchpoints", touchpoints),
    path("", include("rapport.stores.ledger.public_urls")),
    path("", include("rapport.touchpoints.permission.public_urls")),
    path("", include("rapport.foundation.accounts.urls")),
    path("", include("rapport.foundation.workspace.public_urls")),
    path("", include("rapport.foundation.ui.public_urls")),
    path("", include("rapport.integrations.api.urls")),
    path("account/", include("allauth.urls")),
]

handler400 = "rapport.foundation.ui.views.errors.bad_request"
handler403 = "rapport.foundation.ui.views.errors.not_allowed"
handler404 = "rapport.foundation.ui.views.errors.not_found"
handler500 = "rapport.foundation.ui.views.errors.server_error"
