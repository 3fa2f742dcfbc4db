"""The life of a customer, told from evidence: phases with their dates, and what was recruited, retained, extended, regained.

A pure function of the evidence, of what people set by hand and of the workspace's rules. The order in which evidence came
in does not matter, so an import of old data tells the same life as if it had been there from the beginning. More evidence
of purchases never makes a customer a prospect again, nor one who came back a first-time buyer.

A phase set by hand holds until there is evidence from after the day it was decided on. Silence is no evidence: what was
set by hand does not lapse by itself.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from rapport.stores.customers.types import ACTIVE_PHASES, Cause, Evidence, Phase

CANCELLED = "order_cancelled"
DAY_SECONDS = 86_400


@dataclass(frozen=True, kw_only=True)
class PhaseRules:
    """When a phase begins. Days and factors of a workspace; see the settings page for their wording."""

    purchase_kinds: tuple[str, ...] = ("order_placed", "subscription_started", "subscription_renewed")
    ended_kinds: tuple[str, ...] = ("account_closed", "contract_ended", "subscription_ended")
    risk_factor: Decimal = Decimal("2")  # times the customer's own median gap
    lapse_factor: Decimal = Decimal("4")
    least_gaps: int = 3  # gaps between purchases from which on the customer's own rhythm is known
    least_days: int = 60  # nobody lapses sooner, however fast their rhythm
    risk_days: int = 270  # for those whose rhythm is not known
    lapse_days: int = 540
    growing_days: int = 365  # how long something new in the basket makes a customer a growing one

    def problems(self) -> dict[str, str]:
        """Names of fields and what is wrong with them; the wording is the form's."""
        found = {}
        if not self.purchase_kinds:
            found["purchase_kinds"] = "empty"
        if set(self.purchase_kinds) & set(self.ended_kinds):
            found["ended_kinds"] = "both"
        if self.lapse_factor < self.risk_factor:
            found["lapse_factor"] = "order"
        if self.lapse_days < self.risk_days:
            found["lapse_days"] = "order"
        return found

    @property
    def evidence_kinds(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.purchase_kinds, *self.ended_kinds, CANCELLED)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ByHand:
    """A phase somebody set: from `since` on, knowing all that was known at `decided_at`."""

    id: UUID
    phase: Phase
    since: datetime
    decided_at: datetime
    reason: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One phase in the history. `until` is None for the present one."""

    phase: Phase
    since: datetime
    until: datetime | None
    cause: Cause
    by: str = ""
    reason: str = ""  # of a phase set by hand; the kind of what ended it; the product that was new
    evidence_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """All that the evidence says of one customer's phases."""

    steps: tuple[Step, ...]
    next_change_at: datetime | None  # when silence alone will change the phase
    recruited_at: datetime | None = None
    recruited_through: str = ""  # the channel of the first purchase
    recruited_campaign: str = ""
    first_products: tuple[str, ...] = ()
    extensions: tuple[tuple[str, datetime], ...] = ()  # what was bought beyond the first, each with its first time
    spells: tuple[
        tuple[datetime, datetime | None], ...
    ] = ()  # times of being a customer, from recruited or regained on
    regained: tuple[datetime, ...] = ()
    lapsed: tuple[datetime, ...] = ()
    ended_at: datetime | None = None
    occasions: int = 0  # days with a purchase
    last_at: datetime | None = None
    median_gap_days: float | None = None
    gap_spread_days: float | None = None  # between the quartiles

    @property
    def phase(self) -> Phase:
        return self.steps[-1].phase

    @property
    def since(self) -> datetime:
        return self.steps[-1].since


def life(
    evidence: Iterable[Evidence], by_hand: Iterable[ByHand], *, known_since: datetime, rules: PhaseRules, now: datetime
) -> Life:
    """The life of one customer as it stands at `now`. `known_since`: when the customer was first written down."""
    occasions, endings, coming = _sorted_out(evidence, rules, now)
    teller = _Teller(rules)
    events: list[tuple[datetime, int, str, Any]] = [(one.at, 0, str(one.id), one) for one in occasions]
    events += [(one.at, 1, str(one.id), one) for one in endings]
    events += [(one.since, 2, str(one.id), one) for one in _in_force(by_hand, now)]
    events.sort(key=lambda each: each[:3])
    if not events or events[0][0] > known_since:
        teller.begin(known_since)
    for at, _rank, _id, what in events:
        teller.pass_time(at)
        if isinstance(what, _Occasion):
            teller.buy(what)
        elif isinstance(what, ByHand):
            teller.set(what)
        else:
            teller.end(what)
    teller.pass_time(now)
    return teller.told(coming)


@dataclass(frozen=True, slots=True)
class _Occasion:
    """A day with purchases: two orders on one day are one decision to buy."""

    id: UUID
    at: datetime
    channel: str
    campaign: str
    products: tuple[str, ...]


def _sorted_out(
    evidence: Iterable[Evidence], rules: PhaseRules, now: datetime
) -> tuple[list[_Occasion], list[Evidence], datetime | None]:
    """Purchases by day without cancelled ones and repetitions; endings; and the first instant that is still to come."""
    ordered = sorted(evidence, key=lambda one: (one.at, str(one.id)))
    cancelled = {one.reference for one in ordered if one.kind == CANCELLED and one.reference}
    purchase_kinds, ended_kinds = frozenset(rules.purchase_kinds), frozenset(rules.ended_kinds)
    by_day: dict[date, _Occasion] = {}
    endings: list[Evidence] = []
    seen: set[str] = set()
    coming: datetime | None = None
    for one in ordered:
        buys = one.kind in purchase_kinds
        if not buys and one.kind not in ended_kinds:
            continue
        if one.at > now:
            coming = coming or one.at
            continue
        if not buys:
            endings.append(one)
            continue
        if one.reference and (one.reference in cancelled or one.reference in seen):
            continue
        seen.add(one.reference)
        day = one.at.date()
        first = by_day.get(day)
        if first is None:
            by_day[day] = _Occasion(one.id, one.at, one.channel, one.campaign, one.products)
        elif one.products:
            both = tuple(dict.fromkeys((*first.products, *one.products)))
            by_day[day] = _Occasion(first.id, first.at, first.channel, first.campaign, both)
    return list(by_day.values()), endings, coming


def _in_force(by_hand: Iterable[ByHand], now: datetime) -> list[ByHand]:
    """A later decision that reaches as far back as an earlier one, or further, takes its place."""
    kept: list[ByHand] = []
    for one in sorted(by_hand, key=lambda each: (each.decided_at, str(each.id))):
        kept = [earlier for earlier in kept if earlier.since < one.since]
        if one.since <= now:
            kept.append(one)
    return kept


@dataclass(slots=True)
class _Teller:
    """Walks through the events of one life in the order in which they happened."""

    rules: PhaseRules
    steps: list[Step] = field(default_factory=list)
    phase: Phase = Phase.PROSPECT
    held_until: datetime | None = None  # the decision whose phase holds against all evidence up to then
    by_hand: bool = False
    first: _Occasion | None = None
    last: _Occasion | None = None
    days: int = 0
    gaps: list[float] = field(default_factory=list)
    products: set[str] = field(default_factory=set)
    extensions: list[tuple[str, datetime]] = field(default_factory=list)
    growing_until: datetime | None = None
    spells: list[tuple[datetime, datetime | None]] = field(default_factory=list)
    regained: list[datetime] = field(default_factory=list)
    lapsed: list[datetime] = field(default_factory=list)
    ended_at: datetime | None = None

    # What happens

    def begin(self, at: datetime) -> None:
        self.steps.append(Step(phase=Phase.PROSPECT, since=at, until=None, cause=Cause.ADDED))

    def buy(self, what: _Occasion) -> None:
        new = self._count(what)
        if self.held_until is not None and what.at <= self.held_until:
            return  # known, or to be known, when the phase was decided on
        back = self.phase in (Phase.LAPSED, Phase.ENDED) and self.days > 1
        self.held_until, self.by_hand = None, False
        if back:
            self.regained.append(what.at)
            self._enter(Phase.WON_BACK, what.at, Cause.PURCHASE, evidence_id=what.id)
        elif self.days == 1:
            self._enter(Phase.ONBOARDING, what.at, Cause.FIRST_PURCHASE, evidence_id=what.id)
        elif new:
            self._enter(Phase.GROWING, what.at, Cause.NEW_PRODUCT, reason=new[0], evidence_id=what.id)
        elif self.growing_until is not None and what.at < self.growing_until:
            self._enter(Phase.GROWING, what.at, Cause.PURCHASE, evidence_id=what.id)
        else:
            self._enter(Phase.LOYAL, what.at, Cause.PURCHASE, evidence_id=what.id)
        self.ended_at = None

    def end(self, what: Evidence) -> None:
        if self.held_until is not None and what.at <= self.held_until:
            return
        self.held_until, self.by_hand = None, False
        self.ended_at = what.at
        self._enter(Phase.ENDED, what.at, Cause.ENDING, reason=what.kind, evidence_id=what.id)

    def set(self, what: ByHand) -> None:
        self.held_until, self.by_hand = what.decided_at, True
        if what.phase is Phase.LAPSED and self.phase is not Phase.LAPSED:
            self.lapsed.append(what.since)
        if what.phase is Phase.WON_BACK and self.phase is not Phase.WON_BACK:
            self.regained.append(what.since)
        self.ended_at = what.since if what.phase is Phase.ENDED else None
        self._enter(what.phase, what.since, Cause.BY_HAND, by=what.by, reason=what.reason, evidence_id=what.id)

    def pass_time(self, until: datetime) -> None:
        """What silence does on the way to `until`."""
        while (due := self._due()) is not None and due[0] <= until:
            at, phase = due
            if phase is Phase.LAPSED:
                self.lapsed.append(at)
            self._enter(phase, at, Cause.SILENCE if phase is not Phase.LOYAL else Cause.TIME)

    # What follows

    def _count(self, what: _Occasion) -> tuple[str, ...]:
        """Take the purchase into what is known; returns what nobody saw this customer buy before."""
        new: tuple[str, ...] = ()
        if self.last is None:
            self.first = what
        else:
            self.gaps.append((what.at - self.last.at).total_seconds() / DAY_SECONDS)
            if self.products:
                new = tuple(one for one in what.products if one not in self.products)
        if new:
            self.extensions += [(one, what.at) for one in new]
            self.growing_until = what.at + timedelta(days=self.rules.growing_days)
        self.products.update(what.products)
        self.last, self.days = what, self.days + 1
        return new

    def _enter(
        self,
        phase: Phase,
        at: datetime,
        cause: Cause,
        *,
        by: str = "",
        reason: str = "",
        evidence_id: UUID | None = None,
    ) -> None:
        """Begin a phase. Staying in it is no new step, unless somebody says so."""
        was_active = self.phase in ACTIVE_PHASES and bool(self.steps)
        if phase in ACTIVE_PHASES and not (was_active and self.spells and self.spells[-1][1] is None):
            self.spells.append((at, None))
        elif phase not in ACTIVE_PHASES and self.spells and self.spells[-1][1] is None:
            self.spells[-1] = (self.spells[-1][0], at)
        if self.steps and phase is self.phase and cause is not Cause.BY_HAND:
            if self.steps[-1].cause is not Cause.BY_HAND:
                return
        if self.steps:
            last = self.steps.pop()
            if last.since < at:
                self.steps.append(_closed(last, at))
        self.phase = phase
        self.steps.append(
            Step(phase=phase, since=at, until=None, cause=cause, by=by, reason=reason, evidence_id=evidence_id)
        )

    def _due(self) -> tuple[datetime, Phase] | None:
        """The next change that comes by itself."""
        if self.by_hand or self.last is None or self.phase not in ACTIVE_PHASES:
            return None
        risk, lapse = spans(self.gaps, self.rules)
        if self.phase is Phase.AT_RISK:
            return self.last.at + lapse, Phase.LAPSED
        if self.phase is Phase.GROWING and self.growing_until is not None and self.growing_until < self.last.at + risk:
            return self.growing_until, Phase.LOYAL
        return self.last.at + risk, Phase.AT_RISK

    def told(self, coming: datetime | None) -> Life:
        due = self._due()
        instants = [at for at in (due[0] if due else None, coming) if at is not None]
        middle, spread = rhythm(self.gaps)
        first = self.first
        return Life(
            steps=tuple(self.steps),
            next_change_at=min(instants) if instants else None,
            recruited_at=first.at if first else None,
            recruited_through=first.channel if first else "",
            recruited_campaign=first.campaign if first else "",
            first_products=first.products if first else (),
            extensions=tuple(self.extensions),
            spells=tuple(self.spells),
            regained=tuple(self.regained),
            lapsed=tuple(self.lapsed),
            ended_at=self.ended_at,
            occasions=self.days,
            last_at=self.last.at if self.last else None,
            median_gap_days=middle,
            gap_spread_days=spread,
        )


def spans(gaps: Sequence[float], rules: PhaseRules) -> tuple[timedelta, timedelta]:
    """How long after a purchase silence puts a customer at risk, and when it is a lapse."""
    if len(gaps) < rules.least_gaps:
        return timedelta(days=rules.risk_days), timedelta(days=rules.lapse_days)
    middle = statistics.median(gaps)
    lapse = max(float(rules.lapse_factor) * middle, float(rules.least_days))
    risk = max(float(rules.risk_factor) * middle, rules.least_days / 2)
    return timedelta(days=min(risk, lapse)), timedelta(days=lapse)


def rhythm(gaps: Sequence[float]) -> tuple[float | None, float | None]:
    """The median gap and the range between the quartiles, in days; the range only where four gaps show one."""
    if not gaps:
        return None, None
    middle = statistics.median(gaps)
    if len(gaps) < 4:
        return middle, None
    low, _, high = statistics.quantiles(gaps, n=4, method="inclusive")
    return middle, high - low


def _closed(step: Step, at: datetime) -> Step:
    return Step(
        phase=step.phase,
        since=step.since,
        until=at,
        cause=step.cause,
        by=step.by,
        reason=step.reason,
        evidence_id=step.evidence_id,
    )
