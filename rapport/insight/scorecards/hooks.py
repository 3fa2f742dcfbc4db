"""What scorecards plugs into the house."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rapport.foundation.records.extension_points import SetWords, set_compilers, set_words
from rapport.foundation.ui.extension_points import commands, menu
from rapport.foundation.ui.types import MenuEntry, PaletteCommand
from rapport.foundation.workspace.extension_points import audit_actions
from rapport.foundation.workspace.types import Action, AuditAction
from rapport.insight.scorecards.extension_points import scorecard_deferrers
from rapport.insight.scorecards.queries.wires import compile_wire_set, names_of_wires
from rapport.insight.scorecards.tasks import defer_keeping
from rapport.insight.value.extension_points import ScoresWritten, after_scores

_READ = (Action.READ, "customer")


def _keep_after_scores(written: ScoresWritten) -> None:
    """New values: the wires are looked at again."""
    defer_keeping()


scorecard_deferrers.register("worker", defer_keeping)
after_scores.register("scorecard", _keep_after_scores)
set_compilers.register("wire", compile_wire_set)
set_words.register("wire", SetWords(label=_("trip-wire:"), names=names_of_wires))
menu.register(
    "scorecard",
    MenuEntry(label=_("Scorecard"), section="insight", url_name="scorecards:scorecard", needs=_READ, go="k", order=30),
)
commands.register(
    "scorecard",
    PaletteCommand(
        label=_("Scorecard"),
        hint=_("Recency, frequency, latency and lifetime value, for all teams"),
        icon="chart-bar",
        url_name="scorecards:scorecard",
        needs=_READ,
    ),
)
audit_actions.register(
    "scorecard.wire_changed",
    AuditAction(sentence=_("changed the trip-wire “{subject}”"), group=_("Data"), icon="bell"),
)
