"""The container files, checked where no container engine runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from rapport.launch.checkout import PACKAGE

ROOT = PACKAGE.parent


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "compose.yaml").read_text()))


def ours(compose: dict[str, Any]) -> dict[str, Any]:
    return {name: service for name, service in compose["services"].items() if name != "database"}


@pytest.mark.skipif(sys.platform != "linux", reason="the linter's package is for Linux")
def test_dockerfile_passes_the_linter() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([linter, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "")


def test_image_runs_as_an_unprivileged_user_with_a_health_check() -> None:
    last = (ROOT / "Dockerfile").read_text().split("\nFROM ")[-1]

    assert re.search(r"^USER 10001:10001$", last, re.MULTILINE)
    assert re.search(r'^HEALTHCHECK .* CMD \["rapport", "ping"\]$', last, re.MULTILINE)


def test_services_are_the_database_its_migration_web_and_worker(compose: dict[str, Any]) -> None:
    assert list(compose["services"]) == ["database", "migrate", "web", "worker"]


def test_our_services_have_no_rights_to_lose(compose: dict[str, Any]) -> None:
    for name, service in ours(compose).items():
        assert service["user"] == "10001:10001", name
        assert service["cap_drop"] == ["ALL"], name
        assert service["read_only"] is True, name
        assert "privileged" not in service, name


def test_everything_long_lived_is_watched(compose: dict[str, Any]) -> None:
    assert compose["services"]["database"]["healthcheck"]["test"][1] == "pg_isready"
    assert compose["services"]["worker"]["healthcheck"]["test"] == ["CMD", "rapport", "ping", "--worker"]
    assert "healthcheck" not in compose["services"]["web"]  # the image's own


def test_web_and_worker_wait_for_the_migration_and_that_for_the_database(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name in ("web", "worker"):
        assert services[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert services["migrate"]["depends_on"] == {"database": {"condition": "service_healthy"}}


def test_rapport_is_no_superuser_of_its_database(compose: dict[str, Any]) -> None:
    script = compose["configs"]["database_role"]["content"]

    assert "create role rapport login password :'password';" in script
    assert "superuser" not in script
    assert "//rapport:" in compose["services"]["web"]["environment"]["DATABASE_URL"]


def test_no_password_has_a_default(compose: dict[str, Any]) -> None:
    text = (ROOT / "compose.yaml").read_text()

    assert not re.findall(r"\$\{\w*PASSWORD:-[^}]", text)
    assert "${DATABASE_PASSWORD:?" in text
    assert "${SUPERUSER_PASSWORD:?" in text


def test_every_setting_that_compose_passes_is_one_that_rapport_reads(compose: dict[str, Any]) -> None:
    read = (PACKAGE / "config" / "settings.py").read_text() + (PACKAGE / "config" / "env.py").read_text()

    for name in compose["services"]["web"]["environment"]:
        assert f'"{name}"' in read, name
