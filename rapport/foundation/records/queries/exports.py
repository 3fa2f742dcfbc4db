"""Rows of a list on their way into a file: in chunks, with names for ids, the same number of queries for each chunk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.html import strip_tags
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from rapport.foundation.records.extension_points import ComputedColumn, computed_columns
from rapport.foundation.records.models import ExportRun
from rapport.foundation.records.queries.lists import matching_rows
from rapport.foundation.records.queries.names import Names, names_in
from rapport.foundation.records.queries.vocabulary import Words
from rapport.foundation.records.rules import codec
from rapport.foundation.records.rules.bulk import Selection
from rapport.foundation.records.types import Field, FieldKind, ListPage, RecordType
from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import Action, Actor

CHUNK = 2_000
ID = "id"
NOBODY = UUID(int=0)


@dataclass(frozen=True)
class ExportColumn:
    """One column of a file: a field, or what a list computes."""

    heading: str
    field: Field
    computed: ComputedColumn | None = None

    @property
    def name(self) -> str:
        return self.field.name


def id_column() -> ExportColumn:
    """The id comes first, so that a file can be changed and brought back."""
    return ExportColumn(_("Rapport id"), Field(name=ID, label=_("Rapport id"), kind=FieldKind.TEXT, column="pk"))


def export_columns(record_type: RecordType, names: Sequence[str] = ()) -> list[ExportColumn]:
    """The columns asked for, or all fields the actor may read. `record_type` holds only those."""
    computed = {column.field.name: column for column in computed_columns.get(record_type.name) or []}
    known = {one.name: ExportColumn(str(one.label), one) for one in record_type.fields}
    if not names:
        return [id_column(), *known.values()]
    title = [record_type.title_field] if record_type.title_field not in names else []
    known |= {name: ExportColumn(str(one.field.label), one.field, one) for name, one in computed.items()}
    return [id_column(), *(known[name] for name in dict.fromkeys([*title, *names]) if name in known)]


def chosen_rows(page: ListPage, selection: Selection, words: Words) -> QuerySet[Any]:
    """The rows of the list that the actor may export. Errors: ConditionError."""
    tree = words.checked(selection.tree)
    rows = matching_rows(page, tree, words=words, said=selection.words, action=Action.EXPORT, binned=selection.in_bin)
    if not selection.all_matching:
        rows = rows.filter(pk__in=[UUID(one) for one in selection.ids])
    return rows


def chunks(
    rows: QuerySet[Any], columns: Sequence[ExportColumn], actor: Actor, size: int = CHUNK
) -> Iterator[list[list[Any]]]:
    """Rows as values ready for a file: names instead of ids, labels instead of choices. A cursor on the server's side
    keeps memory the same for any number of rows."""
    paths = {"pk", *("custom" if one.field.custom else one.field.path for one in columns if one.computed is None)}
    found = rows.order_by("pk").values(*sorted(paths)).iterator(chunk_size=size)
    while part := list(islice(found, size)):
        ids = [each["pk"] for each in part]
        computed = {one.name: one.computed.values(actor, ids) for one in columns if one.computed}
        referring = [one.field for one in columns if one.field.kind in (FieldKind.MEMBER, FieldKind.RELATION)]
        names = names_in(
            actor=actor,
            fields=referring,
            values=[{one.name: raw_value(each, one) for one in referring} for each in part],
        )
        yield [
            [
                _as_text(computed[one.name].get(each["pk"]))
                if one.computed
                else _shown(raw_value(each, one.field), one.field, names)
                for one in columns
            ]
            for each in part
        ]


def _as_text(value: Any) -> Any:
    """Columns may draw what they show; a file takes the words of it."""
    return " ".join(strip_tags(value).split()) if isinstance(value, SafeString) else value


def raw_value(row: Mapping[str, Any], field: Field) -> Any:
    """A field's value as Python has it."""
    if not field.custom:
        return row[field.path]
    stored = (row["custom"] or {}).get(field.name)
    try:
        return codec.decode(field, stored) if stored not in codec.EMPTY else None
    except codec.BadValue:
        return stored  # a choice that was taken away since


def get_export(run_id: UUID, *, actor: Actor) -> ExportRun:
    """One's own export. Errors: NotFound."""
    run = ExportRun.objects.filter(pk=run_id, member_id=actor.member_id or NOBODY).first()
    if run is None:
        raise NotFound(_("There is no such export."))
    return run


def member_of_export(run_id: UUID) -> UUID | None:
    return ExportRun.objects.filter(pk=run_id).values_list("member_id", flat=True).first()


def own_exports(*, actor: Actor, limit: int = 20) -> list[ExportRun]:
    return list(ExportRun.objects.filter(member_id=actor.member_id or NOBODY).order_by("-created_at")[:limit])


def _shown(value: Any, field: Field, names: Names) -> Any:
    if value in codec.EMPTY:
        return None
    if field.kind is FieldKind.MEMBER:
        return names.members.get(str(value), "")
    if field.kind is FieldKind.RELATION:
        known = names.records.get(str(value))
        return known[0] if known else ""
    if field.kind is FieldKind.CHOICE:
        choice = field.choice(str(value))
        return str(choice.label) if choice else value
    if field.kind is FieldKind.MULTI_CHOICE:
        return [str(choice.label) if (choice := field.choice(str(one))) else str(one) for one in value]
    return str(value) if isinstance(value, UUID) else value
