"""New customers from rows of a file: the columns they become, their identities, addresses, firms and households."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from rapport.foundation.lib import ids
from rapport.foundation.records.rules import codec
from rapport.foundation.records.rules.imports import ImportPlan, Outcome, Rows
from rapport.foundation.records.services.copying import (
    NULL,
    Column,
    arrays,
    copy_columns,
    escaped,
    new_id_texts,
    others,
    texts,
)
from rapport.foundation.records.services.import_rows import PlannedRun
from rapport.foundation.workspace.types import Action, Actor
from rapport.foundation.workspace.types import Rows as RowReach
from rapport.stores.customers.models import RelationshipType
from rapport.stores.customers.queries.customers import RECORD_TYPE
from rapport.stores.customers.rules import customers as rules
from rapport.stores.customers.types import IdentityKey, IdentityKind

IDENTITY_COLUMNS = {
    "email": IdentityKind.EMAIL,
    "other_emails": IdentityKind.EMAIL,
    "phone": IdentityKind.PHONE,
    "other_phones": IdentityKind.PHONE,
    "external_id": IdentityKind.EXTERNAL,
}
MOST_NAMES = 200_000
_TEXT_COLUMNS = (
    "name", "given_name", "family_name", "email", "phone", "job_title", "organisation_name", "city", "country",
    "language", "timezone", "website", "source", "notes",
)  # fmt: skip
Twins = dict[tuple[UUID, UUID], IdentityKey]  # pairs of customers who share an identity


def twin() -> str:
    return _("This belongs to another customer, who may be the same.")


@dataclass
class Known:
    """Whose the identities of a batch are: customer ids, standing for those merged into them."""

    owners: dict[IdentityKey, UUID]


class RowWriter(PlannedRun):
    """Writes rows as new customers. `plan` says what the columns are; the operation owns all that is written."""

    def __init__(self, plan: ImportPlan, actor: Actor, operation_id: UUID | None) -> None:
        super().__init__(RECORD_TYPE, plan, actor, operation_id)
        self.namespace = str(plan.option("namespace")).lower()
        self.kind = str(plan.option("kind", "person"))
        self.source = str(plan.option("source"))[:80]
        self.custom = [one for one in self.fields if one.custom]
        self.reaches_all = actor.row_rule(Action.UPDATE, RECORD_TYPE).rows is RowReach.ALL
        self.links = bool(plan.option("link_organisations", False)) and "organisation_name" in plan.targets
        types = set(RelationshipType.objects.values_list("name", flat=True))
        self.groups = {
            column: (kind, relation, {})
            for column, kind, relation, wanted in (
                ("organisation_name", "organisation", "works_at", self.links),
                ("household_name", "household", "member_of", "household_name" in plan.targets),
            )
            if wanted and relation in types
        }  # type: dict[str, tuple[str, str, dict[str, str]]]
        self._expects_news = True

    def _identities(self, rows: Rows) -> Iterable[tuple[int, IdentityKey, bool]]:
        """(position, identity, whether it is the first of its kind) of all rows."""
        for name, kind, namespace in self._identity_columns(rows):
            if name.startswith("other_"):
                for position, cell in enumerate(rows.column(name)):
                    for value in cell or ():
                        yield position, IdentityKey(value, kind, namespace), False
            else:
                for position, value in enumerate(rows.column(name)):
                    if value:
                        yield position, IdentityKey(value, kind, namespace), name != "external_id"

    def _identity_columns(self, rows: Rows) -> list[tuple[str, str, str]]:
        """(column, kind, namespace) of the identities that rows have."""
        return [
            (name, kind.value, self.namespace if name == "external_id" else "")
            for name, kind in IDENTITY_COLUMNS.items()
            if rows.has(name)
        ]

    def _shown(self, key: IdentityKey) -> tuple[str, str]:
        return str(IdentityKind(key.kind).label), key.value

    # Firms and households that rows name

    def _find_or_make(self, kind: str, names: list[str], known: dict[str, str]) -> int:
        with transaction.atomic(), connection.cursor() as cursor:
            # One at a time, or two imports at once would each add the same firm.
            cursor.execute("select pg_advisory_xact_lock(hashtext(current_schema() || 'import organisations'))")
            cursor.execute(
                "select distinct on (name) name, id from customers_customer where name = any(%s) and kind = %s"
                " and deleted_at is null and merged_into_id is null order by name, created_at",
                [names, kind],
            )
            known.update((name, str(found)) for name, found in cursor.fetchall())
            missing = [name for name in names if name not in known]
            if self.operation_id and missing:
                made = new_id_texts(len(missing))
                self._copy_customers(
                    made,
                    {"name": missing},
                    kinds=kind,
                    search=[
                        rules.search_text(name=name, email="", phone="", organisation_name="", city="")
                        for name in missing
                    ],
                    tags="{}",
                )
                known.update(zip(missing, made, strict=True))
            elif missing:
                known.update(dict.fromkeys(missing, ""))
        return len(missing)

    def _linked(self, rows: Rows) -> Iterable[tuple[int, str, str, str]]:
        """(position, relation, id of the firm or household, role) of rows that name one."""
        kinds = self._kinds(rows) if self.groups else []
        for column, (kind, relation, known) in self.groups.items():
            titles = rows.column("job_title") if kind == "organisation" else [None] * len(rows)
            for position, (name, own, title) in enumerate(zip(rows.column(column), kinds, titles, strict=True)):
                if name and own != kind and name in known:
                    yield position, relation, known[name], title or ""

    def _copy_links(self, rows: Rows, made: Sequence[str]) -> None:
        links = list(self._linked(rows))
        if not links:
            return
        places, relations, firms, titles = zip(*links, strict=True)
        columns = {
            "id": new_id_texts(len(links)),
            "type_id": relations,
            "from_customer_id": [made[position] for position in places],
            "to_customer_id": firms,
            "role": [escaped(title[:120]) for title in titles],
            "since": NULL,
            "until": NULL,
            "created_at": self.now.isoformat(),
            "operation_id": str(self._operation()),
        }
        copy_columns("customers_relationship", columns, len(links))

    # The customers

    def _insert(self, rows: Rows, known: Known, outcome: Outcome) -> None:
        count = len(rows)
        if not count:
            return
        made = new_id_texts(count)
        twins = self._add_identities(rows, made, known, outcome)
        values = {name: rows.column(name) for name in _TEXT_COLUMNS if rows.has(name)}
        if "source" not in values and self.source:
            values["source"] = [self.source] * count
        values["name"] = self._names(rows)
        search = rules.search_texts(
            names=values["name"],
            emails=rows.column("email"),
            phones=rows.column("phone"),
            organisation_names=rows.column("organisation_name"),
            cities=rows.column("city"),
        )
        self._copy_customers(
            made,
            values,
            kinds=self._kinds(rows) if rows.has("kind") else self.kind,
            search=search,
            tags=self._new_tags(rows),
            birth_dates=rows.column("birth_date") if rows.has("birth_date") else None,
            owners=rows.column("owner") if rows.has("owner") else None,
            custom=self._custom(rows),
        )
        places = self._places(rows)
        self._copy_addresses(rows.take(places), [made[position] for position in places])
        self._copy_links(rows, made)
        self._propose({(min(pair), max(pair)): key for pair, key in twins.items()})
        outcome.new += count

    def _copy_customers(
        self,
        made: Sequence[str],
        values: Mapping[str, Sequence[str | None]],
        *,
        kinds: Sequence[str] | str,
        search: Sequence[str],
        tags: Sequence[str] | str,
        birth_dates: Sequence[Any] | None = None,
        owners: Sequence[Any] | None = None,
        custom: Sequence[str] | str = "{}",
    ) -> None:
        now = self.now.isoformat()
        owner = str(self.owner) if self.owner else NULL
        columns = {
            "id": made,
            "kind": kinds,
            **{name: texts(values[name]) if name in values else "" for name in _TEXT_COLUMNS},
            "birth_date": others(birth_dates) if birth_dates is not None else NULL,
            "owner_id": [str(one) if one else owner for one in owners] if owners is not None else owner,
            "tags": tags,
            "custom": custom,
            "search": texts(search),
            "created_at": now,
            "updated_at": now,
            "version": "1",
            "operation_id": str(self._operation()),
            "deleted_at": NULL,
            "merged_into_id": NULL,
            "phase_since": now[:10],
        }
        copy_columns("customers_customer", columns, len(made))

    def _kinds(self, rows: Rows) -> list[str]:
        return [kind or self.kind for kind in rows.column("kind")]

    def _names(self, rows: Rows) -> list[str]:
        whole, given, family = rows.column("name"), rows.column("given_name"), rows.column("family_name")
        names = [
            name or (f"{first} {last}" if first and last else first or last or "")
            for name, first, last in zip(whole, given, family, strict=True)
        ]
        if "" in names:
            fallbacks = zip(rows.column("email"), rows.column("phone"), rows.column("external_id"), strict=True)
            names = [name or next(filter(None, fallback), "") for name, fallback in zip(names, fallbacks, strict=True)]
        return [name[:240] for name in names]

    def _new_tags(self, rows: Rows) -> Sequence[str] | str:
        if not rows.has("tags"):
            return arrays([self.tags])[0]
        return arrays(
            [[*(tags or ()), *(tag for tag in self.tags if tag not in (tags or ()))] for tags in rows.column("tags")]
        )

    def _custom(self, rows: Rows) -> Sequence[str] | str:
        if not self.custom:
            return "{}"
        columns = [[codec.encode(value) for value in rows.column(one.name)] for one in self.custom]
        names = [one.name for one in self.custom]
        return [
            escaped(
                json.dumps(
                    {name: value for name, value in zip(names, cells, strict=True) if value not in codec.EMPTY},
                    ensure_ascii=False,
                )
            )
            for cells in zip(*columns, strict=True)
        ]

    # Their identities and addresses

    def _add_identities(self, rows: Rows, made: Sequence[str], known: Known, outcome: Outcome) -> Twins:
        """Identities of new customers. One that somebody has already stays with them: the two may be one, people decide.

        They go in sorted: neighbours in the index are written together, and two imports never wait for each other in a
        circle.
        """
        columns = self._identity_columns(rows)
        if not known.owners and not any(name.startswith("other_") for name, _kind, _namespace in columns):
            plain = [_filled(rows.column(name)) for name, *_rest in columns]
            if all(len(set(values)) == len(values) for _places, values in plain):
                for (name, kind, namespace), (places, values) in zip(columns, plain, strict=True):
                    order = sorted(range(len(values)), key=values.__getitem__)
                    self._copy_identities(
                        [values[at] for at in order],
                        kind,
                        namespace,
                        [made[places[at]] for at in order],
                        "f" if name == "external_id" else "t",
                    )
                return {}
        return self._add_identities_with_care(rows, made, known, outcome)

    def _add_identities_with_care(self, rows: Rows, made: Sequence[str], known: Known, outcome: Outcome) -> Twins:
        taken: dict[IdentityKey, int] = {}
        found: list[tuple[str, str, str, str, str]] = []
        twins: Twins = {}
        owners = known.owners
        for position, key, first in self._identities(rows):
            before = taken.get(key)
            if before == position:
                continue  # the same address in two columns
            holder = UUID(made[before]) if before is not None else owners.get(key)
            if holder is None:
                taken[key] = position
                found.append((key.value, key.kind, key.namespace, made[position], "t" if first else "f"))
                continue
            twins[holder, UUID(made[position])] = key
            outcome.warn(rows.numbers[position], twin(), *self._shown(key))
        if found:
            self._copy_identities(*zip(*sorted(found), strict=True))
        return twins

    def _copy_identities(
        self, values: Sequence[str], kinds: Column, namespaces: Column, owners: Column, primary: Column
    ) -> None:
        columns = {
            "id": new_id_texts(len(values)),
            "value": texts(values),
            "kind": kinds,
            "namespace": namespaces,
            "customer_id": owners,
            "is_primary": primary,
            "source": "import",
            "created_at": self.now.isoformat(),
            "operation_id": str(self._operation()),
        }
        copy_columns("customers_identity", columns, len(values))

    def _propose(self, twins: Mapping[tuple[UUID, UUID], IdentityKey]) -> None:
        """Pairs that may be one customer, for people to decide about."""
        if not twins:
            return
        pairs = sorted(twins)
        evidence = [json.dumps([{**twins[pair]._asdict(), "customer_id": str(pair[1])}]) for pair in pairs]
        with connection.cursor() as cursor:
            cursor.execute(
                "insert into customers_duplicateproposal (id, first_id, second_id, evidence, source, proposed_at, decision, decided_by_name)"
                " select t.id, t.first, t.second, t.evidence::jsonb, %s, %s, '', ''"
                " from unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[]) as t (id, first, second, evidence)"
                " on conflict (first_id, second_id) do nothing",
                [
                    proposal_source(self._operation()),
                    self.now,
                    [ids.new_id() for _ in pairs],
                    [one for one, _ in pairs],
                    [one for _, one in pairs],
                    evidence,
                ],
            )

    def _places(self, rows: Rows) -> list[int]:
        """Rows with an address. City and country alone are fields of the customer."""
        if not (rows.has("street") or rows.has("postal_code")):
            return []
        pairs = zip(rows.column("street"), rows.column("postal_code"), strict=True)
        return [position for position, (street, code) in enumerate(pairs) if street or code]

    def _copy_addresses(self, rows: Rows, owners: Sequence[str]) -> None:
        if not len(rows):
            return
        columns = {
            "id": new_id_texts(len(rows)),
            "customer_id": owners,
            "purpose": "main",
            **{name: texts(rows.column(name)) for name in ("street", "postal_code", "city", "region", "country")},
            "created_at": self.now.isoformat(),
            "operation_id": str(self._operation()),
        }
        copy_columns("customers_address", columns, len(rows))


def _filled(column: Sequence[str | None]) -> tuple[Sequence[int], Sequence[str]]:
    """The places of a column that are not empty, and what they hold."""
    values = [value for value in column if value]
    if len(values) == len(column):
        return range(len(values)), values
    return [place for place, value in enumerate(column) if value], values


def proposal_source(operation_id: UUID) -> str:
    return f"import {operation_id}"
