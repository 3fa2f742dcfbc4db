"""Caps under senders that really race: each on a connection of its own, at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, transaction

from rapport.foundation.accounts.models import Workspace
from rapport.foundation.workspace.types import SYSTEM
from rapport.stores.customers.models import Customer
from rapport.touchpoints.permission.errors import Refused
from rapport.touchpoints.permission.models import FrequencyCap, IssuedPermit
from rapport.touchpoints.permission.services import gate
from rapport.touchpoints.permission.tests.factories import granted, marta
from rapport.touchpoints.permission.types import Reason

SENDERS = 6


def _race(workspace: Workspace, customer: Customer) -> list[str]:
    """What each of the senders got."""
    start = Barrier(SENDERS)

    def send(number: int) -> str:
        connection.set_tenant(workspace)
        try:
            start.wait(timeout=30)
            with transaction.atomic():
                gate.permit(actor=SYSTEM, customer_id=customer.pk, purpose="offers", channel="email")
            return "granted"
        except Refused as refused:
            return refused.decision.reason
        finally:
            connection.close()

    with ThreadPoolExecutor(SENDERS) as pool:
        return sorted(pool.map(send, range(SENDERS)))


@pytest.fixture
def customer(workspace: Workspace) -> Customer:
    FrequencyCap.objects.create(channel="email", most=2, hours=24)
    found = marta()
    granted(found)
    return found


@pytest.mark.django_db(transaction=True)
def test_no_more_than_the_cap_however_many_send_at_once(workspace: Workspace, customer: Customer) -> None:
    outcomes = _race(workspace, customer)

    assert outcomes == [Reason.CAP_REACHED] * (SENDERS - 2) + ["granted"] * 2
    assert IssuedPermit.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_it_is_the_lock_that_holds_the_cap(
    workspace: Workspace, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: without the lock, and with everybody past the count before anybody writes, more get through."""
    counted = Barrier(SENDERS)
    issue: Callable[..., object] = gate._issue

    def issue_together(*args: object) -> object:
        counted.wait(timeout=30)
        return issue(*args)

    monkeypatch.setattr(gate, "lock_customers", lambda customer_ids: None)
    monkeypatch.setattr(gate, "_issue", issue_together)

    assert _race(workspace, customer) == ["granted"] * SENDERS
