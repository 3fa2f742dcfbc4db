"""Imports: a file, its columns, a dry run, the run itself, and taking it all back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import StreamingHttpResponse
from ninja import File, Form, Router, Schema, Status
from ninja.files import UploadedFile

from rapport.foundation.records.queries.imports import get_import
from rapport.foundation.records.services import imports as services
from rapport.foundation.records.services.import_files import refused_rows
from rapport.foundation.records.services.import_previews import import_preview
from rapport.foundation.workspace.errors import Invalid
from rapport.integrations.api.auth import ApiRequest

router = Router(tags=["Imports"])


class PlanPatch(Schema):
    """`targets`: column position to field name ("" leaves the column out). `key_field`: by which existing records are found."""

    targets: dict[int, str] = {}
    column_options: dict[int, dict[str, str]] = {}
    options: dict[str, Any] | None = None
    key_field: str | None = None


@router.post("/imports", response={201: dict[str, Any]}, operation_id="create_import")
def create(
    request: ApiRequest,
    file: UploadedFile = File(...),  # noqa: B008 (ninja's way of declaring)
    record_type: str = Form("customer"),
) -> Any:
    """Upload a CSV, TSV, XLSX or Parquet file. Its format and columns are recognised; nothing is written yet."""
    return Status(201, _shown(services.start_import(actor=request.actor, record_type=record_type, upload=file)))


@router.get("/imports/{import_id}", response=dict[str, Any], operation_id="get_import")
def read(request: ApiRequest, import_id: UUID) -> Any:
    """State, progress and counts."""
    return _shown(get_import(actor=request.actor, import_id=import_id))


@router.get("/imports/{import_id}/preview", response=dict[str, Any], operation_id="preview_import")
def preview(request: ApiRequest, import_id: UUID) -> Any:
    """The first rows as they would be read, those with problems first."""
    found = import_preview(actor=request.actor, import_id=import_id)
    return {
        "looked_at": found.looked_at,
        "bad": found.bad,
        "rows": [
            {
                "number": row.number,
                "problem": row.problem,
                "cells": [{"column": c.position, "text": c.text, "problem": c.problem} for c in row.cells],
            }
            for row in found.rows
        ],
    }


@router.patch("/imports/{import_id}", response=dict[str, Any], operation_id="plan_import")
def plan(request: ApiRequest, import_id: UUID, payload: PlanPatch) -> Any:
    """Say where columns go and what is to happen. Columns that are not named stay as they are."""
    row = get_import(actor=request.actor, import_id=import_id)
    beyond = [position for position in payload.targets if not 0 <= position < len(row.mapping)]
    if beyond:
        raise Invalid({f"targets.{position}": "There is no such column." for position in beyond})
    targets = {position: column.get("target", "") for position, column in enumerate(row.mapping)} | payload.targets
    changed = services.change_plan(
        actor=request.actor,
        import_id=import_id,
        targets=targets,
        column_options=payload.column_options,
        answers=payload.options,
        key_field=payload.key_field,
    )
    return _shown(changed)


@router.post("/imports/{import_id}/check", response=dict[str, Any], operation_id="check_import")
def check(request: ApiRequest, import_id: UUID) -> Any:
    """Dry run: counts what would be new, updated, unchanged and refused."""
    return _shown(services.begin_check(actor=request.actor, import_id=import_id))


@router.post("/imports/{import_id}/run", response=dict[str, Any], operation_id="run_import")
def run(request: ApiRequest, import_id: UUID) -> Any:
    """Write the rows, in the background when they are many; or go on where it was stopped."""
    return _shown(services.begin_run(actor=request.actor, import_id=import_id))


@router.post("/imports/{import_id}/cancel", response=dict[str, Any], operation_id="cancel_import")
def cancel(request: ApiRequest, import_id: UUID) -> Any:
    """Stop after the batch at work. What was written stays and can be undone."""
    return _shown(services.cancel_import(actor=request.actor, import_id=import_id))


@router.post("/imports/{import_id}/undo", response=dict[str, Any], operation_id="undo_import")
def undo(request: ApiRequest, import_id: UUID) -> Any:
    """Take the whole import back, except where somebody worked on since."""
    return _shown(services.begin_undo(actor=request.actor, import_id=import_id))


@router.get("/imports/{import_id}/refused", operation_id="refused_rows", response={200: str})
def refused(request: ApiRequest, import_id: UUID) -> Any:
    """The refused rows as CSV, each with what to mend."""
    row = get_import(actor=request.actor, import_id=import_id)
    return StreamingHttpResponse(refused_rows(row), content_type="text/csv; charset=utf-8")


def _shown(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "record_type": row.record_type,
        "name": row.name,
        "state": row.state,
        "system": row.system,
        "format": row.format,
        "columns": row.mapping,
        "options": row.options,
        "key_field": row.key_field,
        "progress": row.share,
        "counts": row.counts,
        "checked_counts": row.checked_counts,
        "problem": row.problem,
        "operation_id": str(row.operation_id) if row.operation_id else None,
        "created_at": row.created_at,
        "finished_at": row.finished_at,
    }
