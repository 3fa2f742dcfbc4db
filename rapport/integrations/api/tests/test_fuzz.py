"""Whatever is sent, the API answers with a status its document knows, and never with a server error."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
import schemathesis
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings

from rapport.integrations.api.tests.conftest import Api
from rapport.integrations.api.v1 import api as rapport_api

pytestmark = pytest.mark.django_db

DOCUMENT = json.loads(json.dumps(rapport_api.get_openapi_schema(path_prefix="/api/v1/"), default=str))
OPERATIONS = [result.ok() for result in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_nothing_that_is_sent_breaks_the_server(operation: Any, api: Api) -> None:
    documented = {int(status) for status in operation.definition.raw["responses"] if str(status).isdigit()}

    @settings(
        max_examples=20,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def sends(case: Any) -> None:
        answer = _send(api.client, api.token, case)

        assert answer.status_code < 500, answer.content
        assert answer.status_code in documented, (answer.status_code, answer.content)

    sends()


def _send(client: Client, token: str, case: Any) -> Any:
    query = urlencode({k: str(v) for k, v in (case.query or {}).items()})
    has_body = not isinstance(case.body, schemathesis.core.NotSet)
    body = case.body if isinstance(case.body, bytes) else json.dumps(case.body).encode() if has_body else b""
    headers = {k: v for k, v in (case.headers or {}).items() if v.isascii() and v.isprintable()}
    return client.generic(
        case.method.upper(),
        case.formatted_path + (f"?{query}" if query else ""),
        body,
        content_type=case.media_type or "application/json",
        headers={**headers, "Authorization": f"Bearer {token}"},
    )
