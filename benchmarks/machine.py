"""What it was measured on, and the processor time that processes used."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def heading(title: str, **sizes: object) -> None:
    """The lines every program begins with."""
    model = next((line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "")
    memory = next((int(line.split()[1]) // 1024 for line in _lines("/proc/meminfo") if "MemTotal" in line), 0)
    print(f"\n# {title}")
    print(f"command: python -m benchmarks {' '.join(sys.argv[1:])}")
    print(f"machine: {os.cpu_count()} cores, {model or platform.machine()}, {memory} MB; load {os.getloadavg()[0]:.1f}")
    print(
        f"python {platform.python_version()}; "
        + ", ".join(f"{name} {_grouped(value)}" for name, value in sizes.items())
    )


def _grouped(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


@dataclass
class Times:
    """Wall times in milliseconds."""

    milliseconds: list[float]

    def at(self, share: float) -> float:
        ordered = sorted(self.milliseconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

    def __str__(self) -> str:
        return f"p50 {self.at(0.5):7.1f} ms   p95 {self.at(0.95):7.1f} ms   n {len(self.milliseconds)}"


def family(*roots: int) -> list[int]:
    """The processes and all that they started."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, pending = [], list(roots)
    while pending:
        pid = pending.pop()
        found.append(pid)
        pending += children.get(pid, [])
    return found


def cpu_ms(pids: Iterable[int]) -> float:
    """Processor time used so far by these processes, and by children of theirs that have ended."""
    total = 0
    for pid in pids:
        fields = _stat(pid)
        if fields:
            total += sum(int(fields[index]) for index in (11, 12, 13, 14))
    return total * 1000 / TICK


def rss_mb(pids: Sequence[int]) -> float:
    """Memory these processes have to themselves, in MB (proportional shares of what they share)."""
    total = 0
    for pid in pids:
        for line in _lines(f"/proc/{pid}/smaps_rollup"):
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024


def resident_mb(pids: Sequence[int]) -> float:
    """The largest resident memory among these processes, in MB."""
    found = [0]
    for pid in pids:
        found += [int(line.split()[1]) for line in _lines(f"/proc/{pid}/status") if line.startswith("VmRSS:")]
    return max(found) / 1024


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


class Clock:
    """Wall time of a block, in seconds."""

    def __enter__(self) -> Clock:
        self.started = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self.started
