"""Version 1 of the API: one OpenAPI document over every resource."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from rapport.foundation.workspace.errors import RapportError
from rapport.integrations.api import problems
from rapport.integrations.api.auth import TokenAuth
from rapport.integrations.api.documentation import describe
from rapport.integrations.api.parser import StrictParser
from rapport.integrations.api.resources import (
    commerce,
    customers,
    fields,
    imports,
    lifecycle,
    messages,
    parts,
    permission,
    records,
    touchpoints,
    value,
    views,
)


class RapportApi(NinjaAPI):
    """Adds to ninja's document what our own views answer: ingestion, problems, idempotency."""

    def get_openapi_schema(self, **kwargs: Any) -> Any:
        schema = super().get_openapi_schema(**kwargs)
        return describe(schema)


api = RapportApi(
    title="Rapport",
    version="1",
    urls_namespace="api-v1",
    auth=TokenAuth(),
    docs_url=None,
    parser=StrictParser(),
    description=(
        "Everything Rapport's pages do, for other systems. Tokens act as the person who made them, within their scopes. "
        "Errors are problem details (application/problem+json) that name the field. Writing requests may carry an "
        "Idempotency-Key: the same key with the same request is answered again, not carried out again. "
        "Lists page by cursor and take the same conditions as the pages do."
    ),
)
_handlers: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
    RapportError: problems.answer_rapport_error,
    ValidationError: problems.answer_validation_error,
    HttpError: problems.answer_http_error,
    AuthenticationError: problems.answer_authentication_error,
}
for error, handler in _handlers.items():
    api.add_exception_handler(error, handler)
for router in (
    customers.router,
    parts.router,
    lifecycle.router,
    fields.router,
    records.router,
    views.router,
    touchpoints.router,
    imports.router,
    permission.router,
):
    api.add_router("", router)
api.add_router("", commerce.router)
api.add_router("", value.router)
api.add_router("", messages.router)
