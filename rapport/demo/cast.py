"""Who is always there: the colleagues, and the customers that the documentation and its pictures name."""

from __future__ import annotations

from dataclasses import dataclass

from rapport.demo.types import Colleague

FIRM = "Kestrel Cargo Bikes"

COLLEAGUES = (
    Colleague("ines", "Ines Duarte", "Customer lead", "manager"),
    Colleague("tomas", "Tomas Lindqvist", "Fleets and cities", "member"),
    Colleague("noor", "Noor Haddad", "Service", "member"),
    Colleague("lea", "Lea Winter", "Showroom", "member"),
)
FIRST_NAMES = {colleague.key: colleague.name.split()[0] for colleague in COLLEAGUES}


@dataclass(frozen=True)
class Contact:
    given: str
    family: str
    title: str
    languages: str = ""


@dataclass(frozen=True)
class Firm:
    name: str
    city: str
    carries: str
    fleet: int
    owner: str
    contacts: tuple[Contact, ...]
    domain: str = ""


@dataclass(frozen=True)
class Person:
    given: str
    family: str
    city: str
    owner: str
    language: str
    rides_with: tuple[str, ...] = ()
    met_days_ago: int = 0  # when a story says so; else long ago


FIRMS = (
    Firm(
        "Pedal & Post Couriers",
        "Rotterdam",
        "parcels",
        46,
        "ines",
        (
            Contact("Marta", "Oliveira", "Fleet lead", "Portuguese, Dutch, English"),
            Contact("Rui", "Costa", "Finance director"),
            Contact("Joost", "Prins", "Courier team lead"),
        ),
        "pedal",
    ),
    Firm(
        "Grünwerk Logistik", "Hamburg", "parcels", 61, "tomas", (Contact("Katrin", "Petersen", "Head of operations"),)
    ),
    Firm("Velo Post Antwerp", "Antwerpen", "parcels", 18, "ines", (Contact("Wout", "Claes", "Owner"),)),
    Firm("Stadtwerk Münster", "Münster", "tools", 34, "tomas", (Contact("Anke", "Lindner", "Procurement"),)),
    Firm("Dockside Brewing", "Bristol", "drinks", 11, "ines", (Contact("Rory", "Whitfield", "Head brewer"),)),
    Firm("Raman Flowers", "Utrecht", "flowers", 5, "ines", (Contact("Priya", "Raman", "Owner"),)),
    Firm("Markthal Fresh", "Rotterdam", "drinks", 9, "ines", (Contact("Bilal", "Chaoui", "Logistics"),)),
    Firm("Bakkerij Van Dijk", "Delft", "bread", 4, "noor", (Contact("Hanneke", "van Dijk", "Owner"),)),
    Firm("Kollwitz Kinderladen", "Berlin", "children", 3, "noor", (Contact("Merle", "Krause", "Director"),)),
    Firm("Atelier Noé", "Lyon", "flowers", 2, "lea", (Contact("Noé", "Garnier", "Owner"),)),
    Firm("St. Brigid’s Hospice", "Bristol", "care", 8, "ines", (Contact("Siobhan", "Byrne", "Facilities manager"),)),
    Firm("City of Utrecht, Parks", "Utrecht", "tools", 24, "ines", (Contact("Gijs", "Molenaar", "Procurement"),)),
    Firm("Kinderhaus Morgenstern", "Köln", "children", 4, "lea", (Contact("Silke", "Vogel", "Director"),)),
    Firm("Dock 12 Workshop", "Rotterdam", "tools", 3, "noor", (Contact("Koen", "Schouten", "Workshop lead"),)),
)

PEOPLE = (
    Person("Fenna", "de Boer", "Groningen", "noor", "nl", ("children",)),
    Person("Hannah", "Brandt", "Köln", "lea", "de", ("children", "shopping")),
    Person("Jonas", "Weber", "Leipzig", "noor", "de", ("children",), met_days_ago=104),
    Person("Amara", "Okafor", "Utrecht", "lea", "en", ("shopping",)),
    Person("Luis", "Ferreira", "Amsterdam", "lea", "pt", ("children", "dog")),
    Person("Théo", "Lambert", "Lille", "", "fr", ("shopping",)),
)
