from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from rapport.foundation.accounts.models import User
from rapport.foundation.lib import clock
from rapport.foundation.workspace.errors import NotAllowed
from rapport.foundation.workspace.models import AuditEntry, Member
from rapport.foundation.workspace.queries.audit import PAGE, AuditFilter, audit_page
from rapport.foundation.workspace.services import audit
from rapport.foundation.workspace.types import Actor

START = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
LOG = "/w/kestrel/settings/audit/"


def write(actor: Actor, count: int) -> None:
    for number in range(count):
        with clock.frozen(START + timedelta(minutes=number)):
            audit.record("token.created", actor=actor, subject=f"Token {number}")


def test_pages_follow_one_another_without_gap_or_overlap(actor: Actor) -> None:
    write(actor, PAGE * 2 + 5)

    seen, cursor = [], ""
    while True:
        page = audit_page(AuditFilter(), actor=actor, cursor=cursor)
        seen += [row.sentence for row in page.rows]
        cursor = page.next_cursor
        if not cursor:
            break

    assert seen == [f"made the token Token {number}" for number in reversed(range(PAGE * 2 + 5))]


def test_entries_of_the_same_moment_are_told_apart(actor: Actor) -> None:
    with clock.frozen(START):
        for number in range(PAGE + 3):
            audit.record("token.created", actor=actor, subject=f"Token {number}")

    first = audit_page(AuditFilter(), actor=actor)
    second = audit_page(AuditFilter(), actor=actor, cursor=first.next_cursor)

    assert len({row.id for row in first.rows + second.rows}) == PAGE + 3


@pytest.mark.parametrize("cursor", ["x", "_", "2026-13-01_0", "2026-11-01_" + "0" * 32, "a_b_c"])
def test_cursor_that_can_not_be_read_begins_at_the_top(actor: Actor, cursor: str) -> None:
    write(actor, 2)

    assert len(audit_page(AuditFilter(), actor=actor, cursor=cursor).rows) == 2


def test_filter_by_person_subject_and_time(actor: Actor, ben: User, actor_for: Callable[[User], Actor]) -> None:
    write(actor, 3)
    with clock.frozen(START + timedelta(days=2)):
        audit.record("role.created", actor=actor_for(ben), subject="Guests")

    def sentences(wanted: AuditFilter) -> list[str]:
        return [row.sentence for row in audit_page(wanted, actor=actor).rows]

    assert sentences(AuditFilter(group="role")) == ["made the role Guests"]
    assert sentences(AuditFilter(member_id=Member.objects.get(user_id=ben.pk).pk)) == ["made the role Guests"]
    assert len(sentences(AuditFilter(until=START + timedelta(days=1)))) == 3
    assert sentences(AuditFilter(since=START + timedelta(days=1))) == ["made the role Guests"]


def test_log_is_closed_to_members(ben: User, actor_for: Callable[[User], Actor]) -> None:
    with pytest.raises(NotAllowed):
        audit_page(AuditFilter(), actor=actor_for(ben))


def test_names_in_entries_are_text_and_nothing_else(
    actor: Actor, ada: User, client_for: Callable[[User], Client]
) -> None:
    audit.record("token.created", actor=actor, subject="<script>alert(1)</script>{0.__class__}")

    page = client_for(ada).get(LOG).content.decode()

    assert "&lt;script&gt;alert(1)&lt;/script&gt;{0.__class__}" in page


@pytest.mark.parametrize(
    "query", ["", "?group=token", "?member=nobody", "?since=yesterday", "?after=x", "?group=%00", "?until=0001-01-01"]
)
def test_page_draws_whatever_the_address_says(ada: User, client_for: Callable[[User], Client], query: str) -> None:
    assert client_for(ada).get(LOG + query).status_code == 200


def test_page_costs_the_same_for_many_entries(
    ada: User, actor: Actor, client_for: Callable[[User], Client], django_assert_max_num_queries: Any
) -> None:
    write(actor, 1)
    browser = client_for(ada)
    browser.get(LOG)
    with django_assert_max_num_queries(15) as few:
        browser.get(LOG)
    write(actor, PAGE)

    with django_assert_max_num_queries(len(few)):
        page = browser.get(LOG).content.decode()

    assert "after=" in page


def test_deletion_of_a_member_row_leaves_the_name(actor: Actor) -> None:
    write(actor, 1)
    AuditEntry.objects.update(member_id=None)

    assert audit_page(AuditFilter(), actor=actor).rows[0].actor_name == "Ada"
