"""Where this copy of Rapport lies: a checkout with sources, or an installed wheel."""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def checkout() -> Path | None:
    """The root of the source tree, or None when Rapport was installed from a wheel."""
    root = PACKAGE.parent
    return root if (root / "pyproject.toml").is_file() else None


def home() -> Path:
    """Where this installation keeps its database, files and secret key.

    RAPPORT_HOME, else `var/rapport` of a checkout, else the user's data folder.
    """
    if named := os.environ.get("RAPPORT_HOME", "").strip():
        return Path(named).expanduser().resolve()
    if root := checkout():
        return root / "var" / "rapport"
    data = os.environ.get("XDG_DATA_HOME", "").strip() or Path.home() / ".local" / "share"
    return Path(data).expanduser() / "rapport"
