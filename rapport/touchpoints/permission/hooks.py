"""What permission plugs into the house."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from rapport.stores.ledger.extension_points import kinds
from rapport.stores.ledger.types import Group, Kind
from rapport.touchpoints.permission.extension_points import channels, purposes
from rapport.touchpoints.permission.types import Channel, PointKind, Purpose, PurposeKind

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
    Kind(name="contact_paused", label=_("Takes a break from us"), icon="player-pause", group=Group.CONTACT),
):
    kinds.register(kind.name, kind)
