"""The programs that measure run, and print their figures. What the figures are is looked at by hand: see speed.md."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rapport.launch.checkout import PACKAGE
from tests.platform.conftest import home

__all__ = ["home"]

FIGURES = {
    "requests": (r"customers, first page .* \+ +[\d.]+ = +[\d.]+ ms", r"web worker: \d+ MB when started"),
    "lists": (r"words: part of a name +p50 .*", r"never ordered +p50 .*"),
    "ingestion": (
        r"medians: COPY [\d,]+ rows/s, HTTP [\d,]+ rows/s",
        r"single events, 8 connections: [\d,]+ requests/s",
    ),
    "timeline": (r"50 newest of the heavy customer +p50 .*",),
    "imports": (r"import +[\d,]+ rows/s", r"undo +[\d.]+ s, 3,000 customers removed"),
}


@pytest.mark.django_db  # so that the database of tests was set up, and with it the snapshots
def test_every_program_measures_a_tiny_firm(home: Path) -> None:
    home.mkdir(mode=0o711)
    (home / "snapshots").symlink_to(Path(os.environ["RAPPORT_HOME"]) / "snapshots")  # no migrations from zero
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "PGOPTIONS")}
    command = [sys.executable, "-m", "benchmarks", *FIGURES, "--size", "T", "--times", "2"]

    done = subprocess.run(
        command,
        cwd=PACKAGE.parent,
        env={**environment, "RAPPORT_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    for name, wanted in FIGURES.items():
        for figure in wanted:
            assert re.search(figure, done.stdout), f"{name} printed no {figure}:\n{done.stdout}"
