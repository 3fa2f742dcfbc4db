"""What the demo plugs into the house."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rapport.demo import tasks
from rapport.demo.queries import KIND, Demo, demo_here, has_customers
from rapport.foundation.accounts.extension_points import starters
from rapport.foundation.accounts.types import Starter
from rapport.foundation.records.extension_points import ActWords, act_words, undo_handlers
from rapport.foundation.records.models import Operation
from rapport.foundation.ui.extension_points import settings_pages
from rapport.foundation.ui.types import SettingsPage
from rapport.foundation.workspace.extension_points import audit_actions, first_steps, home_panels
from rapport.foundation.workspace.types import Actor, AuditAction, FirstStep, HomePanel, Power


def home_panel(actor: Actor) -> Demo | None:
    """Tells on the first page that what is shown is made up."""
    return demo_here()


def _undo(*, actor: Actor, operation: Operation, reverse: Operation) -> dict[str, int]:
    from rapport.demo.load import undo_demo  # the simulator is large, and web processes hardly ever need it

    return undo_demo(actor=actor, operation=operation, reverse=reverse)


undo_handlers.register(KIND, _undo)
act_words.register(KIND, ActWords(_("filled in demo data:"), icon="flask"))

starters.register(
    "demo",
    Starter(
        label=_("Simulated data"),
        help=_("A made-up maker of cargo bikes with 2,000 customers, to look around with. One click removes it later."),
        begin=tasks.begin,
        order=10,
    ),
)

settings_pages.register(
    "demo",
    SettingsPage(
        label=_("Simulated data"),
        help=_("A made-up firm to look around with: load it, or remove it."),
        url_name="demo:overview",
        icon="flask",
        group=_("Workspace"),
        needs=Power.MANAGE_WORKSPACE,
        order=90,
    ),
)

home_panels.register(
    "demo",
    HomePanel(template="demo/home.html", load=home_panel, needs=Power.MANAGE_WORKSPACE, aside=True, order=90),
)

first_steps.register(
    "demo",
    FirstStep(
        label=_("Look around with simulated data"),
        help=_("Three years of a made-up firm, so that no page is empty. One click removes it again."),
        icon="flask",
        url_name="demo:overview",
        is_done=has_customers,
        needs=Power.MANAGE_WORKSPACE,
        order=80,
    ),
)

for _name, _sentence in (
    ("demo.loaded", _("loaded simulated data: {subject}")),
    ("demo.removed", _("removed the simulated data")),
):
    audit_actions.register(_name, AuditAction(sentence=_sentence, group=_("Workspace"), icon="flask"))
