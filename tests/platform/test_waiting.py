"""The helper that everything else waits with."""

from __future__ import annotations

import subprocess
import sys

import pytest

from rapport.waiting import NeverCame, eventually, until_ended

STAY = [sys.executable, "-c", "import sys; sys.stdin.read()"]


def test_what_holds_already_is_returned_without_waiting() -> None:
    assert eventually(lambda: "here", within=0, for_what="a word") == "here"


def test_it_looks_again_until_it_holds() -> None:
    looks = iter((0, "", None, 7))

    assert eventually(lambda: next(looks), within=10, for_what="a number") == 7


def test_what_did_not_come_is_named_with_what_was_seen_last() -> None:
    with pytest.raises(NeverCame, match=r"Waited 0\.02 s for a number over ten; it did not come\. Last seen: \[\]"):
        eventually(list, within=0.02, for_what="a number over ten")


def test_errors_that_mean_not_yet_are_waited_through_and_others_are_not() -> None:
    looks = iter((ConnectionRefusedError(), 5))

    def look() -> int:
        found = next(looks)
        if isinstance(found, Exception):
            raise found
        return found

    assert eventually(look, within=10, for_what="a number", despite=OSError) == 5
    with pytest.raises(StopIteration):
        eventually(look, within=10, for_what="a number", despite=OSError)
    with pytest.raises(NeverCame, match="modulo by zero"):
        eventually(lambda: 1 // 0, within=0.01, for_what="a number", despite=ZeroDivisionError)


def test_nobody_waits_for_a_process_that_has_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]) as process:
        with pytest.raises(NeverCame, match=r"Waited for a sign of life; the process ended with 3\."):
            eventually(lambda: False, within=60, for_what="a sign of life", process=process)
        assert eventually(lambda: process.returncode, within=0, for_what="its last deed", process=process) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="process handles are Linux's")
def test_the_end_of_a_process_is_waited_for() -> None:
    with subprocess.Popen(STAY, stdin=subprocess.PIPE) as process:
        with pytest.raises(NeverCame, match=rf"Waited 0\.02 s for its end; process {process.pid} still runs\."):
            until_ended(process.pid, within=0.02, for_what="its end")

        process.kill()
        until_ended(process.pid, for_what="its end")  # over, though nobody has asked how
    until_ended(process.pid, within=0, for_what="its end")  # and gone
