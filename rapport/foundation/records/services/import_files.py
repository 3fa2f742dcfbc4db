"""The files of an import: what was brought, and the refused rows that are handed back, a part for each batch."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from rapport.foundation.records.errors import Unreadable
from rapport.foundation.records.models import Import, ImportState
from rapport.foundation.records.rules.codec import BadValue
from rapport.foundation.records.rules.exports import guarded
from rapport.foundation.records.rules.imports import RowProblem
from rapport.foundation.records.rules.tables import Batch
from rapport.foundation.records.rules.texts import text_of
from rapport.foundation.records.services.import_plans import table_format

CHECKED, REFUSED = "checked", "refused"


class Upload(Protocol):
    """A file as it comes in."""

    @property
    def name(self) -> str | None: ...
    @property
    def size(self) -> int | None: ...

    def chunks(self) -> Iterable[bytes]: ...


def store_upload(import_id: UUID, upload: Upload) -> tuple[str, int, str]:
    """Where it is kept, its size and its digest. Errors: Unreadable when it is too large."""
    digest, size = hashlib.blake2b(digest_size=32), 0
    key = default_storage.save(f"imports/{import_id.hex}/source", ContentFile(b""))
    path = Path(default_storage.path(key))
    try:
        with path.open("wb") as stream:
            for chunk in upload.chunks():
                size += len(chunk)
                if size > settings.MAX_IMPORT_BYTES:
                    limit = settings.MAX_IMPORT_BYTES // 1024 // 1024
                    raise Unreadable(
                        _("This file is larger than %(limit)s MB. Split it, or ask whoever runs Rapport to allow more.")
                        % {"limit": limit}
                    )
                digest.update(chunk)
                stream.write(chunk)
    except BaseException:
        default_storage.delete(key)
        raise
    return key, size, digest.hexdigest()


def clean_name(name: str) -> str:
    """What a file is called, without its folders."""
    bare = name.replace("\\", "/").rpartition("/")[2]
    return "".join(sign for sign in bare if sign.isprintable()).strip()[:240] or _("File")


def file_path(row: Import) -> Path:
    return Path(default_storage.path(row.storage_key))


def forget_files(row: Import) -> None:
    """Remove the file and what was made of it."""
    for name in (CHECKED, REFUSED):
        clear_folder(folder_of(row, name))
    default_storage.delete(row.storage_key)
    with contextlib.suppress(OSError):
        Path(default_storage.path(row.storage_key)).parent.rmdir()


def refused_rows(row: Import) -> Iterator[bytes]:
    """The file of refused rows, with what to mend in each."""
    folder = CHECKED if row.is_open or row.state == ImportState.CHECKING else REFUSED
    how = table_format(row)
    yield "\ufeff".encode() + _csv_line([_("Row"), _("What to mend"), *how.headings])
    for part in sorted(folder_of(row, folder).glob("*.csv")):
        with part.open("rb") as stream:
            while chunk := stream.read(1 << 16):
                yield chunk


def folder_of(row: Import, name: str) -> Path:
    return Path(default_storage.path(row.storage_key)).parent / name


def clear_folder(folder: Path) -> None:
    for part in folder.glob("*.csv"):
        part.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


def refused_lines(batch: Batch, problems: Sequence[RowProblem], refused: set[int]) -> bytes:
    reasons: dict[int, list[str]] = {}
    for one in problems:
        if not one.is_warning:
            reasons.setdefault(one.row, []).append(f"{one.heading}: {one.reason}" if one.heading else one.reason)
    cells = {row.number: row.cells for row in batch.refused}
    for position, number in enumerate(batch.numbers):
        if number in refused:
            cells[number] = tuple(column[position] for column in batch.columns)
    return b"".join(
        _csv_line([str(number), " ".join(reasons[number]), *map(shown_cell, cells.get(number, ()))])
        for number in sorted(refused)
    )


def _csv_line(cells: Sequence[str]) -> bytes:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\r\n").writerow([guarded(str(cell).replace("\x00", "")) for cell in cells])
    # Bytes that were no text in the file are handed back as they came.
    return stream.getvalue().encode("utf-8", "surrogateescape")


def shown_cell(cell: Any) -> str:
    if cell is None:
        return ""
    try:
        return text_of(cell)
    except BadValue:
        return ""
