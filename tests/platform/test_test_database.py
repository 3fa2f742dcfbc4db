"""The database that tests run on."""

import pytest
from django.db import connection

from rapport.foundation.accounts.models import Workspace


@pytest.mark.django_db
def test_each_session_finds_two_workspaces() -> None:
    assert list(Workspace.objects.order_by("schema_name").values_list("schema_name", "slug")) == [
        ("w_00000001", "kestrel"),
        ("w_00000002", "harbour"),
    ]


@pytest.mark.django_db
def test_role_is_no_superuser() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select rolsuper from pg_roles where rolname = current_user")
        assert cursor.fetchone() == (False,)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("time", ["first", "second"])
def test_what_a_test_commits_is_gone_for_the_next(time: str) -> None:
    assert Workspace.objects.count() == 2

    Workspace.objects.all().delete()

    assert Workspace.objects.count() == 0
