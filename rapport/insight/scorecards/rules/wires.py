"""Trip-wires: when a customer's numbers say that somebody should look after them, and what to say then."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext, gettext_lazy

from rapport.foundation.records.types import Label

LEAST_MARGIN_DAYS = 1.0  # beyond the usual, however regular somebody is


class Wire(enum.StrEnum):
    GAP = "gap"
    ALIVE_DROP = "alive_drop"
    SILENCE = "silence"
    VALUE_FALLS = "value_falls"


@dataclass(frozen=True, kw_only=True)
class WireWords:
    label: Label
    says: Label  # what trips it, in a sentence
    threshold: Label  # what the threshold is
    title: Label  # of the follow-up


@dataclass(frozen=True, kw_only=True)
class WireRule:
    """One trip-wire as a workspace has it."""

    wire: Wire
    threshold: Decimal
    is_on: bool = True
    due_days: int = 3
    most_a_day: int = 10
    owner_id: Any = None  # whose follow-up it is where the customer has no owner


DEFAULTS: Mapping[Wire, WireRule] = {
    Wire.GAP: WireRule(wire=Wire.GAP, threshold=Decimal("1.5")),
    Wire.ALIVE_DROP: WireRule(wire=Wire.ALIVE_DROP, threshold=Decimal("0.15")),
    Wire.SILENCE: WireRule(wire=Wire.SILENCE, threshold=Decimal("90"), due_days=7),
    Wire.VALUE_FALLS: WireRule(wire=Wire.VALUE_FALLS, threshold=Decimal("0.30"), due_days=7),
}
BOUNDS: Mapping[Wire, tuple[Decimal, Decimal]] = {
    Wire.GAP: (Decimal(0), Decimal(20)),
    Wire.ALIVE_DROP: (Decimal("0.01"), Decimal(1)),
    Wire.SILENCE: (Decimal(7), Decimal(3650)),
    Wire.VALUE_FALLS: (Decimal("0.01"), Decimal(1)),
}
WORDS: Mapping[Wire, WireWords] = {
    Wire.GAP: WireWords(
        label=gettext_lazy("Quiet for longer than usual"),
        says=gettext_lazy("The time since the last purchase is above the customer’s own median gap by more than the threshold, times the range between the quartiles of their gaps."),
        threshold=gettext_lazy("Times the range between quartiles"),
        title=gettext_lazy("Ask after them: quiet for longer than usual"),
    ),
    Wire.ALIVE_DROP: WireWords(
        label=gettext_lazy("Less likely to come back"),
        says=gettext_lazy("The chance that the customer still buys fell by more than the threshold since the last month closed."),
        threshold=gettext_lazy("Fall of the chance, between 0 and 1"),
        title=gettext_lazy("Find out what changed"),
    ),
    Wire.SILENCE: WireWords(
        label=gettext_lazy("Silence of a valuable customer"),
        says=gettext_lazy("A Platinum or Gold customer has not been in touch in any way for more than the threshold."),
        threshold=gettext_lazy("Days without a word from them"),
        title=gettext_lazy("Say hello: no word from them for long"),
    ),
    Wire.VALUE_FALLS: WireWords(
        label=gettext_lazy("Lifetime value falls"),
        says=gettext_lazy("Lifetime value fell by more than the threshold, as a share, since the last month closed."),
        threshold=gettext_lazy("Fall, as a share between 0 and 1"),
        title=gettext_lazy("Their value falls: make them an offer"),
    ),
}  # fmt: skip


def is_tripped(rule: WireRule, facts: Mapping[str, Any]) -> bool:
    """Whether these numbers of an active customer trip the wire. Queries ask the same of all at once."""
    threshold = float(rule.threshold)
    match rule.wire:
        case Wire.GAP:
            return bool(facts["days"] > facts["median"] + max(threshold * facts["spread"], LEAST_MARGIN_DAYS))
        case Wire.ALIVE_DROP:
            return bool(facts["before"] - facts["now"] > threshold)
        case Wire.SILENCE:
            return bool(facts["days"] > threshold)
        case Wire.VALUE_FALLS:
            return bool(facts["before"] > 0 and facts["now"] < facts["before"] * (1 - threshold))


def why(rule: WireRule, facts: Mapping[str, Any], *, money: Any, percent: Any) -> str:
    """The sentence of the follow-up; `money` and `percent` say numbers as people do."""
    match rule.wire:
        case Wire.GAP:
            return gettext("%(days)s days since the last purchase; usually it is %(median)s.") % {
                "days": round(facts["days"]),
                "median": round(facts["median"]),
            }
        case Wire.ALIVE_DROP:
            return gettext("The chance that they still buy fell from %(before)s to %(now)s.") % {
                "before": percent(facts["before"]),
                "now": percent(facts["now"]),
            }
        case Wire.SILENCE:
            return gettext("No word from them for %(days)s days.") % {"days": round(facts["days"])}
        case Wire.VALUE_FALLS:
            return gettext("Lifetime value fell from %(before)s to %(now)s.") % {
                "before": money(facts["before"]),
                "now": money(facts["now"]),
            }


def problems(rule: WireRule) -> dict[str, str]:
    """What of a rule makes no sense, by field."""
    low, high = BOUNDS[rule.wire]
    found = {}
    if not low <= rule.threshold <= high:
        found["threshold"] = gettext("Between %(low)s and %(high)s.") % {"low": low, "high": high}
    if not 0 <= rule.due_days <= 365:
        found["due_days"] = gettext("Between 0 and 365.")
    if not 1 <= rule.most_a_day <= 1000:
        found["most_a_day"] = gettext("Between 1 and 1000.")
    return found
