from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from rapport.foundation.accounts.models import User, Workspace
from rapport.foundation.accounts.tenancy import current_schema, enter
from rapport.foundation.lib import clock
from rapport.foundation.workspace.errors import Invalid, NotAllowed, NotFound
from rapport.foundation.workspace.models import ApiToken, AuditEntry, Member
from rapport.foundation.workspace.services import members, tokens
from rapport.foundation.workspace.types import Action, Actor, Power
from rapport.testing import part_of

NOON = datetime(2026, 11, 22, 12, 0, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_leases() -> Iterator[None]:
    tokens.forget_leases()
    yield
    tokens.forget_leases()


def make(actor: Actor, workspace: Workspace, *scopes: str, rate: int = 600, lasts: timedelta | None = None) -> str:
    return tokens.create_token(
        actor=actor,
        workspace=workspace,
        name="Web shop",
        scopes=frozenset(scopes or {"*:read"}),
        expires_at=clock.now() + lasts if lasts else None,
        rate_per_minute=rate,
    )[1]


def test_token_opens_its_workspace_as_its_member(actor: Actor, workspace: Workspace) -> None:
    raw = make(actor, workspace, "customer:read")

    bearer = tokens.authenticate(raw)

    assert bearer
    assert bearer.workspace == workspace
    assert (bearer.actor.member_id, bearer.actor.name) == (actor.member_id, "Ada")
    assert bearer.actor.may(Action.READ, "customer")
    assert not bearer.actor.may(Action.UPDATE, "customer")
    assert not bearer.actor.may(Action.READ, "touchpoint")
    assert not bearer.actor.has(Power.MANAGE_MEMBERS)
    assert current_schema() == workspace.schema_name


def test_only_the_hash_of_the_secret_is_kept(actor: Actor, workspace: Workspace) -> None:
    raw = make(actor, workspace)

    secret = raw.rpartition("_")[2]
    assert secret not in str(list(ApiToken.objects.values()))
    assert secret not in str(list(AuditEntry.objects.values()))


def test_everything_that_is_no_good_token_opens_nothing(
    actor: Actor, workspace: Workspace, other_workspace: Workspace
) -> None:
    raw = make(actor, workspace)
    secret = raw.rpartition("_")[2]

    for wrong in (
        "",
        "rpt_",
        raw[:-1],
        raw + "0",
        raw.replace(secret, "0" * 48),
        raw.replace(workspace.schema_name, other_workspace.schema_name),
        raw.replace(workspace.schema_name, "w_deadbeef"),
        raw.replace(workspace.schema_name, "public"),
        raw.upper(),
        raw + "\n",
        "rpt_w_0000000'_" + "0" * 32 + "_" + "0" * 48,
    ):
        assert tokens.authenticate(wrong) is None
        enter(workspace)
    assert tokens.authenticate(raw)


def test_revoked_token_stops_at_once(actor: Actor, workspace: Workspace) -> None:
    raw = make(actor, workspace)
    tokens.authenticate(raw)

    tokens.revoke_token(actor=actor, token_id=ApiToken.objects.get().pk)

    assert tokens.authenticate(raw) is None


def test_token_ends_on_its_day(actor: Actor, workspace: Workspace) -> None:
    raw = make(actor, workspace, lasts=timedelta(days=30))

    with clock.frozen(clock.now() + timedelta(days=31)):
        assert tokens.authenticate(raw) is None


def test_token_of_somebody_who_left_stops(
    actor: Actor, ben: User, workspace: Workspace, actor_for: Callable[[User], Actor]
) -> None:
    raw = make(actor_for(ben), workspace)
    members.deactivate_member(actor=actor, member_id=Member.objects.get(user_id=ben.pk).pk, workspace=workspace)

    assert tokens.authenticate(raw) is None


def test_token_follows_the_role_of_its_member(
    ben: User, workspace: Workspace, set_role: Callable[[User, str], None], actor_for: Callable[[User], Actor]
) -> None:
    raw = make(actor_for(ben), workspace, "*:read", "*:write")
    set_role(ben, "read_only")

    bearer = tokens.authenticate(raw)

    assert bearer
    assert bearer.actor.may(Action.READ, "customer")
    assert not bearer.actor.may(Action.UPDATE, "customer")


def test_nobody_gives_a_token_more_than_they_have(
    ben: User, workspace: Workspace, set_role: Callable[[User, str], None], actor_for: Callable[[User], Actor]
) -> None:
    set_role(ben, "read_only")
    reader = actor_for(ben)

    for scopes in (
        {"customer:write"},
        {"customer:read", "customer:write"},
        {"workspace:manage_fields"},
        {"workspace:manage_members"},
        {"everything"},
    ):
        with pytest.raises(NotAllowed):
            make(reader, workspace, *scopes)

    assert not ApiToken.objects.exists()


def test_not_even_an_owner_gives_a_token_power_over_people(actor: Actor, workspace: Workspace) -> None:
    for power in (Power.MANAGE_MEMBERS, Power.MANAGE_WORKSPACE):
        with pytest.raises(NotAllowed):
            make(actor, workspace, f"workspace:{power}")


def test_token_makes_and_revokes_no_tokens(actor: Actor, workspace: Workspace) -> None:
    make(actor, workspace)
    token = replace(actor, scopes=frozenset({"*:read", "*:write"}))

    with pytest.raises(NotAllowed):
        make(token, workspace)
    with pytest.raises(NotAllowed):
        tokens.revoke_token(actor=token, token_id=ApiToken.objects.get().pk)

    assert ApiToken.objects.filter(revoked_at=None).count() == 1


def test_token_without_scopes_is_refused(actor: Actor, workspace: Workspace) -> None:
    with pytest.raises(Invalid):
        tokens.create_token(actor=actor, workspace=workspace, name="x", scopes=frozenset(), expires_at=None)


def test_high_rates_are_for_those_who_manage_sources(
    ben: User, actor: Actor, workspace: Workspace, actor_for: Callable[[User], Actor]
) -> None:
    make(actor, workspace, rate=6000)

    with pytest.raises(NotAllowed):
        make(actor_for(ben), workspace, rate=6000)
    for rate in (0, 60_001):
        with pytest.raises(Invalid):
            make(actor, workspace, rate=rate)


def test_others_tokens_are_out_of_reach_for_members(
    ada: User,
    ben: User,
    actor: Actor,
    workspace: Workspace,
    actor_for: Callable[[User], Actor],
    client_for: Callable[[User], Client],
) -> None:
    make(actor, workspace)

    with pytest.raises(NotFound):
        tokens.revoke_token(actor=actor_for(ben), token_id=ApiToken.objects.get().pk)

    assert "Web shop" not in client_for(ben).get("/w/kestrel/settings/tokens/").content.decode()
    assert "Web shop" in client_for(ada).get("/w/kestrel/settings/tokens/").content.decode()


# The limit


def grant(raw: str) -> Any:
    bearer = tokens.authenticate(raw)
    assert bearer
    return bearer.token


def test_limit_lets_through_exactly_its_rate_in_a_minute(actor: Actor, workspace: Workspace) -> None:
    with clock.frozen(NOON):
        token = grant(make(actor, workspace, rate=60))

        assert [tokens.spend(token) for _ in range(60)] == [0] * 60
        assert tokens.spend(token) == 50

    with clock.frozen(NOON + timedelta(seconds=50)):
        assert tokens.spend(token) == 0


def test_limit_is_shared_between_processes(actor: Actor, workspace: Workspace) -> None:
    """Another process knows nothing of what this one keeps in memory, only of the row."""
    with clock.frozen(NOON):
        token = grant(make(actor, workspace, rate=100))
        let_through = 0
        for _process in range(4):
            tokens.forget_leases()
            while tokens.spend(token) == 0:
                let_through += 1
                if let_through % 27 == 0:
                    break

        assert 100 - 4 * 5 <= let_through <= 100


def test_limit_rarely_writes(actor: Actor, workspace: Workspace, django_assert_num_queries: Any) -> None:
    with clock.frozen(NOON):
        token = grant(make(actor, workspace, rate=600))

        with django_assert_num_queries(10):
            for _ in range(300):
                tokens.spend(token)


def test_refused_requests_do_not_write_at_all(
    actor: Actor, workspace: Workspace, django_assert_num_queries: Any
) -> None:
    with clock.frozen(NOON):
        token = grant(make(actor, workspace, rate=1))
        tokens.spend(token)
        tokens.spend(token)

        with django_assert_num_queries(0):
            assert [tokens.spend(token) for _ in range(100)] == [50] * 100


def test_batch_larger_than_the_rate_takes_a_whole_minute(actor: Actor, workspace: Workspace) -> None:
    with clock.frozen(NOON):
        token = grant(make(actor, workspace, rate=10))

        assert tokens.spend(token, cost=5000) == 0
        assert tokens.spend(token) > 0


def test_use_is_noted_once_a_minute(actor: Actor, workspace: Workspace) -> None:
    with clock.frozen(NOON):
        token = grant(make(actor, workspace))
        for _ in range(5):
            tokens.spend(token)

    assert ApiToken.objects.get().last_used_at == NOON


# Pages


def test_token_is_shown_once(ada: User, workspace: Workspace, client_for: Callable[[User], Client]) -> None:
    browser = client_for(ada)
    form = {"name": "Web shop", "scopes": ["customer:read"], "lasts": "90", "rate_per_minute": "600"}

    response = browser.post("/w/kestrel/settings/tokens/new/", form)

    raw = part_of(r"rpt_w_\w+", response.content.decode(), 0)
    assert response.headers["Cache-Control"] == "no-store"
    assert tokens.authenticate(raw)
    assert "rpt_" not in browser.get("/w/kestrel/settings/tokens/").content.decode()
    assert ApiToken.objects.get().expires_at


def test_page_offers_no_more_than_the_role(
    ben: User, client_for: Callable[[User], Client], set_role: Callable[[User, str], None]
) -> None:
    set_role(ben, "read_only")
    browser = client_for(ben)

    page = browser.get("/w/kestrel/settings/tokens/new/").content.decode()
    response = browser.post(
        "/w/kestrel/settings/tokens/new/",
        {"name": "x", "scopes": ["customer:write"], "lasts": "30", "rate_per_minute": "600"},
    )

    assert 'value="customer:read"' in page
    assert 'value="customer:write"' not in page
    assert response.status_code == 422
    assert not ApiToken.objects.exists()


def test_page_revokes(ada: User, actor: Actor, workspace: Workspace, client_for: Callable[[User], Client]) -> None:
    raw = make(actor, workspace)

    client_for(ada).post(f"/w/kestrel/settings/tokens/{ApiToken.objects.get().pk}/revoke/")

    assert tokens.authenticate(raw) is None
