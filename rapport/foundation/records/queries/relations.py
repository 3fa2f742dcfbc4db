"""Relations that fields make: from a record to the one that its field names, and back from there.

They belong to every record type without being declared: a boat's customer gives boats the relation `customer` and
customers the relation `x_boat__customer`. Conditions, pages and the API follow both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db.models import Case, F, Q, QuerySet, UUIDField, Value, When
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.db.models.lookups import Regex
from django.utils.functional import SimpleLazyObject

from rapport.foundation.records import policies
from rapport.foundation.records.extension_points import Aliases, record_aliases, record_types, relation_sources
from rapport.foundation.records.queries.fragments import Fragment, id_in, number_holds, number_test, of_queryset
from rapport.foundation.records.queries.frame import frame
from rapport.foundation.records.rules.conditions import Related
from rapport.foundation.records.types import Field, FieldKind, Label, RecordType, Relation
from rapport.foundation.workspace.types import Action, Actor

_ID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
_NO_ENDS = Fragment("SELECT NULL::uuid AS here, NULL::uuid AS there WHERE false")


@dataclass(frozen=True, kw_only=True)
class FieldRelation(Relation):
    """A relation made by `field` of the records of `source`. Forward: read from those records."""

    source: str
    field: Field
    forward: bool


def with_relations(declared: RecordType, actor: Actor | None = None) -> tuple[Relation, ...]:
    """All relations of a record type, read when they are first asked for, which most pages never do. With an actor:
    without those to records that they may not read, or by fields they may not read."""

    def read() -> tuple[Relation, ...]:
        source = relation_sources.get(declared.name)
        named = (*declared.relations, *(source() if source else ()))
        taken = {one.name for one in named}
        made = [one for one in field_relations(declared.name) if one.name not in taken]
        return (*named, *(one for one in made if actor is None or _is_readable(one, actor)))

    return cast(Any, SimpleLazyObject(read))


def field_relations(name: str) -> list[FieldRelation]:
    """Every relation that a field makes from or to records of this type, forward ones first."""
    own = frame().relation_fields
    forward: list[FieldRelation] = []
    backward: list[tuple[RecordType, Field]] = []
    for source in record_types.values():
        if not source.stands_alone:
            continue
        for field in _relation_fields(source, own.get(source.name, ())):
            target = field.target or source.name
            if target not in record_types:
                continue
            if source.name == name:
                forward.append(
                    FieldRelation(
                        name=field.name, label=field.label, target=target, source=name, field=field, forward=True
                    )
                )
            if target == name:
                backward.append((source, field))
    times: dict[str, int] = {}
    for source, _field in backward:
        times[source.name] = times.get(source.name, 0) + 1
    return forward + [
        FieldRelation(
            name=f"{source.name}__{field.name}",
            label=_both(source.plural, field.label) if times[source.name] > 1 or source.name == name else source.plural,
            target=source.name,
            source=source.name,
            field=field,
            forward=False,
        )
        for source, field in backward
    ]


def compile_field_relation(
    node: Related, relation: FieldRelation, related: QuerySet[Any], here: RecordType, *, negated: bool
) -> Q:
    """Records with any, no or so many of the `related` records, which the condition already narrowed; or all others."""
    model = here.model()
    aliases = record_aliases.get(relation.target if relation.forward else here.name)
    rows = _forward(relation, related, here, aliases) if relation.forward else _backward(relation, related, aliases)
    if node.quantifier != "count":
        rows = "SELECT p.id FROM (" + rows + ") p"  # noqa: S608 (no user's text is in it)
        return id_in(rows, model, negated=negated != (node.quantifier == "none"))
    test = number_test(Fragment("count(DISTINCT p.there)"), node.op, node.value)
    # Those without any are in no group: where they match, the others are looked for and left out.
    none_match = number_holds(Decimal(0), node.op, node.value)
    if none_match:
        test = "NOT (" + test + ")"
    grouped = "SELECT p.id FROM (" + rows + ") p GROUP BY p.id HAVING " + test  # noqa: S608 (no user's text is in it)
    return id_in(grouped, model, negated=negated != none_match)


def reference(field: Field) -> Combinable:
    """The id that a relation field holds, as the database reads it. What is no id is nothing."""
    if not field.custom:
        return F(field.path)
    text = KeyTextTransform(field.name, F("custom"))
    return Case(When(Regex(text, _ID), then=Cast(text, UUIDField())), default=Value(None), output_field=UUIDField())


def names_one_of(field: Field, ids: Sequence[UUID]) -> Q:
    """Records whose field names one of these ids. Answered by the field's index."""
    if not field.custom:
        return Q(**{f"{field.path}__in": list(ids)})
    held = Q(pk__in=[])
    for one in ids:
        held |= Q(custom__contains={field.name: str(one)})
    return held


def stands_for(field: Field, record_type: RecordType, value: UUID) -> Q | None:
    """Records whose field names this record under any of its ids; None where ids of the target only stand for themselves."""
    aliases = record_aliases.get(field.target or record_type.name)
    if aliases is None or field.custom:
        return None
    absorbed = aliases.model()._default_manager.filter(**{aliases.surviving: value}).values(aliases.absorbed)
    return Q(**{field.path: value}) | Q(**{f"{field.path}__in": absorbed})


def standing_id(record_type: str, record_id: UUID) -> UUID:
    """The id that stands for this one now: itself unless it was merged. A query only where ids can stand for others."""
    aliases = record_aliases.get(record_type)
    if aliases is None:
        return record_id
    rows = aliases.model()._default_manager.filter(**{aliases.absorbed: record_id})
    found: UUID | None = rows.values_list(aliases.surviving, flat=True).first()
    return found or record_id


def _forward(relation: FieldRelation, related: QuerySet[Any], here: RecordType, aliases: Aliases | None) -> Fragment:
    ends = _ends(policies.all_rows(here), here=F("pk"), there=reference(relation.field))
    wanted = of_queryset(related.order_by().values("pk"))
    join, there = _resolved(aliases, "e.there")
    return (
        f"SELECT e.here AS id, {there} AS there FROM (" + ends + f") e{join} WHERE {there} IN (" + wanted + ")"  # noqa: S608 (no user's text is in it)
    )


def _backward(relation: FieldRelation, related: QuerySet[Any], aliases: Aliases | None) -> Fragment:
    ends = _ends(related, here=reference(relation.field), there=F("pk"))
    join, here = _resolved(aliases, "e.here")
    return f"SELECT {here} AS id, e.there FROM (" + ends + f") e{join} WHERE e.here IS NOT NULL"  # noqa: S608 (no user's text is in it)


def _ends(rows: QuerySet[Any], *, here: Combinable, there: Combinable) -> Fragment:
    try:
        text, params = rows.order_by().values(here=here, there=there).query.get_compiler(using=rows.db).as_sql()
    except EmptyResultSet:
        return _NO_ENDS
    return Fragment(text, tuple(params))


def _resolved(aliases: Aliases | None, column: str) -> tuple[str, str]:
    """A join to the aliases, and the standing id."""
    if aliases is None:
        return "", column
    table = aliases.model()._meta.db_table
    return f" LEFT JOIN {table} a ON a.{aliases.absorbed} = {column}", f"COALESCE(a.{aliases.surviving}, {column})"


def _relation_fields(source: RecordType, own: Iterable[Field]) -> list[Field]:
    return [field for field in (*source.fields, *own) if field.kind is FieldKind.RELATION]


def _is_readable(relation: FieldRelation, actor: Actor) -> bool:
    if not actor.may(Action.READ, relation.target) or not actor.may(Action.READ, relation.source):
        return False
    return policies.may_read_field(actor, record_types[relation.source], relation.field.name)


def _both(one: Label, other: Label) -> str:
    return f"{one} ({other})"


__all__ = [
    "FieldRelation", "compile_field_relation", "field_relations", "names_one_of", "reference", "standing_id", "stands_for",
    "with_relations",
]  # fmt: skip
