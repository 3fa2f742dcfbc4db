"""What permission plugs into the house."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from rapport.foundation.records.extension_points import (
    ActWords,
    HistoryPart,
    act_words,
    computed_columns,
    history_parts,
    record_types,
    undo_handlers,
)
from rapport.foundation.records.types import Choice, Field, FieldKind, RecordType
from rapport.foundation.ui.extension_points import commands, settings_pages
from rapport.foundation.ui.types import PaletteCommand, SettingsPage
from rapport.foundation.workspace.extension_points import audit_actions
from rapport.foundation.workspace.types import AuditAction, Power
from rapport.stores.customers.extension_points import CustomerPanel, customer_data, customer_holdings, customer_panels
from rapport.stores.ledger.extension_points import after_append, kinds
from rapport.stores.ledger.types import Group, Kind
from rapport.touchpoints.permission.extension_points import channels, purposes
from rapport.touchpoints.permission.queries.columns import ConsentColumn
from rapport.touchpoints.permission.queries.consents import everything, holding
from rapport.touchpoints.permission.rules.telling import consent_line
from rapport.touchpoints.permission.services.consents import PART, undo_answers
from rapport.touchpoints.permission.services.first_contact import note_first_contact
from rapport.touchpoints.permission.templatetags.permission import glyphs_of
from rapport.touchpoints.permission.types import (
    RECORD_TYPE,
    Basis,
    Channel,
    PointKind,
    Purpose,
    PurposeKind,
    Source,
    Status,
)
from rapport.touchpoints.permission.views.consents import composer_panel, consent_panel, glyphs_panel

for channel in (
    Channel(name="email", label=_("E-mail"), by=_("by e-mail"), icon="mail", point=PointKind.EMAIL),
    Channel(name="sms", label=_("SMS"), by=_("by SMS"), icon="message", point=PointKind.PHONE),
    Channel(name="phone", label=_("Phone"), by=_("by phone"), icon="phone", point=PointKind.PHONE),
    Channel(name="letter", label=_("Letter"), by=_("by letter"), icon="mailbox"),
    Channel(name="fax", label=_("Fax"), by=_("by fax"), icon="printer", point=PointKind.PHONE),
    Channel(name="chat", label=_("Chat"), by=_("by chat"), icon="message-circle"),
    Channel(name="visit", label=_("Visit"), by=_("by a visit"), icon="map-pin"),
):
    channels.register(channel.name, channel)

for purpose in (
    Purpose(
        name="service",
        label=pgettext_lazy("purpose of a message", "Service and safety"),
        help=_("Your orders, repairs and questions, recalls."),
        kind=PurposeKind.SERVICE,
    ),
    Purpose(
        name="offers",
        label=pgettext_lazy("purpose of a message", "Offers and news"),
        help=_("What is new, what is reduced, vouchers."),
        kind=PurposeKind.MARKETING,
    ),
    Purpose(
        name="tips",
        label=pgettext_lazy("purpose of a message", "Tips"),
        help=_("How to get more out of what you have."),
        kind=PurposeKind.MARKETING,
    ),
    Purpose(
        name="research",
        label=pgettext_lazy("purpose of a message", "Your opinion"),
        help=_("A short survey now and then."),
        kind=PurposeKind.RESEARCH,
    ),
    Purpose(
        name="profiling",
        label=pgettext_lazy("purpose of a message", "Suggestions that fit"),
        help=_("We look at what you read and bought to suggest what may suit you."),
        kind=PurposeKind.PROFILING,
    ),
):
    purposes.register(purpose.name, purpose)

for kind in (
    Kind(name="permission_granted", label=_("Permission given"), icon="circle-check", group=Group.CONTACT),
    Kind(name="permission_refused", label=_("Permission refused"), icon="circle-x", group=Group.CONTACT),
    Kind(name="permission_withdrawn", label=_("Permission withdrawn"), icon="circle-x", group=Group.CONTACT),
    Kind(name="contact_stopped", label=_("Contact stopped"), icon="mail-off", group=Group.CONTACT),
    Kind(
        name="permission_taken_back", label=_("Permission entry taken back"), icon="arrow-back-up", group=Group.CONTACT
    ),
    Kind(name="contact_paused", label=_("Takes a break from us"), icon="player-pause", group=Group.CONTACT),
):
    kinds.register(kind.name, kind)


def _consents() -> Any:
    from rapport.touchpoints.permission.models import Consent

    return Consent


_TONES = {
    Status.GRANTED: "good",
    Status.REFUSED: "bad",
    Status.WITHDRAWN: "bad",
    Status.STOPPED: "bad",
    Status.EXPIRED: "warn",
}
record_types.register(
    RECORD_TYPE,
    RecordType(
        name=RECORD_TYPE,
        label=_("Permission"),
        plural=_("Permissions"),
        icon="shield",
        model=_consents,
        title_field="purpose",
        default_sort="-since",
        parent="customer",
        parent_column="customer_id",
        custom_fields=False,
        deletable=False,
        fields=(
            Field(name="customer", label=_("Customer"), kind=FieldKind.RELATION, target="customer", column="customer_id", editable=False, default_column=True),
            Field(name="purpose", label=_("Purpose"), kind=FieldKind.TEXT, editable=False),
            Field(name="channel", label=_("Channel"), kind=FieldKind.CHOICE, editable=False, default_column=True,
                  choices=tuple(Choice(one.name, one.label) for one in channels.values())),
            Field(name="status", label=_("Answer"), kind=FieldKind.CHOICE, editable=False, default_column=True,
                  choices=tuple(Choice(one.value, one.label, tone) for one, tone in _TONES.items())),
            Field(name="basis", label=_("Lawful basis"), kind=FieldKind.CHOICE, editable=False, default_column=True,
                  choices=tuple(Choice(value, label) for value, label in Basis.choices)),
            Field(name="source", label=_("Source"), kind=FieldKind.CHOICE, editable=False,
                  choices=tuple(Choice(value, label) for value, label in Source.choices)),
            Field(name="since", label=_("Since"), kind=FieldKind.INSTANT, editable=False, sortable=True, default_column=True),
            Field(name="until", label=_("Holds until"), kind=FieldKind.INSTANT, editable=False),
        ),
    ),
)  # fmt: skip
computed_columns["customer"].append(ConsentColumn(glyphs_of))
history_parts.register(PART, HistoryPart(label=_("Permission"), describe=consent_line))
undo_handlers.register(PART, undo_answers)
act_words.register(PART, ActWords(_("recorded a permission of"), icon="shield"))
customer_panels.register("permission.glyphs", CustomerPanel(position="head", order=20, render=glyphs_panel))
customer_panels.register("permission", CustomerPanel(position="left", order=10, render=consent_panel))
customer_panels.register("permission.composer", CustomerPanel(position="main", order=15, render=composer_panel))
customer_data.register("permissions", everything)
customer_holdings.register("permissions", holding)
after_append.register("permission.first_contact", note_first_contact)

_PRIVACY = _("Permission")
for _key, _label, _help, _url, _icon, _order in (
    ("settings", _("What customers are asked"), _("Purposes and their wording, quiet hours, how often at most."), "permission:settings", "shield", 70),
    ("stops", _("Stopped addresses"), _("Addresses and numbers that get nothing, and why."), "permission:stops", "mail-off", 71),
):  # fmt: skip
    settings_pages.register(
        f"permission.{_key}",
        SettingsPage(
            label=_label,
            help=_help,
            url_name=_url,
            icon=_icon,
            group=_PRIVACY,
            needs=Power.MANAGE_WORKSPACE,
            order=_order,
        ),
    )
    commands.register(
        f"permission.{_key}",
        PaletteCommand(label=_label, hint=_help, url_name=_url, icon=_icon, needs=Power.MANAGE_WORKSPACE, order=220),
    )
for _name, _sentence in (
    ("permission.reworded", _("put into other words what customers are asked for “{subject}”")),
    ("permission.purpose_added", _("added the purpose “{subject}”")),
    ("permission.purpose_retired", _("retired the purpose “{subject}”")),
    ("permission.purpose_restored", _("brought back the purpose “{subject}”")),
    ("permission.quiet_added", _("added quiet hours: {subject}")),
    ("permission.quiet_removed", _("removed quiet hours: {subject}")),
    ("permission.cap_added", _("added a cap on messages: {subject}")),
    ("permission.cap_removed", _("removed a cap on messages: {subject}")),
    ("permission.stopped", _("stopped all messages to {subject}")),
    ("permission.stop_lifted", _("lifted a stop")),
):
    audit_actions.register(_name, AuditAction(sentence=_sentence, group=_PRIVACY, icon="shield"))
