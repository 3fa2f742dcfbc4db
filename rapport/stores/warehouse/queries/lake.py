"""The folder of a workspace: where it is, what its manifest says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from django.conf import settings

from rapport.foundation.accounts.tenancy import current_schema
from rapport.stores.warehouse.rules import manifests
from rapport.stores.warehouse.rules.manifests import Manifest

MANIFEST = "manifest.json"


class Lake:
    """One workspace's files. Reading only; services.files writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.former_folder = folder / "manifests"
        self.data = folder / "data"

    def manifest(self) -> Manifest | None:
        """What holds now. A manifest that can't be read (a disk gone bad) gives way to the newest former one that can."""
        for path in (self.folder / MANIFEST, *sorted(self.former_folder.glob("*.json"), reverse=True)):
            try:
                found = manifests.decode(path.read_bytes())
            except (OSError, msgspec.DecodeError):
                continue
            if found.format == manifests.FORMAT and all((self.folder / file).exists() for file in found.files):
                return found
        return None

    def former(self) -> Iterator[tuple[Path, int, datetime]]:
        """Superseded manifests: path, version, when they were superseded."""
        for path in self.former_folder.glob("*.json"):
            yield path, int(path.stem), _written(path)

    def all_files(self) -> dict[str, datetime]:
        """Every data file there is, with when it was written."""
        return {str(path.relative_to(self.folder)): _written(path) for path in self.data.rglob("*") if path.is_file()}

    def progress(self) -> dict[str, Any]:
        """What a writer at work says of itself."""
        try:
            found = msgspec.json.decode((self.folder / "progress.json").read_bytes())
        except (OSError, msgspec.DecodeError):
            return {}
        return found if isinstance(found, dict) else {}


def lake_of(schema: str) -> Lake:
    return Lake(Path(settings.WAREHOUSE_PATH) / schema)


def current_lake() -> Lake:
    return lake_of(current_schema())


def _written(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
