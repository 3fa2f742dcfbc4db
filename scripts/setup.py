#!/usr/bin/env python3
"""Makes `.venv` ready: `python3 scripts/setup.py run` for using Rapport, `… develop` for working on it.

Needs only Python 3.11 to 3.13 with venv and pip. Does nothing when all is in place already.
Written so that older Pythons can read it, and say what is wrong.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts" if os.name == "nt" else "bin") / "python"
STAMP = VENV / "rapport-setup"
OLDEST, NEWEST = (3, 11), (3, 13)
LOCKS = {"run": ["runtime.txt", "tools.txt"], "develop": ["dev.txt", "tools.txt"]}
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def main() -> int:
    purpose = sys.argv[1] if len(sys.argv) > 1 else "develop"
    if purpose not in LOCKS:
        print(__doc__)
        return 2
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        return _with_a_fitting_python()
    if purpose == "develop":
        _browser()
    if STAMP.is_file() and STAMP.read_text() in {_stamp(name) for name in LOCKS if name in (purpose, "develop")}:
        return 0
    _environment()
    _step(
        "Installing the installer", PYTHON, "-m", "pip", "install", "-qq", "--require-hashes", "-r", _lock("tools.txt")
    )
    uv = [PYTHON, "-m", "uv", "pip"]
    to = ["-q", "--python", PYTHON]
    _step("Installing packages", *uv, "sync", *to, "--require-hashes", *map(_lock, LOCKS[purpose]))
    _step("Installing Rapport", *uv, "install", *to, "--no-deps", "--no-build-isolation", "-e", ROOT)
    STAMP.write_text(_stamp(purpose))
    return 0


def _with_a_fitting_python() -> int:
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        if found := shutil.which(f"python3.{minor}"):
            return subprocess.call([found, *sys.argv])
    version = ".".join(map(str, sys.version_info[:3]))
    sys.exit(f"Rapport needs Python 3.11, 3.12 or 3.13; this is {version} ({sys.executable}). Install one of them.")


def _lock(name: str) -> Path:
    return ROOT / "requirements" / name


def _stamp(purpose: str) -> str:
    """Changes with anything that calls for installing again: the locks, the project file, the folder, the Python."""
    digest = hashlib.sha256()
    for path in [*map(_lock, LOCKS[purpose]), ROOT / "pyproject.toml"]:
        digest.update(path.read_bytes())
    digest.update(f"{purpose} {ROOT} {sys.version_info[:2]}".encode())
    return digest.hexdigest()


def _environment() -> None:
    """A virtual environment that works here: one that was moved, has no pip or whose Python has gone is made anew."""
    if PYTHON.is_file() or VENV.is_symlink():
        try:
            asked = subprocess.run([PYTHON, "-c", "import sys, pip; print(sys.prefix)"], capture_output=True, text=True)
            if asked.returncode == 0 and Path(asked.stdout.strip()) == VENV and _scripts_point_here():
                return
        except OSError:
            pass
    # pip may write a cache that belongs to somebody else when HOME does; that is a warning, not an error.
    done = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], capture_output=True, text=True)
    if done.returncode:
        print(done.stdout + done.stderr, file=sys.stderr)
        sys.exit("Python could not make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv")


def _scripts_point_here() -> bool:
    """Installed commands carry the path of their Python; in a folder that was moved or copied it is the old one."""
    pip = PYTHON.with_name("pip")
    return not pip.is_file() or str(VENV).encode() in pip.read_bytes()[:1024]


def _step(words: str, *command: object) -> None:
    print(f"{words} …", flush=True)
    done = subprocess.run([str(part) for part in command], cwd=ROOT)
    if done.returncode:
        sys.exit(f"{words} failed; the lines above say why. Nothing else was changed.")


def _browser() -> None:
    """The journeys need a Chromium; install Debian's where we may, otherwise name it."""
    if os.environ.get("RAPPORT_CHROMIUM") or any(shutil.which(name) for name in CHROMIUM):
        return
    if shutil.which("apt-get"):
        rights = [] if os.geteuid() == 0 else ["sudo", "-n"]
        if not rights or (shutil.which("sudo") and subprocess.call([*rights, "true"], stderr=subprocess.DEVNULL) == 0):
            print("Installing Chromium for the browser journeys …", flush=True)
            quiet = {"stdout": subprocess.DEVNULL}
            environment = [*rights, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
            subprocess.call([*environment, "-qq", "update"], **quiet)
            if (
                subprocess.call([*environment, "-qq", "-y", "--no-install-recommends", "install", "chromium"], **quiet)
                == 0
            ):
                return
    print(
        "The browser journeys need Chromium, which could not be installed from here.\n"
        "Install it (Debian, Ubuntu: apt-get install chromium) or name one in RAPPORT_CHROMIUM.",
        file=sys.stderr,
    )


if __name__ == "__main__":
    sys.exit(main())
