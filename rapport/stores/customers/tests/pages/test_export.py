"""Everything about one customer in a file."""

from __future__ import annotations

import json

from django.test import Client

from rapport.foundation.workspace.models import AuditEntry
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.tests.pages.factories import furnished, page


def test_export_holds_everything_one_may_read_and_is_written_down(browser: Client, actor: Actor) -> None:
    marta = furnished(actor)

    response = browser.get(page(marta, "export"))
    document = json.loads(b"".join(response.streaming_content))  # type: ignore[attr-defined]  # a file is answered as a stream

    assert response["Content-Disposition"] == 'attachment; filename="Marta Oliveira.json"'
    assert document["customer"]["email"] == "marta@pedal.example"
    assert document["customer"]["shoe"] == "Marta Oliveira"
    assert len(document["ids"]) == 2
    assert {each["kind"] for each in document["identities"]} == {"email", "phone", "external"}
    assert [each["street"] for each in document["addresses"]] == ["Marta Oliveira"]
    assert {each["label"] for each in document["relationships"]} == {"works at", "knows"}
    assert {"added", "merged", "created"} <= {each["action"] for each in document["history"]}
    assert "touchpoints" in document
    assert AuditEntry.objects.get(action="customer_exported").subject_id == str(marta.pk)
