"""What the ledger plugs into the house: its words, its record type, its columns and pages."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from rapport.foundation.records.extension_points import (
    behaviour_compilers,
    behaviour_words,
    computed_columns,
    filled_tables,
    importers,
    record_types,
)
from rapport.foundation.records.types import Choice, Field, FieldKind, RecordType
from rapport.foundation.ui.extension_points import commands, menu, settings_pages
from rapport.foundation.ui.types import MenuEntry, PaletteCommand, SettingsPage
from rapport.foundation.workspace.extension_points import audit_actions, first_steps, home_panels
from rapport.foundation.workspace.types import Action, AuditAction, FirstStep, HomePanel, Power
from rapport.stores.customers.extension_points import (
    CustomerPanel,
    customer_data,
    customer_holdings,
    customer_panels,
    customer_uses,
    phase_evidence,
)
from rapport.stores.customers.services.statistics import TABLES as CUSTOMER_TABLES
from rapport.stores.ledger.extension_points import after_append, channels, kinds
from rapport.stores.ledger.queries.activity import LastTouch
from rapport.stores.ledger.queries.behaviour import compile_behaviour
from rapport.stores.ledger.queries.everything import everything, holding
from rapport.stores.ledger.queries.evidence import LedgerEvidence
from rapport.stores.ledger.queries.home import newest
from rapport.stores.ledger.queries.touchpoints import used_in_ledger
from rapport.stores.ledger.queries.vocabulary import words_in_use
from rapport.stores.ledger.queries.websites import has_website
from rapport.stores.ledger.services import statistics
from rapport.stores.ledger.services.importing import TouchpointsImporter
from rapport.stores.ledger.services.phases import mark_phases
from rapport.stores.ledger.types import Channel, Group, Kind
from rapport.stores.ledger.views.timeline import composer_panel, timeline_panel

CONTACT, WEB, ORDERS, SERVICE = Group.CONTACT, Group.WEB, Group.ORDERS, Group.SERVICE

for channel in (
    Channel(name="note", label=_("Note"), icon="note"),
    Channel(name="email", label=_("E-mail"), icon="mail", tone="email"),
    Channel(name="phone", label=_("Phone"), icon="phone", tone="call"),
    Channel(name="sms", label=_("SMS"), icon="message", tone="sms"),
    Channel(name="chat", label=_("Chat"), icon="message-circle", tone="sms"),
    Channel(name="letter", label=_("Letter"), icon="mailbox", tone="letter"),
    Channel(name="fax", label=_("Fax"), icon="printer", tone="letter"),
    Channel(name="video", label=_("Video meeting"), icon="video", tone="call"),
    Channel(name="meeting", label=_("Meeting"), icon="users", tone="visit"),
    Channel(name="visit", label=_("Visit"), icon="map-pin", tone="visit"),
    Channel(name="showroom", label=_("Showroom"), icon="building-store", tone="visit"),
    Channel(name="calendar", label=_("Calendar"), icon="calendar-event"),
    Channel(name="event", label=_("Event"), icon="ticket", tone="visit"),
    Channel(name="social", label=_("Social media"), icon="at", tone="sms"),
    Channel(name="tv", label=_("TV"), icon="device-desktop"),
    Channel(name="web", label=_("Web"), icon="world", tone="visit", group=WEB),
    Channel(name="app", label=_("App"), icon="device-mobile", tone="visit", group=WEB),
    Channel(name="shop", label=_("Shop"), icon="shopping-cart", group=ORDERS),
    Channel(name="pos", label=_("Till"), icon="receipt", group=ORDERS),
    Channel(name="payment", label=_("Payment"), icon="credit-card", group=ORDERS),
    Channel(name="shipping", label=_("Shipping"), icon="truck-delivery", group=ORDERS),
    Channel(name="service", label=_("Service"), icon="lifebuoy", tone="case", group=SERVICE),
    Channel(name="workshop", label=_("Workshop"), icon="tool", tone="case", group=SERVICE),
):
    channels.register(channel.name, channel)

for kind in (
    # By hand
    Kind(name="note_added", label=_("Note"), icon="note", group=CONTACT),
    Kind(name="call_made", label=_("Call made"), icon="phone-outgoing", group=CONTACT),
    Kind(name="call_received", label=_("Call received"), icon="phone-incoming", group=CONTACT),
    Kind(name="call_missed", label=_("Call missed"), icon="phone-off", group=CONTACT),
    Kind(name="visit_made", label=_("Visit made"), icon="map-pin", group=CONTACT),
    Kind(name="visit_received", label=_("Visit received"), icon="building-store", group=CONTACT),
    Kind(name="showroom_visited", label=_("Showroom visited"), icon="building-store", group=CONTACT),
    Kind(name="meeting_held", label=_("Meeting held"), group=CONTACT),
    # Mail and messages
    Kind(name="email_sent", label=_("E-mail sent"), icon="mail-forward", phrase=_("Mail: {title}"), group=CONTACT),
    Kind(name="email_received", label=_("E-mail received"), icon="mail", phrase=_("Wrote: {title}"), group=CONTACT),
    Kind(name="email_opened", label=_("E-mail opened"), icon="mail-opened", phrase=_("Opened “{title}”"), group=CONTACT),
    Kind(name="email_clicked", label=_("E-mail clicked"), icon="mail-opened", phrase=_("Clicked a link in “{title}”"), group=CONTACT),
    Kind(name="email_bounced", label=_("E-mail bounced"), icon="mail-x", group=CONTACT),
    Kind(name="email_complained", label=_("E-mail marked as spam"), icon="mail-off", group=CONTACT),
    Kind(name="unsubscribed", label=_("Unsubscribed"), icon="mail-off", group=CONTACT),
    Kind(name="newsletter_subscribed", label=_("Newsletter subscribed"), icon="mail", group=CONTACT),
    Kind(name="sms_sent", label=_("SMS sent"), group=CONTACT),
    Kind(name="sms_received", label=_("SMS received"), group=CONTACT),
    Kind(name="letter_posted", label=_("Letter posted"), group=CONTACT),
    Kind(name="letter_returned", label=_("Letter returned"), group=CONTACT),
    Kind(name="fax_sent", label=_("Fax sent"), group=CONTACT),
    Kind(name="fax_received", label=_("Fax received"), group=CONTACT),
    # Web
    Kind(name="page_viewed", label=_("Page viewed"), icon="world", phrase=_("Looked at {title}"), group=WEB),
    Kind(name="product_viewed", label=_("Product viewed"), icon="eye", phrase=_("Looked at {title}"), group=WEB),
    Kind(name="search_made", label=_("Search made"), icon="search", phrase=_("Searched for “{query}”"), group=WEB),
    Kind(name="file_downloaded", label=_("File downloaded"), icon="download", phrase=_("Downloaded {title}"), group=WEB),
    Kind(name="form_submitted", label=_("Form submitted"), icon="forms", phrase=_("Sent the form {title}"), group=WEB),
    Kind(name="signed_up", label=_("Signed up"), icon="user-plus", group=WEB),
    Kind(name="signed_in", label=_("Signed in"), icon="login", group=WEB),
    Kind(name="identified", label=_("Made themselves known"), icon="user-check", group=WEB),
    Kind(name="cart_left", label=_("Cart left"), icon="shopping-cart-off", group=ORDERS),
    # Orders
    Kind(name="quote_sent", label=_("Quote sent"), icon="file-text", phrase=_("Sent quote {quote}"), group=ORDERS),
    Kind(name="quote_viewed", label=_("Quote viewed"), icon="eye", phrase=_("Opened quote {quote}"), group=ORDERS),
    Kind(name="quote_accepted", label=_("Quote accepted"), icon="check", phrase=_("Accepted quote {quote}"), group=ORDERS),
    Kind(name="quote_declined", label=_("Quote declined"), icon="x", phrase=_("Declined quote {quote}"), group=ORDERS),
    Kind(name="order_placed", label=_("Order placed"), icon="shopping-bag", phrase=_("Ordered {order}"), group=ORDERS),
    Kind(name="order_shipped", label=_("Order shipped"), icon="package", phrase=_("Order {order} left"), group=ORDERS),
    Kind(name="order_delivered", label=_("Order delivered"), icon="truck-delivery", phrase=_("Order {order} arrived"), group=ORDERS),
    Kind(name="order_collected", label=_("Order collected"), icon="package", phrase=_("Took order {order} home"), group=ORDERS),
    Kind(name="order_cancelled", label=_("Order cancelled"), icon="circle-x", phrase=_("Cancelled order {order}"), group=ORDERS),
    Kind(name="return_requested", label=_("Return requested"), icon="truck-return", group=ORDERS),
    Kind(name="order_returned", label=_("Order returned"), icon="truck-return", phrase=_("Returned order {order}"), group=ORDERS),
    Kind(name="invoice_sent", label=_("Invoice sent"), icon="receipt", phrase=_("Sent invoice {invoice}"), group=ORDERS),
    Kind(name="invoice_paid", label=_("Invoice paid"), icon="credit-card", phrase=_("Paid invoice {invoice}"), group=ORDERS),
    Kind(name="refund_paid", label=_("Refund paid"), icon="cash", group=ORDERS),
    # Service
    Kind(name="case_opened", label=_("Case opened"), icon="lifebuoy", tone="case", phrase=_("Opened case {case}"), group=SERVICE),
    Kind(name="case_answered", label=_("Case answered"), icon="messages", tone="case", phrase=_("Answered case {case}"), group=SERVICE),
    Kind(name="case_solved", label=_("Case solved"), icon="check", tone="case", phrase=_("Solved case {case}"), group=SERVICE),
    Kind(name="case_reopened", label=_("Case reopened"), icon="rotate-clockwise", tone="case", phrase=_("Reopened case {case}"), group=SERVICE),
    Kind(name="survey_answered", label=_("Survey answered"), icon="thumb-up", group=SERVICE),
    Kind(name="referral_made", label=_("Referral made"), icon="heart-handshake", group=CONTACT),
):  # fmt: skip
    kinds.register(kind.name, kind)


def _model() -> Any:
    from rapport.stores.ledger.models import Touchpoint

    return Touchpoint


record_types.register(
    "touchpoint",
    RecordType(
        name="touchpoint",
        label=_("Touch point"),
        plural=_("Touch points"),
        icon="activity",
        model=_model,
        title_field="subject",
        list_url_name="ledger:touchpoints",
        default_sort="-occurred_at",
        parent="customer",
        parent_column="customer_id",
        custom_fields=False,
        deletable=False,
        stands_alone=False,
        fields=(
            Field(name="customer", label=_("Customer"), kind=FieldKind.RELATION, target="customer", column="customer_id", editable=False, default_column=True),
            Field(name="occurred_at", label=_("When"), kind=FieldKind.INSTANT, required=True, editable=False, sortable=True, default_column=True,
                  aliases=("date", "time", "timestamp", "happened at", "order date", "datum")),
            Field(name="channel", label=_("Channel"), kind=FieldKind.TEXT, required=True, editable=False, default_column=True, aliases=("medium",)),
            Field(name="kind", label=_("Kind"), kind=FieldKind.TEXT, required=True, editable=False, default_column=True, aliases=("type", "event", "event type", "activity type")),
            Field(name="direction", label=_("Direction"), kind=FieldKind.CHOICE, editable=False,
                  choices=(Choice("in", _("From the customer")), Choice("out", _("To the customer")), Choice("none", _("Neither")))),
            Field(name="subject", label=_("Subject"), kind=FieldKind.TEXT, editable=False, default_column=True, aliases=("title", "summary", "headline")),
            Field(name="content", label=_("What was said"), kind=FieldKind.LONG_TEXT, editable=False, filterable=False, in_list=False, aliases=("body", "notes", "text", "description", "message")),
            Field(name="amount", label=_("Amount"), kind=FieldKind.NUMBER, editable=False, aliases=("value", "total", "price", "order total", "betrag", "revenue")),
            Field(name="currency", label=_("Currency"), kind=FieldKind.TEXT, editable=False, aliases=("currency code", "währung")),
            Field(name="source", label=_("Source"), kind=FieldKind.TEXT, editable=False, aliases=("system", "origin")),
            Field(name="source_id", label=_("Id at the source"), kind=FieldKind.TEXT, editable=False, key=True, aliases=("event id", "order id", "order number", "external id")),
            Field(name="recorded_at", label=_("Recorded"), kind=FieldKind.INSTANT, editable=False, importable=False),
            Field(name="member", label=_("Colleague"), kind=FieldKind.MEMBER, column="member_id", editable=False),
        ),
    ),
)  # fmt: skip
customer_panels.register("composer", CustomerPanel(position="main", order=10, render=composer_panel))
customer_panels.register("timeline", CustomerPanel(position="main", order=20, render=timeline_panel))
customer_data.register("touchpoints", everything)
customer_holdings.register("touchpoints", holding)
menu.register(
    "touchpoints",
    MenuEntry(
        label=_("Touch points"),
        section="customers",
        url_name="ledger:touchpoints",
        needs=(Action.READ, "touchpoint"),
        go="p",
        order=40,
    ),
)
settings_pages.register(
    "ledger.websites",
    SettingsPage(
        label=_("Websites"),
        help=_("Connect your website, watch what arrives."),
        url_name="ledger:websites",
        icon="world-www",
        group=_("Data"),
        needs=Power.MANAGE_SOURCES,
        order=60,
    ),
)
commands.register(
    "ledger.websites",
    PaletteCommand(
        label=_("Connect your website"), icon="world-www", url_name="ledger:websites", needs=Power.MANAGE_SOURCES
    ),
)
first_steps.register(
    "ledger.website",
    FirstStep(
        label=_("Connect your website"),
        help=_("One line in your pages, and visits join the timelines of those you know."),
        icon="world-www",
        url_name="ledger:websites",
        is_done=has_website,
        needs=Power.MANAGE_SOURCES,
        order=40,
    ),
)
home_panels.register(
    "ledger.newest",
    HomePanel(template="ledger/touchpoints/home.html", load=newest, needs=(Action.READ, "touchpoint"), order=20),
)
for name, sentence in (
    ("website.connected", _("connected the website {subject}")),
    ("website.changed", _("changed the website {subject}")),
    ("website.disconnected", _("disconnected the website {subject}")),
):
    audit_actions.register(name, AuditAction(sentence=sentence, group=_("Sources"), icon="world-www"))

behaviour_compilers.register("customer", compile_behaviour)
importers.register("touchpoint", TouchpointsImporter())
filled_tables.register("touchpoint", (*statistics.TABLES, *CUSTOMER_TABLES))
customer_uses.register("touchpoints", used_in_ledger)
behaviour_words.register("customer", words_in_use)
computed_columns.register("customer", [LastTouch()])
phase_evidence.register("ledger", LedgerEvidence())
after_append.register("customers.phases", mark_phases)
