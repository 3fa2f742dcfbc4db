"""Facts: what the firm has on record of each customer at the end, drawn from what happened."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from rapport.demo.rhythm import Dice
from rapport.demo.types import Customer, Identity, Latent, Visitor
from rapport.demo.world import Party, World


def visitors(world: World) -> list[Visitor]:
    """Those who were really seen, from when to when they were nobody we knew."""
    first_told = world.first_told()
    met = {party.key: party.met_at for party in world.parties}
    return [
        replace(visitor, first_seen_at=first_told[visitor.key], identified_at=met.get(visitor.customer))
        for visitor in world.visitors
        if visitor.key in first_told
    ]


def customers(world: World) -> list[Customer]:
    """The customers as the firm knows them at the end."""
    first_told = world.first_told()
    found = []
    for party in world.parties:
        dice = world.dice("facts", party.key)
        _facts(world, party, dice)
        identities = list(party.identities)
        if party.email:
            identities.append(Identity("email", party.email, is_primary=True))
        if party.phone:
            identities.append(Identity("phone", party.phone, is_primary=True))
        if party.cookie:
            identities.append(Identity("cookie", party.cookie))
        if party.orders:
            identities.append(Identity("external", f"KC-{10000 + int(party.key[1:])}", "shop"))
        found.append(
            Customer(
                key=party.key,
                kind=party.kind,
                name=party.name,
                given_name=party.given,
                family_name=party.family,
                email=party.email,
                phone=party.phone,
                job_title=party.job_title,
                organisation_name=party.organisation.name if party.organisation else "",
                website=party.website,
                language=party.language,
                timezone=party.zone,
                birth_date=party.birth_date,
                notes=party.notes,
                address=party.address,
                owner=party.owner,
                tags=tuple(sorted(party.tags)),
                custom=party.custom,
                identities=tuple(identities),
                created_at=min(party.met_at, first_told.get(party.key, party.met_at)),
                latent=_latent(world, party),
            )
        )
    return found


def _latent(world: World, party: Party) -> Latent:
    gone = [day for day, back in party.lapses if back is None]
    back = [day for _, day in party.lapses if day is not None]
    return Latent(
        party.rate_per_day,
        party.p_dropout,
        world.calendar.instant(gone[0], 0, party.zone) if gone else None,
        world.calendar.instant(back[0], 0, party.zone) if back else None,
    )


def _facts(world: World, party: Party, dice: Dice) -> None:
    """Custom values, from what happened."""
    custom = party.custom
    if party.recruited_by:
        custom["recruited_by"] = party.recruited_by
    if party.fleet:
        custom["fleet_size"] = party.fleet
        if dice.chance(0.8):
            limit = max(2500, round(party.fleet * dice.uniform(1200, 3600), -2))
            custom["credit_limit"] = {"amount": f"{limit:.2f}", "currency": "EUR"}
        custom["carries"] = party.trade
    if party.rides_with and party.kind != "organisation" and dice.chance(0.75):
        custom["rides_with"] = list(party.rides_with)
    if party.kind == "person" and dice.chance(0.42):
        choices = ("mornings", "lunch", "afternoons") if party.organisation else ("mornings", "evenings", "weekends")
        custom["best_reached"] = dice.choice(choices)
    if party.kind == "person" and not party.organisation and dice.chance(0.4):
        custom["leases"] = dice.chance(0.3)
    _facts_of_orders(world, party, dice)


def _facts_of_orders(world: World, party: Party, dice: Dice) -> None:
    custom = party.custom
    for order in party.orders:
        for product, _, _ in order.lines:
            if product.category == "bike" and "bike_model" not in custom:
                custom["bike_model"] = product.sku.lower()
                bought = world.calendar.on(order.day)
                custom["warranty_until"] = date(bought.year + 5, bought.month, min(bought.day, 28)).isoformat()
                if party.kind == "person":
                    custom["frame_number"] = f"KS{bought:%y%m}{dice.randint(0, 9999):04d}"
                if (bought.year, bought.month) == (world.until.year, 3):
                    party.tags.add("recall")
            if product.sku in ("PLANB", "PLANP", "FLEET"):
                custom["service_plan"] = {"PLANB": "basic", "PLANP": "plus", "FLEET": "fleet"}[product.sku]
