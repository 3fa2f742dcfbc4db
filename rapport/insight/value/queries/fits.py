"""Runs of the models, for pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import Actor
from rapport.insight.value.models import FitState, ModelFit
from rapport.stores.customers.queries.scores import TierTotal, tier_totals

VERSIONS = 12


@dataclass(frozen=True)
class FitPage:
    """The newest finished run or a chosen earlier one, the one that goes on, and the versions."""

    shown: ModelFit | None
    is_newest: bool
    going: ModelFit | None
    failed: ModelFit | None  # the last one, when it failed after the newest that went well
    versions: Sequence[ModelFit]
    tiers: Sequence[TierTotal]


def fit_page(*, actor: Actor, fit_id: UUID | None = None) -> FitPage:
    """Three queries. Errors: NotFound."""
    runs = list(ModelFit.objects.order_by("-asked_at")[: VERSIONS * 2])
    going = next((run for run in runs if run.state in (FitState.WAITING, FitState.RUNNING)), None)
    done = [run for run in runs if run.state == FitState.DONE]
    newest = done[0] if done else None
    shown = newest if fit_id is None else next((run for run in runs if run.pk == fit_id), None)
    if fit_id is not None and shown is None:
        shown = ModelFit.objects.filter(pk=fit_id, state=FitState.DONE).first()
        if shown is None:
            raise NotFound
    last = next((run for run in runs if run.state not in (FitState.WAITING, FitState.RUNNING)), None)
    failed = last if last is not None and last.state == FitState.FAILED else None
    return FitPage(
        shown=shown,
        is_newest=shown is newest,
        going=going,
        failed=failed,
        versions=done[:VERSIONS],
        tiers=tier_totals(actor=actor),
    )
