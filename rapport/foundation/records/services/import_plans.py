"""From what is stored of an import to what a run needs: the plan, the parser, the fields it makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from rapport.foundation.lib import clock
from rapport.foundation.records.extension_points import importers, record_types
from rapport.foundation.records.models import Import, RememberedMapping
from rapport.foundation.records.queries.fields import record_type
from rapport.foundation.records.rules.imports import BatchParser, ImportPlan, ImportTarget, new_fields
from rapport.foundation.records.rules.mapping import ColumnPlan, SourceColumn, fingerprint
from rapport.foundation.records.rules.tables import Batch, TableFormat
from rapport.foundation.records.rules.values import ParseOptions
from rapport.foundation.records.services.fields import create_field
from rapport.foundation.records.services.operations import open_operation
from rapport.foundation.records.types import Choice, Field, FieldKind
from rapport.foundation.workspace.models import Member
from rapport.foundation.workspace.types import Actor

SAMPLES = 50
QUESTIONS = (
    Field(name="bad_values", label=lazy("A value that can't be read"), kind=FieldKind.CHOICE, required=True,
          choices=(Choice("refuse", lazy("keeps its row out")), Choice("leave", lazy("is left empty")))),
    Field(name="region", label=lazy("Phone numbers without a country code are from"), kind=FieldKind.TEXT, help=lazy("Two letters, such as NL")),
    Field(name="currency", label=lazy("Amounts without a currency are in"), kind=FieldKind.TEXT, help=lazy("Three letters, such as EUR")),
)  # fmt: skip


def table_format(row: Import) -> TableFormat:
    return TableFormat.from_json(row.format)


def questions_of(row: Import, actor: Actor) -> tuple[Field, ...]:
    return (*importers[row.record_type].questions(actor), *QUESTIONS)


def targets_of(row: Import, actor: Actor) -> tuple[ImportTarget, ...]:
    return tuple(importers[row.record_type].targets(actor))


def columns_of(row: Import) -> tuple[ColumnPlan, ...]:
    return tuple(ColumnPlan.from_json(each) for each in row.mapping)


def plan_of(row: Import, actor: Actor) -> ImportPlan:
    """The plan as it stands; fields that columns ask for are not made yet."""
    columns = columns_of(row)
    taken = [one.name for one in record_type(row.record_type).fields] + [
        target.name for target in targets_of(row, actor)
    ]
    made = new_fields(columns, taken)
    return ImportPlan(
        import_id=row.pk,
        file_name=row.name,
        digest=row.digest,
        columns=columns,
        options=row.options,
        key_field=row.key_field,
        new_fields=tuple(made[column.position] for column in columns if column.position in made),
    )


def open_plan(row: Import, actor: Actor, *, make: bool = False) -> ImportPlan:
    """The plan to run by. With `make` its operation and its new fields are there afterwards, once.

    Errors: NotAllowed when the actor may not add fields.
    """
    if not make or row.operation_id:
        return plan_of(row, actor)
    operation = open_operation(actor, "import", row.record_type, label=row.name)
    plan = plan_of(row, actor)
    if importers[row.record_type].new_fields == "field" and plan.new_fields:
        plan = _with_made_fields(row, plan, actor, operation.id)
    row.operation_id = operation.id
    row.save(update_fields=["operation_id", "mapping"])
    return plan


def parser_of(row: Import, plan: ImportPlan, first: Batch, actor: Actor) -> BatchParser:
    """A parser whose options come from the first batch, so that every run reads the file alike."""
    return BatchParser(
        plan, targets_of(row, actor), base_options(plan, actor), samples=sample_columns(row, first), fixes=row.fixes
    )


def sample_columns(row: Import, batch: Batch) -> list[SourceColumn]:
    headings = table_format(row).headings
    filled = []
    for position, heading in enumerate(headings):
        column: Sequence[Any] = batch.columns[position] if position < len(batch.columns) else ()
        samples = tuple(cell for cell in column[:200] if cell is not None and cell != "")[:SAMPLES]
        filled.append(SourceColumn(position, heading, samples))
    return filled


def base_options(plan: ImportPlan, actor: Actor) -> ParseOptions:
    members: dict[str, UUID] = {}
    for pk, name, email in Member.objects.filter(is_active=True).values_list("id", "name", "email"):
        members.setdefault(name.casefold(), pk)
        if email:
            members[email.casefold()] = pk
    return ParseOptions(
        timezone=actor.timezone,
        currency=str(plan.option("currency")).upper(),
        region=str(plan.option("region")).upper(),
        members=members,
    )


def workspace_country() -> str:
    return getattr(getattr(connection, "tenant", None), "country", "") or ""


def workspace_currency() -> str:
    return getattr(getattr(connection, "tenant", None), "currency", "") or ""


def fingerprint_of(row: Import, columns: Sequence[SourceColumn]) -> str:
    return fingerprint(row.record_type, columns, has_header=table_format(row).has_header)


def remember(row: Import, columns: Sequence[SourceColumn]) -> None:
    """Files of this shape are mapped like this one from now on."""
    RememberedMapping.objects.update_or_create(
        fingerprint=fingerprint_of(row, columns),
        defaults={
            "record_type": row.record_type,
            "mapping": row.mapping,
            "options": row.options,
            "key_field": row.key_field,
            "used_at": clock.now(),
        },
    )


def _with_made_fields(row: Import, plan: ImportPlan, actor: Actor, operation_id: UUID) -> ImportPlan:
    names = iter(plan.new_fields)
    columns = []
    for column in plan.columns:
        if column.new_kind is None:
            columns.append(column)
            continue
        wanted = next(names)
        made = create_field(
            actor=actor,
            record_type=row.record_type,
            label=str(wanted.label),
            kind=wanted.kind.value,
            name=wanted.name,
            group=_("From imports") if record_types[row.record_type].custom_fields else "",
            operation_id=operation_id,
        )
        columns.append(replace(column, target=made.name))
    row.mapping = [column.as_json() for column in columns]
    return replace(plan, columns=tuple(columns), new_fields=())
