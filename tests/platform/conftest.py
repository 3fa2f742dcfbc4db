"""Homes for servers of their own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that root's database server, which runs as another user, can reach: pytest's own are closed."""
    outer = Path(tempfile.mkdtemp(prefix="rapport-test-", dir="/tmp"))
    outer.chmod(0o711)
    yield outer / "home"
    shutil.rmtree(outer, ignore_errors=True)
