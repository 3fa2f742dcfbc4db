"""Acquaintance: who was sent by whom, who looked around before, and how each came to be known."""

from __future__ import annotations

from datetime import timedelta

from rapport.demo.rhythm import DESK, LEISURE
from rapport.demo.types import Visitor
from rapport.demo.world import World


def refer(world: World) -> None:
    """Some came because somebody who already rode one of our bikes told them to."""
    dice = world.dice("referrals")
    buyers = sorted((p for p in world.parties if p.is_buyer), key=lambda p: (p.met_day, int(p.key[1:])))
    for party in buyers:
        if not dice.chance(0.17 if party.is_business else 0.13):
            continue
        told_by = [p for p in buyers if p.met_day + 60 < party.met_day and p.is_business == party.is_business]
        if not told_by:
            continue
        referrer = dice.choice(told_by).voice
        party.recruited_by = "referral"
        for contact in party.contacts:
            contact.recruited_by = "referral"
        party.custom["introduced_by"] = referrer.key
        referrer.tags.add("ambassador")
        world.link("referred_by", party, referrer, day=party.met_day)
        at = world.calendar.at(dice, max(0, party.met_day - dice.randint(1, 20)), LEISURE, referrer.zone)
        world.tell(
            referrer.key, at, "web", "referral_made", "in", f"Recommended us to {party.voice.name}", customer=party.name
        )


def come_unknown(world: World) -> None:
    """Many looked around the site before they told who they were: give those a visitor's key."""
    online = {"search_ad", "search", "social", "press", "referral"}
    for party in world.parties:
        dice = world.dice("visitors", party.key)
        if party.kind != "person" or not party.email:
            continue
        party.cookie = f"{dice.getrandbits(96):024x}"
        p = 0.62 if party.recruited_by in online else 0.15
        if not dice.chance(p):
            continue
        first_seen = party.met_day - 1 - int(dice.expovariate(1 / 16))
        if first_seen < 0:
            continue
        party.visitor = f"v{len(world.visitors) + 1}"
        at = world.calendar.instant(first_seen, 0, party.zone)
        world.visitors.append(Visitor(party.visitor, f"{dice.getrandbits(96):024x}", at, party.key))


def meet(world: World) -> None:
    """Fix the instant at which each became known."""
    for party in world.parties:
        dice = world.dice("meeting", party.key)
        hours = DESK if party.is_business else LEISURE
        party.met_at = world.calendar.at(dice, party.met_day, hours, party.zone)
        while party.met_at > world.until:  # the last day is not over yet
            party.met_day -= 1
            party.met_at = world.calendar.at(dice, party.met_day, hours, party.zone)


_FIRST_WORDS = {
    "search_ad": "Asked for the price list", "search": "Asked for the price list", "social": "Took part in the summer raffle",
    "showroom": "Filled in the card in the showroom", "leaflet": "Sent in the card from the leaflet",
    "press": "Asked for the brochure after the article", "fair": "Left a card at the cargo bike fair",
    "referral": "Asked for the price list",
}  # fmt: skip


def introduce(world: World) -> None:
    """How we came to know those of whom nothing else tells it."""
    first_told = world.first_told()
    for party in world.parties:
        told = first_told.get(party.key)
        if party.kind != "person" or (told is not None and told < party.met_at + timedelta(hours=30)):
            continue
        if party.organisation and party.organisation.voice is not party:
            words = f"Copied in by {party.organisation.voice.name}"
            world.tell(party.key, party.met_at, "email", "email_received", "in", words)
        else:
            words = _FIRST_WORDS.get(party.recruited_by, "Asked for the price list")
            channel = "showroom" if party.recruited_by == "showroom" else "web"
            world.tell(party.key, party.met_at, channel, "form_submitted", "in", words, form="first-contact")
