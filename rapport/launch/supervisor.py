"""Keeps a few processes running: starts them again when they die, ends them in order, and never outlives them silently."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 30.0
STEADY_SECONDS = 30.0  # one that ran this long has a clean slate
GRACE_SECONDS = 15.0
TICK_SECONDS = 0.1

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def wait_before_restart(failures: int) -> float:
    """Half a second, then twice as long each time, up to half a minute."""
    return min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** max(0, failures - 1))


@dataclass
class Child:
    """One process that should run."""

    name: str
    command: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    failures: int = 0
    started_at: float = 0.0
    start_again_at: float = 0.0

    def start(self) -> None:
        supervisor = os.getpid()

        def die_with_supervisor() -> None:
            # Linux only: the kernel ends the child even when the supervisor is killed with -9.
            if _libc is not None:
                _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
                if os.getppid() != supervisor:  # it died before the line above took hold
                    os._exit(1)

        # A session of its own: Ctrl-C in the terminal reaches the supervisor alone, which ends the children in order.
        self.process = subprocess.Popen(
            self.command,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_supervisor,
        )
        self.started_at = time.monotonic()

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def ask_to_end(self) -> None:
        """Of the process alone: it ends its own helpers, and would take their sudden end for a fault."""
        if self.process is not None and self.running:
            self.process.terminate()

    def kill(self) -> None:
        """The process with all its helpers, and those that outlived it."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)


class Supervisor:
    def __init__(self, children: Sequence[Child], *, say: Callable[[str], None]) -> None:
        self.children = children
        self.say = say
        self._stop = threading.Event()

    def stop_on_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self.request_stop())

    def request_stop(self) -> None:
        self._stop.set()

    def run(self, *, each_tick: Callable[[], None] = lambda: None) -> None:
        """Until a stop is asked for. The children are ended before this returns, whatever happens."""
        try:
            while not self._stop.is_set():
                for child in self.children:
                    self._tend(child)
                each_tick()
                self._stop.wait(TICK_SECONDS)
        finally:
            self._end()

    def _tend(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.start_again_at:
                child.start()
            return
        status = child.process.poll()
        if status is None:
            return
        child.kill()
        child.failures = 1 if now - child.started_at > STEADY_SECONDS else child.failures + 1
        wait = wait_before_restart(child.failures)
        child.process, child.start_again_at = None, now + wait
        self.say(f"The {child.name} process ended ({_how(status)}); starting it again in {wait:g} s.")

    def _end(self) -> None:
        for child in self.children:
            child.ask_to_end()
        deadline = time.monotonic() + GRACE_SECONDS
        for child in self.children:
            if child.process is None:
                continue
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.say(f"The {child.name} process does not end by itself; ending it.")
            child.kill()
            child.process.wait()


def _how(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    with contextlib.suppress(ValueError):
        return f"signal {signal.Signals(-status).name}"
    return f"signal {-status}"
