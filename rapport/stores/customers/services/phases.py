"""The life cycle at work: telling customers' phases anew from evidence, setting one by hand, and the workspace's rules.

Whoever changes evidence marks the customers; a job takes the marks batch by batch, each in one transaction with what it
writes, so that a killed job leaves its marks where they were. A batch costs the same number of statements whatever is in
it, and doing it twice writes nothing.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from rapport.foundation.accounts.tenancy import current_schema
from rapport.foundation.lib import clock, ids
from rapport.foundation.records.models import Operation
from rapport.foundation.records.services.copying import delete_at_once
from rapport.foundation.workspace import policies as workspace_policies
from rapport.foundation.workspace.errors import Invalid, NotAllowed, NotFound
from rapport.foundation.workspace.services import audit
from rapport.foundation.workspace.types import Actor, FieldAccess, Power
from rapport.stores.customers import policies
from rapport.stores.customers.extension_points import phase_deferrers, phase_evidence
from rapport.stores.customers.models import (
    Customer,
    CustomerAlias,
    CustomerPhase,
    Lifecycle,
    PhaseByHand,
    PhaseDue,
    PhaseSettings,
    SourceCost,
)
from rapport.stores.customers.queries import phases as queries
from rapport.stores.customers.queries.customers import surviving_ids
from rapport.stores.customers.queries.phases import Settings
from rapport.stores.customers.rules import phases as rules
from rapport.stores.customers.rules.phases import ByHand, Life, PhaseRules
from rapport.stores.customers.services import parts
from rapport.stores.customers.types import CostBasis, Evidence, Phase

BATCH = 2_000
PART = "phase_by_hand"  # kind of the operation, and name of the part in histories
OVERLAP = timedelta(hours=1)  # of sweeps: a transaction may commit long after it read the clock


# Marking


def mark_due(customer_ids: Iterable[UUID]) -> None:
    """These customers' phases are to be told anew, whichever of their ids is given. Safe inside any transaction."""
    wanted = set(customer_ids)
    if wanted:
        now = clock.now()
        PhaseDue.objects.bulk_create([PhaseDue(customer_id=one, marked_at=now) for one in wanted], batch_size=5000)
        transaction.on_commit(partial(_ask_worker, current_schema()))


def _ask_worker(schema: str, *, everyone: bool = False) -> None:
    """For the workspace it was asked in: when a transaction commits, the connection may be elsewhere."""
    if "worker" in phase_deferrers:
        phase_deferrers["worker"](schema, everyone)


# Telling


@dataclass
class Told:
    """What a run came to."""

    looked_at: int = 0
    changed: int = 0

    def add(self, other: Told) -> None:
        self.looked_at += other.looked_at
        self.changed += other.changed


def tell_due() -> Told:
    """Everyone who is marked."""
    settings, total = queries.settings(), Told()
    while True:
        with transaction.atomic():
            marked = _take_marks()
            if not marked:
                return total
            total.add(_tell(marked, settings))


def tell_all_due() -> Told:
    """Those whom marks missed, those marked, those whom silence moves on, and those told by older rules or never."""
    sweep()
    total = tell_due()
    settings = queries.settings()
    moving = Lifecycle.objects.filter(next_change_at__lte=clock.now()).order_by("customer_id")
    for batch in _batches(lambda after: moving.filter(customer_id__gt=after).values_list("customer_id", flat=True)):
        total.add(tell(batch, settings))
    for batch in _batches(lambda after: queries.told_by_other_rules(settings.version, after)):
        total.add(tell(batch, settings))
    return total


@transaction.atomic
def tell(customer_ids: Sequence[UUID], settings: Settings | None = None) -> Told:
    """These customers now, whichever of their ids is given."""
    return _tell(customer_ids, settings or queries.settings())


def sweep() -> int:
    """Mark customers whose evidence changed since the last sweep: a mark is lost when a process dies between the two."""
    settings, now = queries.settings(), clock.now()
    row, _made = PhaseSettings.objects.get_or_create(id=1)
    since = (row.swept_at or now) - OVERLAP
    found: set[UUID] = set()
    for source in phase_evidence.values():
        found.update(source.touched_since(since, settings.rules.evidence_kinds))
    with transaction.atomic():
        PhaseDue.objects.bulk_create([PhaseDue(customer_id=one, marked_at=now) for one in found], batch_size=5000)
        PhaseSettings.objects.filter(id=1).update(swept_at=now)
    return len(found)


def _take_marks() -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(
            "delete from customers_phasedue where id in"
            " (select id from customers_phasedue order by id limit %s for update skip locked) returning customer_id",
            [BATCH],
        )
        return [customer_id for (customer_id,) in cursor.fetchall()]


def _batches(ask: Any) -> Iterable[list[UUID]]:
    after = UUID(int=0)
    while batch := list(ask(after)[:BATCH]):
        yield batch
        after = batch[-1]


def _tell(customer_ids: Sequence[UUID], settings: Settings) -> Told:
    standing = surviving_ids(customer_ids)
    targets = sorted(set(standing.values()))
    rows: dict[UUID, Customer] = {
        row.pk: row
        for row in Customer.objects.filter(pk__in=targets)
        .only("pk", "created_at", "phase", "phase_since", "recruited_on")
        .order_by("pk")
        .select_for_update(no_key=True, of=("self",))
    }
    gone = (set(standing) | set(targets)) - set(rows)
    owner = {customer_id: customer_id for customer_id in rows}
    aliases = CustomerAlias.objects.filter(surviving_id__in=list(rows))
    owner |= dict(aliases.values_list("absorbed_id", "surviving_id"))
    gone |= set(owner) - set(rows)
    lives = _lives(rows, owner, settings)
    written = _write(lives, settings, gone)
    _write_columns(rows, lives)
    return Told(len(targets), written)


def _lives(rows: Mapping[UUID, Customer], owner: Mapping[UUID, UUID], settings: Settings) -> dict[UUID, Life]:
    every, now = list(owner), clock.now()
    evidence: dict[UUID, list[Evidence]] = defaultdict(list)
    for source in phase_evidence.values():
        for known_as, one in source.evidence(every, settings.rules.evidence_kinds):
            evidence[owner[known_as]].append(one)
    by_hand: dict[UUID, list[ByHand]] = defaultdict(list)
    for row in PhaseByHand.objects.filter(customer_id__in=every):
        by_hand[owner[row.customer_id]].append(
            ByHand(
                id=row.id,
                phase=Phase(row.phase),
                since=row.since,
                decided_at=row.decided_at,
                reason=row.reason,
                by=row.by,
            )
        )
    known_since = {customer_id: row.created_at for customer_id, row in rows.items()}
    absorbed = [one for one in every if one not in rows]
    for customer_id, created_at in Customer.objects.filter(pk__in=absorbed).values_list("pk", "created_at"):
        known_since[owner[customer_id]] = min(known_since[owner[customer_id]], created_at)
    return {
        customer_id: rules.life(
            evidence.get(customer_id, ()),
            by_hand.get(customer_id, ()),
            known_since=known_since[customer_id],
            rules=settings.rules,
            now=now,
        )
        for customer_id in rows
    }


def _write(lives: Mapping[UUID, Life], settings: Settings, gone: Iterable[UUID]) -> int:
    """Store lives that differ from what is stored, and take away those of ids that are no customers any more."""
    digests = {customer_id: ids.key_id(repr(life)) for customer_id, life in lives.items()}
    known = dict(Lifecycle.objects.filter(customer_id__in=list(lives)).values_list("customer_id", "digest"))
    news = [customer_id for customer_id in lives if known.get(customer_id) != digests[customer_id]]
    stale = [*(one for one in news if one in known), *gone]
    if stale:
        delete_at_once(CustomerPhase.objects.filter(customer_id__in=stale))
        delete_at_once(Lifecycle.objects.filter(customer_id__in=stale))
    Lifecycle.objects.filter(customer_id__in=list(set(lives) - set(news))).exclude(
        rules_version=settings.version
    ).update(rules_version=settings.version)
    now = clock.now()
    _copy(
        "customers_lifecycle",
        _LIFE_COLUMNS,
        [
            _life_row(customer_id, lives[customer_id], digests[customer_id], settings.version, now)
            for customer_id in news
        ],
    )
    _copy(
        "customers_customerphase",
        _STEP_COLUMNS,
        [
            (customer_id, place, step.phase.value, step.since, step.until, step.cause.value, step.by, step.reason[:300], step.evidence_id)
            for customer_id in news
            for place, step in enumerate(lives[customer_id].steps)
        ],
    )  # fmt: skip
    return len(news)


_STEP_COLUMNS = ("customer_id", "position", "phase", "since", "until", "cause", "by", "reason", "evidence_id")
_LIFE_COLUMNS = (
    "customer_id", "phase", "since", "next_change_at", "recruited_at", "recruited_through", "recruited_campaign",
    "occasions", "last_purchase_at", "median_gap_days", "gap_spread_days", "first_products", "extensions", "spells",
    "lapsed", "regained", "ended_at", "digest", "rules_version", "computed_at",
)  # fmt: skip


def _life_row(customer_id: UUID, life: Life, digest: UUID, version: int, now: datetime) -> tuple[Any, ...]:
    extensions = [{"product": product, "at": at.isoformat()} for product, at in life.extensions]
    spells = [{"from": start.isoformat(), "until": end.isoformat() if end else None} for start, end in life.spells]
    return (
        customer_id, life.phase.value, life.since, life.next_change_at, life.recruited_at, life.recruited_through,
        life.recruited_campaign[:200], life.occasions, life.last_at, life.median_gap_days, life.gap_spread_days,
        [one[:200] for one in life.first_products], json.dumps(extensions), json.dumps(spells),
        list(life.lapsed), list(life.regained), life.ended_at, digest, version, now,
    )  # fmt: skip


def _copy(table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    if not rows:
        return
    names = ", ".join(connection.ops.quote_name(column) for column in columns)
    statement = f"copy {connection.ops.quote_name(table)} ({names}) from stdin"
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _write_columns(rows: Mapping[UUID, Customer], lives: Mapping[UUID, Life]) -> None:
    """What lists show and filter by, on the customer's own row; only where it changed."""
    changed = []
    for customer_id, life in lives.items():
        row = rows[customer_id]
        recruited_on = life.recruited_at.date() if life.recruited_at else None
        wanted = (life.phase.value, life.since.date(), recruited_on)
        if (row.phase, row.phase_since, row.recruited_on) != wanted:
            changed.append((customer_id, *wanted))
    if not changed:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "update customers_customer c set phase = n.phase, phase_since = n.since, recruited_on = n.recruited"
            " from unnest(%s::uuid[], %s::text[], %s::date[], %s::date[]) as n (id, phase, since, recruited)"
            " where c.id = n.id",
            [list(column) for column in zip(*changed, strict=True)],
        )


# By hand


def may_set(actor: Actor) -> bool:
    """By field rules; which customers is another question."""
    return actor.field_access(policies.RECORD_TYPE, "phase") is FieldAccess.WRITE


@transaction.atomic
def set_phase(
    *, actor: Actor, customer_id: UUID, phase: str, reason: str, since: datetime | None = None
) -> tuple[PhaseByHand, Operation]:
    """Put a customer into a phase. It holds until there is evidence from after now. Errors: NotFound, NotAllowed, Invalid."""
    if not may_set(actor):
        raise NotAllowed(_("Your role does not let you change this."))
    customer, _every = policies.lock_customer(actor, customer_id)
    now, problems = clock.now(), {}
    if phase not in Phase.values:
        problems["phase"] = _("Choose one of the phases.")
    if not reason.strip():
        problems["reason"] = _("Say why, so that others understand it later.")
    if "\x00" in reason or len(reason) > 300:
        problems["reason"] = _("Use at most 300 characters.")
    if since and since.tzinfo is None:
        problems["since"] = _("Say in which time zone, such as 2026-11-22T10:00:00Z.")
    elif since and since > now:
        problems["since"] = _("This day is still to come.")
    if problems:
        raise Invalid(problems)
    row = PhaseByHand.objects.create(
        customer_id=customer.pk,
        phase=phase,
        since=since or now,
        decided_at=now,
        reason=reason.strip(),
        by=actor.name[:150],
    )
    operation = parts.write_down(
        actor, PART, [customer.pk], before=None, after=parts.snapshot(PART, row), label=customer.name
    )
    tell([customer.pk])
    return row, operation


def undo_by_hand(*, actor: Actor, operation: Operation, reverse: Operation) -> dict[str, int]:
    """The undo handler: what was set goes, and the evidence speaks again."""
    counts = parts.undo_parts(actor=actor, operation=operation, reverse=reverse)
    tell(list(operation.changes.values_list("record_id", flat=True)))
    return counts


# Rules and costs


@transaction.atomic
def save_settings(*, actor: Actor, rules: PhaseRules, source_field: str) -> Settings:
    """New rules: everyone's life is told anew by the worker. Errors: NotAllowed, Invalid."""
    workspace_policies.require(actor, Power.MANAGE_FIELDS)
    problems = {name: queries.PROBLEMS[why] for name, why in rules.problems().items()}
    if source_field not in queries.source_fields():
        problems["source_field"] = _("Choose one of the fields.")
    if problems:
        raise Invalid({name: str(text) for name, text in problems.items()})
    row, _made = PhaseSettings.objects.select_for_update().get_or_create(id=1)
    before = queries.settings()
    if rules != before.rules:
        row.version += 1
        row.rules = queries.rules_to_json(rules)
        transaction.on_commit(partial(_ask_worker, current_schema(), everyone=True))
    if rules != before.rules or source_field != before.source_field:
        row.source_field = source_field
        row.save()
        audit.record("phases.rules_changed", actor=actor, subject=_("Life cycle"))
    return queries.settings()


class NewSourceCost(NamedTuple):
    """What a source cost: in all between two days, or for each customer recruited since the first."""

    source: str
    basis: str
    amount: Any
    since: Any
    until: Any = None


def add_source_cost(*, actor: Actor, source: str, basis: str, amount: Any, since: Any, until: Any = None) -> SourceCost:
    """Errors: NotAllowed, Invalid."""
    (row,) = add_source_costs(actor=actor, costs=[NewSourceCost(source, basis, amount, since, until)])
    return row


@transaction.atomic
def add_source_costs(*, actor: Actor, costs: Iterable[NewSourceCost]) -> list[SourceCost]:
    """All of them, or none. Errors: NotAllowed, Invalid."""
    workspace_policies.require(actor, Power.MANAGE_FIELDS)
    rows = []
    for cost in costs:
        if problems := _cost_problems(cost):
            raise Invalid(problems)
        rows.append(SourceCost(**cost._replace(source=cost.source.strip())._asdict(), by=actor.name[:150]))
    SourceCost.objects.bulk_create(rows)
    audit.record_all(
        "phases.cost_added", actor=actor, details=[{"subject": row.source, "amount": str(row.amount)} for row in rows]
    )
    return rows


def _cost_problems(cost: NewSourceCost) -> dict[str, str]:
    problems = {}
    if not cost.source.strip() or len(cost.source) > 200 or "\x00" in cost.source:
        problems["source"] = _("Name a source.")
    if cost.basis not in CostBasis.values:
        problems["basis"] = _("Choose one of these.")
    if cost.amount is None or cost.amount < 0:
        problems["amount"] = _("An amount of money, zero or more.")
    if cost.until and cost.until < cost.since:
        problems["until"] = _("This is before the first day.")
    if cost.basis == CostBasis.TOTAL and not cost.until:
        problems["until"] = _("A total needs a last day.")
    return problems


@transaction.atomic
def remove_source_cost(*, actor: Actor, cost_id: UUID) -> None:
    """Errors: NotAllowed, NotFound."""
    workspace_policies.require(actor, Power.MANAGE_FIELDS)
    row = SourceCost.objects.select_for_update().filter(pk=cost_id).first()
    if row is None:
        raise NotFound(_("There is no such cost."))
    audit.record("phases.cost_removed", actor=actor, subject=row.source, amount=str(row.amount))
    row.delete()


def drop_source_costs(cost_ids: Sequence[UUID]) -> None:
    """Those that came with something that is taken back as a whole."""
    delete_at_once(SourceCost.objects.filter(pk__in=cost_ids))
