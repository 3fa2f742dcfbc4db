"""What tests of the warehouse share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def lake_folder(settings: Any, tmp_path: Path) -> Path:
    """A folder of its own for each test."""
    settings.WAREHOUSE_PATH = tmp_path / "warehouse"
    return settings.WAREHOUSE_PATH
