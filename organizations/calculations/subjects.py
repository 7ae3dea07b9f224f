"""Subjects of sources: which are nobody, and who the others might be.

A guess is shown as one and links nobody by itself.
"""

import re
import unicodedata
from collections.abc import Iterable

# Hidden by their source on purpose, or no person at all: never linked, neither by rule nor by hand.
NO_PERSON = ("concealed", "apikey", "none")
# Shorter keys, such as "it" or "bo", would name half of a directory.
SHORTEST = 4
GUESSED_KINDS = frozenset({"email", "upn", "login"})
_OTHER = re.compile(r"[\W_]+")
_ENTERPRISE = re.compile(r"_[^_]+$")


def squeezed(text: str) -> str:
    """Letters and digits only, without marks and in lower case.

    >>> squeezed("Bo-Chén")
    'bochen'
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    return _OTHER.sub("", "".join(each for each in plain if not unicodedata.combining(each)))


def keys_of(names: Iterable[tuple[str, str]]) -> frozenset[str]:
    """What (kind, value) pairs of a subject are compared by: the part before the @, squeezed.

    Of a login also without the short code that enterprises append.

    >>> sorted(keys_of([("login", "bo-chen_acme"), ("uid", "4711")]))
    ['bochen', 'bochenacme']
    """
    found: set[str] = set()
    for kind, value in names:
        if kind in GUESSED_KINDS:
            local = value.partition("@")[0]
            found |= {squeezed(local), squeezed(_ENTERPRISE.sub("", local))}
    return frozenset(key for key in found if len(key) >= SHORTEST)
