"""The workspace of a new installation."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command
from django.test import Client
from django_tenants.utils import schema_context

from rapport.demo.types import Firm
from rapport.foundation.accounts.models import User, Workspace
from rapport.foundation.workspace.models import Member
from rapport.stores.customers.models import Customer
from rapport.stores.ledger.models import Touchpoint


def test_whoever_signs_in_first_is_one_of_the_firm(
    workspace: Workspace, small_firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rapport.demo.load.simulate", lambda **_: small_firm)
    said = io.StringIO()

    with schema_context("public"):
        call_command("open_demo", stdout=said)

    way_in = json.loads(said.getvalue().splitlines()[-1])
    ines = User.objects.get(email=way_in["email"])
    opened = Workspace.objects.get(name="Kestrel Cargo Bikes")
    assert ines.name == "Ines Duarte"
    assert Client().login(username=ines.email, password=way_in["password"])
    with schema_context(opened.schema_name):
        member = Member.objects.get(user_id=ines.pk)
        assert Customer.objects.count() == 150
        assert Member.objects.count() == 4
        assert Customer.objects.filter(owner=member, kind="organisation").exists()
        assert Touchpoint.objects.filter(member_id=member.pk).exists()
