"""Where this copy of Rapport lies: a checkout with sources, or an installed wheel."""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def checkout() -> Path | None:
    """The root of the source tree, or None when Rapport was installed from a wheel."""
    root = PACKAGE.parent
    return root if (root / "pyproject.toml").is_file() and (root / "assets").is_dir() else None


def home() -> Path:
    """Where this copy keeps its database, files and secret key."""
    if named := os.environ.get("RAPPORT_HOME"):
        return Path(named).expanduser().resolve()
    if root := checkout():
        return root / "var" / "rapport"
    return Path.home() / ".local" / "share" / "rapport"
