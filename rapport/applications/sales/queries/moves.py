"""Where a deal may go from where it is, and why not elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from rapport.applications.sales.models import Deal
from rapport.applications.sales.queries.pipelines import pipelines
from rapport.applications.sales.rules.stages import Pipeline, Stage, Standing, move_refused
from rapport.applications.sales.types import State


@dataclass(frozen=True)
class Way:
    """One stage as a goal. `refused` says why not; empty: it may go there, as far as stages go."""

    stage: Stage
    refused: str
    is_here: bool


def ways(deal: Deal) -> tuple[Pipeline | None, tuple[Way, ...]]:
    """All stages of its pipeline that are in use."""
    pipeline = pipelines().pipeline(deal.pipeline)
    if pipeline is None:
        return None, ()
    here = Standing(stage=deal.stage, closed_from=deal.closed_from)
    return pipeline, tuple(
        Way(stage, "" if stage.key == deal.stage else move_refused(here, stage, pipelines()), stage.key == deal.stage)
        for stage in pipeline.in_use()
    )


def wanted(deal: Deal, stage: Stage) -> tuple[str, ...]:
    """Fields to ask for on the way to a stage."""
    if stage.kind is State.LOST:
        return ("lost_reason", "lost_note", "closed_on")
    if stage.kind is State.WON:
        return ("closed_on",) if deal.amount is not None else ("amount", "closed_on")
    return ("amount",) if "amount" in stage.required and deal.amount is None else ()
