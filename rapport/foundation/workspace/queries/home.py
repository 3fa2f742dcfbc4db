"""The page Today: what upper floors have to show there, and the way into a new workspace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rapport.foundation.workspace import policies
from rapport.foundation.workspace.extension_points import first_steps, home_panels
from rapport.foundation.workspace.queries.preferences import preference
from rapport.foundation.workspace.types import Actor, FirstStep

SHOW_STEPS = "workspace.first_steps"


@dataclass(frozen=True)
class Panel:
    name: str
    template: str
    panel: Any


@dataclass(frozen=True)
class Home:
    main: list[Panel]
    aside: list[Panel]
    steps: list[tuple[FirstStep, bool]]  # each with whether it is done; none once all are

    @property
    def steps_done(self) -> int:
        return sum(done for _step, done in self.steps)


def home(*, actor: Actor) -> Home:
    """A fixed number of queries: those of the panels and one for each first step."""
    main: list[Panel] = []
    aside: list[Panel] = []
    for name, declared in sorted(home_panels.items(), key=lambda each: each[1].order):
        if policies.meets(actor, declared.needs) and (loaded := declared.load(actor)) is not None:
            (aside if declared.aside else main).append(Panel(name, declared.template, loaded))
    return Home(main, aside, _open_steps(actor))


def _open_steps(actor: Actor) -> list[tuple[FirstStep, bool]]:
    if not preference(SHOW_STEPS, actor=actor):
        return []
    steps = [
        (step, step.is_done(actor))
        for step in sorted(first_steps.values(), key=lambda each: each.order)
        if policies.meets(actor, step.needs)
    ]
    return [] if all(done for _step, done in steps) else steps
