"""The one way of tests and benchmarks to wait for what another process, thread or page does.

Nothing here is a pause of a length somebody guessed: a wait is over as soon as what it waits for is there, and says in
words what did not come when time is up.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import time
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

FIRST_PAUSE_SECONDS = 0.005
LONGEST_PAUSE_SECONDS = 0.2


class NeverCame(AssertionError):
    """Time was up, or the process that was to do it has ended."""


def eventually(
    check: Callable[[], T],
    *,
    within: float = 30,
    for_what: str,
    process: subprocess.Popen[Any] | None = None,
    despite: type[Exception] | tuple[type[Exception], ...] = (),
) -> T:
    """What `check` returns, once that is true. It looks often at first and then less so.

    within: seconds. for_what: what should come, as it reads after "waited for". process: who is to do it; waiting ends
    when that ends. despite: errors of `check` that only mean "not yet".
    """
    deadline, pause = time.monotonic() + within, FIRST_PAUSE_SECONDS
    while True:
        ended = process is not None and process.poll() is not None  # before the look: its last deed counts
        said: object
        try:
            if found := check():
                return found
            said = found
        except despite as error:
            said = error
        if ended and process is not None:
            raise NeverCame(f"Waited for {for_what}; the process ended with {process.returncode}. Last seen: {said!r}")
        if time.monotonic() >= deadline:
            raise NeverCame(f"Waited {within:g} s for {for_what}; it did not come. Last seen: {said!r}")
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)


def until_ended(pid: int, *, within: float = 30, for_what: str) -> None:
    """Returns when the process is over, reaped by its parent or not. It need not be a child of ours. Linux only."""
    with contextlib.suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            over, _, _ = select.select([handle], [], [], within)
        finally:
            os.close(handle)
        if not over:
            raise NeverCame(f"Waited {within:g} s for {for_what}; process {pid} still runs.")
