"""Every address there is, asked for by those who must not have it. A new page is covered the moment it has a URL."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django_tenants.utils import schema_context
from procrastinate.contrib.django import app

from rapport.applications.sales.tests.factories import make_deal
from rapport.foundation.accounts.models import Invitation, User, Workspace
from rapport.foundation.accounts.tenancy import current_tenant, enter
from rapport.foundation.lib import clock
from rapport.foundation.workspace.errors import RapportError
from rapport.foundation.workspace.models import ApiToken, AuditEntry, Member, Role
from rapport.foundation.workspace.queries.members import role_policy
from rapport.foundation.workspace.rules import policy_to_json
from rapport.foundation.workspace.services import tokens
from rapport.foundation.workspace.types import SYSTEM
from rapport.stores.commerce.models import PriceList, Rate, TouchCost
from rapport.stores.commerce.services.subscriptions import start_subscription
from rapport.stores.commerce.tests.factories import make_order, make_product
from rapport.stores.customers.models import Customer
from rapport.touchpoints.channels.email.tests.factories import make_mailbox
from rapport.touchpoints.conversations.tests.factories import make_row

SECRET = "Zanzibar"  # stands in everything of Ada's workspace that has a name
METHODS = ("get", "post", "put", "patch", "delete")

# Pages outside workspaces that anybody may see. Whoever adds one here says so in a review.
OPEN_TO_ALL = {
    "accounts:front",
    "workspace:accept",
    "ui:appearance",
    "ui:language",
    "ledger_public:beacon-script",
    "ledger_public:beacon",
    "permission_public:preferences",
    "permission_public:unsubscribe",
    "permission_public:confirm",
    "api-v1:openapi-json",
    "account_login",
    "account_logout",
    "account_signup",
    "account_inactive",
    "account_email_verification_sent",
    "account_confirm_email",
    "account_confirm_login_code",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "mfa_authenticate",
    "socialaccount_login_cancelled",
    "socialaccount_login_error",
    "socialaccount_signup",
    "openid_connect_login",
    "openid_connect_callback",
    "mfa_login_webauthn",
}
# What everybody may change, whatever their role: how the workspace behaves for them, their own tokens, their own seat.
OF_ONES_OWN = {"workspace:preferences", "workspace:hide-first-steps", "workspace:new-token", "workspace:leave"}


@dataclass(frozen=True)
class Route:
    name: str
    template: str  # "settings/members/<uuid:member_id>/"

    def path(self, known: dict[str, object]) -> str:
        """The address with the known ids in their places, and with nobody's ids where none is known."""

        def example(found: re.Match[str]) -> str:
            name = found["name"]
            if name in known:
                return str(known[name])
            return {"int": "1", "uuid": str(uuid4())}.get(
                found["kind"] or "", str(uuid4()) if name.endswith("id") else "x"
            )

        plain = re.sub(
            r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>", example, re.sub(r"\(\?P(<\w+>)[^)]*\)", r"\1", self.template)
        )
        return plain.replace("^", "").replace("$", "")


def routes_of(urlconf: str) -> list[Route]:
    def walk(patterns: list[URLPattern | URLResolver], prefix: str, namespace: str) -> Iterator[Route]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                inner = f"{pattern.namespace}:" if pattern.namespace else ""
                yield from walk(pattern.url_patterns, prefix + str(pattern.pattern), namespace + inner)
            else:
                yield Route(f"{namespace}{pattern.name or '?'}", prefix + str(pattern.pattern))

    return list(walk(get_resolver(urlconf).url_patterns, "", ""))


INSIDE = routes_of(settings.WORKSPACE_URLCONF)
OUTSIDE = routes_of(settings.ROOT_URLCONF)
API = [route for route in OUTSIDE if route.template.startswith("api/")]


@pytest.fixture
def known(ada: User, ben: User, actor: Any, workspace: Workspace) -> dict[str, object]:
    """One of each thing in Ada's workspace, by the names that addresses call their ids."""
    member = Member.objects.get(user_id=ben.pk)
    Member.objects.filter(user_id=ada.pk).update(title=SECRET)
    policy = role_policy("member")
    assert policy
    Role.objects.create(key="zanzibar", name=SECRET, policy=policy_to_json(policy))
    token, _raw = tokens.create_token(
        actor=actor, workspace=workspace, name=SECRET, scopes=frozenset({"*:read"}), expires_at=None
    )
    now = clock.now()
    invitation = Invitation.objects.create(
        workspace=workspace,
        email=f"{SECRET.lower()}@example.com",
        role_key="member",
        secret_hash="0" * 64,
        expires_at=now.replace(year=now.year + 1),
    )
    AuditEntry.objects.create(action="role.created", actor_name=SECRET, detail={"subject": SECRET})
    customer = Customer.objects.create(name=SECRET, email=f"{SECRET.lower()}@example.org", city=SECRET, notes=SECRET)
    product = make_product(SECRET, sku=SECRET)
    order = make_order(customer, {"sku": SECRET}, number=SECRET)
    subscription, _act = start_subscription(
        actor=SYSTEM, customer_id=customer.pk, interval="month", currency="EUR", product_id=product.pk
    )
    mailbox = make_mailbox(address=f"{SECRET.lower()}@example.net", name=SECRET)
    message = make_row(mailbox, customer, subject=SECRET)
    prices = PriceList.objects.create(name=SECRET, currency="EUR")
    deal = make_deal(SECRET, customer, amount="1000")
    return {
        "deal_id": deal.pk,
        "person_id": deal.people.create(customer_id=customer.pk, role="decides").pk,
        "stage": deal.stage,
        "mailbox_id": mailbox.pk,
        "message_id": message.pk,
        "order_id": order.pk,
        "subscription_id": subscription.pk,
        "product_id": product.pk,
        "list_id": prices.pk,
        "price_id": prices.prices.create(product_id=product.pk, amount=1).pk,
        "rate_id": Rate.objects.create(currency="USD", valid_from=now.date(), rate=1).pk,
        "cost_id": TouchCost.objects.create(kind=SECRET, amount=1).pk,
        "slug": "pay",
        "member_id": member.pk,
        "token_id": token.pk,
        "invitation_id": invitation.pk,
        "customer_id": customer.pk,
        "row_id": customer.pk,
        "record_id": customer.pk,
        "key": "zanzibar",
        "record_type": "customer",
        "page": "customers",
        "field": "name",
    }


@contextmanager
def taken_back() -> Iterator[None]:
    """Whatever the request did is undone, so that the next one meets the same workspace."""
    before = current_tenant()
    point = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(point)
        enter(before)


def writes(schema: str) -> dict[str, int]:
    """How many rows of each table of the schema this transaction has written so far, taken back or not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select relname, n_tup_ins + n_tup_upd + n_tup_del from pg_stat_xact_user_tables where schemaname = %s",
            [schema],
        )
        return dict(cursor.fetchall())


def text_of(response: Any) -> str:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return str(content.decode(errors="replace"))


def changed(before: dict[str, int], schema: str) -> list[str]:
    return sorted(table for table, count in writes(schema).items() if count != before.get(table, 0))


def test_there_are_addresses_to_walk() -> None:
    assert len(INSIDE) > 20
    assert len(OUTSIDE) > 40


def test_nobody_gets_into_a_workspace_without_signing_in(
    known: dict[str, object], client_for: Callable[..., Client]
) -> None:
    browser = client_for(None)
    wrong = []

    for route in INSIDE:
        path = "/w/kestrel/" + route.path(known)
        for method in ("get", "post"):
            with taken_back():
                response = getattr(browser, method)(path)
            if response.status_code != 302 or not response.headers["Location"].startswith("/account/login/"):
                wrong.append((route.name, method, response.status_code))

    assert wrong == []


def test_outsider_gets_nothing_but_not_found(
    known: dict[str, object], cleo: User, workspace: Workspace, client_for: Callable[..., Client]
) -> None:
    browser = client_for(cleo)
    wrong = []

    for route in INSIDE:
        path = "/w/kestrel/" + route.path(known)
        for method in ("get", "post"):
            before = writes(workspace.schema_name)
            with taken_back():
                response = getattr(browser, method)(path)
            touched = changed(before, workspace.schema_name)
            if response.status_code != 404 or touched or SECRET in text_of(response):
                wrong.append((route.name, method, response.status_code, touched))

    assert wrong == []


def test_outsider_gets_nothing_by_taking_ids_into_their_own_workspace(
    known: dict[str, object], cleo: User, workspace: Workspace, client_for: Callable[..., Client]
) -> None:
    """Cleo owns the other workspace, so every page of it is open to her; Ada's ids must mean nothing there."""
    browser = client_for(cleo)
    wrong = []

    for route in INSIDE:
        path = "/w/harbour/" + route.path(known)
        for method in ("get", "post"):
            before = writes(workspace.schema_name)
            with taken_back():
                response = getattr(browser, method)(path, {name: str(value) for name, value in known.items()})
                leaks = SECRET in text_of(response)
                touched = changed(before, workspace.schema_name)
            if leaks or touched or response.status_code >= 500:
                wrong.append((route.name, method, response.status_code, leaks, touched))

    assert wrong == []


def test_read_only_member_changes_nothing(
    known: dict[str, object],
    ben: User,
    workspace: Workspace,
    set_role: Callable[[User, str], None],
    client_for: Callable[..., Client],
) -> None:
    set_role(ben, "read_only")
    browser = client_for(ben)
    browser.get("/w/kestrel/settings/")  # entering is noted once
    wrong = []

    for route in INSIDE:
        if route.name in OF_ONES_OWN:
            continue
        path = "/w/kestrel/" + route.path(known)
        for method in METHODS:
            before = writes(workspace.schema_name)
            with taken_back():
                response = getattr(browser, method)(path)
                touched = changed(before, workspace.schema_name)
            if touched or response.status_code >= 500:
                wrong.append((route.name, method, response.status_code, touched))

    assert wrong == []


def test_pages_outside_workspaces_ask_to_sign_in(known: dict[str, object], client_for: Callable[..., Client]) -> None:
    browser = client_for(None)
    wrong = []

    for route in OUTSIDE:
        if route.name in OPEN_TO_ALL:
            continue
        path = "/" + route.path(known)
        for method in ("get", "post"):
            cache.clear()  # these are too many requests for one visitor
            with taken_back():
                response = getattr(browser, method)(path)
            asked = response.status_code == 302 and response.headers["Location"].startswith(
                ("/account/login/", "/account/signup/")
            )
            if response.status_code == 301 and response.headers["Location"].startswith("/account/3rdparty/"):
                continue  # the old address of a page that is asked itself
            if not asked and response.status_code not in (401, 404, 405):
                wrong.append((route.name, method, response.status_code))

    assert wrong == []


def test_open_pages_tell_nothing(known: dict[str, object], cleo: User, client_for: Callable[..., Client]) -> None:
    wrong = []

    for browser in (client_for(None), client_for(cleo)):
        for route in OUTSIDE:
            path = "/" + route.path(known)
            for method in ("get", "post"):
                cache.clear()
                with taken_back():
                    response = getattr(browser, method)(path)
                    if response.status_code >= 500 or SECRET in text_of(response):
                        wrong.append((route.name, method, response.status_code))

    assert wrong == []


def test_list_of_open_pages_names_only_pages_that_exist() -> None:
    assert OPEN_TO_ALL - {route.name for route in OUTSIDE} == set()


def bearer_of(user: User, workspace: Workspace, *scopes: str) -> dict[str, str]:
    with schema_context(workspace.schema_name):
        seat = Member.objects.get(user_id=user.pk)
        secret = "0" * 48
        token = ApiToken.objects.create(
            name="Robot", member=seat, secret_hash=tokens._hash(secret), scopes=list(scopes), rate_per_minute=60_000
        )
    return {"HTTP_AUTHORIZATION": f"Bearer rpt_{workspace.schema_name}_{UUID(str(token.pk)).hex}_{secret}"}


def test_token_of_another_workspace_gets_nothing(
    known: dict[str, object],
    cleo: User,
    workspace: Workspace,
    other_workspace: Workspace,
    client_for: Callable[..., Client],
) -> None:
    bearer = bearer_of(
        cleo, other_workspace, "*:read", "*:write", "workspace:manage_fields", "workspace:manage_sources"
    )
    browser = client_for(None)
    wrong = []

    for route in API:
        path = "/" + route.path(known)
        for method in METHODS:
            before = writes(workspace.schema_name)
            with taken_back():
                response = getattr(browser, method)(path, data={}, content_type="application/json", **bearer)
                leaks = SECRET in text_of(response)
                touched = changed(before, workspace.schema_name)
            if leaks or touched or response.status_code >= 500:
                wrong.append((route.name, method, response.status_code, leaks, touched))

    assert wrong == []


def test_token_that_may_only_read_changes_nothing(
    known: dict[str, object], ada: User, workspace: Workspace, client_for: Callable[..., Client]
) -> None:
    """Even an owner's."""
    bearer = bearer_of(ada, workspace, "*:read")
    browser = client_for(None)
    tokens.forget_leases()
    wrong = []

    for route in API:
        path = "/" + route.path(known)
        for method in METHODS[1:]:
            before = writes(workspace.schema_name)
            with taken_back():
                response = getattr(browser, method)(path, data={"name": "x"}, content_type="application/json", **bearer)
                touched = [table for table in changed(before, workspace.schema_name) if table != "workspace_apitoken"]
            if touched or response.status_code >= 500:
                wrong.append((route.name, method, response.status_code, touched))

    assert wrong == []


def test_pages_of_workspaces_refuse_posts_without_the_csrf_token(
    known: dict[str, object], ada: User, workspace: Workspace, client_for: Callable[..., Client]
) -> None:
    """The owner, signed in, lured to another site that posts here."""
    browser = client_for(ada)
    browser.handler.enforce_csrf_checks = True
    browser.get("/w/kestrel/settings/")
    wrong = []

    for route in INSIDE:
        before = writes(workspace.schema_name)
        with taken_back():
            response = browser.post("/w/kestrel/" + route.path(known))
            touched = changed(before, workspace.schema_name)
        if touched or response.status_code not in (403, 404, 405):
            wrong.append((route.name, response.status_code, touched))

    assert wrong == []


# Jobs

TASKS = sorted(
    (task for task in app.tasks.values() if task.func.__module__.startswith("rapport.")),
    key=lambda task: str(task.name),
)
LONG = {"demo.load"}  # takes no ids, and does in Cleo's own workspace what it is for
# They ask each workspace in turn, or tend the queue itself, with nobody's ids.
FOR_ALL_WORKSPACES = {
    "ledger.keep_partitions",
    "records.take_over_killed_jobs",
    "warehouse.look",
    "mining.nightly",
    "customers.tell_all_phases",
    "permission.tell_all_consents",
    "scorecards.keep_all",
    "value.refresh_all",
    "commerce.catch_up",
    "commerce.look_for_renewals",
    "conversations.look",
    "sales.rhythm",
}


def test_every_job_says_which_workspace_it_is_for() -> None:
    nameless = {
        str(task.name) for task in TASKS if "schema" not in inspect.signature(task.func).parameters
    } - FOR_ALL_WORKSPACES

    assert TASKS
    assert nameless == set()


def test_job_of_another_workspace_touches_nothing(
    known: dict[str, object], ada: User, cleo: User, workspace: Workspace, other_workspace: Workspace
) -> None:
    """With Ada's ids, in Cleo's workspace, as Ada and as Cleo."""
    with schema_context(other_workspace.schema_name):
        cleos_seat = str(Member.objects.get(user_id=cleo.pk).pk)
    adas_seat = str(Member.objects.get(user_id=ada.pk).pk)
    wrong = []

    for task in TASKS:
        parameters = inspect.signature(task.func).parameters
        if "schema" not in parameters:
            continue
        for member_id in (adas_seat, cleos_seat) if task.name not in LONG else (adas_seat,):
            values = {name: str(known.get(name) or uuid4()) for name in parameters}
            values |= {"schema": other_workspace.schema_name, "member_id": member_id, "step": "check"}
            before = writes(workspace.schema_name)
            with taken_back(), schema_context("public"):
                with suppress(RapportError):
                    task.func(**{name: values[name] for name in parameters})
                if touched := changed(before, workspace.schema_name):
                    wrong.append((task.name, touched))

    assert wrong == []
