"""POST /api/v1/touchpoints, through the real middleware."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError, connection
from django.test import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rapport.foundation.accounts.models import Workspace
from rapport.foundation.lib import clock
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.models import Customer
from rapport.stores.ledger.models import Touchpoint
from rapport.stores.ledger.tests.factories import NOON, token_of
from rapport.stores.ledger.views import ingestion

URL = "/api/v1/touchpoints"
ITEM = {"customer": {"email": "marta@pedal.example"}, "channel": "web", "kind": "page_viewed"}
Post = Callable[..., Any]


@pytest.fixture
def post(client_for: Callable[..., Client], token: str) -> Post:
    client = client_for(None)

    def send(body: Any, *, content_type: str = "application/json", token: str | None = token, **headers: str) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return client.post(URL, data, content_type=content_type, headers=headers)

    return send


def numbered(*numbers: int, **values: Any) -> list[dict[str, Any]]:
    return [{**ITEM, "source_id": f"e{n}", **values} for n in numbers]


def test_one_touch_point_is_accepted(post: Post, workspace: Workspace) -> None:
    response = post({**ITEM, "occurred_at": NOON.isoformat()})

    assert response.status_code == 202
    (result,) = response.json()["results"]
    row = Touchpoint.objects.get()
    assert result == {"status": "created", "id": str(row.id), "customer_id": str(row.customer_id)}
    assert (row.source, row.occurred_at) == ("api", NOON)


def test_a_batch_is_answered_item_by_item(post: Post) -> None:
    post(numbered(1))

    response = post({"touchpoints": [*numbered(1, 2), {**ITEM, "kind": "No"}, 7]})

    assert response.status_code == 202
    body = response.json()
    assert (body["created"], body["duplicate"], body["refused"]) == (1, 1, 2)
    assert [result["status"] for result in body["results"]] == ["duplicate", "created", "refused", "refused"]
    assert body["results"][2]["errors"][0]["pointer"] == "/kind"
    assert Touchpoint.objects.count() == 2


def test_lines_and_gzip(post: Post) -> None:
    lines = "\n".join(json.dumps(one) for one in numbered(1, 2, 3)).encode()

    response = post(gzip.compress(lines), content_type="application/x-ndjson", **{"Content-Encoding": "gzip"})

    assert response.status_code == 202
    assert response.json()["created"] == 3


def test_nothing_to_store_is_fine(post: Post) -> None:
    assert post([]).status_code == 202


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({**ITEM, "kind": "No"}, "/kind"),
        ([{**ITEM, "kind": "No"}], "/0/kind"),
        ({"touchpoints": [{**ITEM, "customer": {"email": "x"}}]}, "/touchpoints/0/customer/email"),
    ],
)
def test_when_all_is_refused_the_answer_points_into_what_was_sent(post: Post, body: Any, pointer: str) -> None:
    response = post(body)

    assert response.status_code == 422
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["errors"][0]["pointer"] == pointer


def test_only_a_good_token_with_the_scope_may_send(post: Post, actor: Actor, workspace: Workspace) -> None:
    wrong = token_of(actor, workspace, "customer:write")

    for token, status in [
        (None, 401),
        ("rpt_nonsense", 401),
        (wrong[:-1] + ("1" if wrong[-1] == "0" else "0"), 401),
        (wrong, 403),
    ]:
        response = post(ITEM, token=token)
        assert response.status_code == status
        assert response["Content-Type"] == "application/problem+json"

    assert post(ITEM, token=None)["WWW-Authenticate"] == "Bearer"
    assert not Touchpoint.objects.exists()


def test_a_token_opens_its_own_workspace_only(post: Post, other_workspace: Workspace, cleo: Any) -> None:
    from rapport.conftest import actor_of

    before = connection.tenant
    connection.set_tenant(other_workspace)
    foreign = token_of(actor_of(cleo, other_workspace), other_workspace)
    connection.set_tenant(before)
    own = Customer.objects.create(name="Ada's customer")

    response = post({**ITEM, "customer": {"id": str(own.pk)}}, token=foreign)

    assert response.status_code == 422
    assert not Touchpoint.objects.exists()


def test_a_token_that_sends_too_often_is_told_when_to_come_again(
    post: Post, actor: Actor, workspace: Workspace
) -> None:
    slow = token_of(actor, workspace, rate=2)

    with clock.frozen(NOON + timedelta(seconds=12)):
        assert [post(ITEM, token=slow).status_code for _ in range(2)] == [202, 202]
        refused = post(ITEM, token=slow)

    assert (refused.status_code, refused["Retry-After"]) == (429, "48")
    assert Touchpoint.objects.count() == 2


@pytest.mark.parametrize(
    ("body", "content_type", "encoding", "status"),
    [
        (b"", "application/json", "", 400),
        (b"{", "application/json", "", 400),
        (b"\xff", "application/json", "", 400),
        (b"[]", "text/csv", "", 415),
        (b"[]", "application/x-www-form-urlencoded", "", 415),
        (b"[]", "application/json", "br", 415),
        (b"no gzip", "application/json", "gzip", 400),
        (gzip.compress(b"\0" * (21 * 1024 * 1024)), "application/json", "gzip", 413),
        (b" " * (20 * 1024 * 1024 + 1), "application/json", "", 413),
        (json.dumps([ITEM] * 5001).encode(), "application/json", "", 413),
    ],
    ids=["empty", "cut", "bytes", "csv", "form", "brotli", "no-gzip", "bomb", "large", "many"],
)
def test_requests_that_cannot_be_read(post: Post, body: bytes, content_type: str, encoding: str, status: int) -> None:
    headers = {"Content-Encoding": encoding} if encoding else {}

    response = post(body, content_type=content_type, **headers)

    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    assert not Touchpoint.objects.exists()


def test_five_thousand_are_taken(post: Post) -> None:
    items = [{**ITEM, "customer": {"email": f"p{n % 40}@x.example"}, "source_id": str(n)} for n in range(5000)]

    assert post(items).json()["created"] == 5000


def test_without_a_database_the_answer_is_to_come_again(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(**_: Any) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(ingestion, "append", gone)

    response = post(ITEM)

    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    assert "server closed" not in response.content.decode()


def test_other_methods_are_not_ours(client_for: Callable[..., Client], token: str) -> None:
    response = client_for(None).put(
        URL, b"{}", content_type="application/json", headers={"Authorization": f"Bearer {token}"}
    )

    assert response.status_code in (404, 405)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(["\x00", "\ud800", "2026-01-01T00:00:00Z"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
FIELD = st.sampled_from(
    [
        "channel",
        "kind",
        "occurred_at",
        "direction",
        "source",
        "source_id",
        "subject",
        "amount",
        "currency",
        "properties",
        "content",
        "member_id",
    ]
)
CUSTOMER = st.dictionaries(
    st.sampled_from(["id", "email", "phone", "external", "cookie", "device", "fields"]), JSON, max_size=3
)
WILD = st.one_of(
    JSON,
    st.builds(
        lambda odd, who: {**ITEM, **odd, **({"customer": who} if who else {})},
        st.dictionaries(FIELD, JSON, max_size=4),
        CUSTOMER,
    ),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.one_of(st.binary(max_size=80), st.lists(WILD, max_size=3), WILD),
    st.sampled_from(["application/json", "application/x-ndjson"]),
)
@example({**ITEM, "properties": {"a": 1e308}, "amount": 1e-7, "currency": "EUR"}, "application/json")
@example({**ITEM, "customer": {"external": {"": "\x00"}}}, "application/json")
@example({**ITEM, "subject": "\ud800"}, "application/json")
@example({**ITEM, "source_id": 10**30}, "application/json")
def test_whatever_is_sent_the_answer_is_never_a_server_error(
    post: Post, token: str, body: Any, content_type: str
) -> None:
    from rapport.foundation.workspace.services.tokens import forget_leases

    forget_leases()
    with clock.frozen(NOON + timedelta(minutes=uuid4().int % 10_000)):  # a fresh minute's allowance
        response = post(body, content_type=content_type)

    assert response.status_code in (202, 400, 413, 422), response.content
