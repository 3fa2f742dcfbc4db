"""Studies of drivers: a survey comes in, the worker fits the model, an improvement is tried on paper."""

from __future__ import annotations

import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from rapport.foundation.lib import clock
from rapport.foundation.records.errors import Unreadable
from rapport.foundation.records.services.tables import detect_format, open_table
from rapport.foundation.workspace.errors import Invalid, NotFound
from rapport.foundation.workspace.types import Actor
from rapport.insight.value import policies
from rapport.insight.value.extension_points import driver_deferrers
from rapport.insight.value.models import DriverResult, DriverStudy
from rapport.insight.value.rules.survey import (
    FIXED,
    BadSurvey,
    Driver,
    Problem,
    Survey,
    read_survey,
    survey_from_json,
    survey_to_json,
)

LARGEST_BYTES = 20 * 1024 * 1024
LAST_DRAWS = 100


def start_study(
    *,
    actor: Actor,
    name: str,
    file_name: str,
    upload: IO[bytes],
    brand: str,
    population: int,
    margin_rate: Decimal,
    discount_rate: Decimal,
    years: int | None,
    currency: str,
) -> DriverStudy:
    """Keep a survey and have it fitted. Errors: NotAllowed, Unreadable, BadSurvey, Invalid."""
    policies.require_studies(actor)
    survey = _read(upload, file_name)
    if brand not in survey.brands:
        words = {"brand": brand, "brands": ", ".join(survey.brands)}
        raise Invalid({"brand": _("“%(brand)s” is not in the file. The brands are: %(brands)s.") % words})
    with transaction.atomic():
        study = DriverStudy.objects.create(
            name=name,
            file_name=file_name[:200],
            member_id=actor.member_id,
            made_by=actor.name[:150],
            currency=currency,
            brand=brand,
            population=population,
            margin_rate=margin_rate,
            discount_rate=discount_rate,
            years=years,
            survey=survey_to_json(survey),
        )
        _ask(study, {})
    return study


def try_improvement(*, actor: Actor, study_id: UUID, target: str, points: Decimal, cost: Decimal) -> DriverResult:
    """Have the return of an improvement worked out. Errors: NotAllowed, NotFound, Invalid."""
    policies.require_studies(actor)
    study = get_study(study_id)
    targets = {
        *(driver.value for driver in Driver),
        *(f"{driver}: {name}" for driver, name in study.survey["attributes"]),
    }
    if target not in targets:
        raise Invalid({"target": _("The survey has no such rating.")})
    with transaction.atomic():
        return _ask(study, {"target": target, "points": float(points), "cost": float(cost)})


def remove_study(*, actor: Actor, study_id: UUID) -> None:
    """With all its answers and results. Errors: NotAllowed, NotFound."""
    policies.require_studies(actor)
    get_study(study_id).delete()


def get_study(study_id: UUID) -> DriverStudy:
    study = DriverStudy.objects.filter(pk=study_id).first()
    if study is None:
        raise NotFound(_("There is no such study."))
    return study


def fit_study(result_id: UUID) -> None:
    """Called by the worker; a result that is there already stays as it is."""
    result = DriverResult.objects.select_related("study").filter(pk=result_id, state="waiting").first()
    if result is None:
        return
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the matrices are small: threads only get in each other's way
    from rapport.insight.value.rules import drivers

    study = result.study
    survey = survey_from_json(study.survey)
    market = drivers.market_of(
        survey,
        population=study.population,
        discount=float(study.discount_rate),
        years=study.years,
        margin=float(study.margin_rate),
    )
    asked = result.improvement
    improvement = drivers.Improvement(**asked) if asked else None
    result.model_version, result.made_at = drivers.VERSION, clock.now()
    try:
        brand = survey.brands.index(study.brand)
        count = max(20, min(LAST_DRAWS, 200_000 // len(survey.respondents)))
        result.figures = drivers.study(survey, market, brand=brand, improvement=improvement, count=count)
        result.state = "done"
    except drivers.NoModel as error:
        result.state, result.problem = "failed", str(error)
    result.save()


def _ask(study: DriverStudy, improvement: dict[str, Any]) -> DriverResult:
    result = DriverResult.objects.create(study=study, improvement=improvement)
    transaction.on_commit(lambda: driver_deferrers["worker"](result.pk))
    return result


def _read(upload: IO[bytes], name: str) -> Survey:
    with NamedTemporaryFile(suffix=Path(name).suffix[:10]) as kept:
        size = 0
        while chunk := upload.read(1024 * 1024):
            size += len(chunk)
            if size > LARGEST_BYTES:
                raise Unreadable(_("This file is larger than 20 MB."))
            kept.write(chunk)
        kept.flush()
        path = Path(kept.name)
        how = detect_format(path, name, known=lambda heading: heading.strip().casefold() in FIXED)
        refused: list[Problem] = []
        with open_table(path, how) as table:
            survey = read_survey(how.headings, _rows(table, refused))
        if refused:
            raise BadSurvey(refused)
    return survey


def _rows(table: Any, refused: list[Problem]) -> Iterator[tuple[int, tuple[Any, ...]]]:
    for batch in table.batches():
        refused += [Problem(each.number, each.heading, each.reason) for each in batch.refused]
        yield from zip(batch.numbers, batch.rows, strict=True)
