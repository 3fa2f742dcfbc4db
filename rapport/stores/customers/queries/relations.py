"""Conditions on relationships: "works at any customer where …", compiled for lists and segments.

Relationships keep the ids they were made with, so both ends are resolved through the aliases here. A relationship whose
time is over does not count. The answer is IN (subquery) without correlation.
"""

# ruff: noqa: S608 (the text is ours alone; whatever a user wrote is a parameter)
from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet

from rapport.foundation.records.queries.fragments import (
    Fragment,
    id_in,
    joined,
    number_holds,
    number_test,
    of_queryset,
)
from rapport.foundation.records.rules.conditions import Related
from rapport.stores.customers.models import Customer, CustomerAlias, Relationship, RelationshipType

INVERSE = "__inverse"
_RELATIONSHIP, _TYPE, _ALIAS = (model._meta.db_table for model in (Relationship, RelationshipType, CustomerAlias))


def compile_related(node: Related, related: QuerySet[Any], *, now: datetime, negated: bool = False) -> Q:
    """Customers with any, no or so many relationships to `related`, the customers that are asked for; or all others."""
    ends = _ends(node.relation, now)
    wanted = of_queryset(related.order_by().values("pk"))
    rows = "SELECT e.here AS id FROM (" + ends + ") e WHERE e.there IN (" + wanted + ")"
    if node.quantifier != "count":
        return id_in(rows, Customer, negated=negated != (node.quantifier == "none"))
    count = Fragment("count(DISTINCT e.there)")
    test = number_test(count, node.op, node.value)
    # Those without any relationship are in no group: where they match, the others are looked for and left out.
    none_match = number_holds(Decimal(0), node.op, node.value)
    if none_match:
        test = "NOT (" + test + ")"
    return id_in(rows + " GROUP BY e.here HAVING " + test, Customer, negated=negated != none_match)


def _ends(relation: str, now: datetime) -> Fragment:
    """Standing ids of both ends, `here` being the side the relation is read from."""
    name, inverse = relation.removesuffix(INVERSE), relation.endswith(INVERSE)
    forward = _directed("from_customer_id", "to_customer_id", name, now)
    backward = _directed("to_customer_id", "from_customer_id", name, now)
    if inverse:
        return backward
    symmetric = Fragment(f" AND r.type_id IN (SELECT name FROM {_TYPE} WHERE is_symmetric)")
    return joined(" UNION ALL ", [forward, backward + symmetric])


def _directed(here: str, there: str, name: str, now: datetime) -> Fragment:
    return Fragment(
        f"SELECT COALESCE(a.surviving_id, r.{here}) AS here, COALESCE(b.surviving_id, r.{there}) AS there"
        f" FROM {_RELATIONSHIP} r"
        f" LEFT JOIN {_ALIAS} a ON a.absorbed_id = r.{here} LEFT JOIN {_ALIAS} b ON b.absorbed_id = r.{there}"
        " WHERE r.type_id = %s AND (r.until IS NULL OR r.until >= %s)",
        (name, now.date()),
    )
