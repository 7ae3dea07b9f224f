"""Names and addresses of people who do not exist."""

from collections.abc import Iterator
from unicodedata import combining, normalize

from lastmile.sample.draws import Draws

FIRST_NAMES = (
    "Adaeze Agnes Ahmed Aisha Alba Alejandro Amara Amelie Amir Ana Andrei Anika Anton Aoife Arjun "
    "Astrid Aurélie Beatriz Benedikt Bianca Björn Bruno Camille Carlos Carmen Cecilia Chidi Chloé "
    "Clara Conor Daiki Dana David Deepa Diego Dmitri Dunja Edith Ekene Elif Elliot Emeka Emma "
    "Esther Fatima Felix Fiona Frida Gabriel Georgia Gianna Hannah Haruto Helena Henrik Ibrahim "
    "Imani Ingrid Isabel Ivan Jamal Jana Javier Joana Johan Julia Kamil Karin Katya Kenji Khadija "
    "Klara Kwame Lars Laura Leila Leon Liam Linh Lucía Lukas Magda Malik Manuel Maria Mateo Maya "
    "Mehmet Mei Milan Miriam Mónica Nadia Naveen Nina Nneka Nora Olga Oliver Omar Oscar Paolo "
    "Patrícia Paula Pavel Pedro Petra Quentin Rachel Rahul Rania Renata Rosa Ruben Samira Samuel "
    "Sara Selin Simone Sinead Sven Tamara Tariq Tessa Thandi Theo Tina Tobias Uma Valeria Vera "
    "Victor Wanda Wei William Xenia Yara Yusuf Zainab Zoë"
)

LAST_NAMES = (
    "Abara Ackermann Adeyemi Ahlberg Almeida Andersen Aoki Arslan Baker Banerjee Barros Becker "
    "Bergström Bianchi Blake Bondarenko Borg Brennan Castillo Chandra Clarke Costa Cruz Dahl Das "
    "Delgado Demir Diallo Dubois Duda Eriksen Evans Farah Fernández Ferrari Fofana Fontaine Fraser "
    "Fuchs Gallo García Gruber Gupta Hansen Hassan Hayashi Herrera Hoffman Holm Horvath Ibarra "
    "Iqbal Ivanova Jansen Jensen Jovanović Kaminski Kaplan Karlsson Kaur Keller Khan Kim Kowalska "
    "Kruger Kumar Larsen Laurent Lehmann Lindholm Lopes Lund Maier Mancini Marín Martins Mbeki "
    "Mehta Meyer Mensah Molina Moreau Morgan Mwangi Müller Nakamura Navarro Nguyen Nilsson Novak "
    "Nwosu Obi Okeke Oliveira Olsen Omondi Ortega Osei Park Patel Peeters Pereira Petrov Popescu "
    "Quinn Rahman Ramos Reyes Ricci Rojas Romano Rossi Sandoval Santos Schmidt Schulz Sharma "
    "Silva Singh Sørensen Steiner Suzuki Svensson Takahashi Tanaka Thomas Toth Tran Usman Vargas "
    "Vasquez Vogt Walsh Weber Winter Wójcik Yamada Yilmaz Zhang Ziegler"
)

# Letters that do not come apart into a base letter and a mark.
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "ß": "ss", "đ": "d", "æ": "ae"})


def plain(name: str) -> str:
    """The name in ASCII letters, lower case, words joined by dots."""
    apart = normalize("NFKD", name.casefold().translate(_PLAIN))
    return ".".join("".join(c for c in apart if not combining(c)).split())


def invented(draws: Draws, *, taken: frozenset[str]) -> Iterator[str]:
    """Names in random order whose plain forms differ from each other and from those in `taken`."""
    first, last = FIRST_NAMES.split(), LAST_NAMES.split()
    used = set(taken)
    for number in draws.order(len(first) * len(last)):
        name = f"{first[number // len(last)]} {last[number % len(last)]}"
        if plain(name) not in used:
            used.add(plain(name))
            yield name


def login(name: str) -> str:
    """A short login: first letter and last word."""
    words = plain(name).split(".")
    return words[0][0] + words[-1]
