"""The pipelines of the workspace at hand.

Read with the member on each visit (`brought_along`) and remembered with the connection's tenant, as foundation.records does
with what a workspace defined of its own. Who comes in without a member reads them in a statement of its own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count
from django.utils.translation import get_language

from rapport.applications.sales.models import Deal
from rapport.applications.sales.rules.presets import preset
from rapport.applications.sales.rules.stages import Pipeline, Pipelines, Stage
from rapport.applications.sales.types import State
from rapport.foundation.accounts.tenancy import current_schema, current_tenant
from rapport.foundation.records.types import Choice, Field, RecordType

PIPELINES = """(select coalesce(jsonb_agg(to_jsonb(p) || jsonb_build_object('stages', (
        select coalesce(jsonb_agg(to_jsonb(s) order by s.position, s.created_at, s.key), '[]'::jsonb)
        from sales_stage s where s.pipeline_id = p.key)) order by p.position, p.created_at, p.key), '[]'::jsonb)
    from sales_pipeline p)"""
_REMEMBERED = "_sales_pipelines"
_TONES = {State.OPEN: "info", State.WON: "good", State.LOST: "mute"}
_written: list[int] = [0]  # how often this process changed what any workspace has


@dataclass(frozen=True)
class _Held:
    written: int
    pipelines: Pipelines | None  # None: it has none of its own


def pipelines() -> Pipelines:
    """One query for each visit, or none."""
    if current_schema() == "public":
        return preset()
    held: _Held | None = getattr(current_tenant(), _REMEMBERED, None)
    if held is None or held.written != _written[0]:
        with connection.cursor() as cursor:
            cursor.execute(f"select {PIPELINES}")
            (lines,) = cursor.fetchone() or ("[]",)
        held = remember(lines)
    return held.pipelines or preset()


def remember(lines: Any) -> _Held:
    """Keep what a statement carried along."""
    read = json.loads(lines) if isinstance(lines, str) else lines
    found = Pipelines(tuple(_pipeline(line) for line in read)) if read else None
    held = _Held(_written[0], found)
    setattr(current_tenant(), _REMEMBERED, held)
    return held


def forget() -> None:
    """Something of them was written: whoever asks next reads them again."""
    _written[0] += 1


def with_stages(declared: RecordType) -> RecordType:
    """The record type of deals with the pipelines and stages of the workspace at hand as choices."""
    if current_schema() == "public":
        return declared
    known = pipelines()
    remembered = getattr(current_tenant(), "_sales_deal_type", None)
    key = (id(declared), known, get_language())
    if remembered is not None and remembered[0] == key:
        found: RecordType = remembered[1]
        return found
    several = len(known.in_use()) > 1
    choices = {
        "pipeline": tuple(Choice(each.key, each.label, retired=each.retired) for each in known.all),
        "stage": tuple(
            Choice(
                stage.key,
                f"{each.label}: {stage.label}" if several else stage.label,
                _TONES[stage.kind],
                retired=stage.retired or each.retired,
            )
            for each in known.all
            for stage in each.stages
        ),
    }
    full = replace(declared, fields=tuple(_with_choices(field, choices) for field in declared.fields))
    current_tenant()._sales_deal_type = (key, full)
    return full


def _with_choices(field: Field, choices: dict[str, tuple[Choice, ...]]) -> Field:
    return replace(field, choices=choices[field.name]) if field.name in choices else field


def _pipeline(line: dict[str, Any]) -> Pipeline:
    above = line["approval_above"]
    return Pipeline(
        key=line["key"],
        label=line["label"],
        stages=tuple(_stage(line["key"], each) for each in line["stages"]),
        may_skip=line["may_skip"],
        may_go_back=line["may_go_back"],
        approval_above=None if above is None else Decimal(str(above)),
        retired=line["retired_at"] is not None,
    )


def _stage(pipeline: str, line: dict[str, Any]) -> Stage:
    return Stage(
        key=line["key"],
        pipeline=pipeline,
        label=line["label"],
        kind=State(line["kind"]),
        probability=Decimal(str(line["probability"])),
        days_expected=line["days_expected"],
        required=tuple(line["required"]),
        may_begin=line["may_begin"],
        needs_approval=line["needs_approval"],
        retired=line["retired_at"] is not None,
    )


def deals_by_stage() -> dict[str, int]:
    """How many deals there are in each stage, those in the bin included. One query."""
    return dict(Deal.objects.values_list("stage").annotate(n=Count("pk")).order_by())
