"""A real Rapport for journeys: its own database with the demo firm, web server, worker, and people who can sign in."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rapport.launch.checkout import PACKAGE
from rapport.launch.database import with_database
from rapport.launch.serving import web_command, web_environment, worker_command
from rapport.launch.up import answers, free_port
from rapport.testing import SERVER, Databases, use_database
from rapport.waiting import NeverCame, eventually
from tests.journeys.house import PASSWORD, PEOPLE, House, Person
from tests.journeys.visitor import AXE, Open, Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = os.environ.get("RAPPORT_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome") or ""
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"]
ARGUMENTS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
ARTEFACTS = PACKAGE.parent / "var" / "journeys"
WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
OUTCOME: pytest.StashKey[bool] = pytest.StashKey()
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.journey)
            item.add_marker(pytest.mark.timeout(240))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    outcome = yield
    if call.when == "call":
        item.stash[OUTCOME] = outcome.get_result().passed


def _needed(path: str, words: str) -> None:
    """A missing browser is an error: journeys that were left out would look like journeys that went well."""
    if not path:
        pytest.fail(words)


@pytest.fixture(scope="session")
def house(django_db_setup: None, django_db_blocker: Any) -> Iterator[House]:
    """Rapport itself, serving the demo firm. Every journey finds it as the others left it."""
    _needed(CHROMIUM, "Chromium is not installed (Debian: apt-get install chromium)")
    _needed(str(AXE) if AXE.is_file() else "", "axe-core is not there; `rapport assets` fetches it")
    databases = Databases(SERVER, f"journeys{os.environ.get('PYTEST_XDIST_WORKER', '')}")
    with django_db_blocker.unblock():
        databases.restore()
        with _django_uses(databases.name):
            people, slug, schema = _people_and_firm()
    url = with_database(SERVER.url, databases.name)
    port = free_port("127.0.0.1", 18600 + os.getpid() % 900)
    address = f"http://127.0.0.1:{port}"
    environment = {**os.environ, "DATABASE_URL": url, "RAPPORT_URL": address, **web_environment(port)}
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    log = ARTEFACTS / f"server{os.environ.get('PYTEST_XDIST_WORKER', '')}.log"
    with _process(web_command(host="127.0.0.1", port=port), environment, log) as web:
        built = House(
            address=address,
            slug=slug,
            schema=schema,
            database=url,
            home=Path(os.environ["RAPPORT_HOME"]),
            log=log,
            people=people,
            environment=environment,
        )
        try:
            eventually(lambda: answers("127.0.0.1", port), within=90, for_what="the web server", process=web)
        except NeverCame as error:
            raise NeverCame(f"{error}\n{log.read_text()[-2000:]}") from None
        yield built
    with django_db_blocker.unblock():
        databases.drop()


@pytest.fixture(scope="session")
def worker(house: House) -> Iterator[None]:
    """Does the jobs that pages start."""
    with _process(worker_command(concurrency=2), house.environment, house.log.with_name("worker.log")):
        yield


@pytest.fixture(scope="module")
def browser(house: House) -> Iterator[Browser]:
    """Closed with its module: while Playwright runs, Django takes the thread for an asynchronous one."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(house: House, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Opens a fresh browser profile: `visit("owner")` is signed in, `visit()` is nobody.

    What a browser complains about fails the journey, and so does any page on the way that axe finds fault with.
    """
    folder = ARTEFACTS / request.node.name.removeprefix("test_")[:100]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    visitors: list[Visitor] = []

    def begin(person: str = "", *, phone: bool = False, javascript: bool = True, **options: Any) -> Visitor:
        context = browser.new_context(
            viewport=PHONE if phone else WIDE,
            reduced_motion="reduce",
            locale="en-GB",
            timezone_id="Europe/Amsterdam",
            java_script_enabled=javascript,
            **options,
        )
        if person:
            cookie = {"name": "sessionid", "value": house.people[person].session, "url": house.address}
            context.add_cookies([cookie])
        visitor = Visitor(house, context, folder, number=len(visitors), audits=javascript)
        visitors.append(visitor)
        return visitor

    yield begin
    passed = request.node.stash.get(OUTCOME, False)
    for visitor in visitors:
        visitor.finish(look_at_the_rest=passed)
    complaints = [each for visitor in visitors for each in visitor.complaints]
    assert complaints == [], "\n".join(complaints)


@contextmanager
def _process(command: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as file:
        process = subprocess.Popen(command, env=environment, stdout=file, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def _django_uses(name: str) -> Iterator[None]:
    from django.db import connection

    before = connection.settings_dict["NAME"]
    use_database(name)
    try:
        yield
    finally:
        connection.set_schema_to_public()
        use_database(before)


def _people_and_firm() -> tuple[dict[str, Person], str, str]:
    """The demo workspace as `rapport up` opens it, and people with roles in it."""
    from django.contrib.auth.hashers import Argon2PasswordHasher, make_password
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client

    from rapport.foundation.accounts.models import Membership, User, Workspace
    from rapport.foundation.workspace.models import Member

    call_command("open_demo", stdout=io.StringIO())
    workspace = Workspace.objects.latest("created_at")
    owner = Membership.objects.get(workspace=workspace).user
    kept = make_password(PASSWORD, hasher=Argon2PasswordHasher())  # type: ignore[arg-type]  # a hasher itself does as well as its name
    users = {"owner": owner}
    for name, role in PEOPLE.items():
        user = User.objects.create(email=f"{name}@kestrel.example", name=f"{name.capitalize()} Example")
        membership = Membership.objects.create(user=user, workspace=workspace)
        connection.set_tenant(workspace)
        Member.objects.create(id=membership.id, user_id=user.pk, name=user.name, email=user.email, role_key=role)
        connection.set_schema_to_public()
        users[name] = user
    people = {}
    for name, user in users.items():
        user.password = kept
        user.save(update_fields=["password"])
        client = Client()
        client.force_login(user)
        people[name] = Person(user.name, user.email, client.cookies["sessionid"].value)
    return people, workspace.slug, workspace.schema_name
