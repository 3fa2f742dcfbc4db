"""Rules that import-linter cannot see."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2] / "rapport"
SOURCES = [path for path in ROOT.rglob("*.py") if "node_modules" not in path.parts]
RULES = [
    path for path in SOURCES if "rules" in path.relative_to(ROOT).with_suffix("").parts and "tests" not in path.parts
]


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def test_rules_use_nothing_of_django_but_translations() -> None:
    wrong = {
        str(path.relative_to(ROOT)): sorted(bad)
        for path in RULES
        if (
            bad := {name for name in _imports(path) if name.startswith("django") and name != "django.utils.translation"}
        )
    }

    assert RULES
    assert wrong == {}


def test_rules_read_no_clock() -> None:
    readers = ("datetime.now(", "timezone.now(", "date.today(", "time.time(", "clock.now(")

    wrong = [str(path.relative_to(ROOT)) for path in RULES if any(reader in path.read_text() for reader in readers)]

    assert wrong == []


def test_models_are_never_looked_up_by_name_outside_migrations() -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if "migrations" not in path.parts and "tests" not in path.parts and "apps.get_model" in path.read_text()
    ]

    assert wrong == []


def test_no_django_signals_between_our_apps() -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if {"django.db.models.signals", "django.dispatch"} & _imports(path) and "tests" not in path.parts
    ]

    # Signing in is announced by Django itself; the audit listens to it.
    assert [
        path
        for path in wrong
        if not path.startswith("foundation/workspace/") and not path.startswith("foundation/accounts/")
    ] == []
