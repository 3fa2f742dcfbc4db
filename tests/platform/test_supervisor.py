"""The supervisor: children come back, leave in order, and never stay behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from rapport.launch import supervisor as subject
from rapport.launch.supervisor import Child, Supervisor, wait_before_restart
from rapport.waiting import until_ended

STAY = [sys.executable, "-c", "import threading; threading.Event().wait()"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, sys, threading; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    " open(sys.argv[1], 'w').close(); threading.Event().wait()",
]


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.parametrize(("failures", "seconds"), [(0, 0.5), (1, 0.5), (2, 1), (3, 2), (7, 30), (50, 30)])
def test_waits_grow_up_to_half_a_minute(failures: int, seconds: float) -> None:
    assert wait_before_restart(failures) == seconds


def test_killed_child_is_started_again() -> None:
    said: list[str] = []
    child = Child("web", STAY)
    watch = Supervisor([child], say=said.append)
    pids: list[int] = []

    def kill_first_then_stop() -> None:
        if child.process and child.process.pid not in pids:
            pids.append(child.process.pid)
            child.kill() if len(pids) == 1 else watch.request_stop()

    watch.run(each_tick=kill_first_then_stop)

    assert len(set(pids)) == 2
    assert said == ["The web process ended (signal SIGKILL); starting it again in 0.5 s."]
    assert all(gone(pid) for pid in pids)


def test_child_that_fails_is_named_with_its_status() -> None:
    said: list[str] = []
    child = Child("worker", [sys.executable, "-c", "raise SystemExit(3)"])
    watch = Supervisor([child], say=said.append)

    watch.run(each_tick=lambda: watch.request_stop() if said else None)

    assert said == ["The worker process ended (exit status 3); starting it again in 0.5 s."]


def test_child_that_does_not_listen_is_ended_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "GRACE_SECONDS", 0.2)
    said: list[str] = []
    ready = tmp_path / "ready"
    child = Child("web", [*DEAF, str(ready)])
    watch = Supervisor([child], say=said.append)

    watch.run(each_tick=lambda: watch.request_stop() if ready.exists() else None)

    assert said == ["The web process does not end by itself; ending it."]
    assert child.process
    assert gone(child.process.pid)


def test_children_end_when_a_tick_fails() -> None:
    child = Child("web", STAY)

    def fail() -> None:
        raise RuntimeError("a fault of our own")

    with pytest.raises(RuntimeError, match="a fault of our own"):
        Supervisor([child], say=lambda _: None).run(each_tick=fail)
    assert not child.running


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of the death of their parent")
def test_children_end_when_the_supervisor_is_killed() -> None:
    program = (
        "import sys; from rapport.launch.supervisor import Child, Supervisor;"
        f"child = Child('web', {STAY!r});"
        "Supervisor([child], say=print).run(each_tick=lambda: print(child.process.pid, flush=True))"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    pid = int(parent.stdout.readline())

    parent.kill()
    parent.communicate()

    until_ended(pid, for_what="the child to follow its supervisor")


def test_signals_ask_for_a_stop() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    watch = Supervisor([], say=lambda _: None)
    try:
        watch.stop_on_signals()
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGTERM)).start()

        watch.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
