"""Compiles the translations: the .po files are in git, the .mo files that Python reads are not."""

from __future__ import annotations

import os
from pathlib import Path

from rapport.launch.checkout import PACKAGE


def outdated() -> list[Path]:
    """Catalogues whose compiled form is missing or older."""
    found = []
    for source in sorted(PACKAGE.rglob("locale/*/LC_MESSAGES/*.po")):
        compiled = source.with_suffix(".mo")
        if not compiled.exists() or compiled.stat().st_mtime_ns < source.stat().st_mtime_ns:
            found.append(source)
    return found


def build() -> int:
    """Compile what is outdated; answers how many."""
    work = outdated()
    if work:
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po

        for source in work:
            with source.open("rb") as file:
                catalogue = read_po(file)
            draft = source.with_suffix(f".mo.{os.getpid()}")
            with draft.open("wb") as file:
                write_mo(file, catalogue)
            os.replace(draft, source.with_suffix(".mo"))
    return len(work)
