"""Service: cases after late deliveries and from the ordinary wear of bikes, and how they end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rapport.demo import catalogue, phrases
from rapport.demo.phrases import Trouble
from rapport.demo.rhythm import DESK, LEISURE, OFFICE, Dice
from rapport.demo.streams.commerce import colleague_for, first_name
from rapport.demo.world import Case, Order, Party, World, later


def solve(world: World) -> None:
    """Every case of the three years, numbered in the order they were opened."""
    cases: list[Case] = list(world.planned_cases)
    for party in world.parties:
        cases += _cases(world, world.dice("troubles", party.key), party)
    cases.sort(key=lambda case: (case.at, int(case.customer.key[1:])))
    for n, case in enumerate(cases):
        case.number = 4000 + n
        _tell_case(world, case)


def _cases(world: World, dice: Dice, party: Party) -> list[Case]:
    """Trouble after late deliveries, and the ordinary wear of bikes."""
    found: list[Case] = []
    speaker = party.voice
    for order in party.orders:
        if order.delivered_day is None:
            continue
        if order.days_late and dice.chance(min(0.8, 0.25 + 0.08 * order.days_late)):
            trouble = dice.choice(_LATE[party.is_business])
            day = max(order.day + 1, order.delivered_day - dice.randint(0, order.days_late))
            found.append(_case(world, dice, speaker, day, trouble, order))
        if order.has_bike:
            bikes = sum(n for p, n, _ in order.lines if p.category == "bike")
            for _ in range(min(4, dice.poisson(0.26 if bikes == 1 else 0.5 + 0.05 * bikes))):
                day = order.delivered_day + int(dice.expovariate(1 / 200)) + 3
                pool = phrases.FLEET_BROKEN if bikes > 2 else _OWN_TROUBLES[party.is_business]
                found.append(_case(world, dice, speaker, day, dice.choice(pool), order, min(bikes, dice.randint(2, 6))))
    return [case for case in found if case.at <= world.until]


_LATE = {False: phrases.LATE, True: tuple(t for t in phrases.LATE if not t.private)}
_OWN_TROUBLES = {False: phrases.BROKEN, True: tuple(t for t in phrases.BROKEN if not t.private)}


def _case(world: World, dice: Dice, speaker: Party, day: int, trouble: Trouble, order: Order, bikes: int = 1) -> Case:
    channel = dice.choices(("email", "phone", "chat", "web"), (40, 27, 18, 15))[0]
    hours = OFFICE if channel in ("phone", "chat") else DESK if speaker.is_business else LEISURE
    if channel in ("phone", "chat"):
        day = world.calendar.working_day(day)
    at = world.calendar.at(dice, day, hours, speaker.zone)
    case = Case(speaker, at, day, trouble, channel, bikes)
    promised = world.calendar.on(max(order.day, (order.delivered_day or day) - order.days_late))
    case.words = {
        "order": order.number,
        "promised": f"{promised:%A}",
        "km": dice.randint(2, 14) * 100,
        "n": catalogue.number(max(2, bikes)),
        "bikes": next((p.plural for p, _, _ in order.lines if p.category == "bike"), "bikes"),
    }
    speaker.cases.append(case)
    return case


def _tell_case(world: World, case: Case) -> None:
    dice = world.dice("case", str(case.number))
    party, trouble, calendar = case.customer, case.trouble, world.calendar
    title = trouble.title.format(**case.words)
    title = title[:1].upper() + title[1:]
    quote = trouble.quote.format(**case.words)
    who = "noor" if dice.chance(0.75) else colleague_for(dice, party)
    tags: dict[str, Any] = {"tag": trouble.tag} if trouble.tag else {}
    world.tell(
        party.key, case.at, case.channel, "case_opened", "in", f"Opened case {case.number}: {title[:1].lower()}{title[1:]}",
        body=f"“{quote}”", case=case.number, title=title, **tags,
    )  # fmt: skip
    took = dice.triangular(trouble.days[0], trouble.days[1], trouble.days[0] * 1.5)
    solved_at = calendar.in_office(dice, case.at + timedelta(days=took))
    if case.is_open:
        return
    answered = calendar.in_office(dice, later(case.at, dice, 8, 300))
    if answered < solved_at - timedelta(minutes=15):
        how = case.channel if case.channel in ("chat", "email") else "email"
        world.tell(
            party.key, answered, how, "case_answered", "out", f"{first_name(who)} answered case {case.number}",
            case=case.number, colleague=who, minutes_waited=int((answered - case.at).total_seconds() // 60),
        )  # fmt: skip
    days = (solved_at - case.at).total_seconds() / 86400
    span = (
        "within the hour" if days < 1 / 24 else f"in {round(days * 24)} hours" if days < 1 else f"in {round(days)} days"
    )
    span = span.replace("in 1 hours", "in an hour").replace("in 1 days", "in a day")
    told = world.tell(
        party.key, solved_at, case.channel, "case_solved", "out", f"Case {case.number} solved {span}",
        body=trouble.ending, colleague=who, case=case.number, hours=round(days * 24, 1),
    )  # fmt: skip
    if told and dice.chance(0.38):
        score = dice.choices((5, 4, 3, 2, 1), (46, 28, 13, 8, 5) if days < 3 else (22, 26, 22, 16, 14))[0]
        world.tell(
            party.key, later(solved_at, dice, 30, 3000), "email", "survey_answered", "in",
            f"Rated the help {score} out of 5", case=case.number, score=score, survey="csat",
        )  # fmt: skip
