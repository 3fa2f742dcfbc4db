"""Findings in words: what was found, what could be decided, and what the evidence is called. The numbers are handed in
as texts, worded for the reader's language by whoever shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from rapport.insight.mining.rules.findings import strongest
from rapport.insight.mining.types import PatternKind, Reason


class Wording(Protocol):
    """How numbers, shares, money and days are written."""

    def number(self, value: float) -> str: ...
    def percent(self, share: float) -> str: ...
    def money(self, amount: float, currency: str) -> str: ...
    def month(self, iso: str) -> str: ...
    def day(self, iso: str) -> str: ...


# Feature of a group: words for much and for little of it.
TRAITS = {
    "recency_days": (gettext_lazy("have not bought for long"), gettext_lazy("bought lately")),
    "orders": (gettext_lazy("buy often"), gettext_lazy("buy seldom")),
    "margin": (gettext_lazy("bring much margin"), gettext_lazy("bring little margin")),
    "tenure_days": (gettext_lazy("have been with you for long"), gettext_lazy("came lately")),
    "visits": (gettext_lazy("visit the website often"), gettext_lazy("hardly visit the website")),
    "answers": (gettext_lazy("read and answer messages"), gettext_lazy("hardly read messages")),
    "cases": (gettext_lazy("need service often"), gettext_lazy("hardly need service")),
}
FEATURES = {
    "recency_days": gettext_lazy("Days since the last purchase"),
    "orders": gettext_lazy("Purchases"),
    "margin": gettext_lazy("Margin"),
    "tenure_days": gettext_lazy("Days since the first touch point"),
    "visits": gettext_lazy("Web visits"),
    "answers": gettext_lazy("Messages read or answered"),
    "cases": gettext_lazy("Service cases"),
}
EVIDENCE = {
    "customers": gettext_lazy("Customers"),
    "were": gettext_lazy("Customers before"),
    "margin": gettext_lazy("Margin so far"),
    "stability": gettext_lazy("Stability (1: the same groups every time)"),
    "groups": gettext_lazy("Groups"),
    "baskets": gettext_lazy("Baskets"),
    "together": gettext_lazy("Baskets with all of it"),
    "support": gettext_lazy("Support"),
    "confidence": gettext_lazy("Confidence"),
    "lift": gettext_lazy("Lift"),
    "q": gettext_lazy("Chance of a false alarm (corrected)"),
    "came": gettext_lazy("Came back"),
    "others": gettext_lazy("Other customers"),
    "began": gettext_lazy("Began"),
    "reached": gettext_lazy("Reached this step"),
    "lost": gettext_lazy("Did not go on"),
    "at_stake": gettext_lazy("Lifetime value at stake"),
    "risk": gettext_lazy("Risk of leaving, at least"),
}
SHARES = {"support", "confidence", "risk"}
MONEY = {"margin", "at_stake"}
KINDS = {
    PatternKind.RFM_SLIPPED: gettext_lazy("Slipping"),
    PatternKind.RFM_ROSE: gettext_lazy("Rising"),
    PatternKind.CLUSTER: gettext_lazy("Alike"),
    PatternKind.RULE: gettext_lazy("Bought together"),
    PatternKind.CHURN: gettext_lazy("Leaving"),
    PatternKind.COHORT: gettext_lazy("Staying"),
    PatternKind.FUNNEL: gettext_lazy("Lost on the way"),
}


def traits_text(traits: Mapping[str, float]) -> str:
    """ "buy often, bought lately": what a group stands out by."""
    words = [str(TRAITS[name][0 if way > 0 else 1]) for name, way in strongest(traits) if name in TRAITS]
    return ", ".join(words) or _("are like most others")


def sentence(kind: str, facts: Mapping[str, Any], wording: Wording) -> str:
    """What was found."""
    n = int(facts["n"])
    said = {"n": wording.number(n)}
    match PatternKind(kind):
        case PatternKind.RFM_SLIPPED:
            return ngettext(
                "%(n)s of your best customers of %(since)s has slipped away since; they brought %(margin)s.",
                "%(n)s of your best customers of %(since)s have slipped away since; they brought %(margin)s.",
                n,
            ) % {
                **said,
                "since": wording.day(facts["since"]),
                "margin": wording.money(facts["margin"], facts["currency"]),
            }
        case PatternKind.RFM_ROSE:
            return ngettext(
                "%(n)s customer has become one of your best since %(since)s.",
                "%(n)s customers have become some of your best since %(since)s.",
                n,
            ) % {**said, "since": wording.day(facts["since"])}
        case PatternKind.CLUSTER:
            return ngettext(
                "%(n)s customer (%(share)s) brings %(brings)s of the margin: they %(traits)s.",
                "%(n)s customers (%(share)s) bring %(brings)s of the margin: they %(traits)s.",
                n,
            ) % {
                **said,
                "share": wording.percent(facts["share"]),
                "brings": wording.percent(facts["brings"]),
                "traits": traits_text(facts["traits"]),
            }  # fmt: skip
        case PatternKind.RULE:
            return ngettext(
                "Who buys %(having)s buys %(also)s %(lift)s times as often as others; %(n)s customer has not yet.",
                "Who buys %(having)s buys %(also)s %(lift)s times as often as others; %(n)s customers have not yet.",
                n,
            ) % {
                **said,
                "having": _(" and ").join(f"“{name}”" for name in facts["having"]),
                "also": f"“{facts['also']}”",
                "lift": wording.number(round(facts["lift"], 1)),
            }  # fmt: skip
        case PatternKind.CHURN:
            return ngettext(
                "%(n)s valuable customer is more likely to leave than to buy again; %(stake)s is at stake.",
                "%(n)s valuable customers are more likely to leave than to buy again; %(stake)s is at stake.",
                n,
            ) % {**said, "stake": wording.money(facts["at_stake"], facts["currency"])}
        case PatternKind.COHORT:
            return _(
                "Those who first bought in %(began)s stay longer: %(share)s came back within %(after)s months, "
                "%(others)s of the others did."
            ) % {
                "began": wording.month(facts["began"]),
                "share": wording.percent(facts["share"]),
                "others": wording.percent(facts["others"]),
                "after": facts["after"],
            }  # fmt: skip
        case PatternKind.FUNNEL:
            return _("In “%(funnel)s”, %(share)s stop after “%(after)s” and never come to “%(before)s”.") % {
                "funnel": facts["funnel"],
                "share": wording.percent(facts["share"]),
                "after": facts["after"],
                "before": facts["before"],
            }


def suggestion(kind: str, facts: Mapping[str, Any]) -> str:
    """What could be decided."""
    match PatternKind(kind):
        case PatternKind.RFM_SLIPPED:
            return _("Have somebody call them this week, those who brought most first.")
        case PatternKind.RFM_ROSE:
            return _("Thank them in person while it is new, and ask whom they would recommend you to.")
        case PatternKind.CLUSTER:
            if facts["quiet"]:
                return _("Win them back before you look for new ones: ask what changed, then make one good offer.")
            return _("Give them an owner and the best of your service; look for more people like them.")
        case PatternKind.RULE:
            return _("Offer “%(also)s” to those who have %(having)s without it.") % {
                "also": facts["also"],
                "having": _(" and ").join(f"“{name}”" for name in facts["having"]),
            }
        case PatternKind.CHURN:
            return _("Make each of them the promise of somebody here: a call, a visit, an answer they wait for.")
        case PatternKind.COHORT:
            return _("Find out what was different then (offer, channel, first weeks) and do it again.")
        case PatternKind.FUNNEL:
            return _("Look at that step with fresh eyes, and remind those who stopped there once.")


def view_name(kind: str, facts: Mapping[str, Any], wording: Wording) -> str:
    """What a view made of it is called."""
    match PatternKind(kind):
        case PatternKind.RULE:
            name = _("%(having)s without %(also)s") % {"having": " + ".join(facts["having"]), "also": facts["also"]}
        case PatternKind.COHORT:
            name = _("First bought in %(began)s") % {"began": wording.month(facts["began"])}
        case PatternKind.FUNNEL:
            name = _("%(funnel)s: stopped after step %(n)s") % {"funnel": facts["funnel"], "n": facts["step"]}
        case PatternKind.CLUSTER:
            name = traits_text(facts["traits"])
            name = name[:1].upper() + name[1:]
        case PatternKind.RFM_SLIPPED:
            name = _("Best customers who slipped")
        case PatternKind.RFM_ROSE:
            name = _("Customers who rose to the best")
        case PatternKind.CHURN:
            name = _("Valuable customers likely to leave")
    return name[:70]


def reason_text(reason: str, have: int, need: int, wording: Wording) -> str:
    """Why there is no answer, and what it takes."""
    said = {"have": wording.number(have), "need": wording.number(need)}
    match reason:
        case Reason.NOTHING_THERE:
            return _("Nobody has done this yet.")
        case Reason.FEW_CUSTOMERS:
            return _("%(have)s customers bought so far; it takes %(need)s to say anything.") % said
        case Reason.FEW_BASKETS:
            return _("%(have)s orders hold more than one thing; it takes %(need)s to tell a habit from chance.") % said
        case Reason.ALL_ALIKE:
            return _("The customers are too much alike for groups.")
        case Reason.NOT_STABLE:
            return _(
                "No grouping holds: leave some customers out, and others belong together "
                "(stability %(have)s of 100, it takes %(need)s)."
            ) % said  # fmt: skip
        case Reason.NO_RULES:
            return _("Nothing is bought together more often than chance would have it, in %(have)s baskets.") % said
        case Reason.SHORT_HISTORY:
            return _("The history is too short: %(have)s periods, it takes %(need)s.") % said
        case Reason.NO_WAREHOUSE:
            return _("The warehouse has not been written yet. It follows the ledger within a minute.")
        case Reason.BROKEN:
            return _("This could not be worked out. What was found before still stands; the log says what happened.")
    return ""
