"""Boats: a record type of Ada's workspace, with fields of several kinds, and people they belong to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile

from rapport.foundation.records.models import Import, OwnType
from rapport.foundation.records.services import fields, imports, records
from rapport.foundation.records.services.own_types import create_type
from rapport.foundation.workspace.types import Actor

BOAT = "x_boat"


@pytest.fixture(autouse=True)
def storage(tmp_path: Path, settings: Any) -> Iterator[None]:
    """A folder for each test. The storage of workspaces remembers where the first one was."""
    settings.MEDIA_ROOT = tmp_path / "files"
    default_storage.path("anything")
    remembered = vars(default_storage._wrapped)
    remembered.pop("relative_media_root", None)
    yield
    remembered.pop("relative_media_root", None)


def define_boats(actor: Actor) -> OwnType:
    row = create_type(actor=actor, label="Boat", plural="Boats", title_label="Name of the boat")
    for label, kind, more in (
        ("Length", "number", {}),
        ("Registration", "text", {}),
        ("Launched", "date", {}),
        ("Kind of hull", "choice", {"choices": [{"label": "Steel", "value": "steel"}, {"label": "Wood", "value": "wood"}]}),
        ("Tender of", "relation", {"target": BOAT}),
    ):  # fmt: skip
        fields.create_field(actor=actor, record_type=row.name, label=label, kind=kind, **more)
    return row


@pytest.fixture
def boats(actor: Actor) -> OwnType:
    return define_boats(actor)


@pytest.fixture
def boat(actor: Actor, boats: OwnType) -> Callable[..., Any]:
    def make(name: str = "Seagull", **values: Any) -> Any:
        return records.create_record(actor=actor, record_type=BOAT, values={"name": name, **values})

    return make


@pytest.fixture
def customer(actor: Actor) -> Callable[..., Any]:
    def make(name: str = "Marta Oliveira", **values: Any) -> Any:
        return records.create_record(actor=actor, record_type="customer", values={"name": name, **values})

    return make


@pytest.fixture
def run(actor: Actor, boats: OwnType) -> Callable[..., Import]:
    """A file of boats taken in and imported."""

    def go(content: str, key: str | None = None, into: str = BOAT, **answers: Any) -> Import:
        upload = SimpleUploadedFile("boats.csv", content.encode())
        row = imports.start_import(actor=actor, record_type=into, upload=upload)
        if answers or key is not None:
            row = imports.change_plan(
                actor=actor, import_id=row.pk, targets={}, answers={**row.options, **answers}, key_field=key
            )
        return imports.begin_run(actor=actor, import_id=row.pk)

    return go
