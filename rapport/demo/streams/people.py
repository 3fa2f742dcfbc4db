"""People: who the customers are, and who belongs to whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from rapport.demo import cast, names, places
from rapport.demo.rhythm import ARRIVALS, BUSINESS_ARRIVALS, Dice
from rapport.demo.types import Kind
from rapport.demo.world import Party, World

ORGANISATIONS = 0.165  # of all customers
HOUSEHOLDS = 0.055
DUPLICATES = 0.006  # people the firm has twice without knowing it

_MAILBOXES = ("post.example", "mail.example", "inbox.example", "thuis.example", "brief.example", "familie.example")
_DESKS = {
    "NL": ("info", "hallo", "kantoor"), "BE": ("info", "contact"), "DE": ("kontakt", "info", "buero"),
    "FR": ("contact", "bonjour"), "GB": ("hello", "office"),
}  # fmt: skip
_TITLES = {
    "parcels": ("Fleet lead", "Operations manager", "Dispatcher", "Owner", "Courier team lead"),
    "children": ("Director", "Deputy director", "Facilities", "Group leader"),
    "care": ("Facilities manager", "Team lead", "Director", "Office manager"),
    "tools": ("Procurement", "Owner", "Works manager", "Sustainability officer"),
    "people": ("Facilities", "Sustainability officer", "Office manager"),
    "rental": ("Owner", "Fleet manager", "Workshop lead"),
}
_OTHER_TITLES = ("Owner", "Managing director", "Office manager", "Logistics")
_MONEY_TITLES = ("Finance director", "Controller", "Bookkeeper")
_RECRUITED = {
    "search_ad": 22, "search": 24, "social": 13, "showroom": 14, "leaflet": 6, "press": 5, "fair": 3, "referral": 0,
}  # fmt: skip
_RECRUITED_BUSINESS = {"search_ad": 14, "search": 20, "fair": 20, "call": 18, "press": 6, "tender": 6, "referral": 0}


def populate(world: World) -> None:
    """Fill the world with parties, in a fixed order."""
    book = _AddressBook(world)
    n_organisations = round(world.customers * ORGANISATIONS)
    n_households = round(world.customers * HOUSEHOLDS)
    n_duplicates = round(world.customers * DUPLICATES)

    for entry in cast.FIRMS[:n_organisations]:
        book.add_known_firm(entry)
    for known in cast.PEOPLE:
        book.add_known_person(known)
    for _ in range(n_organisations - len(cast.FIRMS)):
        book.add_firm()
    for _ in range(n_households):
        book.add_household()
    singles = world.customers - len(world.parties) - n_duplicates
    for n in range(singles):
        script = names.OTHER_SCRIPTS[n // 9] if n % 9 == 4 and n // 9 < len(names.OTHER_SCRIPTS) else None
        book.add_single(script)
    for _ in range(world.customers - len(world.parties)):
        book.add_duplicate()


class _AddressBook:
    """Makes parties whose names of firms, addresses of mail and telephone numbers are each used once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._taken: set[str] = set()
        self._singles: list[Party] = []

    def _dice(self) -> Dice:
        return self.world.dice("people", str(len(self.world.parties)))

    def _add(self, dice: Dice, kind: Kind, name: str, city: places.City, met_day: int) -> Party:
        party = Party(
            key=f"c{len(self.world.parties) + 1}",
            kind=kind,
            name=name,
            address=places.address(dice, city),
            zone=places.zone(city.country),
            met_day=met_day,
            met_at=self.world.start_at,  # until `meet` says better
            language=places.language(city.country),
        )
        party.p_open = dice.betavariate(2.2, 2.8)
        party.web_habit = dice.gammavariate(1.3, 0.8)
        self.world.parties.append(party)
        return party

    def _once(self, dice: Dice, make: Callable[[], str]) -> str:
        for _ in range(30):
            value = make()
            if value not in self._taken:
                self._taken.add(value)
                return value
        return ""

    def _mail(self, dice: Dice, local: str, domain: str) -> str:
        address = f"{local}@{domain}"
        while address in self._taken:
            address = f"{local}{dice.randint(2, 99)}@{domain}"
        self._taken.add(address)
        return address

    def _phone(self, dice: Dice, city: places.City) -> str:
        return self._once(dice, lambda: places.phone(dice, city))

    # Firms

    def add_known_firm(self, entry: cast.Firm) -> None:
        dice = self._dice()
        city = places.BY_NAME[entry.city]
        firm = self._firm(dice, entry.name, city, entry.carries, entry.fleet, dice.randint(12, 160), entry.domain)
        firm.owner = entry.owner
        firm.is_buyer = True
        for known in entry.contacts:
            self._contact(firm, city, known)
        firm.rate_per_day, firm.p_dropout = 1 / (30 if entry.fleet > 20 else 48), 0.002  # they buy often and stay

    def add_firm(self) -> None:
        dice = self._dice()
        city = places.city(dice)
        name, trade, owner_family, culture = names.organisation(dice, city.country, city.name)
        if name in self._taken:
            name = f"{name} {city.name}"
        fleet = min(
            trade.fleet[1], trade.fleet[0] + int(dice.gammavariate(0.8, (trade.fleet[1] - trade.fleet[0]) / 2.4))
        )
        met_day = self.world.calendar.pick(dice, BUSINESS_ARRIVALS)
        firm = self._firm(dice, name, city, trade.load, fleet, met_day, "")
        firm.is_buyer = dice.chance(0.84)
        if fleet >= 12:
            firm.owner = dice.choice(("tomas", "ines"))
        elif fleet >= 4:
            firm.owner = dice.choice(("ines", "tomas", "noor"))
        else:
            firm.owner = dice.choice(("noor", "lea", "noor", ""))
        n_contacts = 1 + (fleet >= 4) + (fleet >= 14) if dice.chance(0.85) else 1
        for n in range(n_contacts):
            if n == 0 and owner_family and dice.chance(0.6):
                self._contact(firm, city, None, owner_family, culture)
            else:
                self._contact(firm, city, None)

    def _firm(
        self, dice: Dice, name: str, city: places.City, carries: str, fleet: int, met_day: int, domain: str
    ) -> Party:
        self._taken.add(name)
        firm = self._add(dice, "organisation", name, city, met_day)
        slug = (
            self._once(dice, lambda: domain or names.ascii_slug(name)[:28])
            or f"{names.ascii_slug(name)[:24]}{firm.key}"
        )
        firm.website = f"https://{slug}.example"
        firm.email = self._mail(dice, dice.choice(_DESKS[city.country]), f"{slug}.example")
        firm.phone = self._phone(dice, city)
        firm.trade = carries
        firm.fleet = fleet
        firm.recruited_by = dice.choices(list(_RECRUITED_BUSINESS), list(_RECRUITED_BUSINESS.values()))[0]
        if fleet >= 5:
            firm.tags.add("fleet")
        if firm.recruited_by == "tender":
            firm.tags.add("tender")
        return firm

    def _contact(
        self, firm: Party, city: places.City, known: cast.Contact | None, family: str = "", culture: str = ""
    ) -> None:
        dice = self._dice()
        if known:
            given, family, title = known.given, known.family, known.title
        else:
            named_after = bool(family)
            given, family, _ = names.person(dice, city.country, family=family, culture=culture)
            if named_after:
                title = "Owner"
            elif firm.contacts:
                title = dice.choice(_MONEY_TITLES) if len(firm.contacts) == 1 else dice.choice(_OTHER_TITLES)
            else:
                title = dice.choice(_TITLES.get(firm.trade, _OTHER_TITLES if firm.fleet > 2 else ("Owner",)))
        person = self._add(dice, "person", f"{given} {family}", city, firm.met_day)
        person.given, person.family, person.job_title = given, family, title
        person.address = firm.address
        person.organisation = firm
        person.trade = firm.trade
        person.owner = firm.owner
        domain = firm.website.removeprefix("https://")
        person.email = self._mail(dice, names.ascii_slug(given), domain)
        person.phone = self._phone(dice, city) if dice.chance(0.8) or known else ""
        person.language = firm.language
        person.recruited_by = firm.recruited_by
        if known and known.languages:
            person.notes = f"Speaks {known.languages}."
        if firm.contacts:
            person.met_day = min(self.world.days - 1, firm.met_day + dice.randint(0, 60))
        self.world.link("works_at", person, firm, role=title, day=person.met_day)
        decides = title in _MONEY_TITLES or title in ("Owner", "Managing director", "Director", "Procurement")
        if decides:
            self.world.link("decides_for", person, firm, role="Budget" if title in _MONEY_TITLES else "")
        if firm.contacts and title not in _MONEY_TITLES and not decides:
            self.world.link("reports_to", person, firm.contacts[0])
        firm.contacts.append(person)

    # Private people

    def add_known_person(self, known: cast.Person) -> None:
        dice = self._dice()
        met_day = self.world.days - known.met_days_ago if known.met_days_ago else dice.randint(60, 420)
        person = self._person(dice, places.BY_NAME[known.city], known.given, known.family, met_day)
        person.owner, person.language, person.rides_with = known.owner, known.language, known.rides_with
        person.is_buyer = not known.met_days_ago  # else the story says what is ordered
        person.p_dropout, person.rate_per_day = 0.005, 1 / 150

    def add_single(self, script: tuple[str, str, str] | None = None) -> None:
        dice = self._dice()
        city = places.BY_NAME["Utrecht"] if script else places.city(dice)
        met_day = self.world.calendar.pick(dice, ARRIVALS)
        if script:
            given, family, latin = script
            person = self._person(dice, city, given, family, met_day, latin)
        else:
            given, family, culture = names.person(dice, city.country)
            person = self._person(dice, city, given, family, met_day)
            if culture.language != person.language and dice.chance(0.25):
                person.language = culture.language
        person.is_buyer = dice.chance(0.74)
        self._singles.append(person)

    def add_household(self) -> None:
        dice = self._dice()
        city = places.city(dice)
        met_day = self.world.calendar.pick(dice, ARRIVALS)
        given, family, _ = names.person(dice, city.country)
        first = self._person(dice, city, given, family, met_day)
        other_dice = self._dice()
        other_given, other_family, _ = names.person(
            other_dice, city.country, family=family if other_dice.chance(0.4) else ""
        )
        second = self._person(
            other_dice, city, other_given, other_family, min(self.world.days - 1, met_day + dice.randint(0, 200))
        )
        home_dice = self._dice()
        title = family[:1].upper() + family[1:]
        if other_family != family and home_dice.chance(0.5):
            joined = {"DE": "und", "FR": "et", "GB": "and"}.get(city.country, "en")
            title += f" {joined} {other_family[:1].upper()}{other_family[1:]}"
        word = {"FR": "Famille", "GB": "Household"}.get(city.country, "Familie")
        home = self._add(home_dice, "household", f"{word} {title}", city, met_day)
        home.address = second.address = first.address
        home.owner = second.owner = first.owner
        home.language = first.language
        home.recruited_by = second.recruited_by = first.recruited_by
        home.rides_with = second.rides_with = first.rides_with = tuple(dict.fromkeys(("children", *first.rides_with)))
        home.tags.add("family")
        first.household = second.household = home
        first.is_buyer = dice.chance(0.9)
        for member in (first, second):
            self.world.link("member_of", member, home)
        if home_dice.chance(0.7):
            self.world.link("married_to", first, second)

    def add_duplicate(self) -> None:
        """Somebody who wrote again from another address, spelt a little differently."""
        dice = self._dice()
        original = dice.choice(self._singles)
        given = original.given
        if dice.chance(0.5):
            given = names.ascii_slug(given).capitalize() or given
        elif dice.chance(0.5) and given.isascii():
            given = f"{given[0]}."
        day = min(self.world.days - 1, original.met_day + dice.randint(40, 300))
        twin = self._person(dice, places.BY_NAME[original.address.city], given, original.family, day)
        twin.address = original.address
        twin.phone = ""
        twin.owner = ""
        twin.is_duplicate = True

    def _person(self, dice: Dice, city: places.City, given: str, family: str, met_day: int, latin: str = "") -> Party:
        person = self._add(dice, "person", f"{given} {family}", city, met_day)
        person.given, person.family = given, family
        local = ".".join(names.ascii_slug(part) for part in (latin.split() if latin else (given, family)))
        style = dice.random()
        if style > 0.75:
            first, _, last = local.partition(".")
            local = f"{first[:1]}.{last}" if style > 0.87 else f"{first}{last}"
        if dice.chance(0.94):
            person.email = self._mail(dice, local, dice.choice(_MAILBOXES))
        if dice.chance(0.72) or not person.email:
            person.phone = self._phone(dice, city)
        person.owner = dice.choices(("", "lea", "noor", "ines"), (48, 30, 18, 4))[0]
        person.recruited_by = dice.choices(list(_RECRUITED), list(_RECRUITED.values()))[0]
        loads = [
            load
            for load, p in (("children", 0.55), ("shopping", 0.35), ("dog", 0.14), ("tools", 0.1))
            if dice.chance(p)
        ]
        person.rides_with = tuple(loads or ["shopping"])
        if dice.chance(0.3):
            person.birth_date = date(dice.randint(1953, 2001), dice.randint(1, 12), dice.randint(1, 28))
        return person
