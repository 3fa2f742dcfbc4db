"""What mining plugs into the house: its pages, its jobs, its sets as filters, its marts to be held equal on engines."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from procrastinate.exceptions import AlreadyEnqueued

from rapport.foundation.accounts.tenancy import current_schema
from rapport.foundation.records.extension_points import SetWords, set_compilers, set_words
from rapport.foundation.ui.extension_points import commands, menu
from rapport.foundation.ui.types import MenuEntry, PaletteCommand
from rapport.foundation.workspace.types import Action
from rapport.insight.mining.extension_points import deferrers
from rapport.insight.mining.queries.sets import compile_set, set_titles
from rapport.insight.mining.tasks import answer, find_patterns, gather
from rapport.insight.mining.types import PURCHASE, Act
from rapport.stores.warehouse.extension_points import marts

if TYPE_CHECKING:
    from rapport.stores.warehouse.queries.engine import Engine

set_compilers.register("pattern", compile_set)
set_words.register("pattern", SetWords(label=_("the pattern"), names=lambda actor, ids: set_titles(ids)))

for _order, (_name, _label, _icon) in enumerate(
    (
        ("patterns", _("Patterns"), "bulb"),
        ("rfm", _("Recency and frequency"), "layout-list"),
        ("clusters", _("Groups"), "users-group"),
        ("baskets", _("Bought together"), "shopping-cart"),
        ("cohorts", _("Cohorts"), "calendar-event"),
        ("funnels", _("Funnels"), "filter"),
    )
):
    menu.register(
        f"mining.{_name}",
        MenuEntry(
            label=_label,
            section="insight",
            url_name=f"mining:{_name}",
            needs=(Action.READ, "customer"),
            order=40 + _order,
        ),
    )
    commands.register(
        f"mining.{_name}",
        PaletteCommand(
            label=_label, icon=_icon, url_name=f"mining:{_name}", needs=(Action.READ, "customer"), order=120
        ),
    )


def _defer_answer(answer_id: UUID) -> None:
    with suppress(AlreadyEnqueued):
        answer.configure(queueing_lock=f"mining.answer.{answer_id}").defer(
            schema=current_schema(), answer_id=str(answer_id)
        )


def _defer_set(set_id: UUID) -> None:
    with suppress(AlreadyEnqueued):
        gather.configure(queueing_lock=f"mining.set.{set_id}").defer(schema=current_schema(), set_id=str(set_id))


def _defer_patterns(run_id: UUID) -> None:
    find_patterns.defer(schema=current_schema(), run_id=str(run_id))


deferrers.register("answer", _defer_answer)
deferrers.register("set", _defer_set)
deferrers.register("patterns", _defer_patterns)


# Marts, with questions of every kind. Their libraries are loaded when they are asked.

_STEPS = (Act(channel="web"), Act(kind="email_opened"), PURCHASE)
_ORIGIN = date(2024, 1, 1)


def _rfm(engine: Engine) -> Any:
    from rapport.insight.mining.queries.marts import rfm
    from rapport.insight.value.queries.histories import purchase_days

    return rfm.grid(rfm.quintiles(rfm.summaries(purchase_days(engine, _ORIGIN.replace(year=2100)))))


def _cohorts(engine: Engine) -> Any:
    from rapport.insight.mining.queries.marts import cohorts

    return cohorts.bitmaps(
        engine.table("touchpoints"), start=PURCHASE, again=Act(channel="web"), unit="week", origin=_ORIGIN, periods=100
    )


def _first_view(engine: Engine) -> Any:
    from rapport.insight.mining.queries.marts import funnels

    return funnels.first_view(engine.table("touchpoints"), _STEPS, 60)


def _any_start(engine: Engine) -> Any:
    from rapport.insight.mining.queries.marts import funnels

    return funnels.any_start(engine.table("touchpoints"), _STEPS, 60)


marts.register("mining.rfm", _rfm)
marts.register("mining.cohorts", _cohorts)
marts.register("mining.first_view", _first_view)
marts.register("mining.any_start", _any_start)
