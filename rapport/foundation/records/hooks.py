"""What records plugs into itself: policies need the condition compiler, which lives above them."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext_lazy as _

from rapport.foundation.accounts.tenancy import current_schema
from rapport.foundation.records.extension_points import (
    ActWords,
    act_words,
    bulk_deferrers,
    condition_compilers,
    export_deferrers,
    import_deferrers,
    importers,
    list_pages,
    record_types,
    search_sources,
    undo_handlers,
    write_hooks,
)
from rapport.foundation.records.queries.conditions import compile_rule
from rapport.foundation.records.queries.frame import FRAME, remember
from rapport.foundation.records.queries.generic import find_in_all_types, generic_page, paged_names, written_names
from rapport.foundation.records.queries.guard import RecordsGuard
from rapport.foundation.records.queries.home import recent_changes
from rapport.foundation.records.queries.list_pages import list_url, pinned
from rapport.foundation.records.queries.own_types import creation_of_own_types, menu_of_own_types, own_names, own_type
from rapport.foundation.records.queries.saved_views import PINNED, remember_pinned
from rapport.foundation.records.services.default_writes import default_writes
from rapport.foundation.records.services.importing import generic_importer
from rapport.foundation.records.services.imports import undo_operation
from rapport.foundation.records.tasks import make_export, run_bulk, work_on_import
from rapport.foundation.ui.extension_points import (
    commands,
    menu_sections,
    menu_sources,
    quick_create_sources,
    settings_pages,
)
from rapport.foundation.ui.extension_points import pinned as pinned_views
from rapport.foundation.ui.types import Finder, MenuSection, PaletteCommand, Pinned, SettingsPage
from rapport.foundation.workspace.extension_points import (
    BroughtAlong,
    audit_actions,
    brought_along,
    guards,
    home_panels,
)
from rapport.foundation.workspace.types import Actor, AuditAction, HomePanel, Power

# What any record type gets that registers nothing of its own.
record_types.open(own_type, own_names)
write_hooks.open(default_writes, written_names)
importers.open(generic_importer, written_names)
list_pages.open(generic_page, paged_names)
search_sources.register("records", Finder(label=_("Records"), find=find_in_all_types, order=30))

menu_sections.register("records", MenuSection(label=_("Your own records"), icon="stack-2", order=25))
menu_sources.register("records", menu_of_own_types)
quick_create_sources.register("records", creation_of_own_types)

condition_compilers.register("orm", compile_rule)
guards.register("records", RecordsGuard())
brought_along.register("records", BroughtAlong(FRAME, remember))
brought_along.register("pinned", BroughtAlong(PINNED, remember_pinned))
home_panels.register(
    "records.changes",
    HomePanel(template="records/history/home.html", load=recent_changes, aside=True, order=40),
)


def _defer_bulk_run(run_id: UUID) -> None:
    run_bulk.defer(schema=current_schema(), run_id=str(run_id))


bulk_deferrers.register("worker", _defer_bulk_run)


def _pinned(actor: Actor) -> list[Pinned]:
    return [Pinned(label=name, url=f"{list_url(page)}?view={key}") for page, key, name in pinned(actor=actor)]


pinned_views.register("records", _pinned)


def _defer_import(import_id: UUID, step: str, member_id: UUID) -> None:
    work_on_import.defer(schema=current_schema(), import_id=str(import_id), step=step, member_id=str(member_id))


import_deferrers.register("worker", _defer_import)


def _defer_export(run_id: UUID) -> None:
    make_export.defer(schema=current_schema(), run_id=str(run_id))


export_deferrers.register("worker", _defer_export)
undo_handlers.register("import", undo_operation)
for _act, _words in {
    "create": ActWords(_("added"), icon="plus"),
    "edit": ActWords(_("changed"), icon="pencil"),
    "bulk_edit": ActWords(_("changed together"), icon="pencil"),
    "delete": ActWords(_("put in the bin"), icon="trash"),
    "restore": ActWords(_("took out of the bin"), icon="arrow-back-up"),
    "import": ActWords(_("imported"), icon="upload"),
    "undo": ActWords(_("took back a change of"), icon="arrow-back-up"),
}.items():
    act_words.register(_act, _words)

_DATA = _("Data")
for _key, _label, _help, _url, _icon, _need, _order in (
    ("fields", _("Fields"), _("What you want to know beside what is built in."), "records:fields", "layout-list", Power.MANAGE_FIELDS, 50),
    ("own-types", _("Record types"), _("What you keep beside customers: define it yourself."), "records:own-types", "stack-2", Power.MANAGE_FIELDS, 49),
    ("imports", _("Imports"), _("Files that were brought in, and the way back."), "records:imports", "upload", None, 51),
    ("exports", _("Exports"), _("Files you made of lists."), "records:exports", "download", None, 52),
    ("changes", _("Recent changes"), _("What was added and changed, with Undo."), "records:changes", "history", None, 54),
    ("bin", _("Bin"), _("What was put away."), "records:bin", "trash", None, 55),
):  # fmt: skip
    settings_pages.register(
        f"records.{_key}",
        SettingsPage(label=_label, help=_help, url_name=_url, icon=_icon, group=_DATA, needs=_need, order=_order),
    )
    commands.register(
        f"records.{_key}", PaletteCommand(label=_label, hint=_help, url_name=_url, icon=_icon, needs=_need, order=200)
    )
for _name, _sentence in (
    ("records_exported", _("exported “{subject}” ({rows} rows)")),
    ("custom_field_created", _("added the field “{subject}”")),
    ("custom_field_changed", _("changed the field “{subject}”")),
    ("custom_field_retired", _("retired the field “{subject}”")),
    ("custom_field_reinstated", _("took the field “{subject}” into use again")),
    ("own_type_created", _("added the record type “{subject}”")),
    ("own_type_changed", _("changed the record type “{subject}”")),
    ("own_type_retired", _("retired the record type “{subject}”")),
    ("own_type_reinstated", _("took the record type “{subject}” into use again")),
    ("own_type_removed", _("removed the record type “{subject}” with its records")),
):
    audit_actions.register(_name, AuditAction(sentence=_sentence, group=_DATA, icon="layout-list"))
