"""Homes for servers of their own, and a way to wait for a condition instead of sleeping."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that root's database server, which runs as another user, can reach: pytest's own are closed."""
    outer = Path(tempfile.mkdtemp(prefix="rapport-test-", dir="/tmp"))
    outer.chmod(0o711)
    yield outer / "home"
    shutil.rmtree(outer, ignore_errors=True)


@pytest.fixture
def eventually() -> Callable[..., None]:
    """Waits until a condition holds, looking often; fails in words when it never does."""

    def wait(condition: Callable[[], object], words: str, *, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        pause = 0.01
        while not condition():
            assert time.monotonic() < deadline, f"not within {seconds:g} s: {words}"
            os.sched_yield()
            time.sleep(pause)
            pause = min(pause * 1.5, 0.2)

    return wait
