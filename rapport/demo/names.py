"""Names of people and firms, combined from lists of given and family names. Nobody real is meant."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from rapport.demo.rhythm import Dice


@dataclass(frozen=True)
class Culture:
    """Names that go together, and the languages their bearers tend to speak beside that of the country."""

    women: tuple[str, ...]
    men: tuple[str, ...]
    families: tuple[str, ...]
    language: str


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


CULTURES: dict[str, Culture] = {
    "dutch": Culture(
        _words(
            "Fenna Sanne Lotte Anouk Femke Maaike Eva Julia Roos Iris Noa Tess Saar Fleur Marit Esmée Hanneke Annelies Wies "
            "Liesbeth Jorien Margriet Ilse Mirjam Karin Nienke Lieke Marloes Floor Puck Jet Bente Elin Sietske Wytske Carlijn"
        ),
        _words(
            "Daan Bram Sem Thijs Jasper Ruben Niels Joost Pieter Maarten Sander Koen Wouter Teun Gijs Lars Stijn Jelle Hidde "
            "Sjoerd Tjeerd Bas Rik Floris Jurre Mats Dirk Henk Willem Gerrit Arjen Martijn Jeroen Olivier Siebe Douwe"
        ),
        _names(
            "de Vries, van Dijk, Bakker, Visser, Smit, de Boer, Mulder, Bos, Vos, Peters, Hendriks, van Leeuwen, Dekker, "
            "Brouwer, de Wit, Dijkstra, Smits, de Graaf, van der Meer, Kok, Jacobs, de Haan, Vermeulen, van den Berg, "
            "van der Veen, Schouten, Willems, Hoekstra, Koster, Prins, Blom, Huisman, Postma, Kuipers, Veenstra, Kramer, "
            "van Vliet, Groen, Koning, Timmermans, Zijlstra, de Lange, van Beek, Schipper, Molenaar, Verhoeven, Wiersma, "
            "van Rijn, Terpstra, Oosterhuis, ter Horst, Nijland, Boersma, Slagter, van Ommen, Haverkamp, Roelofs, Bleeker"
        ),
        "nl",
    ),
    "flemish": Culture(
        _words(
            "Lore Elke Griet An Veerle Katrien Liesbet Hilde Charlotte Marie Nele Sofie Jolien Hanne Britt Leen Tine Ellen"
        ),
        _words("Wout Jef Pieter-Jan Bart Geert Stijn Wim Koen Dries Brecht Jonas Arne Joris Tom Luc Filip Senne Kobe"),
        _names(
            "Peeters, Janssens, Maes, Claes, Goossens, Wouters, De Smet, Van Damme, Mertens, Aerts, Hermans, Lambrecht, "
            "Desmet, Verstraete, De Backer, Vandenbroucke, Cools, Segers, Michiels, Van Acker"
        ),
        "nl",
    ),
    "german": Culture(
        _words(
            "Hannah Lena Mia Katharina Greta Ida Paula Clara Johanna Frieda Luisa Merle Antje Silke Anke Birgit Kirsten Wiebke "
            "Svenja Heike Mareike Franziska Theresa Nele"
        ),
        _words(
            "Jonas Lukas Finn Moritz Felix Anton Emil Karl Matthias Jörg Uwe Holger Torsten Sönke Malte Hauke Benedikt Florian "
            "Stefan Dirk Konrad Till Jannik Friedrich"
        ),
        _names(
            "Müller, Schmidt, Schneider, Fischer, Weber, Meyer, Wagner, Becker, Schulz, Hoffmann, Koch, Richter, Klein, Wolf, "
            "Schröder, Neumann, Schwarz, Zimmermann, Braun, Krüger, Hartmann, Lange, Krause, Lehmann, Köhler, König, Huber, "
            "Kaiser, Fuchs, Vogel, Brandt, Petersen, Lindner, Grünwald, Reuter, Böhm"
        ),
        "de",
    ),
    "english": Culture(
        _words(
            "Emma Grace Alice Hannah Lucy Charlotte Ruby Imogen Harriet Beth Joanna Fiona Siobhan Niamh Megan Rhiannon"
        ),
        _words("Oliver Jack Harry George Thomas Ewan Callum Rory Owen Dylan Simon Martin Neil Graham Alistair Toby"),
        _names(
            "Taylor, Brown, Wilson, Evans, Walker, Wright, Hughes, Green, Hall, Clarke, Turner, Hill, Cooper, Ward, Morris, "
            "Doyle, O’Brien, Byrne, MacLeod, Campbell, Fraser, Bennett, Whitfield, Ashworth"
        ),
        "en",
    ),
    "french": Culture(
        _words(
            "Camille Léa Chloé Manon Inès Élise Margaux Solène Amélie Anaïs Océane Noémie Hélène Sylvie Aurélie Maëlle"
        ),
        _words(
            "Théo Hugo Lucas Jules Gabriel Antoine Baptiste Rémi Loïc Benoît Étienne Mathieu Noé Corentin Yann Olivier"
        ),
        _names(
            "Martin, Bernard, Dubois, Lambert, Moreau, Laurent, Simon, Michel, Lefebvre, Roux, Fournier, Girard, Mercier, "
            "Dupuis, Garnier, Faure, Chevalier, Renaud, Gauthier, Perrin, Clément, Lemaître"
        ),
        "fr",
    ),
    "turkish": Culture(
        _words("Elif Zeynep Ayşe Defne Esra Büşra Özlem Sevgi Nur Gülşah Selin Melike Hande Yasemin"),
        _words("Emre Yusuf Mehmet Can Kerem Burak Oğuz Serkan Umut Cem Barış İbrahim Tuncay Volkan"),
        _names(
            "Yılmaz, Kaya, Demir, Şahin, Çelik, Yıldız, Aydın, Öztürk, Arslan, Doğan, Koç, Polat, Güneş, Aslan, Erdem"
        ),
        "tr",
    ),
    "arabic": Culture(
        _words("Amina Yasmine Salma Nour Layla Fatima Hanan Samira Imane Rania Meryem Ikram Soraya Zineb Hala"),
        _words("Youssef Omar Karim Ilias Hamza Tarik Rachid Nabil Samir Bilal Anas Walid Khalid Ziad Mounir"),
        _names(
            "El Amrani, Benali, Haddad, Bouzid, El Idrissi, Mansouri, Chaoui, Ouali, Khoury, Saidi, Belkacem, El Fassi, "
            "Aziz, Nasser, Ben Hamou, Tahiri, Darwish, Zahidi"
        ),
        "ar",
    ),
    "surinamese": Culture(
        _words("Priya Shanti Anjali Farah Sharmila Radha Soraya Xaviera Denise Kavita Rowena Natasja"),
        _words("Ravi Anil Sunil Vikash Rishi Clyde Ruben Dennis Stanley Ashwin Radjesh Winston"),
        _names(
            "Raman, Ramdin, Kalpoe, Baldew, Jagroep, Sitaram, Gopal, Wijntuin, Pinas, Kasanmoentalib, Mohan, Ramkisoen"
        ),
        "nl",
    ),
    "polish": Culture(
        _words("Agnieszka Katarzyna Magda Zofia Ola Kinga Hania Justyna Beata Małgorzata"),
        _words("Piotr Tomasz Jakub Marek Paweł Wojtek Łukasz Krzysztof Rafał Adam"),
        _names("Nowak, Kowalska, Wiśniewski, Wójcik, Zieliński, Mazur, Krawczyk, Dąbrowski, Jabłoński, Piątek, Wrona"),
        "pl",
    ),
    "iberian": Culture(
        _words("Marta Inês Beatriz Carmen Lucía Sofia Joana Ana Elena Pilar Mariana Rocío"),
        _words("Luis Rui Miguel João Tiago Diego Álvaro Nuno Javier Pedro Gonçalo Andrés"),
        _names(
            "Ferreira, Costa, Oliveira, Santos, García, Navarro, Ruiz, Almeida, Pereira, Iglesias, Duarte, Vidal, Figueiredo"
        ),
        "pt",
    ),
    "asian": Culture(
        _words("Mei Linh Yuki Dewi Siti Hye-jin Xiu Thuy Ratna Aiko Wening"),
        _words("Wei Minh Kenji Budi Arif Jun Hao Duc Agus Takeshi Bayu"),
        _names("Chen, Wang, Nguyen, Tran, Tanaka, Wijaya, Santoso, Kim, Lim, Liu, Pham, Hartono, Sato"),
        "en",
    ),
    "west_african": Culture(
        _words("Amara Abena Efua Adaeze Folake Akosua Ngozi Yaa"),
        _words("Kwame Kofi Chidi Emeka Yaw Tunde Sekou Kojo"),
        _names("Okafor, Mensah, Owusu, Adeyemi, Boateng, Eze, Diallo, Asante, Okoye, Amoah"),
        "en",
    ),
}

# Who lives in each country, with weights.
PEOPLES: dict[str, dict[str, int]] = {
    "NL": {
        "dutch": 66, "turkish": 6, "arabic": 7, "surinamese": 5, "german": 3, "english": 3,
        "polish": 3, "iberian": 3, "asian": 2, "west_african": 2,
    },
    "BE": {"flemish": 66, "french": 16, "dutch": 5, "arabic": 7, "turkish": 4, "west_african": 2},
    "DE": {"german": 77, "turkish": 9, "polish": 4, "arabic": 4, "english": 2, "iberian": 2, "asian": 2},
    "FR": {"french": 82, "arabic": 10, "iberian": 4, "west_african": 4},
    "GB": {"english": 80, "asian": 7, "surinamese": 4, "polish": 4, "west_african": 5},
}  # fmt: skip

# A few people write their own name in another script.
OTHER_SCRIPTS: tuple[tuple[str, str, str], ...] = (  # given name, family name, what their address is made of
    ("ليلى", "حداد", "layla haddad"),
    ("يوسف", "المنصوري", "youssef almansouri"),
    ("نور", "خوري", "nour khoury"),
    ("سمير", "درويش", "samir darwish"),
    ("Олена", "Коваленко", "olena kovalenko"),
    ("Андрій", "Шевчук", "andrij shevchuk"),
    ("Ελένη", "Παππά", "eleni pappa"),
    ("美玲", "陈", "meiling chen"),
)


def person(dice: Dice, country: str, *, family: str = "", culture: str = "") -> tuple[str, str, Culture]:
    """Given name, family name and culture of somebody in that country."""
    if not culture:
        peoples = PEOPLES[country]
        culture = dice.choices(list(peoples), list(peoples.values()))[0]
    names = CULTURES[culture]
    given = dice.choice(names.women if dice.chance(0.5) else names.men)
    return given, family or dice.choice(names.families), names


@dataclass(frozen=True)
class Trade:
    """A line of business: how its firms are called, how many bikes they run and what they carry."""

    patterns: tuple[str, ...]  # {family}, {city}, {word}
    fleet: tuple[int, int]
    load: str
    countries: str = "NL BE DE FR GB"
    weight: int = 4


_WORDS = {
    "NL": _words(
        "Zwaluw Kievit Linde Morgenster Vliet Waterlelie Duin Zonnebloem Kastanje Reiger Wilg Brug Haven Toren Egel"
    ),
    "BE": _words("Zwaan Leeuwerik Beuk Madelief Schelde Dijle Eekhoorn Klaver Merel Torenvalk Vlinder"),
    "DE": _words(
        "Löwenzahn Morgenstern Kastanie Regenbogen Sperling Ahorn Kiebitz Holunder Nordstern Eichhorn Linde Amsel"
    ),
    "FR": _words("Hirondelle Tilleul Coquelicot Moulin Passerelle Mésange Canal Belette Platane Rivière"),
    "GB": _words("Kingfisher Willow Lantern Harbour Foxglove Sparrow Millrace Rowan Quayside Bramble"),
}

TRADES: tuple[Trade, ...] = (
    Trade(("Bakkerij {family}", "{family} Brood", "Bakkerij De {word}"), (1, 5), "bread", "NL BE", 10),
    Trade(("Bäckerei {family}", "Backstube {word}"), (1, 5), "bread", "DE", 9),
    Trade(("Boulangerie {family}", "Le Fournil {word}"), (1, 4), "bread", "FR", 9),
    Trade(("{family} Bakery", "{word} Bakehouse"), (1, 4), "bread", "GB", 9),
    Trade(("Bloemen {family}", "{family} Bloemen", "Atelier {word}"), (1, 3), "flowers", "NL BE", 8),
    Trade(("Blumen {family}", "Gärtnerei {word}"), (1, 3), "flowers", "DE", 7),
    Trade(("{family} Flowers", "Fleurs {family}", "Atelier {family}"), (1, 3), "flowers", "GB FR", 8),
    Trade(("Kinderopvang De {word}", "Kinderdagverblijf {word}", "BSO De {word}"), (2, 8), "children", "NL BE", 12),
    Trade(("Kita {word}", "Kinderladen {word}", "Kinderhaus {word}"), (2, 6), "children", "DE", 12),
    Trade(("{word} Nursery", "Crèche {word}"), (1, 4), "children", "GB FR", 7),
    Trade(("{word} Koeriers", "Fietskoerier {word}", "Koerier {family}"), (5, 32), "parcels", "NL BE", 9),
    Trade(("{word} Logistik", "{family} Radlogistik", "{word} Kurier"), (5, 40), "parcels", "DE", 9),
    Trade(("{word} Couriers", "Cyclo {word}"), (4, 18), "parcels", "GB FR", 9),
    Trade(
        ("{family} Installatie", "Loodgieter {family}", "Schilders {family}", "{family} & Zoon"),
        (1, 6),
        "tools",
        "NL BE",
        13,
    ),
    Trade(("{family} Elektrotechnik", "Tischlerei {family}", "{family} & Söhne"), (1, 6), "tools", "DE", 11),
    Trade(
        ("{family} & Fils", "Plomberie {family}", "{family} Joinery", "{family} & Daughters"),
        (1, 4),
        "tools",
        "FR GB",
        9,
    ),
    Trade(("Brouwerij De {word}", "Koffiebranderij {word}", "{word} Markt"), (1, 8), "drinks", "NL BE", 7),
    Trade(("Brauerei {word}", "Rösterei {word}"), (1, 6), "drinks", "DE", 6),
    Trade(("{word} Brewing", "{word} Coffee", "Torréfaction {word}"), (1, 7), "drinks", "GB FR", 7),
    Trade(("Gemeente {city}, Groen", "Gemeente {city}, Reiniging", "Stadsbeheer {city}"), (6, 30), "tools", "NL BE", 3),
    Trade(("Stadtreinigung {city}", "Grünamt {city}"), (6, 34), "tools", "DE", 3),
    Trade(("Ville de {city}, Espaces verts", "{city} City Parks"), (4, 20), "tools", "FR GB", 3),
    Trade(("Thuiszorg {word}", "Huisartsen {word}", "Wijkzorg {city}"), (3, 16), "care", "NL BE", 6),
    Trade(("Pflegedienst {word}", "Hebammenpraxis {word}"), (2, 12), "care", "DE", 5),
    Trade(("{word} Hospice", "Soins {word}"), (1, 8), "care", "GB FR", 5),
    Trade(("Fietsverhuur {word}", "{word} Deelfiets"), (6, 28), "rental", "NL BE", 3),
    Trade(("Radverleih {word}", "{word} Mietrad"), (5, 24), "rental", "DE", 3),
    Trade(("Ingenieursbureau {family}", "{family} Architecten", "Hogeschool {word}"), (1, 5), "people", "NL BE", 5),
    Trade(("{family} Architekten", "Werkhof {word}"), (1, 5), "people", "DE", 4),
)

_BY_COUNTRY = {
    country: [trade for trade in TRADES if country in trade.countries.split()]
    for country in ("NL", "BE", "DE", "FR", "GB")
}


def organisation(dice: Dice, country: str, city: str) -> tuple[str, Trade, str, str]:
    """A firm's name and its trade; and if it bears a family's name, that and its culture."""
    trades = _BY_COUNTRY[country]
    trade = dice.choices(trades, [t.weight for t in trades])[0]
    peoples = PEOPLES[country]
    culture = dice.choices(list(peoples), list(peoples.values()))[0]
    family = dice.choice(CULTURES[culture].families)
    pattern = dice.choice(trade.patterns)
    name = pattern.format(family=family[:1].upper() + family[1:], city=city, word=dice.choice(_WORDS[country]))
    return (name, trade, family, culture) if "{family}" in pattern else (name, trade, "", "")


_FOLD = str.maketrans({"ß": "ss", "ø": "o", "ł": "l", "Ł": "L", "ı": "i", "æ": "ae", "đ": "d", "’": "", "&": "en"})


def ascii_slug(text: str, joiner: str = "") -> str:
    """Small letters and digits only, as in an address."""
    folded = unicodedata.normalize("NFKD", text.translate(_FOLD)).encode("ascii", "ignore").decode().lower()
    words = "".join(c if c.isalnum() else " " for c in folded).split()
    return joiner.join(words)


def initials(name: str) -> str:
    return "".join(word[0] for word in ascii_slug(name, " ").split()[:3])
