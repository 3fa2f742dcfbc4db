"""What value plugs into the house."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from rapport.foundation.records.extension_points import SetWords, set_compilers, set_words
from rapport.foundation.ui.extension_points import commands, menu, menu_sections, settings_pages
from rapport.foundation.ui.types import MenuEntry, MenuSection, PaletteCommand, SettingsPage
from rapport.foundation.workspace.extension_points import audit_actions
from rapport.foundation.workspace.types import Action, AuditAction, Power
from rapport.insight.value.extension_points import after_scores, driver_deferrers, equity_deferrers, fit_deferrers
from rapport.insight.value.queries import histories
from rapport.insight.value.queries.equity import compile_equity_set, names_of_parts
from rapport.insight.value.queries.settings import margin_rate
from rapport.insight.value.rules.equity_parts import SET
from rapport.insight.value.services.equity import keep_equity
from rapport.insight.value.tasks import defer_equity_of_view, defer_fit_of_drivers, defer_refresh
from rapport.insight.value.views.values import strip
from rapport.stores.customers.extension_points import CustomerPanel, customer_panels
from rapport.stores.warehouse.extension_points import margin_rates, marts

after_scores.register("equity", keep_equity)
equity_deferrers.register("worker", defer_equity_of_view)
driver_deferrers.register("worker", defer_fit_of_drivers)
set_compilers.register(SET, compile_equity_set)
set_words.register(SET, SetWords(label=_("customer equity:"), names=names_of_parts))
menu_sections.register("insight", MenuSection(label=_("Insight"), icon="chart-line", order=60))
menu.register(
    "equity",
    MenuEntry(
        label=_("Customer equity"), section="insight", url_name="value:equity", needs=(Action.READ, "customer"), go="e"
    ),
)
menu.register(
    "drivers",
    MenuEntry(
        label=_("Drivers of equity"),
        section="insight",
        url_name="value:drivers",
        needs=(Action.READ, "customer"),
        order=110,
    ),
)

fit_deferrers.register("worker", defer_refresh)
margin_rates.register("insight", margin_rate)
customer_panels.register("value", CustomerPanel(position="strip", order=10, render=strip))
menu.register(
    "value",
    MenuEntry(
        label=_("Lifetime value"),
        section="insight",
        url_name="value:overview",
        needs=(Action.READ, "customer"),
        go="v",
        order=90,
    ),
)
commands.register(
    "value",
    PaletteCommand(
        label=_("Open lifetime value"), icon="chart-line", url_name="value:overview", needs=(Action.READ, "customer")
    ),
)
settings_pages.register(
    "value.settings",
    SettingsPage(
        label=_("Value"),
        help=_("Margin, discount, horizon and tiers of lifetime value."),
        url_name="value:settings",
        icon="chart-line",
        group=_("Insight"),
        needs=Power.MANAGE_WORKSPACE,
        order=70,
    ),
)
audit_actions.register(
    "value_settings_changed",
    AuditAction(sentence=_("changed how value is worked out"), group=_("Insight"), icon="chart-line"),
)
# Asked of every engine there is, and held equal: as a run of today asks them.
for _name, _mart in (
    (
        "histories",
        lambda engine: histories.histories(engine, histories.today(), histories.today() - timedelta(days=270)),
    ),
    ("gaps", lambda engine: histories.gaps(engine, histories.today())),
    ("contracts", lambda engine: histories.contracts(engine, histories.today())),
    ("contract_lives", lambda engine: histories.contract_lives(engine, histories.today())),
    ("periods", lambda engine: histories.periods(engine, histories.today(), "quarter")),
):
    marts.register(f"value.{_name}", _mart)
