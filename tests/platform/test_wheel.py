"""The wheel in an empty environment without a network: everything it needs is inside, or among its dependencies."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rapport.launch import snapshot
from rapport.launch.assets import COPIED
from rapport.launch.checkout import PACKAGE

ROOT = PACKAGE.parent
BIN = Path(sys.executable).parent
pytestmark = [pytest.mark.timeout(400), pytest.mark.usefixtures("django_db_setup")]


def run(*command: object, **options: Any) -> subprocess.CompletedProcess[str]:
    words = [str(part) for part in command]
    done: subprocess.CompletedProcess[str] = subprocess.run(
        words, capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Reachable for the user who runs root's database server."""
    path = Path(tempfile.mkdtemp(prefix="rapport-wheel-", dir="/tmp"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def wheel(folder: Path, django_db_setup: None) -> Path:
    """Built from a copy of the sources, with the snapshot that `make wheel` would put there."""
    source = folder / "source"
    skip = shutil.ignore_patterns("__pycache__", "node_modules", "var", ".*", "tests", "dist", "docs", "site")
    shutil.copytree(ROOT, source, ignore=skip)
    found = snapshot.Snapshot.find(snapshot.fingerprint())
    assert found
    assert found.public
    found.keep(source / "rapport" / "launch" / "snapshot.json.gz")
    os.symlink(ROOT / "assets" / "node_modules", source / "assets" / "node_modules")
    run(BIN / "hatchling", "build", "-t", "wheel", "-d", folder / "dist", cwd=source)
    (built,) = (folder / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, folder: Path) -> Path:
    """The Python of an environment that holds the wheel and its locked dependencies, nothing of ours besides."""
    home = folder / "with space"
    run(sys.executable, "-m", "venv", "--without-pip", home)
    python = home / "bin" / "python"
    uv = [sys.executable, "-m", "uv", "pip"]
    sync = [*uv, "sync", "-q", "--python", python, "--require-hashes", ROOT / "requirements" / "runtime.txt"]
    # Set-up left the packages in the cache; where it was emptied since, they are fetched again.
    if subprocess.run([str(part) for part in [*sync, "--offline"]], capture_output=True, check=False).returncode:
        run(*sync)
    run(*uv, "install", "-q", "--offline", "--no-deps", "--python", python, wheel)
    run(*uv, "check", "--python", python)
    return python


def test_wheel_holds_what_git_does_not_and_no_tests(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())

    assert {f"rapport/foundation/ui/static/vendor/{name}" for _, name in COPIED} <= names
    assert "rapport/foundation/ui/static/vendor/icons.svg" in names
    assert "rapport/foundation/ui/static/vendor/LICENSES.txt" in names
    assert "rapport/launch/snapshot.json.gz" in names
    assert not [name for name in names if "/tests/" in name or name.endswith("conftest.py")]


def test_installed_wheel_starts_without_a_network_and_takes_a_customer(installed: Path, folder: Path) -> None:
    walk = [installed, ROOT / "tests" / "platform" / "wheel_walk.py", folder / "home"]
    alone = ["unshare", "-n"]
    cut_off = subprocess.run([*alone, "true"], capture_output=True, check=False).returncode == 0
    environment = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("RAPPORT_", "DATABASE_", "PYTHON", "DJANGO_", "COVERAGE"))
    }

    done = run(*(alone if cut_off else []), *walk, cwd=folder, env=environment)

    said = json.loads(done.stdout.splitlines()[-1])
    assert said["opened"] == "Set up."  # from the snapshot in the wheel: no migration ran
    assert said["place"] == "/w/wheel-works/"
    assert (said["status"], said["name"]) == (201, "Grace Hopper")
    assert said["style"] > 500_000
    assert said["exit"] == 0
    if cut_off:
        assert said["networks"] == []
