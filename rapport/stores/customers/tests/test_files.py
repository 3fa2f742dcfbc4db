import io
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django_tenants.utils import schema_context
from hypothesis import given
from hypothesis import strategies as st

from rapport.foundation.accounts.models import Workspace
from rapport.foundation.records.services.undo import undo
from rapport.foundation.workspace.errors import Invalid, NotFound
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.stores.customers.models import Customer, CustomerFile
from rapport.stores.customers.queries.detail import dossier
from rapport.stores.customers.rules import files as rules
from rapport.stores.customers.services import files
from rapport.stores.customers.tests.factories import changes_of, make_customer

PDF = b"%PDF-1.7 the review"


def add(actor: Actor, customer: Customer, name: str = "review.pdf", content: bytes = PDF) -> CustomerFile:
    return files.add_file(
        actor=actor, customer_id=customer.pk, name=name, content=io.BytesIO(content), size_bytes=len(content)
    )[0]


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("review.pdf", "review.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\contract.docx", "contract.docx"),
        ("/", "file"),
        ("..", "file"),
        ("", "file"),
        ("a\r\nSet-Cookie: x.txt", "aSet-Cookie: x.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("Grünwerk Übersicht 日本.pdf", "Grünwerk Übersicht 日本.pdf"),
        ("x" * 300 + ".pdf", "x" * 236 + ".pdf"),
    ],
)
def test_name_is_the_harmless_end_of_a_path(given_name: str, kept: str) -> None:
    assert rules.clean_name(given_name) == kept


@given(st.text(max_size=400))
def test_any_name_becomes_a_short_line(name: str) -> None:
    kept = rules.clean_name(name)

    assert 0 < len(kept) <= 240
    assert not set("/\\\r\n\x00") & set(kept)
    assert kept not in (".", "..")


@pytest.mark.parametrize(
    ("head", "name", "content_type"),
    [
        (PDF, "page.html", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n....", "x", "image/png"),
        (b"<html><script>alert(1)</script>", "note.txt", "application/octet-stream"),
        (b"  <svg onload=alert(1)>", "logo.png", "application/octet-stream"),
        (b"plain words", "page.html", "text/plain"),
        ("Grüße".encode(), "x.txt", "text/plain"),
        ("Grü".encode()[:-1], "x.txt", "text/plain"),
        (b"PK\x03\x04....", "offer.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"PK\x03\x04....", "offer.html", "application/zip"),
        (b"MZ\x90\x00", "photo.jpg", "application/octet-stream"),
        (b"", "x", "application/octet-stream"),
    ],
)
def test_type_is_what_the_bytes_prove(head: bytes, name: str, content_type: str) -> None:
    assert rules.sniffed(head, name) == content_type


def test_file_lies_in_the_workspaces_folder_under_a_key_of_our_own(actor: Actor, workspace: Workspace) -> None:
    marta = make_customer()

    row = add(actor, marta, "../../../evil.pdf")

    path = Path(default_storage.path(row.storage_key))
    assert path.read_bytes() == PDF
    folder = Path(default_storage._wrapped.location)  # type: ignore[attr-defined]  # what the lazy one wraps
    assert (folder.name, path.is_relative_to(folder)) == (workspace.schema_name, True)
    assert "evil" not in row.storage_key
    assert (row.name, row.content_type, row.size_bytes) == ("evil.pdf", "application/pdf", len(PDF))
    assert [each.name for each in dossier(actor=actor, customer_id=marta.pk).files] == ["evil.pdf"]


def test_other_workspace_neither_lists_nor_reaches_it(actor: Actor, other_workspace: Workspace) -> None:
    row = add(actor, make_customer())

    with schema_context(other_workspace.schema_name):
        assert not CustomerFile.objects.exists()
        assert not default_storage.exists(row.storage_key)


def test_removed_file_comes_back_with_undo(actor: Actor) -> None:
    marta = make_customer()
    row = add(actor, marta)

    operation = files.remove_file(actor=actor, customer_id=marta.pk, file_id=row.pk)
    assert dossier(actor=actor, customer_id=marta.pk).files == ()
    undo(actor=actor, operation_id=operation.id)

    assert [each.id for each in dossier(actor=actor, customer_id=marta.pk).files] == [row.pk]
    assert default_storage.exists(row.storage_key)


def test_undo_of_an_upload_takes_the_file_off_the_customer(actor: Actor) -> None:
    marta = make_customer()
    _, operation = files.add_file(
        actor=actor, customer_id=marta.pk, name="x.pdf", content=io.BytesIO(PDF), size_bytes=len(PDF)
    )

    undo(actor=actor, operation_id=operation.id)

    assert dossier(actor=actor, customer_id=marta.pk).files == ()


@pytest.mark.parametrize("size", [0, rules.LARGEST_BYTES + 1])
def test_file_of_a_wrong_size_is_refused(actor: Actor, size: int) -> None:
    marta = make_customer()

    with pytest.raises(Invalid):
        files.add_file(actor=actor, customer_id=marta.pk, name="x", content=io.BytesIO(b""), size_bytes=size)

    assert (CustomerFile.objects.count(), changes_of(marta)) == (0, 0)


def test_nothing_stays_in_the_storage_when_the_row_cannot_be_written(
    actor: Actor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    marta = make_customer()
    kept: list[str] = []
    save = type(default_storage._wrapped).save if hasattr(default_storage, "_wrapped") else None  # type: ignore[attr-defined]  # what the lazy one wraps
    assert save is not None

    def remember(self: object, name: str, content: object, **options: object) -> str:
        kept.append(save(self, name, content, **options))
        return kept[-1]

    def fail(self: object, **options: object) -> None:
        raise RuntimeError("the database went away")

    monkeypatch.setattr(type(default_storage._wrapped), "save", remember)  # type: ignore[attr-defined]  # what the lazy one wraps
    monkeypatch.setattr(CustomerFile, "save", fail)
    with pytest.raises(RuntimeError):
        add(actor, marta)

    assert len(kept) == 1
    assert not default_storage.exists(kept[0])


def test_file_of_another_customer_is_not_found(actor: Actor) -> None:
    row = add(actor, make_customer())

    with pytest.raises(NotFound):
        files.remove_file(actor=SYSTEM, customer_id=make_customer("Rui").pk, file_id=row.pk)
