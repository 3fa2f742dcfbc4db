"""Files of a customer over HTTP."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from rapport.foundation.accounts.models import User
from rapport.stores.customers.models import CustomerFile
from rapport.stores.customers.tests.factories import make_customer
from rapport.stores.customers.tests.pages.factories import page


def test_file_is_taken_in_and_given_out_harmless(browser: Client) -> None:
    marta = make_customer()
    evil = SimpleUploadedFile("../../evil\r\n.html", b"<script>alert(1)</script>", content_type="text/html")

    assert browser.post(page(marta, "files/new"), {"file": evil}).status_code == 303
    row = CustomerFile.objects.get()
    response = browser.get(page(marta, f"files/{row.pk}"))

    assert b"".join(response.streaming_content) == b"<script>alert(1)</script>"  # type: ignore[attr-defined]  # a file is answered as a stream
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment;")
    assert "\n" not in response["Content-Disposition"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert browser.get(page(make_customer("Rui"), f"files/{row.pk}")).status_code == 404
    browser.post(page(marta, f"files/{row.pk}/remove"))
    assert browser.get(page(marta, f"files/{row.pk}")).status_code == 404


def test_file_that_is_too_large_is_refused_before_it_is_read(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from rapport.stores.customers.views import files as view

    marta = make_customer()
    monkeypatch.setattr(view, "LARGEST_BYTES", 1000)
    monkeypatch.setattr(view, "SLACK", 500)

    announced = browser.post(page(marta, "files/new"), {"file": SimpleUploadedFile("big.bin", b"x" * 5000)})
    monkeypatch.setattr(view, "SLACK", 1_000_000)
    streamed = browser.post(page(marta, "files/new"), {"file": SimpleUploadedFile("big.bin", b"x" * 200_000)})

    assert announced.status_code == 413
    assert streamed.status_code == 422
    assert not CustomerFile.objects.exists()


def test_upload_needs_the_token(ada: User, client_for: Callable[[User], Client]) -> None:
    marta = make_customer()
    strict = client_for(ada)
    strict.handler.enforce_csrf_checks = True

    response = strict.post(page(marta, "files/new"), {"file": SimpleUploadedFile("a.txt", b"hello")})

    assert response.status_code == 403
    assert not CustomerFile.objects.exists()
