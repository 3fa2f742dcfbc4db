"""The lists of customers: everyone, and one for each kind."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from rapport.foundation.records.types import BuiltInView, Label, ListAction, ListPage

VIEWS = (
    BuiltInView(key="all", label=_("All")),
    BuiltInView(key="mine", label=_("Mine"), condition={"field": "owner", "op": "is", "value": "me"}),
    BuiltInView(
        key="new",
        label=_("New this month"),
        condition={"field": "created_at", "op": "in_last", "value": {"n": 30, "unit": "days"}},
    ),
)
EMPTY_TEXT = _(
    "Import a spreadsheet, connect your shop or add the first one by hand. Nothing is sent to anyone until you say so."
)


def _page(name: str, title: Label, add: Label, kind: str = "", **options: Any) -> ListPage:
    return ListPage(
        name=name,
        record_type="customer",
        title=title,
        url_name=f"customers:{'list' if name == 'customers' else name}",
        base={"field": "kind", "op": "is", "value": kind} if kind else {},
        columns=("email", "phase", "tags", "owner") if kind != "household" else ("phase", "tags", "owner"),
        hidden=("kind",) if kind else (),
        subtitle=("organisation_name", "city"),
        avatar="kind",
        views=VIEWS,
        actions=(
            ListAction(
                label=_("Import"), url_name="records:import-new", icon="upload", query="into=customer", needs="import"
            ),
            ListAction(
                label=add,
                url_name="customers:new",
                icon="user-plus",
                query=f"kind={kind}" if kind else "",
                needs="create",
                is_primary=True,
                in_dialog=True,
            ),
        ),
        empty_text=EMPTY_TEXT,
        **options,
    )


PAGES = (
    _page("customers", _("Customers"), _("Add customer"), empty_title=_("Bring your customers in")),
    _page("persons", _("Persons"), _("Add person"), "person", empty_title=_("No persons yet")),
    _page(
        "organisations",
        _("Organisations"),
        _("Add organisation"),
        "organisation",
        empty_title=_("No organisations yet"),
    ),
    _page("households", _("Households"), _("Add household"), "household", empty_title=_("No households yet")),
)
