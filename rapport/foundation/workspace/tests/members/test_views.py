from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.test import Client

from rapport.foundation.accounts.models import User
from rapport.foundation.workspace.models import Member

LIST = "/w/kestrel/settings/members/"


def test_list_names_everybody(ada: User, ben: User, client_for: Callable[[User], Client]) -> None:
    page = client_for(ada).get(LIST).content.decode()

    assert "ada@example.com" in page
    assert "ben@example.com" in page


def test_list_costs_the_same_for_fifty(
    ada: User, ben: User, client_for: Callable[[User], Client], django_assert_max_num_queries: Any
) -> None:
    browser = client_for(ada)
    browser.get(LIST)
    with django_assert_max_num_queries(15) as one:
        browser.get(LIST)
    Member.objects.bulk_create(Member(name=f"Colleague {n}", role_key="member") for n in range(50))

    with django_assert_max_num_queries(len(one)):
        browser.get(LIST)


def test_page_of_a_member_saves_name_title_and_role(ada: User, ben: User, client_for: Callable[[User], Client]) -> None:
    seat = Member.objects.get(user_id=ben.pk)

    response = client_for(ada).post(f"{LIST}{seat.pk}/", {"name": "Ben Okafor", "title": "Sales", "role": "manager"})

    assert (response.status_code, response.headers["Location"]) == (303, LIST)
    seat.refresh_from_db()
    assert (seat.name, seat.title, seat.role_key) == ("Ben Okafor", "Sales", "manager")


def test_last_owner_is_told_beside_the_field(ada: User, client_for: Callable[[User], Client]) -> None:
    seat = Member.objects.get(user_id=ada.pk)

    response = client_for(ada).post(f"{LIST}{seat.pk}/", {"name": "Ada", "title": "", "role": "member"})

    assert response.status_code == 422
    assert "This is the last owner" in response.content.decode()


def test_manager_sees_the_owner_but_no_form(
    ada: User, ben: User, client_for: Callable[[User], Client], set_role: Callable[[User, str], None]
) -> None:
    set_role(ben, "manager")
    seat = Member.objects.get(user_id=ada.pk)

    page = client_for(ben).get(f"{LIST}{seat.pk}/").content.decode()

    assert "allows more than your own" in page
    assert 'name="role"' not in page


def test_member_is_refused(ada: User, ben: User, client_for: Callable[[User], Client]) -> None:
    assert client_for(ben).get(LIST).status_code == 403
