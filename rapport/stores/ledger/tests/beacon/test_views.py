"""Connecting websites: the pages."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from rapport.foundation.accounts.models import User
from rapport.foundation.workspace.types import Actor
from rapport.stores.ledger.models import Touchpoint, WriteKey
from rapport.stores.ledger.services import write_keys

LIST = "/w/kestrel/settings/websites/"


@pytest.fixture
def client(client_for: Callable[..., Client], ada: User) -> Client:
    return client_for(ada)


@pytest.fixture
def key(actor: Actor) -> WriteKey:
    return write_keys.create_write_key(actor=actor, name="Web shop", allowed_origins=["https://shop.example"])


def test_a_website_is_connected_and_shows_its_line(client: Client) -> None:
    assert "No website yet" in client.get(LIST).content.decode()
    assert client.get(f"{LIST}new/").status_code == 200

    made = client.post(
        f"{LIST}new/",
        {"name": "Web shop", "allowed_origins": "shop.example\nhttps://*.shop.example", "create_customers": "on"},
    )

    key = WriteKey.objects.get()
    assert key.allowed_origins == ["https://shop.example", "https://*.shop.example"]
    assert made.status_code == 303
    page = client.get(made["Location"]).content.decode()
    assert f'data-key="{key.key}"'.replace('"', "&quot;") in page or f'data-key="{key.key}"' in page
    assert "/b/beacon.js" in page
    assert "Web shop" in client.get(LIST).content.decode()


def test_a_wrong_address_comes_back(client: Client) -> None:
    response = client.post(f"{LIST}new/", {"name": "x", "allowed_origins": "not a site"})

    assert response.status_code == 422
    assert "is no address of a website" in response.content.decode()
    assert not WriteKey.objects.exists()


def test_a_test_arrives_in_the_feed(client: Client, key: WriteKey) -> None:
    here = f"{LIST}{key.pk}/"
    assert client.get(f"{here}arrivals/").status_code == 204

    assert client.post(f"{here}test/").status_code == 303

    row = Touchpoint.objects.get()
    feed = client.get(f"{here}arrivals/", headers={"HX-Request": "true"}).content.decode()
    assert re.findall(r'<li[^>]* data-id="([^"]+)"', feed) == [str(row.id)]
    assert client.get(f"{here}arrivals/", {"after": str(row.id)}).status_code == 204
    assert client.get(f"{here}arrivals/", {"after": "nonsense"}).status_code == 200
    assert "Beacon tested" in client.get(here).content.decode()


def test_settings_are_changed_and_the_website_disconnected(client: Client, key: WriteKey) -> None:
    here = f"{LIST}{key.pk}/"

    assert client.post(here, {"name": "Shop", "allowed_origins": ""}).status_code == 422
    assert client.post(here, {"name": "Shop", "allowed_origins": "https://other.example"}).status_code == 303
    key.refresh_from_db()
    assert (key.name, key.allowed_origins, key.create_customers) == ("Shop", ["https://other.example"], False)
    assert client.post(f"{here}disconnect/").status_code == 303
    assert client.get(here).status_code == 404
    key.refresh_from_db()
    assert key.revoked_at is not None


def test_only_who_manages_sources_gets_there(
    client_for: Callable[..., Client], ben: User, cleo: User, key: WriteKey
) -> None:
    for user, status in ((ben, 403), (cleo, 404)):
        other = client_for(user)
        for path in (LIST, f"{LIST}new/", f"{LIST}{key.pk}/", f"{LIST}{key.pk}/arrivals/"):
            assert other.get(path).status_code == status
        for path in ("test", "disconnect"):
            assert other.post(f"{LIST}{key.pk}/{path}/").status_code == status
        assert other.post(f"{LIST}new/", {"name": "x", "allowed_origins": "https://x.example"}).status_code == status

    assert WriteKey.objects.filter(revoked_at=None).count() == 1
