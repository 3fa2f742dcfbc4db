"""Watching the wires: who trips one gets a follow-up, once; who recovers can trip it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from rapport.foundation.lib import clock, ids
from rapport.foundation.ui import formats
from rapport.foundation.workspace import policies as workspace_policies
from rapport.foundation.workspace.errors import Invalid, NotFound
from rapport.foundation.workspace.queries.members import active_members, first_owner
from rapport.foundation.workspace.services import audit
from rapport.foundation.workspace.types import Actor, Power
from rapport.insight.scorecards.models import Trip, WireSetting
from rapport.insight.scorecards.queries import wires as queries
from rapport.insight.scorecards.queries.wires import Tripping
from rapport.insight.scorecards.rules import wires as rules
from rapport.insight.scorecards.rules.wires import WORDS, Wire, WireRule
from rapport.stores.customers.services.followups import Opening, open_by_rule

BY = "Scorecard"
DAY = timedelta(hours=20)  # a refresh by hand does not open a second day's worth


def watch(*, currency: str = "") -> dict[Wire, int]:
    """Look at every wire; returns how many follow-ups each opened. Each wire is one transaction, safe to do twice."""
    found = queries.rules()
    return {wire: _watch(rule, currency) for wire, rule in found.items()}


@transaction.atomic
def _watch(rule: WireRule, currency: str) -> int:
    _only_one_at_a_time(rule.wire)
    now = clock.now()
    tripping = queries.tripping(rule, now)
    _recover(rule.wire, tripping, now)
    _trip(rule.wire, tripping, now)
    return _open(rule, {one.customer_id: one for one in tripping}, now, currency) if rule.is_on else 0


def _only_one_at_a_time(wire: Wire) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(current_schema() || %s, 0))", [f"wire {wire}"])


def _recover(wire: Wire, tripping: list[Tripping], now: datetime) -> None:
    standing = Trip.objects.filter(wire=wire, recovered_at=None)
    known = dict(standing.values_list("customer_id", "pk"))
    over = set(known) - {one.customer_id for one in tripping}
    standing.filter(pk__in=[known[customer_id] for customer_id in over]).update(recovered_at=now)


def _trip(wire: Wire, tripping: list[Tripping], now: datetime) -> None:
    if not tripping:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into scorecards_trip (id, wire, customer_id, tripped_at, worth, facts)"
            " select n.id, %s, n.customer_id, %s, n.worth, n.facts::jsonb"
            " from unnest(%s::uuid[], %s::uuid[], %s::numeric[], %s::text[]) as n (id, customer_id, worth, facts)"
            " on conflict (wire, customer_id) where recovered_at is null"
            " do update set worth = excluded.worth, facts = excluded.facts",
            [
                wire.value,
                now,
                [ids.new_id() for _each in tripping],
                [one.customer_id for one in tripping],
                [one.worth for one in tripping],
                [json.dumps(one.facts) for one in tripping],
            ],
        )


def _open(rule: WireRule, tripping: Mapping[Any, Tripping], now: datetime, currency: str) -> int:
    """Follow-ups for those who wait, the most valuable first, at most so many a day."""
    of_wire = Trip.objects.filter(wire=rule.wire)
    left = rule.most_a_day - of_wire.filter(opened_at__gt=now - DAY).count()
    if left <= 0:
        return 0
    colleagues = {member.id for member in active_members()}
    fallback = rule.owner_id if rule.owner_id in colleagues else first_owner()
    trips = list(of_wire.filter(recovered_at=None, opened_at=None).order_by("-worth", "pk")[:left])
    openings = []
    for trip in trips:
        one = tripping[trip.customer_id]
        sentence = rules.why(
            rule, one.facts, money=lambda amount: formats.money(round(amount), currency), percent=formats.percent
        )
        openings.append(
            Opening(
                customer_id=trip.customer_id,
                title=str(WORDS[rule.wire].title),
                why=sentence,
                rule=rule.wire.value,
                trip=f"{rule.wire}:{trip.pk}",
                owner_id=one.owner_id if one.owner_id in colleagues else fallback,
                due_on=(now + timedelta(days=rule.due_days)).date(),
                evidence=dict(one.facts),
            )
        )
    opened = open_by_rule(openings, by=BY)
    Trip.objects.filter(pk__in=[trip.pk for trip in trips]).update(opened_at=now)
    return len(opened)


@transaction.atomic
def save_rule(*, actor: Actor, rule: WireRule) -> None:
    """Errors: NotAllowed, NotFound, Invalid."""
    workspace_policies.require(actor, Power.MANAGE_FIELDS)
    if rule.wire not in rules.DEFAULTS:
        raise NotFound(_("There is no such trip-wire."))
    problems = rules.problems(rule)
    if rule.owner_id is not None and rule.owner_id not in {member.id for member in active_members()}:
        problems["owner_id"] = _("Choose a colleague who is here.")
    if problems:
        raise Invalid(problems)
    if queries.rules()[rule.wire] == rule:
        return
    WireSetting.objects.update_or_create(
        wire=rule.wire,
        defaults={
            "is_on": rule.is_on,
            "threshold": rule.threshold,
            "due_days": rule.due_days,
            "most_a_day": rule.most_a_day,
            "owner_id": rule.owner_id,
        },
    )
    audit.record("scorecard.wire_changed", actor=actor, subject=str(WORDS[rule.wire].label))
