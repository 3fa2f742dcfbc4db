from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import translation

from rapport.foundation.ui import extension_points
from rapport.foundation.ui.context_processors import shell
from rapport.foundation.ui.shell import Group, Shell
from rapport.foundation.ui.tests.actors import EVERYTHING, make_actor
from rapport.foundation.ui.types import MenuEntry, MenuSection, PaletteCommand, Pinned, QuickCreate, SettingsPage
from rapport.foundation.workspace.types import Action, Power, RecordRules, RolePolicy

GUEST = RolePolicy("guest", "Guest")
READER = RolePolicy("reader", "Reader", frozenset(), RecordRules({Action.READ: EVERYTHING.actions[Action.READ]}))


@pytest.fixture
def menu(empty_registries: None) -> None:
    extension_points.menu.register(
        "find", MenuEntry(label="Search", url_name="ui:find", icon="search", order=2, go="s")
    )
    extension_points.menu_sections.register("people", MenuSection(label="Customers", icon="users", order=1))
    extension_points.menu.register(
        "customers",
        MenuEntry(
            label="All customers",
            section="people",
            url_name="ui:find",
            query="q=all",
            needs=(Action.READ, "customer"),
            in_tab_bar=True,
        ),
    )


def labels(shell: Shell) -> list[str]:
    return [str(link.label) for link in shell.links]


def test_the_menu_has_the_order_of_its_sections(menu: None, page: Callable[..., Any]) -> None:
    shell = Shell(page())

    assert isinstance(shell.nav[0], Group)
    assert labels(shell) == ["All customers", "Search"]


def test_entries_without_a_page_are_left_out(menu: None, page: Callable[..., Any]) -> None:
    extension_points.menu.register("sales", MenuEntry(label="Sales", url_name="sales:list", icon="coin"))

    assert "Sales" not in labels(Shell(page()))


def test_entries_show_only_to_who_may_use_them(menu: None, page: Callable[..., Any]) -> None:
    extension_points.menu.register(
        "audit", MenuEntry(label="Audit", url_name="ui:find", query="q=a", needs=Power.SEE_AUDIT)
    )

    assert labels(Shell(page(actor=make_actor(role=GUEST)))) == ["Search"]
    assert labels(Shell(page(actor=make_actor(role=READER)))) == ["All customers", "Search"]
    assert "Audit" in labels(Shell(page()))


def test_the_current_page_is_marked_once_and_its_section_open(menu: None, page: Callable[..., Any]) -> None:
    plain, asked = Shell(page()), Shell(page("/w/kestrel/find?q=all"))

    assert [str(link.label) for link in plain.links if link.is_current] == ["Search"]
    assert [str(link.label) for link in asked.links if link.is_current] == ["All customers"]
    assert isinstance(asked.nav[0], Group)
    assert asked.nav[0].is_open
    assert isinstance(plain.nav[0], Group)
    assert not plain.nav[0].is_open


def test_nothing_is_counted_unless_an_entry_asks_for_it(menu: None, page: Callable[..., Any]) -> None:
    assert [link.count for link in Shell(page()).links] == [None, None]


def test_phones_get_the_short_names(menu: None, page: Callable[..., Any]) -> None:
    assert [(str(link.short), link.icon) for link in Shell(page()).tab_bar] == [("Customers", "users")]


def test_new_records_are_commands_too(empty_registries: None, page: Callable[..., Any]) -> None:
    extension_points.quick_create.register(
        "note", QuickCreate(label="Note", url_name="ui:find", icon="note", section="Something happened", key="n")
    )
    extension_points.commands.register("theme", PaletteCommand(label="Theme", icon="sun", action="theme"))

    shell = Shell(page())

    assert [str(group.label) for group in shell.quick_create] == ["Something happened"]
    assert [(str(link.label), link.keys, link.action) for link in shell.commands] == [
        ("Note", "N", ""),
        ("Theme", "", "theme"),
    ]


def test_settings_are_grouped(empty_registries: None, page: Callable[..., Any]) -> None:
    for name, group in (("members", "People"), ("roles", "People"), ("fields", "Records")):
        extension_points.settings_pages.register(
            name, SettingsPage(label=name, url_name="ui:find", icon="users", group=group)
        )

    groups = Shell(page()).settings_pages

    assert [(str(group.label), len(group.links)) for group in groups] == [("People", 2), ("Records", 1)]


def test_pinned_views_come_from_their_provider(empty_registries: None, page: Callable[..., Any]) -> None:
    extension_points.pinned.register("views", lambda actor: [Pinned(label="Value at risk", url="/w/kestrel/x")])

    assert [view.label for view in Shell(page()).pinned] == ["Value at risk"]


def test_theme_and_density_come_from_cookies_and_nothing_else_does(page: Callable[..., Any]) -> None:
    request = page()
    request.COOKIES.update({"r-theme": "dark", "r-density": '"><script>'})

    shell = Shell(request)

    assert (shell.theme, shell.density) == ("dark", "comfortable")


def test_outside_workspaces_the_shell_is_empty(rf: Any) -> None:
    made = Shell(rf.get("/account/login/"))

    assert (made.nav, made.pinned, made.quick_create, made.commands, made.workspaces) == ([], [], [], [], [])
    assert made.base_template == "ui/account_base.html"


def test_arabic_is_written_from_right_to_left(rf: Any) -> None:
    with translation.override("ar"):
        request = rf.get("/")
        html = render_to_string("ui/document.html", shell(request), request=request)

    assert 'lang="ar" dir="rtl"' in html
    assert "vendor/tabler.rtl.min.css" in html


def test_every_registered_entry_has_a_page() -> None:
    """The shell leaves out entries whose page does not exist; in the finished product there are none."""
    inside = [
        *extension_points.menu.values(),
        *extension_points.quick_create.values(),
        *extension_points.settings_pages.values(),
        *(command for command in extension_points.commands.values() if command.url_name),
    ]

    for entry in inside:
        assert reverse(entry.url_name, urlconf=settings.WORKSPACE_URLCONF)
    for link in extension_points.account_links.values():
        assert reverse(link.url_name, urlconf=settings.ROOT_URLCONF)
    for item in extension_points.menu.values():
        assert not item.section or item.section in extension_points.menu_sections


def test_letters_after_g_and_single_keys_are_not_given_twice() -> None:
    go = [entry.go for entry in extension_points.menu.values() if entry.go]
    keys = [entry.key for entry in extension_points.quick_create.values() if entry.key]

    assert len(go) == len(set(go))
    assert len(keys) == len(set(keys))
    assert not set(keys) & set("cefgjkx")


def test_the_shell_lists_the_workspaces_of_the_person(client_for: Callable[..., Client], ada: Any) -> None:
    html = client_for(ada).get("/w/kestrel/find").content.decode()

    assert 'href="/w/kestrel/" aria-current="true"' in html
    assert "Harbour" not in html


def test_the_shell_asks_few_questions(
    client_for: Callable[..., Client], ada: Any, django_assert_max_num_queries: Any
) -> None:
    client = client_for(ada)
    client.get("/w/kestrel/find")

    with django_assert_max_num_queries(10):
        client.get("/w/kestrel/find")


def drawn(request: Any) -> str:
    return render_to_string("ui/base.html", shell(request), request=request)


def test_what_is_kept_between_pages_differs_by_role_and_language(menu: None, page: Callable[..., Any]) -> None:
    extension_points.commands.register(
        "audit", PaletteCommand(label="Audit log", icon="x", needs=Power.SEE_AUDIT, action="x")
    )

    assert "Audit log" in drawn(page())
    assert "Audit log" not in drawn(page(actor=make_actor(role=GUEST)))
    assert "Audit log" in drawn(page())
    with translation.override("de"):
        assert "Search and commands" not in drawn(page())


def test_what_is_kept_does_not_ask_for_anything_again(menu: None, page: Callable[..., Any]) -> None:
    first, second = shell(page())["shell"], shell(page())["shell"]

    for each in (first, second):
        render_to_string("ui/base.html", {"shell": each, "actor": each.actor}, request=page())

    assert "commands" in vars(first)
    assert "commands" not in vars(second)


def test_the_sidebar_stands_twice_with_names_of_its_own(menu: None, page: Callable[..., Any]) -> None:
    extension_points.pinned.register("views", lambda actor: [Pinned(label="Value at risk", url="/w/kestrel/x")])

    html = drawn(page())

    assert html.count("Value at risk") == 2
    assert [html.count(f'id="pinned-{place}"') for place in ("side", "menu")] == [1, 1]
