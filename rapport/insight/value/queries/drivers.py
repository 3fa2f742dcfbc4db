"""Studies of drivers as pages show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import Actor
from rapport.insight.value import policies
from rapport.insight.value.models import DriverResult, DriverStudy

NO_MODEL_WORDS = {
    "flat_ratings": _("In one column everybody gave every brand the same rating, so it tells nothing."),
    "not_identified": _("The ratings do not tell the brands apart well enough to say what moves choices."),
    "separated": _("The answers foretell every choice, so no effect is large enough: ask more people, or for chances."),
}


@dataclass(frozen=True)
class StudyPage:
    """One study with its newest finished result, what is under way, and what was tried."""

    study: DriverStudy
    result: DriverResult | None
    tried: Sequence[DriverResult]
    is_waiting: bool
    problem: Any
    others: Sequence[tuple[UUID, str]]

    @property
    def figures(self) -> Mapping[str, Any]:
        return self.result.figures if self.result else {}


def study_page(*, actor: Actor, study_id: UUID | None = None) -> StudyPage | None:
    """The study asked for or the newest; None where there is none. Errors: NotAllowed, NotFound."""
    policies.require_equity(actor)
    studies = DriverStudy.objects.defer("survey").order_by("-made_at")
    study = studies.filter(pk=study_id).first() if study_id else studies.first()
    if study is None:
        if study_id:
            raise NotFound(_("There is no such study."))
        return None
    results = list(DriverResult.objects.filter(study=study).order_by("-asked_at")[:20])
    done = [result for result in results if result.state == "done"]
    failed = next((result for result in results if result.state == "failed"), None)
    others = list(studies.exclude(pk=study.pk).values_list("pk", "name")[:20])
    return StudyPage(
        study,
        done[0] if done else None,
        [result for result in done if result.improvement],
        any(result.state == "waiting" for result in results),
        NO_MODEL_WORDS.get(failed.problem, failed.problem) if failed and not done else "",
        others,
    )
