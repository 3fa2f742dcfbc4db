"""The demo firm: three years of a cargo bike maker in Utrecht, made up by a seeded simulation.

`simulate` returns plain values and touches no database; the same seed and `until` always give the same firm. Each stream
is a module of `streams` and draws from a chance of its own, so that adding one leaves the others as they were.

To add a stream: write `streams/<noun>.py` with a function that takes the World, tells its touch points, and call it here
before `web.strangers`, which fills up to the number of touch points asked for.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import datetime

from rapport.demo import cast, catalogue, furniture
from rapport.demo.streams import (
    acquaintance,
    commerce,
    contact,
    deals,
    facts,
    mail,
    people,
    plans,
    service,
    stories,
    web,
)
from rapport.demo.types import Firm, Touch
from rapport.demo.world import World
from rapport.foundation.lib import clock

SEED = 20_221
CUSTOMERS = 2_000
FEWEST_CUSTOMERS = 100
TOUCHPOINTS_EACH = 30


def simulate(*, seed: int = SEED, until: datetime | None = None, customers: int = CUSTOMERS) -> Firm:
    """The whole firm, up to the given instant (now). It takes at least 100 customers for everybody to have a place."""
    if customers < FEWEST_CUSTOMERS:
        raise ValueError(f"At least {FEWEST_CUSTOMERS} customers")
    world = World(seed=seed, until=until or clock.now(), customers=customers, touchpoints=customers * TOUCHPOINTS_EACH)
    people.populate(world)
    acquaintance.refer(world)
    acquaintance.come_unknown(world)
    acquaintance.meet(world)
    stories.plan(world)
    commerce.trade(world)
    plans.subscribe(world)
    contact.attend(world)
    service.solve(world)
    mail.subscribe(world)
    web.browse(world)
    stories.tell(world)
    mail.correspond(world)
    acquaintance.introduce(world)
    fleets = deals.negotiate(world, facts.customers(world), _contacts(world))
    deals.tell(world, fleets)
    web.strangers(world)
    known = facts.customers(world)
    return Firm(
        name=cast.FIRM,
        seed=seed,
        start_at=world.start_at,
        until=world.until,
        colleagues=cast.COLLEAGUES,
        fields=furniture.FIELDS,
        views=furniture.VIEWS,
        customers=tuple(known),
        visitors=tuple(facts.visitors(world)),
        links=tuple(world.links),
        touches=_finish(world),
        deals=tuple(fleets),
    )


def _contacts(world: World) -> dict[str, list[str]]:
    """The people of each organisation."""
    found: dict[str, list[str]] = {}
    for link in world.links:
        if link.type == "works_at":
            found.setdefault(link.to_party, []).append(link.from_party)
    return found


def _finish(world: World) -> tuple[Touch, ...]:
    """In order of time, and with "again" where somebody looks at a thing again."""
    person = {visitor.key: visitor.customer or visitor.key for visitor in world.visitors}
    looks: Counter[tuple[str, str]] = Counter()
    finished = sorted(world.touches, key=lambda touch: (touch.at, touch.party, touch.kind, touch.subject))
    for n, touch in enumerate(finished):
        if touch.kind == "product_viewed":
            key = (person.get(touch.party, touch.party), touch.properties["sku"])
            looks[key] += 1
            if looks[key] > 1:
                finished[n] = touch._replace(subject=touch.subject + catalogue.times(looks[key]))
    return tuple(finished)


def fingerprint(firm: Firm) -> str:
    """One hash over everything in it: the same for the same seed and `until`."""
    digest = hashlib.blake2b(digest_size=16)
    for rows in (firm.customers, firm.visitors, firm.links, firm.touches, firm.deals):
        for row in rows:
            digest.update(repr(row).encode())
    return digest.hexdigest()
