"""Customers from files: persons, organisations and households, with what they are known by, their address and their firm.

New rows go in by COPY. What is in the workspace already is found by the chosen key, compared, and changed with history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from rapport.foundation.records import policies
from rapport.foundation.records.models import Operation
from rapport.foundation.records.queries.fields import record_type
from rapport.foundation.records.rules import codec
from rapport.foundation.records.rules.imports import ImportPlan, ImportTarget
from rapport.foundation.records.rules.mapping import Guess, SourceColumn, folded_heading
from rapport.foundation.records.rules.values import parse_id
from rapport.foundation.records.services.import_rows import existing_question, field_targets, tags_of
from rapport.foundation.records.types import Choice, Field, FieldKind, RecordType
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.customers.queries.customers import RECORD_TYPE
from rapport.stores.customers.rules.identities import identity_key
from rapport.stores.customers.rules.regions import parse_country, parse_language, parse_timezone
from rapport.stores.customers.services.importing_owners import NAMESPACE
from rapport.stores.customers.services.importing_run import CustomersRun
from rapport.stores.customers.services.importing_undo import undo_customers
from rapport.stores.customers.types import CustomerKind, IdentityKind

FIRM_WORDS = frozenset(
    {"company", "organisation", "organization", "account", "firm", "firma", "unternehmen", "business"}
)
BESIDE = lazy("Beside the fields")


_PARSERS = {"country": parse_country, "language": parse_language, "timezone": parse_timezone}
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
        own = field_targets(actor, declared, _PARSERS)
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
            existing_question(lazy("Customers who are here already")),
            NAMESPACE,
            Field(name="link_organisations", label=lazy("Add the firms people work at, and link them"), kind=FieldKind.BOOLEAN),
            Field(name="tags", label=lazy("Tags for all rows"), kind=FieldKind.TEXT, help=lazy("Parted by commas")),
            Field(name="source", label=lazy("Source of new customers"), kind=FieldKind.TEXT),
        )  # fmt: skip

    def answers(self, guess: Guess, columns: Sequence[SourceColumn]) -> Mapping[str, Any]:
        return {
            "kind": guess.kind or "person",
            "existing": "update",
            "namespace": guess.system_name,
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
        try:
            tags_of(plan)
        except codec.BadValue as bad:
            found["tags"] = str(bad)
        if len(str(plan.option("source"))) > 80:
            found["source"] = _("At most %(number)s characters.") % {"number": 80}
        return found

    def begin(self, plan: ImportPlan, *, actor: Actor, operation_id: UUID | None) -> CustomersRun:
        policies.require(actor, Action.IMPORT, RECORD_TYPE)
        return CustomersRun(plan, actor, operation_id)

    def undo(self, *, actor: Actor, operation: Operation, reverse: Operation) -> Mapping[str, int]:
        return undo_customers(operation, reverse)


def _may_write_extra(actor: Actor, declared: RecordType, name: str) -> bool:
    guarded = {"other_emails": "email", "other_phones": "phone"}.get(name)
    return guarded is None or policies.may_write_field(actor, declared, guarded)
