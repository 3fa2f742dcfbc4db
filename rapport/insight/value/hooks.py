"""What value plugs into the house."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rapport.foundation.records.extension_points import SetWords, set_compilers, set_words
from rapport.foundation.ui.extension_points import menu_sections
from rapport.foundation.ui.types import MenuSection
from rapport.insight.value.extension_points import after_scores, equity_deferrers, fit_deferrers
from rapport.insight.value.queries.equity import compile_equity_set, names_of_parts
from rapport.insight.value.queries.settings import margin_rate
from rapport.insight.value.rules.equity_parts import SET
from rapport.insight.value.services.equity import keep_equity
from rapport.insight.value.tasks import defer_equity_of_view, defer_refresh
from rapport.stores.warehouse.extension_points import margin_rates

after_scores.register("equity", keep_equity)
equity_deferrers.register("worker", defer_equity_of_view)
set_compilers.register(SET, compile_equity_set)
set_words.register(SET, SetWords(label=_("customer equity:"), names=names_of_parts))
menu_sections.register("insight", MenuSection(label=_("Insight"), icon="chart-line", order=60))

fit_deferrers.register("worker", defer_refresh)
margin_rates.register("insight", margin_rate)
