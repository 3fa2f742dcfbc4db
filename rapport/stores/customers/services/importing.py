"""Customers from files: persons, organisations and households, with what they are known by, their address and their firm.

New rows go in by COPY. What is in the workspace already is found by the chosen key, compared, and changed with history.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from rapport.foundation.lib import clock, ids
from rapport.foundation.records import policies
from rapport.foundation.records.models import Change, Operation
from rapport.foundation.records.queries.fields import record_type
from rapport.foundation.records.rules import codec
from rapport.foundation.records.rules.dates import shown
from rapport.foundation.records.rules.imports import ImportPlan, ImportTarget, Outcome, Rows
from rapport.foundation.records.rules.mapping import Guess, SourceColumn, folded_heading
from rapport.foundation.records.rules.values import parse_tags, text_of
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
from rapport.foundation.records.types import Choice, Field, FieldKind, RecordType
from rapport.foundation.workspace.types import Action, Actor
from rapport.foundation.workspace.types import Rows as RowReach
from rapport.stores.customers.models import Customer, CustomerAlias, RelationshipType
from rapport.stores.customers.queries.customers import RECORD_TYPE
from rapport.stores.customers.rules import customers as rules
from rapport.stores.customers.rules.identities import identity_key
from rapport.stores.customers.rules.regions import parse_country, parse_language, parse_timezone
from rapport.stores.customers.services.loading import unload_customers
from rapport.stores.customers.services.mass_changes import (
    Changed,
    Standing,
    change_customers,
    column_of,
    is_list,
    lock_customers,
)
from rapport.stores.customers.types import CustomerKind, IdentityKey, IdentityKind

IDENTITY_COLUMNS = {
    "email": IdentityKind.EMAIL,
    "other_emails": IdentityKind.EMAIL,
    "phone": IdentityKind.PHONE,
    "other_phones": IdentityKind.PHONE,
    "external_id": IdentityKind.EXTERNAL,
}
ADDRESS = ("street", "postal_code", "region")
# A stage of life only moves on: an old file does not make a customer a prospect again.
FORWARD_ONLY = frozenset({"life_cycle", "lifecycle", "lifecycle_stage", "life_cycle_stage", "phase"})
FIRM_WORDS = frozenset(
    {"company", "organisation", "organization", "account", "firm", "firma", "unternehmen", "business"}
)
MOST_SEEN = 3_000_000
MOST_NAMES = 200_000
CHANGES_AT_ONCE = 5_000
_TEXT_COLUMNS = (
    "name", "given_name", "family_name", "email", "phone", "job_title", "organisation_name", "city", "country",
    "language", "timezone", "website", "source", "notes",
)  # fmt: skip
_PARSERS = {"country": parse_country, "language": parse_language, "timezone": parse_timezone}
BESIDE = lazy("Beside the fields")


def parse_id(cell: Any) -> str:
    try:
        return str(UUID(text_of(cell).strip()))
    except ValueError:
        raise codec.BadValue(_("%(value)s is not the id of a record in Rapport.") % {"value": shown(cell)}) from None


_EXTRA = (
    ImportTarget(
        field=Field(
            name="external_id", label=lazy("Id in the other system"), kind=FieldKind.TEXT, group=BESIDE, key=True,
            aliases=("external id", "id", "record id", "customer id", "customer number", "kundennummer", "client id", "contact id", "account id", "person id", "number"),
        ),
        max_length=254,
    ),
    ImportTarget(field=Field(name="id", label=lazy("Id in Rapport"), kind=FieldKind.RELATION, group=BESIDE, key=True, aliases=("rapport id",)), parse=parse_id),
    ImportTarget(
        field=Field(name="other_emails", label=lazy("Further e-mail addresses"), kind=FieldKind.EMAIL, group=BESIDE,
                    aliases=("e-mail 2", "email 2", "second email", "secondary email", "private email", "work email", "additional email addresses", "other email")),
        many=True,
    ),
    ImportTarget(
        field=Field(name="other_phones", label=lazy("Further phone numbers"), kind=FieldKind.PHONE, group=BESIDE,
                    aliases=("phone 2", "second phone", "work phone", "home phone", "office phone", "other phone", "landline")),
        many=True,
    ),
    ImportTarget(field=Field(name="household_name", label=lazy("Household"), kind=FieldKind.TEXT, group=BESIDE, aliases=("household", "family", "haushalt")), max_length=240),
    ImportTarget(field=Field(name="street", label=lazy("Street"), kind=FieldKind.TEXT, group=BESIDE,
                             aliases=("address", "street address", "address line 1", "straße", "strasse", "adresse", "mailing street", "billing street")), max_length=240),
    ImportTarget(field=Field(name="postal_code", label=lazy("Postal code"), kind=FieldKind.TEXT, group=BESIDE, aliases=("zip", "zip code", "postcode", "plz", "postleitzahl")), max_length=20),
    ImportTarget(field=Field(name="region", label=lazy("State or region"), kind=FieldKind.TEXT, group=BESIDE, aliases=("state", "state/region", "province", "county", "bundesland")), max_length=120),
)  # fmt: skip


class CustomersImporter:
    """Fills records.extension_points.importers."""

    raw_log: Sequence[str] = ()
    new_fields = "field"

    def targets(self, actor: Actor) -> Sequence[ImportTarget]:
        declared = record_type(RECORD_TYPE)
        lengths = {one.attname: one.max_length for one in declared.model()._meta.concrete_fields}
        own = [
            ImportTarget(
                field=one, parse=_PARSERS.get(one.name), max_length=None if one.custom else lengths.get(column_of(one))
            )
            for one in declared.fields
            if one.importable and one.editable and policies.may_write_field(actor, declared, one.name)
        ]
        return [*own, *(one for one in _EXTRA if _may_write_extra(actor, declared, one.name))]

    def key_fields(self) -> Sequence[Field]:
        wanted = {"email": 0, "external_id": 1, "phone": 2, "id": 3}
        fields = [one for one in record_type(RECORD_TYPE).fields if one.name in wanted]
        fields += [one.field for one in _EXTRA if one.name in wanted]
        return sorted(fields, key=lambda one: wanted[one.name])

    def questions(self, actor: Actor) -> Sequence[Field]:
        return (
            Field(name="kind", label=lazy("The rows are"), kind=FieldKind.CHOICE, required=True,
                  choices=tuple(Choice(value, label) for value, label in CustomerKind.choices),
                  help=lazy("For rows that do not say it themselves.")),
            Field(name="existing", label=lazy("Customers who are here already"), kind=FieldKind.CHOICE, required=True,
                  choices=(Choice("update", lazy("get the values of the file")), Choice("fill", lazy("get values only where they have none")), Choice("leave", lazy("stay as they are")))),
            Field(name="namespace", label=lazy("The ids come from"), kind=FieldKind.TEXT,
                  help=lazy("A short name of the other system, such as hubspot. Ids of different systems are kept apart by it.")),
            Field(name="link_organisations", label=lazy("Add the firms people work at, and link them"), kind=FieldKind.BOOLEAN),
            Field(name="tags", label=lazy("Tags for all rows"), kind=FieldKind.TEXT, help=lazy("Parted by commas")),
            Field(name="source", label=lazy("Source of new customers"), kind=FieldKind.TEXT),
        )  # fmt: skip

    def answers(self, guess: Guess, columns: Sequence[SourceColumn]) -> Mapping[str, Any]:
        system = folded_heading(guess.system).split(" ")[0] if guess.system else ""
        return {
            "kind": guess.kind or "person",
            "existing": "update",
            "namespace": system,
            "link_organisations": True,
            "tags": "",
            "source": guess.system or "",
        }

    def settle(self, guess: Guess) -> Guess:
        """A file with a company and no person in it is about companies."""
        by_target = {plan.target: plan for plan in guess.columns}
        if guess.kind or {"given_name", "family_name"} & set(by_target):
            return guess
        if "name" in by_target:
            words = set(folded_heading(by_target["name"].heading).split())
            return replace(guess, kind="organisation") if words & FIRM_WORDS else guess
        if "organisation_name" not in by_target:
            return guess
        moved = [replace(plan, target="name") if plan.target == "organisation_name" else plan for plan in guess.columns]
        return replace(guess, columns=tuple(moved), kind="organisation")

    def problems(self, plan: ImportPlan) -> Mapping[str, str]:
        found = {}
        if not plan.targets & {"name", "given_name", "family_name", "email", "phone", "external_id", "id"}:
            found["columns"] = _(
                "Choose a column for the name, the e-mail address, the phone number or the id of the customers."
            )
        if plan.key_field and plan.key_field not in plan.targets:
            found["key_field"] = _("No column goes to this field, so nobody can be recognised by it.")
        namespace = str(plan.option("namespace")).lower()
        if "external_id" in plan.targets and identity_key(IdentityKind.EXTERNAL, "1", namespace) is None:
            found["namespace"] = _("Small letters, digits, dots and hyphens only, such as hubspot.")
        for name, parse in (("tags", _tags),):
            try:
                parse(plan.option(name))
            except codec.BadValue as bad:
                found[name] = str(bad)
        if len(str(plan.option("source"))) > 80:
            found["source"] = _("At most %(number)s characters.") % {"number": 80}
        return found

    def begin(self, plan: ImportPlan, *, actor: Actor, operation_id: UUID | None) -> CustomersRun:
        policies.require(actor, Action.IMPORT, RECORD_TYPE)
        return self.start(plan, actor=actor, operation_id=operation_id)

    def start(self, plan: ImportPlan, *, actor: Actor, operation_id: UUID | None) -> CustomersRun:
        """For importers of what hangs on customers, who find and add them through this one."""
        return CustomersRun(plan, actor, operation_id)

    def undo(self, *, actor: Actor, operation: Operation, reverse: Operation) -> Mapping[str, int]:
        with connection.cursor() as cursor:  # soon after an import the planner still takes these for empty
            cursor.execute("analyze customers_relationship, customers_address, customers_customeralias, records_change")
        restored, kept = _restore(operation, reverse)
        _forget_attached(operation.id)
        created = unload_customers(operation=operation)
        return {"restored": restored, "removed": created.get("removed", 0), "kept": kept + created.get("kept", 0)}


def _twin() -> str:
    return _("This belongs to another customer, who may be the same.")


Twins = dict[tuple[UUID, UUID], IdentityKey]  # pairs of customers who share an identity


@dataclass
class _Known:
    """Whose the identities of a batch are: customer ids, standing for those merged into them."""

    owners: dict[IdentityKey, UUID]


class CustomersRun:
    """One import of customers at work."""

    def __init__(self, plan: ImportPlan, actor: Actor, operation_id: UUID | None) -> None:
        self.plan, self.actor, self.operation_id = plan, actor, operation_id
        self.declared = record_type(RECORD_TYPE)
        self.now = clock.now()
        self.namespace = str(plan.option("namespace")).lower()
        self.existing = str(plan.option("existing", "update"))
        self.kind = str(plan.option("kind", "person"))
        self.tags = _tags(plan.option("tags"))
        self.source = str(plan.option("source"))[:80]
        fields = [one for one in self.declared.fields if one.name in plan.targets]
        self.fields = [*fields, *plan.new_fields]
        made = tuple(one for one in plan.new_fields if self.declared.field(one.name) is None)
        self.declared = self.declared.with_fields(made)  # while checking, new fields are not there yet
        self.custom = [one for one in self.fields if one.custom]
        self.relations = [one for one in self.fields if one.kind is FieldKind.RELATION]
        self.reaches_all = actor.row_rule(Action.UPDATE, RECORD_TYPE).rows is RowReach.ALL
        self.owner = None if actor.row_rule(Action.READ, RECORD_TYPE).rows is RowReach.ALL else actor.member_id
        self.may_create = actor.may(Action.CREATE, RECORD_TYPE)
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
        self._seen: dict[int, int] = {}  # hashes of keys met in earlier rows while checking, with those of their rows
        self._expects_news = True

    # What batches share

    def prepare(self, rows: Rows) -> Mapping[str, int]:
        """Organisations and households that rows name are there before the rows are written."""
        made = 0
        for column, (kind, _relation, known) in self.groups.items():
            if len(known) > MOST_NAMES:
                known.clear()
            missing = {
                name for name, own in zip(rows.column(column), self._kinds(rows), strict=True) if name and own != kind
            } - set(known)
            if missing:
                made += self._find_or_make(kind, sorted(missing), known)
        return {"organisations": made} if made else {}

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

    def claims(self, rows: Rows) -> frozenset[Any]:
        claimed: set[Any] = set()
        for name, _kind, _namespace in self._identity_columns(rows):
            column = filter(None, rows.column(name))
            claimed.update(itertools.chain.from_iterable(column) if name.startswith("other_") else column)
        if rows.has("id"):
            claimed.update(filter(None, rows.column("id")))
        return frozenset(claimed)

    def finish(self) -> None:
        if self.operation_id:
            with connection.cursor() as cursor:  # or the planner takes the tables for empty until autovacuum comes by
                cursor.execute("analyze customers_customer, customers_identity")

    # Checking

    def check(self, rows: Rows) -> Outcome:
        outcome = Outcome()
        rows = self._with_relations(self._without_nameless(rows, outcome), outcome)
        known = self._look_up(rows)
        matched = self._matched(rows, known)
        standing = self._reachable(matched.values()) if matched else {}
        touched: dict[int, UUID] = {}
        same: set[int] = set()
        contents = list(zip(*rows.values.values(), strict=True)) if rows.values else []
        for position, key in enumerate(self._keys(rows)):
            owner = matched.get(position)
            if owner is not None and (reason := self._not_to_change(owner, standing)):
                outcome.refuse(rows.numbers[position], reason, *self._key_shown(rows, position))
                continue
            repeats = self._met_before(key, contents[position])
            if owner is not None:
                touched[position] = owner
                if repeats or not self._compared(rows, position, standing[owner]).after:
                    same.add(position)
            elif repeats is None:
                outcome.new += self._may_add(rows.numbers[position], outcome)
            else:
                outcome.unchanged += repeats
                outcome.updated += not repeats
        attached, _twins = self._to_attach(rows, touched, known, outcome)
        got = (
            set(attached.values())
            | {touched[at] for at in self._new_places(rows, touched)}
            | self._new_links(rows, touched)
        )
        for position, owner in touched.items():
            changes = self.existing != "leave" and (position not in same or owner in got)
            outcome.updated += changes
            outcome.unchanged += not changes
        return outcome

    def _met_before(self, key: Any, content: Any) -> bool | None:
        """Whether an earlier row of this key said the same; None when there was none."""
        if key is None:
            return None
        before = self._seen.get(hash(key))
        if before is not None or len(self._seen) < MOST_SEEN:
            self._seen[hash(key)] = hash(repr(content))
        return None if before is None else before == hash(repr(content))

    def _may_add(self, row: int, outcome: Outcome) -> bool:
        if not self.may_create:
            outcome.refuse(row, _("This customer is not here yet, and your role does not let you add customers."))
        return self.may_create

    # Writing

    def write(self, rows: Rows) -> Outcome:
        outcome = Outcome()
        rows = self._with_relations(self._without_nameless(rows, outcome), outcome)
        for wave in self._waves(rows):
            self._write_wave(rows.take(wave), outcome)
        return outcome

    def _waves(self, rows: Rows) -> list[list[int]]:
        """Rows of one key one after another: the second finds what the first wrote."""
        keys = self._keys(rows)
        if len(set(keys)) == len(keys):
            return [list(range(len(keys)))]
        waves: list[list[int]] = [[]]
        times: dict[Any, int] = {}
        for position, key in enumerate(keys):
            turn = times.get(key, 0) if key is not None else 0
            times[key] = turn + 1
            if turn == len(waves):
                waves.append([])
            waves[turn].append(position)
        return [wave for wave in waves if wave]

    def _write_wave(self, rows: Rows, outcome: Outcome) -> None:
        if not len(rows):
            return
        if self._expects_news and self.may_create and not rows.has("id"):
            # Most first imports meet nobody: then looking up every identity is wasted. The unique index tells if not.
            news = Outcome()
            try:
                with transaction.atomic():
                    self._insert(rows, _Known({}), news)
            except IntegrityError:
                self._expects_news = False
            else:
                outcome.add(news)
                return
        known = self._look_up(rows)
        matched = self._matched(rows, known)
        self._expects_news = not matched and not known.owners
        if matched:
            self._update(rows, matched, known, outcome)
            for position, key, _first in self._identities(rows):
                if position in matched:  # by now theirs, unless it was somebody's before
                    known.owners.setdefault(key, matched[position])
        new = [at for at in range(len(rows)) if at not in matched and self._may_add(rows.numbers[at], outcome)]
        if new:
            self._insert(rows.take(new), known, outcome)

    # Who is here already

    def _keys(self, rows: Rows) -> list[Any]:
        return (
            rows.column(self.plan.key_field)
            if self.plan.key_field and rows.has(self.plan.key_field)
            else [None] * len(rows)
        )

    def _key_shown(self, rows: Rows, position: int) -> tuple[str, Any]:
        heading = next((plan.heading for plan in self.plan.columns if plan.target == self.plan.key_field), "")
        return heading, self._keys(rows)[position] or ""

    def _look_up(self, rows: Rows) -> _Known:
        wanted = {key.value for _position, key, _first in self._identities(rows)}
        if not wanted:
            return _Known({})
        with connection.cursor() as cursor:
            cursor.execute(
                "select i.value, i.kind, i.namespace, coalesce(a.surviving_id, i.customer_id) from customers_identity i"
                " left join customers_customeralias a on a.absorbed_id = i.customer_id where i.value = any(%s)",
                [list(wanted)],
            )
            return _Known(
                {IdentityKey(value, kind, namespace): owner for value, kind, namespace, owner in cursor.fetchall()}
            )

    def _matched(self, rows: Rows, known: _Known) -> dict[int, UUID]:
        """Which row is which customer, by the chosen key."""
        name = self.plan.key_field
        if not name or not rows.has(name):
            return {}
        if name == "id":
            wanted = {
                position: UUID(value) for position, value in enumerate(rows.column("id")) if value and _is_id(value)
            }
            aliases = dict(
                CustomerAlias.objects.filter(absorbed_id__in=set(wanted.values())).values_list(
                    "absorbed_id", "surviving_id"
                )
            )
            return {position: aliases.get(one, one) for position, one in wanted.items()}
        kind = IDENTITY_COLUMNS[name].value
        namespace = self.namespace if name == "external_id" else ""
        owners = known.owners
        return {
            position: owner
            for position, value in enumerate(rows.column(name))
            if value and (owner := owners.get(IdentityKey(value, kind, namespace)))
        }

    def _not_to_change(self, owner: UUID, standing: Mapping[UUID, Standing]) -> str:
        one = standing.get(owner)
        if one is None:
            return _("There is no customer with this id, or you may not see them.")
        if one.columns["deleted_at"]:
            return _("This customer is in the bin. Restore them first, or leave the row out.")
        return ""

    def owners(self, rows: Rows) -> list[UUID | None]:
        """Who each row is, by the key; None for those who are not here, or in the bin."""
        matched = self._matched(rows, self._look_up(rows))
        here = set(
            policies.visible(self.actor, RECORD_TYPE).filter(pk__in=set(matched.values())).values_list("pk", flat=True)
        )
        return [owner if (owner := matched.get(position)) in here else None for position in range(len(rows))]

    # Changing those who are

    def _reachable(self, owners: Iterable[UUID]) -> dict[UUID, Standing]:
        """The customers as they are, locked; only those the actor may change."""
        wanted = set(owners)
        if not self.reaches_all:
            visible = policies.visible(self.actor, RECORD_TYPE, Action.UPDATE).filter(pk__in=wanted)
            wanted = set(visible.values_list("pk", flat=True))
        return lock_customers(wanted, self.fields)

    def _update(self, rows: Rows, matched: Mapping[int, UUID], known: _Known, outcome: Outcome) -> None:
        standing = self._reachable(matched.values())
        touched: dict[int, UUID] = {}
        for position, owner in matched.items():
            if reason := self._not_to_change(owner, standing):
                outcome.refuse(rows.numbers[position], reason, *self._key_shown(rows, position))
            else:
                touched[position] = owner
        if self.existing == "leave":
            outcome.unchanged += len(touched)
            return
        changes = [self._compared(rows, position, standing[owner]) for position, owner in touched.items()]
        changed = change_customers(changes, self.declared, operation_id=self._operation())
        also = len(self._attach(rows, touched, known, outcome) - {one.standing.id for one in changes if one.after})
        outcome.updated += changed + also
        outcome.unchanged += len(touched) - changed - also

    def _compared(self, rows: Rows, position: int, standing: Standing) -> Changed:
        changed = Changed(standing)
        if self.existing == "leave":
            return changed
        for one in self.fields:
            value = rows.values[one.name][position]
            if value in codec.EMPTY:
                continue
            now = standing.value(one)
            if self.existing == "fill" and now not in codec.EMPTY:
                continue
            after = codec.encode(value)
            if is_list(one):
                after = [*(now or ()), *(item for item in after if item not in (now or ()))]
            if one.name in FORWARD_ONLY and _goes_back(one, now, after):
                continue
            changed.put(one, after)
        if self.tags:
            tags = changed.after.get("tags", standing.columns.get("tags", ()))
            known = self.declared.field("tags")
            if known and "tags" in standing.columns:
                changed.put(known, [*tags, *(tag for tag in self.tags if tag not in tags)])
        return changed

    def _attach(self, rows: Rows, touched: Mapping[int, UUID], known: _Known, outcome: Outcome) -> set[UUID]:
        """Further identities, addresses and firms of customers who are here already. Returns who got something."""
        new, twins = self._to_attach(rows, touched, known, outcome)
        got = self._insert_identities(new)
        self._propose(twins)
        places = self._new_places(rows, touched)
        self._copy_addresses(rows.take(places), [str(touched[at]) for at in places])
        return got | {touched[at] for at in places} | self._link(rows, touched)

    def _to_attach(
        self, rows: Rows, touched: Mapping[int, UUID], known: _Known, outcome: Outcome
    ) -> tuple[dict[IdentityKey, UUID], dict[tuple[UUID, UUID], IdentityKey]]:
        """Identities that nobody has yet, and pairs of customers who share one."""
        new: dict[IdentityKey, UUID] = {}
        twins: dict[tuple[UUID, UUID], IdentityKey] = {}
        for position, key, _first in self._identities(rows):
            owner, holder = touched.get(position), known.owners.get(key)
            if holder is not None and owner != holder:
                outcome.warn(rows.numbers[position], _twin(), *self._shown(key))
            if owner is not None and holder is None:
                new.setdefault(key, owner)
            elif owner is not None and holder is not None and holder != owner:
                twins[min(owner, holder), max(owner, holder)] = key
        return new, twins

    def _insert_identities(self, identities: Mapping[IdentityKey, UUID]) -> set[UUID]:
        if not identities:
            return set()
        new = sorted(identities.items())
        with connection.cursor() as cursor:
            cursor.execute(
                "insert into customers_identity (id, value, kind, namespace, customer_id, is_primary, source, created_at, operation_id)"
                " select t.id, t.value, t.kind, t.namespace, t.customer_id, false, 'import', %s, %s::uuid"
                " from unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::uuid[]) as t (id, value, kind, namespace, customer_id)"
                " on conflict (value, kind, namespace) do nothing returning customer_id",
                [
                    self.now, self._operation(), [ids.new_id() for _ in new], [key.value for key, _ in new],
                    [key.kind for key, _ in new], [key.namespace for key, _ in new], [owner for _, owner in new],
                ],
            )  # fmt: skip
            return {owner for (owner,) in cursor.fetchall()}

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
                    _proposal_source(self._operation()),
                    self.now,
                    [ids.new_id() for _ in pairs],
                    [one for one, _ in pairs],
                    [one for _, one in pairs],
                    evidence,
                ],
            )

    # Adding those who are not

    def _insert(self, rows: Rows, known: _Known, outcome: Outcome) -> None:
        count = len(rows)
        if not count:
            return
        made = new_id_texts(count)
        twins = self._add_identities(rows, made, known, outcome)
        values = {name: rows.column(name) for name in _TEXT_COLUMNS if rows.has(name)}
        if "source" not in values and self.source:
            values["source"] = [self.source] * count
        values["name"] = self._names(rows)
        search = [
            rules.search_text(name=name, email=email or "", phone=phone or "", organisation_name=firm or "", city=city or "")
            for name, email, phone, firm, city in zip(values["name"], *(rows.column(name) for name in ("email", "phone", "organisation_name", "city")), strict=True)
        ]  # fmt: skip
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
        }
        copy_columns("customers_customer", columns, len(made))

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

    def _add_identities(self, rows: Rows, made: Sequence[str], known: _Known, outcome: Outcome) -> Twins:
        """Identities of new customers. One that somebody has already stays with them: the two may be one, people decide.

        They go in sorted: neighbours in the index are written together, and two imports never wait for each other in a
        circle.
        """
        columns = self._identity_columns(rows)
        if not known.owners and not any(name.startswith("other_") for name, _kind, _namespace in columns):
            plain = [
                [(value, one) for value, one in zip(rows.column(name), made, strict=True) if value]
                for name, *_rest in columns
            ]
            if all(len({value for value, _one in pairs}) == len(pairs) for pairs in plain):
                for (name, kind, namespace), pairs in zip(columns, plain, strict=True):
                    if pairs:
                        values, owners = zip(*sorted(pairs), strict=True)
                        self._copy_identities(values, kind, namespace, owners, "f" if name == "external_id" else "t")
                return {}
        return self._add_identities_with_care(rows, made, known, outcome)

    def _add_identities_with_care(self, rows: Rows, made: Sequence[str], known: _Known, outcome: Outcome) -> Twins:
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
            outcome.warn(rows.numbers[position], _twin(), *self._shown(key))
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

    def _places(self, rows: Rows) -> list[int]:
        """Rows with an address. City and country alone are fields of the customer."""
        if not (rows.has("street") or rows.has("postal_code")):
            return []
        pairs = zip(rows.column("street"), rows.column("postal_code"), strict=True)
        return [position for position, (street, code) in enumerate(pairs) if street or code]

    def _new_places(self, rows: Rows, touched: Mapping[int, UUID]) -> list[int]:
        """Rows with an address that its customer does not have yet."""
        places = [position for position in self._places(rows) if position in touched]
        if not places:
            return []
        with connection.cursor() as cursor:
            cursor.execute(
                "select customer_id, lower(street), postal_code from customers_address where customer_id = any(%s)",
                [list({touched[position] for position in places})],
            )
            there = set(cursor.fetchall())
        streets, codes = rows.column("street"), rows.column("postal_code")
        return [at for at in places if (touched[at], (streets[at] or "").lower(), codes[at] or "") not in there]

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

    def _link(self, rows: Rows, touched: Mapping[int, UUID]) -> set[UUID]:
        """Join customers who were here before to the firms the file names."""
        links = [
            (touched[at], relation, UUID(firm)) for at, relation, firm, _title in self._linked(rows) if at in touched
        ]
        if not links:
            return set()
        with connection.cursor() as cursor:
            cursor.execute(
                "insert into customers_relationship (id, type_id, from_customer_id, to_customer_id, role, created_at, operation_id)"
                " select t.id, t.type, t.person, t.firm, '', %s, %s::uuid"
                " from unnest(%s::uuid[], %s::uuid[], %s::text[], %s::uuid[]) as t (id, person, type, firm) where t.person <> t.firm"
                " on conflict (from_customer_id, type_id, to_customer_id) do nothing returning from_customer_id",
                [
                    self.now,
                    self._operation(),
                    [ids.new_id() for _ in links],
                    *(list(column) for column in zip(*links, strict=True)),
                ],
            )
            return {owner for (owner,) in cursor.fetchall()}

    def _new_links(self, rows: Rows, touched: Mapping[int, UUID]) -> set[UUID]:
        """Who would be joined to a firm or household they are not joined to yet."""
        links = {(touched[at], relation, firm) for at, relation, firm, _title in self._linked(rows) if at in touched}
        if not links:
            return set()
        with connection.cursor() as cursor:
            cursor.execute(
                "select from_customer_id, type_id, to_customer_id::text from customers_relationship where from_customer_id = any(%s)",
                [list({owner for owner, _relation, _firm in links})],
            )
            there = set(cursor.fetchall())
        return {owner for owner, relation, firm in links if not firm or (owner, relation, str(UUID(firm))) not in there}

    # Columns of new customers

    def _kinds(self, rows: Rows) -> list[str]:
        return [kind or self.kind for kind in rows.column("kind")]

    def _names(self, rows: Rows) -> list[str]:
        given, family = rows.column("given_name"), rows.column("family_name")
        fallbacks = zip(rows.column("email"), rows.column("phone"), rows.column("external_id"), strict=True)
        return [
            (name or " ".join(filter(None, (first, last))) or next(filter(None, fallback), ""))[:240]
            for name, first, last, fallback in zip(rows.column("name"), given, family, fallbacks, strict=True)
        ]

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

    # Rows that cannot be taken

    def _without_nameless(self, rows: Rows, outcome: Outcome) -> Rows:
        named = [
            rows.column(name)
            for name in ("name", "given_name", "family_name", "email", "phone", "external_id", "id")
            if rows.has(name)
        ]
        blank = [position for position, cells in enumerate(zip(*named, strict=True)) if not any(cells)]
        if not blank:
            return rows
        for position in blank:
            outcome.refuse(
                rows.numbers[position], _("This row has neither a name nor anything to reach the customer by.")
            )
        dropped = set(blank)
        return rows.take([position for position in range(len(rows)) if position not in dropped])

    def _with_relations(self, rows: Rows, outcome: Outcome) -> Rows:
        """Ids for the names that relation columns hold."""
        for one in self.relations:
            column = rows.column(one.name)
            wanted = {value for value in column if value}
            if not wanted:
                continue
            target = record_type(one.target or RECORD_TYPE)
            visible = policies.visible(self.actor, target.name)
            given = {value: UUID(value) for value in wanted if _is_id(value)}
            found: dict[str, list[UUID]] = {}
            for pk in visible.filter(pk__in=given.values()).values_list("pk", flat=True):
                found.setdefault(str(pk), []).append(pk)
            title = target.title_field
            for pk, name in visible.filter(**{f"{title}__in": wanted - set(given)}).values_list("pk", title):
                found.setdefault(name, []).append(pk)
            good: list[int] = []
            for position, value in enumerate(column):
                held = found.get(str(given[value]) if value in given else value, []) if value else [None]
                if len(held) == 1:
                    column[position] = held[0]
                    good.append(position)
                else:
                    reason = (
                        _("Several records have this name. Write the id of the one you mean.")
                        if held
                        else _("There is no record of this name.")
                    )
                    outcome.refuse(rows.numbers[position], reason, str(one.label), value)
            rows.values[one.name] = column
            rows = rows.take(good)
        return rows

    def _shown(self, key: IdentityKey) -> tuple[str, str]:
        return str(IdentityKind(key.kind).label), key.value

    def _operation(self) -> UUID:
        if self.operation_id is None:
            raise AssertionError("An import that only checks writes nothing.")
        return self.operation_id


def _restore(operation: Operation, reverse: Operation) -> tuple[int, int]:
    """Set changed fields back to what they were, except those that somebody changed since."""
    declared = record_type(RECORD_TYPE)
    restored = kept = 0
    # Customers whom the import itself added go altogether; what it changed of them since needs no way back.
    own = Customer.objects.filter(operation_id=operation.id).values("pk")
    rows = Change.objects.filter(operation=operation, record_type=RECORD_TYPE, action="updated")
    rows = rows.exclude(record_id__in=own).order_by("-id")
    changes_made = rows.iterator(chunk_size=CHANGES_AT_ONCE)
    while batch := list(itertools.islice(changes_made, CHANGES_AT_ONCE)):
        for wave in _once_each(batch):
            fields = [
                one for name in {name for change in wave for name in change.before} if (one := declared.field(name))
            ]
            standing = lock_customers({change.record_id for change in wave}, fields)
            changes = []
            for change in wave:
                row = standing.get(change.record_id)
                if row is None:
                    kept += 1
                    continue
                back = Changed(row)
                for name, was in change.before.items():
                    one = declared.field(name)
                    if one is None or row.value(one) != change.after.get(name):
                        kept += 1
                    else:
                        back.put(one, was)
                changes.append(back)
            restored += change_customers(changes, declared, operation_id=reverse.id)
    return restored, kept


def _once_each(batch: Sequence[Change]) -> list[list[Change]]:
    """Changes in waves that name each record once, in their order: a row that changed twice goes back twice."""
    waves: list[list[Change]] = []
    times: dict[UUID, int] = {}
    for change in batch:
        turn = times.get(change.record_id, 0)
        times[change.record_id] = turn + 1
        if turn == len(waves):
            waves.append([])
        waves[turn].append(change)
    return waves


def _forget_attached(operation_id: UUID) -> None:
    """What the import hung on customers who were there before: identities, addresses, firms, proposals."""
    with connection.cursor() as cursor:
        # An identity that the customer's own column shows by now is somebody's later choice, and stays.
        cursor.execute(
            "delete from customers_identity i using customers_customer c where i.operation_id = %s and c.id = i.customer_id"
            " and c.operation_id is distinct from %s and i.value <> c.email and i.value <> c.phone",
            [operation_id, operation_id],
        )
        for table, owner in (("customers_address", "customer_id"), ("customers_relationship", "from_customer_id")):
            cursor.execute(
                f"delete from {table} t using customers_customer c where t.operation_id = %s and c.id = t.{owner}"  # noqa: S608
                " and c.operation_id is distinct from %s",
                [operation_id, operation_id],
            )
        cursor.execute(
            "delete from customers_duplicateproposal where source = %s and decided_at is null",
            [_proposal_source(operation_id)],
        )


def _proposal_source(operation_id: UUID) -> str:
    return f"import {operation_id}"


def _may_write_extra(actor: Actor, declared: RecordType, name: str) -> bool:
    guarded = {"other_emails": "email", "other_phones": "phone"}.get(name)
    return guarded is None or policies.may_write_field(actor, declared, guarded)


def _tags(text: Any) -> list[str]:
    return parse_tags(text) if text else []


def _goes_back(declared: Field, now: Any, after: Any) -> bool:
    order = [choice.value for choice in declared.choices]
    return now in order and after in order and order.index(after) < order.index(now)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
