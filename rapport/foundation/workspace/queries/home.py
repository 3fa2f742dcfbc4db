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
    steps: list[tuple[FirstStep, bool]]  # each with whether it is done; none once all are, or when they are put away
    done: frozenset[str]  # names of the steps that are done

    @property
    def steps_done(self) -> int:
        return sum(done for _step, done in self.steps)


def home(*, actor: Actor, known_done: frozenset[str] = frozenset()) -> Home:
    """A fixed number of queries: those of the panels and one for each first step that was not known to be done."""
    main: list[Panel] = []
    aside: list[Panel] = []
    for name, declared in sorted(home_panels.items(), key=lambda each: each[1].order):
        if policies.meets(actor, declared.needs) and (loaded := declared.load(actor)) is not None:
            (aside if declared.aside else main).append(Panel(name, declared.template, loaded))
    steps = [
        (name, step)
        for name, step in sorted(first_steps.items(), key=lambda each: each[1].order)
        if policies.meets(actor, step.needs)
    ]
    if all(name in known_done for name, _step in steps) or not preference(SHOW_STEPS, actor=actor):
        return Home(main, aside, [], known_done)
    done = frozenset(name for name, step in steps if name in known_done or step.is_done(actor))
    shown = [(step, name in done) for name, step in steps] if len(done) < len(steps) else []
    return Home(main, aside, shown, done)
