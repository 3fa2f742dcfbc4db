"""Files as people bring them, imported the way the pages do it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile

from rapport.foundation.records.models import Import
from rapport.foundation.records.services import imports
from rapport.foundation.workspace.types import Actor


@pytest.fixture(autouse=True)
def storage(tmp_path: Path, settings: Any) -> Iterator[None]:
    """A folder for each test. The storage of workspaces remembers where the first one was."""
    settings.MEDIA_ROOT = tmp_path / "files"
    default_storage.path("anything")
    remembered = vars(default_storage._wrapped)
    remembered.pop("relative_media_root", None)
    yield
    remembered.pop("relative_media_root", None)


@pytest.fixture
def bring(actor: Actor) -> Callable[..., Import]:
    """A file taken in, with answers and targets changed where given."""

    def start(
        content: str | bytes,
        name: str = "people.csv",
        into: str = "customer",
        targets: dict[int, str] | None = None,
        key: str | None = None,
        **answers: Any,
    ) -> Import:
        raw = content.encode() if isinstance(content, str) else content
        row = imports.start_import(actor=actor, record_type=into, upload=SimpleUploadedFile(name, raw))
        if targets or answers or key is not None:
            row = imports.change_plan(
                actor=actor, import_id=row.pk, targets=targets or {}, answers={**row.options, **answers}, key_field=key
            )
        return row

    return start


@pytest.fixture
def run(actor: Actor, bring: Callable[..., Import]) -> Callable[..., Import]:
    """A file taken in and imported."""

    def go(*args: Any, **more: Any) -> Import:
        return imports.begin_run(actor=actor, import_id=bring(*args, **more).pk)

    return go


def lines(row: Import) -> list[str]:
    from rapport.foundation.records.services.import_files import refused_rows

    return b"".join(refused_rows(row)).decode("utf-8-sig", "surrogateescape").split("\r\n")[:-1]


def csv_of(*rows: tuple[Any, ...]) -> str:
    import csv

    stream = io.StringIO()
    csv.writer(stream).writerows(rows)
    return stream.getvalue()
