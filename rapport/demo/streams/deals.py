"""Fleets that organisations are thinking of: deals and what they went through, told back from the last instant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rapport.demo.catalogue import BY_SKU
from rapport.demo.rhythm import Dice
from rapport.demo.types import Customer, Deal
from rapport.demo.world import World

STAGES = ("qualify", "understand", "propose", "agree")
_LABELS = {
    "qualify": "Qualify", "understand": "Understand", "propose": "Propose", "agree": "Agree", "won": "Won", "lost": "Lost",
}  # fmt: skip
_SAYS = {
    "deal_opened": "“{name}”: a deal begins", "deal_moved": "“{name}”: on to {stage}", "deal_won": "“{name}”: the deal is won",
    "deal_lost": "“{name}”: the deal is lost",
}  # fmt: skip
_WHY = {
    "price": "Price", "competitor": "Chose a competitor", "timing": "Not the right time", "budget": "No budget",
    "no_decision": "Never decided", "no_answer": "No answer any more",
}  # fmt: skip
SHARE = 0.3  # of organisations that were ever offered more than a shelf price
_STEPS = (
    "Call about the number of bikes", "Visit the depot", "Route study", "Send the offer again", "Test ride for the team",
    "Answer on payload", "Talk to finance", "Ask for the start date",
)  # fmt: skip
_FLEETS = (
    ("LT3", "Longtails"),
    ("BX3", "box bikes"),
    ("BX3C", "cooled box bikes"),
    ("TR7", "trikes"),
    ("ST1", "Shorttails"),
)
_RIVALS = ("Urban Freight Bikes", "Lastenwerk", "Cargo Nord", "Velomobiel")
_REASONS = ("price", "competitor", "timing", "budget", "no_decision", "no_answer")
_NOTES = {
    "price": "Ten per cent cheaper elsewhere.",
    "competitor": "They lease from the shop next door.",
    "timing": "Next season, they say.",
    "budget": "The subsidy did not come.",
    "no_decision": "Nobody wanted to decide before the elections.",
    "no_answer": "Three calls and a letter.",
}
_SOURCES = ("Fair", "Website", "Referral", "Tender", "Call")


@dataclass(frozen=True)
class _Told:
    """A deal that the documentation and its pictures name."""

    firm: str
    name: str
    euros: int
    stage: str
    days_here: int
    closes_in: int  # days; of what is closed: nothing
    step: tuple[str, int] | None = None  # and in how many days


_NAMED = (
    _Told("Markthal Fresh", "Cooling boxes", 41_500, "qualify", 6, 51, ("Visit", 2)),
    _Told("Velo Post Antwerp", "6 Longtails", 38_400, "qualify", 30, 28),
    _Told("Kinderhaus Morgenstern", "3 box bikes", 18_900, "qualify", 4, 54, ("Test ride", 1)),
    _Told("Bakkerij Van Dijk", "Bread run, 2 Longtails", 11_200, "qualify", 3, 40, ("Call about payload", 3)),
    _Told("Stadtwerk Münster", "20 Box 3", 142_000, "understand", 8, 26, ("Route study", 2)),
    _Told("Dockside Brewing", "8 Longtails", 51_600, "understand", 19, 30, ("Fleet check", 1)),
    _Told("Atelier Noé", "2 trailers", 7_200, "understand", 5, 13, ("Call", 1)),
    _Told("Grünwerk Logistik", "Replace 40 bikes", 236_000, "propose", 20, 36),
    _Told("City of Utrecht, Parks", "24 Longtails", 118_400, "propose", 7, -2, ("Quote", 0)),
    _Told("Pedal & Post Couriers", "12 more Longtails", 64_200, "propose", 4, 23, ("Answer on payload", 1)),
    _Told("St. Brigid’s Hospice", "Third fleet", 54_000, "agree", 6, 9, ("Review the contract", 1)),
    _Told("Raman Flowers", "2 box bikes", 12_800, "agree", 3, 5, ("Signature", 2)),
    _Told("Markthal Fresh", "Market day bikes", 61_000, "won", 38, 0),
    _Told("Dock 12 Workshop", "Workshop trike", 8_900, "won", 12, 0),
    _Told("Kollwitz Kinderladen", "Box bikes for the second house", 13_600, "lost", 25, 0),
)


def negotiate(world: World, customers: Sequence[Customer], contacts: Mapping[str, Sequence[str]]) -> list[Deal]:
    """All deals; `contacts` are the keys of the people of each organisation."""
    firms = [each for each in customers if each.kind == "organisation"]
    by_name = {firm.name: firm for firm in reversed(firms)}
    named = [_named(world, by_name[told.firm], told, contacts) for told in _NAMED if told.firm in by_name]
    theirs = {told.firm for told in _NAMED}
    others = [deal for firm in firms if firm.name not in theirs for deal in _of_firm(world, firm, contacts)]
    return [*named, *others]


def tell(world: World, deals: Sequence[Deal]) -> None:
    """What the timelines say of them, as far as there is room among the touch points asked for."""
    for deal in deals:
        if len(world.touches) + len(deal.past) > world.touchpoints:
            return
        before = ""
        for stage, at in deal.past:
            kind = {"won": "deal_won", "lost": "deal_lost"}.get(stage) or ("deal_moved" if before else "deal_opened")
            said = {
                "name": deal.name,
                "stage": _LABELS[stage],
                "from": before,
                "reason": _WHY.get(deal.lost_reason, ""),
            }
            if stage != "lost":
                del said["reason"]
            cents = deal.cents if stage == "won" else None
            known = {name: value for name, value in said.items() if value}
            subject = _SAYS[kind].format(name=deal.name, stage=_LABELS[stage])
            world.tell(deal.party, at, "sales", kind, "none", subject, cents=cents, colleague=deal.owner, **known)
            before = _LABELS[stage]


def _named(world: World, firm: Customer, told: _Told, contacts: Mapping[str, Sequence[str]]) -> Deal:
    now = world.until
    here = now - timedelta(days=told.days_here)
    last = STAGES.index(told.stage) if told.stage in STAGES else len(STAGES) - 1
    is_open = told.stage in STAGES
    before = 0 if is_open else 11  # days in the last open stage
    past = [(stage, here - timedelta(days=13 * (last - n) + before)) for n, stage in enumerate(STAGES[: last + 1])]
    if not is_open:
        past.append((told.stage, here))
    return Deal(
        key=f"{firm.key}/{told.name}",
        party=firm.key,
        name=told.name,
        past=tuple((stage, max(at, firm.created_at)) for stage, at in past),
        cents=told.euros * 100,
        expected_on=(now + timedelta(days=told.closes_in)).date() if is_open else here.date(),
        owner=firm.owner,
        source="Referral" if told.firm.startswith("Pedal") else "Call",
        lost_reason="budget" if told.stage == "lost" else "",
        lost_note=_NOTES["budget"] if told.stage == "lost" else "",
        people=tuple((key, "decides" if n == 0 else "advises") for n, key in enumerate(contacts.get(firm.key, ())[:3])),
        next_step=(told.step[0], (now + timedelta(days=told.step[1])).date()) if told.step else None,
    )


def _of_firm(world: World, firm: Customer, contacts: Mapping[str, Sequence[str]]) -> list[Deal]:
    dice = world.dice("deals", firm.key)
    if not dice.chance(SHARE):
        return []
    return [_one(world, firm, dice, n, contacts) for n in range(1 + dice.chance(0.25))]


def _one(world: World, firm: Customer, dice: Dice, n: int, contacts: Mapping[str, Sequence[str]]) -> Deal:
    sku, plural = dice.choice(_FLEETS)
    bikes = 2 + int(dice.random() ** 2 * 18)
    life = max(2, (world.until - firm.created_at).days)
    began = world.until - timedelta(
        days=1 + int(dice.random() ** 1.6 * min(life - 1, 700)), hours=int(dice.random() * 9)
    )
    past: list[tuple[str, datetime]] = [("qualify", max(began, firm.created_at))]
    outcome = ""
    for stage in (*STAGES[1:], "won"):
        at = past[-1][1] + timedelta(days=2 + int(dice.random() * 22), hours=int(dice.random() * 5))
        if at > world.until - timedelta(hours=2):
            break
        if dice.chance(0.17):
            outcome = "lost"
            past.append(("lost", at))
            break
        past.append((stage, at))
        outcome = "won" if stage == "won" else ""
    reason = dice.choice(_REASONS) if outcome == "lost" else ""
    reached = past[-1][1]
    expected = (past[0][1] + timedelta(days=55 + int(dice.random() * 40))).date()
    has_step = not outcome and dice.chance(0.7)
    return Deal(
        key=f"{firm.key}/{n}",
        party=firm.key,
        name=f"{bikes} {plural}",
        past=tuple(past),
        cents=int(bikes * BY_SKU[sku].price * (0.86 + dice.random() * 0.1)) // 10_000 * 10_000,
        expected_on=reached.date() if outcome else max(expected, world.until.date() - timedelta(days=9)),
        owner=firm.owner,
        source=dice.choice(_SOURCES),
        lost_reason=reason,
        lost_note=_NOTES.get(reason, ""),
        competitors=(dice.choice(_RIVALS),) if dice.chance(0.3) else (),
        people=tuple((key, "decides" if k == 0 else "uses") for k, key in enumerate(contacts.get(firm.key, ())[:2])),
        next_step=(dice.choice(_STEPS), (world.until + timedelta(days=int(dice.random() * 12) - 1)).date())
        if has_step
        else None,
    )
