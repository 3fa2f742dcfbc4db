"""The scorecard, ready to be drawn: numbers with their change, the rows behind each, wires and pairs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from rapport.foundation.records.types import Field
from rapport.foundation.workspace.queries.members import names_of
from rapport.foundation.workspace.types import Actor
from rapport.insight.scorecards import policies
from rapport.insight.scorecards.queries import lines as lines_
from rapport.insight.scorecards.queries import wires
from rapport.insight.scorecards.queries.wires import WireCount
from rapport.insight.scorecards.rules.lines import Delta, Dimension, Numbers, Pair, change
from rapport.insight.scorecards.rules.wires import WORDS, Wire, WireRule, WireWords
from rapport.stores.customers.rules.scores import TIER_LABELS, Tier
from rapport.stores.customers.types import Phase

FOUR = ("recency_days", "frequency", "latency_days", "value")


@dataclass(frozen=True)
class LineShown:
    """One part of the customers: its name, its numbers, how they moved since the month before, and its rows."""

    label: str
    numbers: Numbers
    changes: Mapping[str, Delta | None]
    url: str


@dataclass(frozen=True)
class WireShown:
    rule: WireRule
    words: WireWords
    count: WireCount
    url: str


@dataclass(frozen=True)
class PairShown:
    source: str
    owner: str
    pair: Pair
    url: str


@dataclass(frozen=True)
class Scorecard:
    dimension: Dimension
    whole: LineShown | None
    lines: Sequence[LineShown]
    wires: Sequence[WireShown]
    pairs: Sequence[PairShown]
    pairs_since: date | None
    period: date | None  # None: measured at this moment, for somebody who sees only some customers
    before: date | None
    history: Sequence[tuple[date, Decimal]]  # lifetime value month by month, the oldest first


def scorecard(*, actor: Actor, by: str = "") -> Scorecard:
    """A fixed number of queries for those who see everyone. Errors: NotAllowed."""
    policies.require(actor)
    dimension = Dimension(by) if by in set(Dimension) and by != Dimension.ALL else Dimension.PHASE
    if not policies.sees_everyone(actor):
        return _live(actor, dimension)
    months = lines_.months()
    if not months:
        return Scorecard(dimension, None, (), _wires(), (), None, None, None, ())
    (period, now), (before, then) = months[0], (months[1] if len(months) > 1 else (None, None))
    parts = lines_.kept(dimension, [period, *([before] if before else [])])
    pairs, since = lines_.kept_pairs()
    field = lines_.source_field()
    owners = {pair.owner for pair in pairs if pair.owner}
    if dimension is Dimension.OWNER:
        owners |= {numbers.key for numbers in parts[period] if numbers.key}
    members = {str(pk): name for pk, name in names_of(UUID(key) for key in owners).items()}
    names = _names(dimension, parts[period], field, members, actor)
    return Scorecard(
        dimension,
        _whole(now, then),
        _shown(dimension, parts[period], parts[before] if before else [], names, field),
        _wires(),
        [
            PairShown(
                _source_name(field, pair.source), members.get(pair.owner, ""), pair, _pair_url(field, pair, since)
            )
            for pair in pairs
        ],
        since,
        period,
        before,
        [(month, numbers.value) for month, numbers in reversed(months)],
    )


def _live(actor: Actor, dimension: Dimension) -> Scorecard:
    """For those who see some customers: theirs, at this moment. What is kept counts everyone, so none of it is shown."""
    field = lines_.source_field()
    found = lines_.live(actor, dimension)
    owners = [UUID(numbers.key) for numbers in found if numbers.key] if dimension is Dimension.OWNER else []
    members = {str(pk): name for pk, name in names_of(owners).items()}
    names = _names(dimension, found, field, members, actor)
    everyone = lines_.live(actor, Dimension.ALL)
    whole = _whole(everyone[0], None) if everyone else None
    return Scorecard(dimension, whole, _shown(dimension, found, [], names, field), (), (), None, None, None, ())


def _whole(now: Numbers, before: Numbers | None) -> LineShown:
    return LineShown(_("All customers"), now, _changes(now, before), reverse("customers:list"))


def _shown(
    dimension: Dimension,
    found: Sequence[Numbers],
    earlier: Sequence[Numbers],
    names: Mapping[str, str],
    field: Field | None,
) -> list[LineShown]:
    then = {numbers.key: numbers for numbers in earlier}
    order = list(Phase.values) if dimension is Dimension.PHASE else [*Tier, ""] if dimension is Dimension.TIER else []
    ranked = sorted(found, key=lambda one: order.index(one.key) if one.key in order else len(order))
    return [
        LineShown(
            names.get(numbers.key, numbers.key) or _("none"),
            numbers,
            _changes(numbers, then.get(numbers.key)),
            _url(dimension, numbers.key, field),
        )
        for numbers in ranked[: lines_.MOST_LINES]
    ]


def _changes(now: Numbers, before: Numbers | None) -> dict[str, Delta | None]:
    return {name: change(now, before, name) for name in (*FOUR, "gap_ratio", "customers", "buyers")}


def _names(
    dimension: Dimension, found: Sequence[Numbers], field: Field | None, members: Mapping[str, str], actor: Actor
) -> Mapping[str, str]:
    match dimension:
        case Dimension.PHASE:
            return {phase.value: str(phase.label) for phase in Phase}
        case Dimension.TIER:
            return {"": _("No value yet"), **{tier.value: str(label) for tier, label in TIER_LABELS.items()}}
        case Dimension.OWNER:
            return {"": _("Nobody"), **members}
        case Dimension.SOURCE:
            return {numbers.key: _source_name(field, numbers.key) for numbers in found}
        case Dimension.SEGMENT:
            return {str(view.pk): view.name for view in lines_.segments(actor)}
    return {}


def _source_name(field: Field | None, source: str) -> str:
    choice = field.choice(source) if field and source else None
    return str(choice.label) if choice else source or _("not known")


def _url(dimension: Dimension, key: str, field: Field | None) -> str:
    """The customers behind a line, on their list."""
    listed = reverse("customers:list")
    if dimension is Dimension.SEGMENT:
        return f"{listed}?view={key}"
    name = {Dimension.PHASE: "phase", Dimension.OWNER: "owner", Dimension.TIER: "value_tier"}.get(dimension)
    if dimension is Dimension.SOURCE:
        name = field.name if field else None
    return _list_url(_is(name, key)) if name else listed


def _pair_url(field: Field | None, pair: Pair, since: date | None) -> str:
    parts = [_is("owner", pair.owner), *([_is(field.name, pair.source)] if field else [])]
    if since is not None:
        day_before = date.fromordinal(since.toordinal() - 1)
        parts.append({"field": "recruited_on", "op": "after", "value": day_before.isoformat()})
    return _list_url({"all": parts})


def _is(name: str, key: str) -> dict[str, Any]:
    return {"field": name, "op": "is", "value": key} if key else {"field": name, "op": "is_empty"}


def _list_url(where: Mapping[str, Any]) -> str:
    return f"{reverse('customers:list')}?{urlencode({'where': json.dumps(where)})}"


def _wires() -> list[WireShown]:
    found, counted = wires.rules(), wires.counts()
    return [
        WireShown(rule, WORDS[wire], counted.get(wire.value, WireCount(0, 0)), wire_url(wire))
        for wire, rule in found.items()
    ]


def wire_url(wire: Wire) -> str:
    """Those over the wire, on the list of customers."""
    return _list_url({"set": "wire", "id": str(wires.set_id(wire)), "is_in": True})
