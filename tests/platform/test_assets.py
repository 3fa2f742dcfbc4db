"""What is built from other projects' packages: complete, licensed, and free of registry addresses."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from rapport.launch import assets
from rapport.launch.assets import VENDOR
from rapport.launch.checkout import PACKAGE

ROOT = PACKAGE.parent
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)


def symbols() -> set[str]:
    return set(re.findall(r'<symbol id="([a-z0-9-]+)"', (VENDOR / "icons.svg").read_text()))


def test_everything_that_pages_load_is_built() -> None:
    assert assets.missing() == []


def test_every_icon_that_is_used_or_listed_is_in_the_sprite() -> None:
    assert {*assets.used_icons(), *assets.listed_icons(ROOT)} <= symbols()


def test_sprite_holds_no_icon_that_nobody_names() -> None:
    assert symbols() <= {*assets.used_icons(), *assets.listed_icons(ROOT)}


def test_icon_that_does_not_exist_is_named_with_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "used_icons", lambda: {"no-such-icon": "ui/page.html"})

    with pytest.raises(assets.AssetsError, match=r"no icon named no-such-icon \(in ui/page.html\)"):
        assets._sprite(ROOT, ROOT / "assets" / "node_modules")


@pytest.mark.parametrize("name", [name for _, name in assets.COPIED])
def test_built_file_names_no_source_map_and_no_other_host(name: str) -> None:
    text = (VENDOR / name).read_text(encoding="utf-8")

    assert "sourceMappingURL" not in text
    assert not re.findall(r"url\(\s*['\"]?(?:https?:)?//", text)


def test_fonts_that_the_style_sheet_names_are_there() -> None:
    named = re.findall(r"url\(\./(files/[^)]+)\)", (VENDOR / "inter.css").read_text())

    assert len(named) == 7
    assert [name for name in named if not (VENDOR / name).is_file()] == []


def test_every_package_in_the_wheel_is_named_with_its_licence() -> None:
    lock = json.loads((ROOT / "assets" / "package-lock.json").read_text())
    notices = (VENDOR / "LICENSES.txt").read_text(encoding="utf-8")

    for place, entry in lock["packages"].items():
        name = f"{place.removeprefix('node_modules/')} {entry.get('version')} ("
        assert (name in notices) is (bool(place) and not entry.get("dev")), place


def test_building_again_does_nothing() -> None:
    assert assets.build() is False


@pytest.mark.parametrize("path", [*REQUIREMENTS, ROOT / "assets" / "package-lock.json"], ids=lambda path: path.name)
def test_lock_file_names_no_registry(path: Path) -> None:
    text = re.sub(r'"funding": (\{[^}]*\}|\[[^\]]*\])', "", path.read_text())

    assert "://" not in text


def test_every_pin_has_a_hash() -> None:
    for path in REQUIREMENTS:
        for entry in re.split(r"\n(?=[A-Za-z0-9])", path.read_text()):
            assert "--hash=sha256:" in entry, f"{path.name}: {entry[:60]}"


@pytest.mark.parametrize(("lock", "wanted"), [("runtime.txt", ()), ("dev.txt", ("dev",)), ("tools.txt", ("tools",))])
def test_lock_fits_what_the_project_asks_for(lock: str, wanted: tuple[str, ...]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = [] if lock == "tools.txt" else list(project["project"]["dependencies"])
    for group in wanted:
        asked += project["dependency-groups"][group]
    pins: dict[str, set[str]] = {}
    for name, version in PIN.findall((ROOT / "requirements" / lock).read_text()):
        pins.setdefault(canonicalize_name(name), set()).add(version)

    for line in asked:
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate({**default_environment(), "extra": ""}):
            continue
        found = pins.get(canonicalize_name(requirement.name), set())
        assert found, f"{lock} lacks {requirement.name}; run `make lock`"
        assert all(requirement.specifier.contains(version) for version in found), f"{lock}: {line}; run `make lock`"


def test_present_environment_is_the_locked_one() -> None:
    """So that what passes here is what others get. A version changed by hand is found here first."""
    lock = (ROOT / "requirements" / "runtime.txt").read_text()

    for name in ("django", "django-tenants", "psycopg", "granian", "procrastinate", "django-allauth"):
        assert distribution(name).version in {version for pin, version in PIN.findall(lock) if pin == name}, name
