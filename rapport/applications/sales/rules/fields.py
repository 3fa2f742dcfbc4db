"""The record type of deals: its fields are declared here once. Pipelines and stages are filled in by the workspace."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from rapport.applications.sales.types import DEAL, LostReason, State
from rapport.foundation.records.types import BuiltInView, Choice, Field, FieldKind, ListAction, ListPage, RecordType

WHAT, WORTH, STANDING, CLOSING = _("What it is"), _("What it is worth"), _("Where it stands"), _("How it ended")
_TONES = {State.OPEN: "info", State.WON: "good", State.LOST: "mute"}

FIELDS = (
    Field(name="name", label=_("Deal"), kind=FieldKind.TEXT, group=WHAT, required=True, sortable=True, searchable=True, default_column=True,
          key=True, aliases=("deal name", "opportunity", "opportunity name", "title", "betreff")),
    Field(name="customer", label=_("Customer"), kind=FieldKind.RELATION, target="customer", column="customer_id", group=WHAT, required=True, default_column=True,
          aliases=("account", "account name", "company", "organisation", "organization", "kunde")),
    Field(name="stage", label=_("Stage"), kind=FieldKind.CHOICE, group=STANDING, default_column=True, aliases=("deal stage", "phase", "status")),
    Field(name="pipeline", label=_("Pipeline"), kind=FieldKind.CHOICE, group=STANDING, editable=False, importable=False),
    Field(name="state", label=_("State"), kind=FieldKind.CHOICE, group=STANDING, editable=False, importable=False,
          choices=tuple(Choice(value, label, _TONES[State(value)]) for value, label in State.choices)),
    Field(name="amount", label=_("Amount"), kind=FieldKind.NUMBER, group=WORTH, sortable=True, default_column=True, aliases=("value", "deal value", "betrag")),
    Field(name="currency", label=_("Currency"), kind=FieldKind.TEXT, group=WORTH, default_column=True, help=_("Three letters, such as EUR"), aliases=("currency code", "währung")),
    Field(name="recurring", label=_("Of it recurring, a year"), kind=FieldKind.NUMBER, group=WORTH, editable=False, importable=False),
    Field(name="expected_close_on", label=_("Expected close"), kind=FieldKind.DATE, group=STANDING, sortable=True, default_column=True,
          aliases=("close date", "expected close date", "closing date", "abschlussdatum")),
    Field(name="owner", label=_("Owner"), kind=FieldKind.MEMBER, column="owner_id", group=STANDING, default_column=True, aliases=("deal owner", "besitzer")),
    Field(name="stage_since", label=_("In this stage since"), kind=FieldKind.INSTANT, group=STANDING, editable=False, importable=False),
    Field(name="quiet_from", label=_("Quiet from"), kind=FieldKind.INSTANT, group=STANDING, editable=False, importable=False,
          help=_("When silence of its customer begins to say something: after twice the usual gap, at least two weeks")),
    Field(name="source", label=_("Source"), kind=FieldKind.TEXT, group=WHAT, searchable=True, aliases=("lead source", "herkunft")),
    Field(name="competitors", label=_("Competitors"), kind=FieldKind.TAGS, group=WHAT, searchable=False),
    Field(name="closed_on", label=_("Closed on"), kind=FieldKind.DATE, group=CLOSING, aliases=("won date", "lost date", "closed date")),
    Field(name="lost_reason", label=_("Why it was lost"), kind=FieldKind.CHOICE, group=CLOSING, aliases=("lost reason", "closed lost reason"),
          choices=tuple(Choice(value, label) for value, label in LostReason.choices)),
    Field(name="lost_note", label=_("What they said"), kind=FieldKind.LONG_TEXT, group=CLOSING, in_list=False),
    Field(name="approved_by", label=_("Approved by"), kind=FieldKind.TEXT, group=CLOSING, editable=False, importable=False),
    Field(name="tags", label=_("Tags"), kind=FieldKind.TAGS, group=WHAT),
    Field(name="notes", label=_("Notes"), kind=FieldKind.LONG_TEXT, group=WHAT, in_list=False),
    Field(name="created_at", label=_("Added"), kind=FieldKind.INSTANT, group=STANDING, editable=False, importable=False, sortable=True),
    Field(name="updated_at", label=_("Changed"), kind=FieldKind.INSTANT, group=STANDING, editable=False, importable=False),
)  # fmt: skip

REQUIRABLE = ("amount", "expected_close_on", "owner", "source", "competitors", "notes")  # and a workspace's own fields


def deal_type(model: Any) -> RecordType:
    """`model` gives the model late."""
    return RecordType(
        name=DEAL,
        label=_("Deal"),
        plural=_("Deals"),
        icon="coin-euro",
        model=model,
        fields=FIELDS,
        list_url_name="sales:deals",
        live={"deleted_at": None},
        owner_column="owner_id",
        parent="customer",
        parent_column="customer_id",
        searchable_column="search",
    )


_OPEN = {"field": "state", "op": "is", "value": State.OPEN.value}
PAGE = ListPage(
    name="deals",
    record_type=DEAL,
    title=_("Deals"),
    url_name="sales:deals",
    subtitle=("source",),
    views=(
        BuiltInView(key="open", label=_("Open"), condition=_OPEN),
        BuiltInView(key="mine", label=_("Mine"), condition={"all": [_OPEN, {"field": "owner", "op": "is", "value": "me"}]}),
        BuiltInView(key="soon", label=_("To close in 30 days"), condition={"all": [_OPEN, {"field": "expected_close_on", "op": "in_next", "value": {"n": 30, "unit": "days"}}]}),
        BuiltInView(key="won", label=_("Won"), condition={"field": "state", "op": "is", "value": State.WON.value}),
        BuiltInView(key="lost", label=_("Lost"), condition={"field": "state", "op": "is", "value": State.LOST.value}),
        BuiltInView(key="all", label=_("All")),
    ),
    actions=(
        ListAction(label=_("Import"), url_name="records:import-new", icon="upload", query="into=deal", needs="import"),
        ListAction(label=_("Board"), url_name="sales:board", icon="layout-kanban"),
        ListAction(label=_("Add deal"), url_name="sales:deal-new", icon="plus", needs="create", is_primary=True, in_dialog=True),
    ),
    empty_title=_("No deals yet"),
    empty_text=_("A deal is something a customer may buy. Add the first one by hand, or import the list you keep now."),
)  # fmt: skip
