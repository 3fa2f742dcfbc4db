"""What the customers store plugs into the house."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from django.utils.translation import gettext_lazy as _
from procrastinate.exceptions import AlreadyEnqueued

from rapport.foundation.records.extension_points import (
    ActWords,
    Aliases,
    HistoryPart,
    act_words,
    filled_tables,
    history_parts,
    importers,
    list_pages,
    record_aliases,
    record_finders,
    record_matchers,
    record_names,
    record_types,
    relation_compilers,
    relation_sources,
    search_sources,
    undo_handlers,
    write_hooks,
)
from rapport.foundation.records.types import Choice, Field, FieldKind, RecordType, Relation
from rapport.foundation.ui.extension_points import commands, menu, menu_sections, quick_create, settings_pages
from rapport.foundation.ui.types import Finder, MenuEntry, MenuSection, PaletteCommand, QuickCreate, SettingsPage
from rapport.foundation.workspace.extension_points import audit_actions, home_panels
from rapport.foundation.workspace.types import Action, AuditAction, HomePanel, Power
from rapport.stores.customers import policies
from rapport.stores.customers.extension_points import (
    CustomerPanel,
    customer_data,
    customer_holdings,
    customer_panels,
    customer_uses,
    phase_deferrers,
)
from rapport.stores.customers.queries.customers import names_of
from rapport.stores.customers.queries.followups import own_worklist
from rapport.stores.customers.queries.home import without_owner
from rapport.stores.customers.queries.own_records import (
    customers_called,
    own_records_held,
    own_records_of,
    used_by_own_records,
)
from rapport.stores.customers.queries.relations import compile_related
from rapport.stores.customers.queries.search import customer_hits, find_customers
from rapport.stores.customers.rules import parts
from rapport.stores.customers.rules.followups import follow_up_line
from rapport.stores.customers.rules.lists import PAGES
from rapport.stores.customers.rules.scores import FIELDS as SCORE_FIELDS
from rapport.stores.customers.services.customers import CustomerWrites
from rapport.stores.customers.services.importing import CustomersImporter
from rapport.stores.customers.services.merges import undo_merge
from rapport.stores.customers.services.parts import undo_parts
from rapport.stores.customers.services.phases import PART, undo_by_hand
from rapport.stores.customers.services.statistics import TABLES
from rapport.stores.customers.tasks import SOON_SECONDS, tell_phases
from rapport.stores.customers.types import CustomerKind, Phase
from rapport.stores.customers.views.followups import panel as follow_ups_panel
from rapport.stores.customers.views.own_records import own_records_panel
from rapport.stores.customers.views.phases import phase_dot, phase_panel


def _model() -> Any:
    from rapport.stores.customers.models import Customer

    return Customer


def _alias_model() -> Any:
    from rapport.stores.customers.models import CustomerAlias

    return CustomerAlias


NAME, REACH, PLACE, FIRM = _("Name"), _("How to reach"), _("Where"), _("With us")

record_types.register(
    "customer",
    RecordType(
        name="customer",
        label=_("Customer"),
        plural=_("Customers"),
        icon="users",
        has_faces=True,
        model=_model,
        url_name="customers:detail",
        list_url_name="customers:list",
        default_sort="-created_at",
        live={"deleted_at": None, "merged_into": None},
        owner_column="owner_id",
        searchable_column="search",
        fields=(
            Field(
                name="name",
                label=_("Name"),
                kind=FieldKind.TEXT,
                group=NAME,
                sortable=True,
                searchable=True,
                default_column=True,
                aliases=(
                    "full name",
                    "customer",
                    "customer name",
                    "company name",
                    "company",
                    "account name",
                    "display name",
                    "organization name",
                    "organisation",
                    "organization",
                    "contact",
                    "contact name",
                ),
            ),
            Field(
                name="kind",
                label=_("Kind"),
                kind=FieldKind.CHOICE,
                group=NAME,
                choices=tuple(Choice(value, label) for value, label in CustomerKind.choices),
                aliases=("type", "record type", "customer type"),
            ),
            Field(
                name="given_name",
                label=_("Given name"),
                kind=FieldKind.TEXT,
                group=NAME,
                aliases=("first name", "firstname", "vorname", "voornaam", "prénom"),
            ),
            Field(
                name="family_name",
                label=_("Family name"),
                kind=FieldKind.TEXT,
                group=NAME,
                aliases=("last name", "lastname", "surname", "nachname", "achternaam", "nom"),
            ),
            Field(
                name="job_title",
                label=_("Job title"),
                kind=FieldKind.TEXT,
                group=NAME,
                aliases=("title", "position", "role", "jobtitle", "function"),
            ),
            Field(
                name="organisation_name",
                label=_("Works at"),
                kind=FieldKind.TEXT,
                group=NAME,
                searchable=True,
                default_column=True,
                aliases=("employer", "associated company", "company", "organization", "account", "firm"),
            ),
            Field(
                name="birth_date",
                label=_("Date of birth"),
                kind=FieldKind.DATE,
                group=NAME,
                aliases=("birthday", "birthdate", "date of birth", "geburtstag"),
            ),
            Field(
                name="email",
                label=_("E-mail"),
                kind=FieldKind.EMAIL,
                group=REACH,
                searchable=True,
                key=True,
                default_column=True,
                aliases=("email", "e-mail address", "email address", "mail", "e-mail 1 - value", "primary email"),
            ),
            Field(
                name="phone",
                label=_("Phone"),
                kind=FieldKind.PHONE,
                group=REACH,
                searchable=True,
                key=True,
                aliases=(
                    "phone number",
                    "telephone",
                    "mobile",
                    "mobile phone",
                    "mobile phone number",
                    "phone 1 - value",
                    "primary phone",
                    "telefon",
                    "tel",
                ),
            ),
            Field(
                name="website",
                label=_("Website"),
                kind=FieldKind.URL,
                group=REACH,
                aliases=("url", "web", "company domain name", "homepage", "website url"),
            ),
            Field(
                name="language",
                label=_("Language"),
                kind=FieldKind.TEXT,
                group=REACH,
                aliases=("preferred language", "sprache", "locale"),
            ),
            Field(name="timezone", label=_("Time zone"), kind=FieldKind.TEXT, group=REACH, in_list=False),
            Field(
                name="city",
                label=_("City"),
                kind=FieldKind.TEXT,
                group=PLACE,
                sortable=True,
                searchable=True,
                default_column=True,
                aliases=("town", "mailing city", "billing city", "ort", "stadt", "home city", "business city"),
            ),
            Field(
                name="country",
                label=_("Country"),
                kind=FieldKind.TEXT,
                group=PLACE,
                sortable=True,
                help=_("Two letters, such as NL"),
                aliases=("country code", "country/region", "mailing country", "billing country", "land"),
            ),
            Field(
                name="owner",
                label=_("Owner"),
                kind=FieldKind.MEMBER,
                column="owner_id",
                group=FIRM,
                sortable=True,
                default_column=True,
                aliases=("contact owner", "account owner", "looked after by", "record owner"),
            ),
            Field(
                name="source",
                label=_("Source"),
                kind=FieldKind.TEXT,
                group=FIRM,
                aliases=("lead source", "original source", "original traffic source"),
            ),
            Field(
                name="tags",
                label=_("Tags"),
                kind=FieldKind.TAGS,
                group=FIRM,
                aliases=("labels", "label", "groups", "group membership", "categories"),
            ),
            Field(
                name="notes",
                label=_("Notes"),
                kind=FieldKind.LONG_TEXT,
                group=FIRM,
                in_list=False,
                aliases=("description", "comment", "comments", "remarks"),
            ),
            Field(
                name="phase",
                label=_("Phase"),
                kind=FieldKind.CHOICE,
                group=FIRM,
                choices=tuple(
                    Choice(value, label, tone=f"phase-{value.replace('_', '')}") for value, label in Phase.choices
                ),
                editable=False,
                importable=False,
                sortable=True,
                default_column=True,
            ),
            Field(
                name="phase_since",
                label=_("In this phase since"),
                kind=FieldKind.DATE,
                group=FIRM,
                editable=False,
                importable=False,
                sortable=True,
            ),
            Field(
                name="recruited_on",
                label=_("Recruited on"),
                kind=FieldKind.DATE,
                group=FIRM,
                editable=False,
                importable=False,
            ),
            *SCORE_FIELDS,
            Field(
                name="created_at",
                label=_("Added"),
                kind=FieldKind.INSTANT,
                group=FIRM,
                editable=False,
                importable=False,
                sortable=True,
            ),
            Field(
                name="updated_at",
                label=_("Changed"),
                kind=FieldKind.INSTANT,
                group=FIRM,
                editable=False,
                importable=False,
            ),
        ),
    ),
)
write_hooks.register("customer", CustomerWrites())
importers.register("customer", CustomersImporter())
filled_tables.register("customer", TABLES)
undo_handlers.register("merge", undo_merge)


def _relationship_types() -> Iterable[Relation]:
    from rapport.stores.customers.models import RelationshipType

    for row in RelationshipType.objects.all():
        yield Relation(name=row.name, label=row.label, target="customer")
        if not row.is_symmetric:
            yield Relation(name=f"{row.name}__inverse", label=row.inverse_label, target="customer")


relation_sources.register("customer", _relationship_types)
relation_compilers.register("customer", compile_related)
for page in PAGES:
    list_pages.register(page.name, page)

record_finders.register("customer", find_customers)
search_sources.register(
    "customers", Finder(label=_("Customers"), find=customer_hits, needs=(Action.READ, "customer"), order=10)
)
record_names.register("customer", lambda actor, ids: names_of(actor=actor, customer_ids=ids))
record_aliases.register("customer", Aliases(model=_alias_model, absorbed="absorbed_id", surviving="surviving_id"))
record_matchers.register("customer", customers_called)

customer_panels.register("own_records", CustomerPanel(position="right", order=30, render=own_records_panel))
customer_data.register("own_records", own_records_of)
customer_holdings.register("own_records", own_records_held)
customer_uses.register("own_records", used_by_own_records)

history_parts.register(
    "address",
    HistoryPart(
        label=_("Address"), describe=parts.address_line, readable=lambda actor, _: policies.may_see_addresses(actor)
    ),
)
history_parts.register(
    "identity", HistoryPart(label=_("Known by"), describe=parts.identity_line, readable=policies.identity_readable)
)
history_parts.register(
    "relationship",
    HistoryPart(
        label=_("Relationship"),
        describe=parts.relationship_line,
        readable=lambda actor, _: policies.sees_everyone(actor),
    ),
)
history_parts.register("file", HistoryPart(label=_("File"), describe=parts.file_line))
history_parts.register(PART, HistoryPart(label=_("Phase"), describe=parts.phase_line, readable=policies.phase_readable))
undo_handlers.register(PART, undo_by_hand)
history_parts.register("follow_up", HistoryPart(label=_("Follow-up"), describe=follow_up_line))
for name in ("address", "identity", "relationship", "file", "follow_up"):
    undo_handlers.register(name, undo_parts)
for name, words in {
    "merge": ActWords(_("merged"), icon="git-merge"),
    "unmerge": ActWords(_("made two again of"), icon="git-merge"),
    "address": ActWords(_("changed an address of"), icon="map-pin"),
    "identity": ActWords(_("changed what is known of"), icon="id"),
    "relationship": ActWords(_("changed a relationship of"), icon="users"),
    "file": ActWords(_("changed a file of"), icon="file"),
    PART: ActWords(_("set the phase of"), icon="route"),
    "follow_up": ActWords(_("changed a follow-up of"), icon="clipboard-check"),
}.items():
    act_words.register(name, words)

home_panels.register(
    "customers.follow_ups",
    HomePanel(template="customers/followups/home.html", load=own_worklist, needs=(Action.READ, "customer"), order=5),
)
home_panels.register(
    "customers.unattended",
    HomePanel(
        template="customers/customers/home.html",
        load=without_owner,
        needs=(Action.READ, "customer"),
        aside=True,
        order=30,
    ),
)


_asked: dict[tuple[str, bool], float] = {}


def _defer_phases(schema: str, everyone: bool) -> None:
    """Soon, so that what is marked meanwhile is told along with it; a job that waits already will do."""
    now = time.monotonic()
    if now - _asked.get((schema, everyone), -SOON_SECONDS) < SOON_SECONDS - 1:
        return  # that job has not begun yet
    _asked[schema, everyone] = now
    waiting = f"customers.phases:{schema}:{'all' if everyone else 'due'}"
    with suppress(AlreadyEnqueued):
        tell_phases.configure(
            lock=f"customers.phases:{schema}", queueing_lock=waiting, schedule_in={"seconds": SOON_SECONDS}
        ).defer(schema=schema, everyone=everyone)


phase_deferrers.register("worker", _defer_phases)
customer_panels.register("phase_dot", CustomerPanel(position="head", order=10, render=phase_dot))
customer_panels.register("follow_ups", CustomerPanel(position="right", order=10, render=follow_ups_panel))
customer_panels.register("phases", CustomerPanel(position="left", order=20, render=phase_panel))

_READ, _CREATE, _MERGE = (Action.READ, "customer"), (Action.CREATE, "customer"), (Action.MERGE, "customer")

menu_sections.register("customers", MenuSection(label=_("Customers"), icon="users", order=20))
for _key, _label, _url, _go, _order in (
    ("customers", _("All customers"), "customers:list", "c", 10),
    ("organisations", _("Organisations"), "customers:organisations", "o", 20),
    ("households", _("Households"), "customers:households", "", 30),
):
    menu.register(
        _key,
        MenuEntry(
            label=_label, url_name=_url, section="customers", needs=_READ, go=_go, order=_order, in_tab_bar=_go == "c"
        ),
    )
menu.register(
    "duplicates",
    MenuEntry(
        label=_("Possible duplicates"), url_name="customers:duplicates", section="customers", needs=_MERGE, order=60
    ),
)
menu.register(
    "follow_ups",
    MenuEntry(
        label=_("Follow-ups"), url_name="customers:follow-ups", section="customers", needs=_READ, go="f", order=50
    ),
)
for _key, _label, _icon, _letter, _order in (
    ("person", _("Person"), "user-plus", "", 10),
    ("organisation", _("Organisation"), "building", "", 11),
    ("household", _("Household"), "home", "", 12),
):
    quick_create.register(
        _key,
        QuickCreate(
            label=_label,
            url_name="customers:new",
            query=f"kind={_key}",
            icon=_icon,
            key=_letter,
            section=_("New record"),
            needs=_CREATE,
            order=_order,
        ),
    )
commands.register(
    "duplicates",
    PaletteCommand(label=_("Look for duplicates"), icon="git-merge", url_name="customers:duplicates", needs=_MERGE),
)
settings_pages.register(
    "customers.relationships",
    SettingsPage(
        label=_("Kinds of relationship"),
        help=_("How customers can be related."),
        url_name="customers:relationship-types",
        icon="users",
        group=_("Data"),
        needs=Power.MANAGE_FIELDS,
        order=51,
    ),
)
for _key, _label, _help, _url, _icon, _order in (
    ("phases", _("Life cycle"), _("When a customer is at risk, has lapsed or is won back."), "customers:phase-rules", "route", 52),
    ("sources", _("What sources cost"), _("What recruiting a customer costs, by source."), "customers:sources", "coin", 53),
):  # fmt: skip
    settings_pages.register(
        f"customers.{_key}",
        SettingsPage(
            label=_label,
            help=_help,
            url_name=_url,
            icon=_icon,
            group=_("Data"),
            needs=Power.MANAGE_FIELDS,
            order=_order,
        ),
    )
    commands.register(
        f"customers.{_key}",
        PaletteCommand(label=_label, hint=_help, url_name=_url, icon=_icon, needs=Power.MANAGE_FIELDS, order=210),
    )
for _name, _sentence, _icon in (
    ("phases.rules_changed", _("changed the rules of the life cycle"), "route"),
    ("phases.cost_added", _("wrote down what “{subject}” costs: {amount}"), "coin"),
    ("phases.cost_removed", _("removed a cost of “{subject}”: {amount}"), "coin"),
    ("customer_exported", _("exported all data on {subject}"), "file-export"),
    ("relationship_type_created", _("added the kind of relationship “{subject}”"), "users"),
    ("relationship_type_changed", _("changed the kind of relationship “{subject}”"), "users"),
    ("relationship_type_removed", _("removed the kind of relationship “{subject}”"), "users"),
):
    audit_actions.register(_name, AuditAction(sentence=_sentence, group=_("Data"), icon=_icon))
