"""Touch points from files: orders, calls, visits, matched to customers by what they are known by.

A row that names no id of its own gets one made of the file and its place in it, so that the same file brought twice does
not double anything. Customers who are not known yet are added by the same operation, if that was asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from rapport.foundation.lib import clock
from rapport.foundation.lib.ids import key_id
from rapport.foundation.records import policies as record_policies
from rapport.foundation.records.models import Operation
from rapport.foundation.records.queries.fields import record_type
from rapport.foundation.records.rules import codec
from rapport.foundation.records.rules.dates import shown
from rapport.foundation.records.rules.imports import ImportPlan, ImportTarget, Outcome, Rows
from rapport.foundation.records.rules.mapping import Guess, SourceColumn
from rapport.foundation.records.rules.texts import text_of
from rapport.foundation.records.rules.values import parse_id
from rapport.foundation.records.types import Choice, Field, FieldKind
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.customers.services.importing import CustomersImporter
from rapport.stores.customers.services.importing_owners import (
    CUSTOMER_COLUMNS,
    NAMESPACE,
    UNKNOWN,
    Owners,
    customers_plan,
)
from rapport.stores.ledger.models import Retraction
from rapport.stores.ledger.policies import RECORD_TYPE
from rapport.stores.ledger.rules import vocabulary
from rapport.stores.ledger.rules.items import Checked, Checker
from rapport.stores.ledger.services.ingestion import append
from rapport.stores.ledger.services.phases import mark_of_batch
from rapport.stores.ledger.types import CustomerRef, NewTouchpoint, Problem, Status

SOURCE = "import"
DIRECTION_WORDS = {
    "in": "in", "incoming": "in", "inbound": "in", "received": "in", "eingehend": "in", "from customer": "in", "from the customer": "in",
    "out": "out", "outgoing": "out", "outbound": "out", "sent": "out", "ausgehend": "out", "to customer": "out", "to the customer": "out",
    "none": "none", "neither": "none", "internal": "none",
}  # fmt: skip
# Further headings that logs of other systems have.
MORE_WORDS = {
    "amount": ("dollar value", "order value", "purchase amount", "total amount", "sales", "spend", "turnover", "umsatz", "sum", "net", "gross"),
    "occurred_at": ("created at", "ordered at", "purchase date", "transaction date", "event date", "day", "zeitpunkt"),
    "source_id": ("order", "transaction id", "invoice", "invoice number", "bestellnummer", "rechnungsnummer"),
}  # fmt: skip
WHO, WHAT = lazy("Whom it is with"), lazy("What happened")


def parse_word(cell: Any) -> str:
    """`Order placed` as channels and kinds are written: order_placed."""
    text = text_of(cell).strip()
    word = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    if not word or not word[0].isalpha():
        raise codec.BadValue(
            _("%(value)s can't be the name of a kind or channel. Write small letters, such as order_placed.")
            % {"value": shown(text)}
        )
    return word


def parse_direction(cell: Any) -> str:
    text = " ".join(text_of(cell).split())
    found = DIRECTION_WORDS.get(text.casefold())
    if found is None:
        raise codec.BadValue(_("%(value)s is not a direction. Write in, out or none.") % {"value": shown(text)})
    return found


class TouchpointsImporter:
    """Fills records.extension_points.importers."""

    raw_log: Sequence[str] = ("customer_external_id", "occurred_at", "amount")
    new_fields = "property"

    def targets(self, actor: Actor) -> Sequence[ImportTarget]:
        own = {one.name: one for one in record_type(RECORD_TYPE).fields}

        def take(name: str, kind: FieldKind | None = None, **more: Any) -> ImportTarget:
            known = own[name]
            declared = Field(
                name=name,
                label=known.label,
                kind=kind or known.kind,
                choices=known.choices,
                aliases=(*known.aliases, *MORE_WORDS.get(name, ())),
                group=WHAT,
            )
            return ImportTarget(field=declared, **more)

        return (
            ImportTarget(
                field=Field(name="customer_external_id", label=lazy("Customer’s id in the other system"), kind=FieldKind.TEXT, group=WHO, key=True,
                            aliases=("customer id", "customer", "customer number", "user id", "client id", "client", "account id", "contact id", "id", "kundennummer", "kunde")),
                max_length=254,
            ),
            ImportTarget(field=Field(name="customer_email", label=lazy("Customer’s e-mail address"), kind=FieldKind.EMAIL, group=WHO, key=True,
                                     aliases=("email", "e-mail", "email address", "e-mail address", "mail"))),
            ImportTarget(field=Field(name="customer_phone", label=lazy("Customer’s phone number"), kind=FieldKind.PHONE, group=WHO, key=True,
                                     aliases=("phone", "phone number", "telephone", "mobile", "telefon"))),
            ImportTarget(field=Field(name="customer_id", label=lazy("Customer’s id in Rapport"), kind=FieldKind.RELATION, group=WHO, key=True, aliases=("rapport id",)), parse=parse_id),
            ImportTarget(field=Field(name="customer_name", label=lazy("Customer’s name, for new customers"), kind=FieldKind.TEXT, group=WHO, aliases=("customer name", "name", "full name")), max_length=240),
            take("occurred_at"),
            take("kind", parse=parse_word),
            take("channel", parse=parse_word),
            take("direction", parse=parse_direction),
            take("subject", max_length=500),
            take("content"),
            take("amount", FieldKind.MONEY),
            take("currency", max_length=3),
            take("source_id", max_length=200),
            take("member"),
        )  # fmt: skip

    def key_fields(self) -> Sequence[Field]:
        known = {
            "customer_external_id": lazy("Id in the other system"),
            "customer_email": lazy("E-mail address"),
            "customer_phone": lazy("Phone number"),
            "customer_id": lazy("Id in Rapport"),
        }
        return [Field(name=name, label=label, kind=FieldKind.TEXT, key=True) for name, label in known.items()]

    def questions(self, actor: Actor) -> Sequence[Field]:
        return (
            Field(name="kind", label=lazy("What happened"), kind=FieldKind.TEXT, required=True, help=lazy("For rows that do not say it themselves, such as order_placed")),
            Field(name="channel", label=lazy("By which channel"), kind=FieldKind.TEXT, required=True, help=lazy("For rows that do not say it themselves, such as shop")),
            Field(name="direction", label=lazy("Direction"), kind=FieldKind.CHOICE, required=True,
                  choices=(Choice("in", lazy("From the customer")), Choice("out", lazy("To the customer")), Choice("none", lazy("Neither")))),
            UNKNOWN,
            NAMESPACE,
        )  # fmt: skip

    def answers(self, guess: Guess, columns: Sequence[SourceColumn]) -> Mapping[str, Any]:
        targets = {plan.target for plan in guess.columns}
        bought = "amount" in targets
        return {
            "kind": "order_placed" if bought else "note_added",
            "channel": "shop" if bought else "other",
            "direction": "in" if bought else "none",
            "unknown": "create",
            "namespace": guess.system_name,
        }

    def settle(self, guess: Guess) -> Guess:
        return guess

    def problems(self, plan: ImportPlan) -> Mapping[str, str]:
        found = {}
        if not plan.targets & set(CUSTOMER_COLUMNS):
            found["columns"] = _("Choose a column that says whom each touch point is with.")
        elif "occurred_at" not in plan.targets:
            found["columns"] = _("Choose the column that says when each happened.")
        if plan.key_field and plan.key_field not in plan.targets:
            found["key_field"] = _("No column goes to this field, so nobody can be recognised by it.")
        if not plan.key_field:
            found.setdefault("key_field", _("Choose what customers are recognised by."))
        for name, problem in (("kind", vocabulary.kind_problem), ("channel", vocabulary.channel_problem)):
            if reason := problem(str(plan.option(name))):
                found[name] = reason
        if "customer_external_id" in plan.targets:
            found |= CustomersImporter().problems(customers_plan(plan, plan.key_field))
        return found

    def begin(self, plan: ImportPlan, *, actor: Actor, operation_id: UUID | None) -> TouchpointsRun:
        record_policies.require(actor, Action.IMPORT, RECORD_TYPE)
        return TouchpointsRun(plan, actor, operation_id)

    def undo(self, *, actor: Actor, operation: Operation, reverse: Operation) -> Mapping[str, int]:
        """One row takes back all touch points, however many; customers the import added go too, unless somebody used them."""
        retracted = int(operation.counts.get("created", 0))
        Retraction.objects.get_or_create(
            batch_id=operation.id,
            defaults={"reason": "import undone", "actor_name": actor.name[:150], "at": clock.now()},
        )
        mark_of_batch(operation.id)
        people = CustomersImporter().undo(actor=actor, operation=operation, reverse=reverse)
        return {**people, "removed": retracted + people.get("removed", 0)}


class TouchpointsRun:
    """One import of touch points at work."""

    def __init__(self, plan: ImportPlan, actor: Actor, operation_id: UUID | None) -> None:
        self.plan, self.actor, self.operation_id = plan, actor, operation_id
        self.owners = Owners(plan, plan.key_field, actor=actor, operation_id=operation_id)
        self.source_id = f"{plan.digest[:16]}:"
        self.properties = [one.name for one in plan.new_fields]

    def prepare(self, rows: Rows) -> Mapping[str, int]:
        return self.owners.prepare(rows)

    def claims(self, rows: Rows) -> frozenset[Any]:
        return frozenset()  # the inbox and the ledger settle it: batches never write the same row

    def check(self, rows: Rows) -> Outcome:
        outcome = Outcome()
        checker = Checker(now=clock.now(), source=SOURCE)
        keys: dict[UUID, int] = {}
        for position, item in self._items(rows, outcome):
            checked = checker.check(item)
            if not isinstance(checked, Checked):
                self._refuse(rows.numbers[position], checked, outcome)
            elif (key := key_id(checked.words[3], checked.source_id)) in keys:
                outcome.unchanged += 1
            else:
                keys[key] = position
        known = _taken(list(keys))
        outcome.unchanged += known
        outcome.new += len(keys) - known
        return outcome

    def write(self, rows: Rows) -> Outcome:
        outcome = Outcome()
        items = self._items(rows, outcome)
        done = append(
            actor=self.actor,
            items=[item for _position, item in items],
            source=SOURCE,
            batch_id=self.operation_id,
            create_customers=False,
        )
        for (position, _item), one in zip(items, done, strict=True):
            outcome.new += one.status is Status.CREATED
            outcome.unchanged += one.status is Status.DUPLICATE
            if one.status is Status.REFUSED:
                self._refuse(rows.numbers[position], one.problems, outcome)
        return outcome

    def finish(self) -> None:
        if self.operation_id:
            self.owners.finish()

    def _items(self, rows: Rows, outcome: Outcome) -> list[tuple[int, NewTouchpoint]]:
        """The rows that can go to the ledger, with their places; the others are refused."""
        option, found = self.plan.option, []
        columns = {
            name: rows.column(name)
            for name in (
                "kind",
                "channel",
                "direction",
                "occurred_at",
                "subject",
                "content",
                "amount",
                "currency",
                "source_id",
                "member",
            )
        }
        properties = [(name, rows.column(name)) for name in self.properties]
        for position, key in enumerate(rows.column(self.plan.key_field)):
            owner = self.owners.of(key)
            if owner is None and not self.owners.may_become(key):
                reason = (
                    _("This row does not say whom it is with.")
                    if key is None
                    else _("Nobody here is known by this, and new customers are not added.")
                )
                outcome.refuse(rows.numbers[position], reason, "", key or "")
                continue
            if columns["occurred_at"][position] is None:
                outcome.refuse(rows.numbers[position], _("This row does not say when it happened."))
                continue
            money = columns["amount"][position] or {}
            held = {
                name: codec.encode(column[position])
                for name, column in properties
                if column[position] not in codec.EMPTY
            }
            item = NewTouchpoint(
                customer=CustomerRef(id=owner or self.plan.import_id),
                channel=columns["channel"][position] or option("channel"),
                kind=columns["kind"][position] or option("kind"),
                direction=columns["direction"][position] or option("direction", "none"),
                occurred_at=columns["occurred_at"][position],
                source_id=columns["source_id"][position] or f"{self.source_id}{rows.numbers[position]}",
                subject=columns["subject"][position] or "",
                content=columns["content"][position] or "",
                amount=Decimal(money["amount"]) if money else None,
                currency=(columns["currency"][position] or money["currency"]).upper() if money else "",
                properties=msgspec.Raw(msgspec.json.encode(held)),
                member_id=columns["member"][position],
            )
            found.append((position, item))
        return found

    def _refuse(self, row: int, problems: Sequence[Problem], outcome: Outcome) -> None:
        for problem in problems or (Problem("", _("This row can't be stored.")),):
            outcome.refuse(row, problem.reason, problem.pointer.strip("/").split("/")[0].replace("_", " "))


def _taken(keys: Sequence[UUID]) -> int:
    """How many of these were sent before and not taken back since."""
    if not keys:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from touchpoint_inbox i where i.key = any(%s)"
            " and not exists (select 1 from ledger_retraction r where r.batch_id = i.batch_id)",
            [list(keys)],
        )
        (number,) = cursor.fetchone() or (0,)
    return int(number)
