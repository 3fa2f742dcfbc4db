"""What customers said can only be added to."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, connection, transaction

from rapport.touchpoints.permission.models import Evidence
from rapport.touchpoints.permission.tests.factories import granted, marta

pytestmark = pytest.mark.usefixtures("workspace")


@pytest.mark.parametrize(
    "statement",
    [
        "update permission_evidence set status = 'granted'",
        "delete from permission_evidence",
        "truncate permission_evidence",
        "update permission_evidence set recorded_at = recorded_at where false",
    ],
)
def test_evidence_can_be_neither_changed_nor_removed(statement: str) -> None:
    row = granted(marta())

    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)

    assert Evidence.objects.get().pk == row.id


def test_addresses_lie_where_they_can_be_erased() -> None:
    granted(marta(), address="203.0.113.9")

    with connection.cursor() as cursor:
        cursor.execute("select to_jsonb(e)::text from permission_evidence e")
        (text,) = cursor.fetchone()

    assert "marta@example.org" not in text
    assert "203.0.113.9" not in text
