"""Cities with streets, postcodes and telephone numbers nobody can be reached at.

Germany, France and the United Kingdom reserve numbers for fiction; those are used (Bundesnetzagentur, notice 148/2021;
Arcep; Ofcom). The Netherlands and Belgium reserve none: there, the local part begins with 0, which no subscriber's does.
"""

from __future__ import annotations

from dataclasses import dataclass

from rapport.demo.rhythm import Dice
from rapport.demo.types import Address


@dataclass(frozen=True)
class City:
    name: str
    country: str
    weight: int
    postcodes: tuple[int, int]
    phone: str  # with # for each digit


def _nl(name: str, weight: int, low: int, high: int, area: str) -> City:
    local = "0" + "#" * (8 - len(area))  # nine digits with the area code
    return City(name, "NL", weight, (low, high), f"+31{area}{local}")


CITIES: tuple[City, ...] = (
    _nl("Utrecht", 200, 3511, 3585, "30"),
    _nl("Amsterdam", 90, 1011, 1108, "20"),
    _nl("Rotterdam", 60, 3011, 3089, "10"),
    _nl("Amersfoort", 42, 3811, 3829, "33"),
    _nl("Den Haag", 40, 2491, 2597, "70"),
    _nl("Nieuwegein", 25, 3431, 3439, "30"),
    _nl("Zeist", 25, 3701, 3709, "30"),
    _nl("Hilversum", 22, 1211, 1223, "35"),
    _nl("Groningen", 22, 9711, 9747, "50"),
    _nl("Nijmegen", 20, 6511, 6546, "24"),
    _nl("Arnhem", 18, 6811, 6846, "26"),
    _nl("Leiden", 18, 2311, 2334, "71"),
    _nl("Haarlem", 18, 2011, 2037, "23"),
    _nl("Delft", 16, 2611, 2629, "15"),
    _nl("Eindhoven", 16, 5611, 5658, "40"),
    _nl("Houten", 14, 3991, 3995, "30"),
    _nl("Gouda", 12, 2801, 2809, "182"),
    _nl("Zwolle", 12, 8011, 8043, "38"),
    _nl("Den Bosch", 12, 5211, 5237, "73"),
    _nl("Ede", 8, 6711, 6718, "318"),
    City("Antwerpen", "BE", 36, (2000, 2060), "+3230######"),
    City("Gent", "BE", 28, (9000, 9052), "+3290######"),
    City("Brussel", "BE", 18, (1000, 1210), "+3220######"),
    City("Leuven", "BE", 14, (3000, 3018), "+32160#####"),
    City("Berlin", "DE", 44, (10115, 14199), "+493023125###"),
    City("Hamburg", "DE", 38, (20095, 22769), "+494066969###"),
    City("Köln", "DE", 34, (50667, 51149), "+492214710###"),
    City("München", "DE", 24, (80331, 81929), "+498999998###"),
    City("Frankfurt am Main", "DE", 16, (60306, 65936), "+496990009###"),
    City("Münster", "DE", 22, (48143, 48167), "+492214710###"),
    City("Leipzig", "DE", 14, (4103, 4357), "+493023125###"),
    City("Bremen", "DE", 12, (28195, 28779), "+494066969###"),
    City("Paris", "FR", 14, (75001, 75020), "+3319900####"),
    City("Lille", "FR", 10, (59000, 59800), "+33353010###"),
    City("Lyon", "FR", 12, (69001, 69009), "+33465710###"),
    City("Nantes", "FR", 6, (44000, 44300), "+33261910###"),
    City("London", "GB", 14, (1, 22), "+442079460###"),
    City("Bristol", "GB", 12, (1, 16), "+441174960###"),
    City("Edinburgh", "GB", 6, (1, 16), "+441314960###"),
)
BY_NAME = {city.name: city for city in CITIES}
_WEIGHTS = [city.weight for city in CITIES]

STREETS = {
    "NL": (
        "Kanaalstraat", "Maashaven", "Lange Nieuwstraat", "Oudegracht", "Biltstraat", "Nachtegaalstraat", "Vleutenseweg",
        "Adelaarstraat", "Burgemeester Reigerstraat", "Wilhelminapark", "Croeselaan", "Havenkade", "Molenweg", "Schoolstraat",
        "Kerkstraat", "Beatrixlaan", "Dorpsstraat", "Stationsplein", "Meeuwenlaan", "Lijsterbesstraat", "Kastanjelaan",
        "Amstelkade", "Parallelweg", "Tuinstraat", "Zandpad", "Weverstraat", "Spoorlaan", "Bloemgracht", "Westersingel",
    ),
    "BE": (
        "Lange Leemstraat", "Coupure Links", "Statiestraat", "Kerkstraat", "Molenstraat", "Brusselsesteenweg", "Veldstraat",
        "Schoolstraat", "Diestsevest", "Vaartstraat", "Plantin en Moretuslei", "Kasteellaan",
    ),
    "DE": (
        "Lindenstraße", "Schulstraße", "Kollwitzstraße", "Eppendorfer Weg", "Venloer Straße", "Warschauer Straße", "Hafenweg",
        "Gartenstraße", "Am Kanal", "Mühlenweg", "Bergmannstraße", "Könneritzstraße", "Osterstraße", "Werkstattgasse",
    ),
    "FR": (
        "rue des Lilas", "rue du Canal", "avenue de la Gare", "rue de la République", "quai des Tanneurs", "rue Mouffetard",
        "place du Marché", "rue des Trois Moulins", "boulevard des Platanes",
    ),
    "GB": (
        "Mill Lane", "Harbourside", "Station Road", "Church Street", "Gloucester Road", "Leith Walk", "Kingsland Road",
        "Canal Street", "Victoria Park",
    ),
}  # fmt: skip

_ZONES = {
    "NL": "Europe/Amsterdam",
    "BE": "Europe/Brussels",
    "DE": "Europe/Berlin",
    "FR": "Europe/Paris",
    "GB": "Europe/London",
}
_LANGUAGES = {"NL": "nl", "BE": "nl", "DE": "de", "FR": "fr", "GB": "en"}
_LETTERS = "ABCDEGHJKLNPRSTVWX"
_GB_DISTRICTS = {"London": ("E", "N", "SE", "SW"), "Bristol": ("BS",), "Edinburgh": ("EH",)}


def city(dice: Dice) -> City:
    return dice.choices(CITIES, _WEIGHTS)[0]


def zone(country: str) -> str:
    return _ZONES[country]


def language(country: str) -> str:
    return _LANGUAGES[country]


def address(dice: Dice, at: City) -> Address:
    street = dice.choice(STREETS[at.country])
    number = min(240, 1 + int(dice.expovariate(1 / 45)))
    suffix = dice.choice(("", "", "", "", "", "a", "b", " bis" if at.country == "NL" else "c"))
    code = f"{dice.randint(*at.postcodes)}"
    if at.country in ("FR", "GB"):
        line = f"{number}{suffix.strip()} {street}"
    else:
        line = f"{street} {number}{suffix}"
    if at.country == "NL":
        code = f"{code} {dice.choice(_LETTERS)}{dice.choice(_LETTERS)}"
    elif at.country == "DE":
        code = code.zfill(5)
    elif at.country == "GB":
        code = f"{dice.choice(_GB_DISTRICTS[at.name])}{code} {dice.randint(1, 9)}{dice.choice(_LETTERS)}{dice.choice(_LETTERS)}"
    return Address(line, code, at.name, at.country)


def phone(dice: Dice, at: City) -> str:
    """A telephone number in E.164 form that belongs to nobody."""
    return "".join(dice.choice("0123456789") if c == "#" else c for c in at.phone)
