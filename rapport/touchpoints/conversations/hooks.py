"""What conversations plug into the house."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from rapport.foundation.records.extension_points import record_types
from rapport.foundation.records.types import Choice, Field, FieldKind, RecordType
from rapport.foundation.ui.extension_points import menu
from rapport.foundation.ui.types import MenuEntry
from rapport.foundation.workspace.extension_points import audit_actions
from rapport.foundation.workspace.types import Action, AuditAction
from rapport.stores.customers.extension_points import CustomerPanel, customer_data, customer_holdings, customer_panels
from rapport.stores.ledger.extension_points import composer_links
from rapport.stores.ledger.types import ComposerLink
from rapport.touchpoints.channels.email.services.adapter import EmailAdapter
from rapport.touchpoints.channels.email.types import CHANNEL
from rapport.touchpoints.conversations.extension_points import adapters, wakers
from rapport.touchpoints.conversations.queries.outbox import everything, holding
from rapport.touchpoints.conversations.tasks import wake
from rapport.touchpoints.conversations.types import RECORD_TYPE, TONES, State
from rapport.touchpoints.conversations.views.composer import composer_link, on_their_way_panel


def _model() -> Any:
    from rapport.touchpoints.conversations.models import OutboxRow

    return OutboxRow


record_types.register(
    RECORD_TYPE,
    RecordType(
        name=RECORD_TYPE,
        label=_("Message"),
        plural=_("Messages"),
        icon="mail",
        model=_model,
        title_field="subject",
        default_sort="-queued_at",
        owner_column="member_id",
        parent="customer",
        parent_column="customer_id",
        custom_fields=False,
        deletable=False,
        stands_alone=False,
        fields=(
            Field(name="subject", label=_("Subject"), kind=FieldKind.TEXT, editable=False),
            Field(name="customer", label=_("Customer"), kind=FieldKind.RELATION, target="customer", column="customer_id", editable=False),
            Field(name="to", label=_("To"), kind=FieldKind.TEXT, column="contact_point", editable=False),
            Field(name="channel", label=_("Channel"), kind=FieldKind.TEXT, editable=False),
            Field(name="purpose", label=_("Purpose"), kind=FieldKind.TEXT, editable=False),
            Field(name="state", label=_("State"), kind=FieldKind.CHOICE, editable=False,
                  choices=tuple(Choice(state.value, state.label, TONES[state]) for state in State)),
            Field(name="queued_at", label=_("Written"), kind=FieldKind.INSTANT, editable=False),
            Field(name="member", label=_("Colleague"), kind=FieldKind.MEMBER, column="member_id", editable=False),
        ),
    ),
)  # fmt: skip
adapters.register(CHANNEL, EmailAdapter())
wakers.register("worker", wake)
customer_data.register("messages", everything)
customer_holdings.register("messages", holding)
composer_links.register("email", ComposerLink(label=_("E-mail"), icon="mail", url=composer_link))
customer_panels.register("on_their_way", CustomerPanel(position="main", order=15, render=on_their_way_panel))
menu.register(
    "outbox",
    MenuEntry(
        label=_("Outbox"),
        section="customers",
        url_name="conversations:outbox",
        needs=(Action.READ, RECORD_TYPE),
        order=50,
    ),
)
audit_actions.register(
    "message.settled",
    AuditAction(sentence=_("settled an uncertain message to {subject}: {state}"), group=_("Messages"), icon="mail"),
)
