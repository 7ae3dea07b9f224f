"""Initiatives with a similar name: shown before another one is registered.

Rule `similarity-1`: two names are as similar as their sets of three-letter pieces: shared
ones ÷ all of them (trigrams); words are folded, two blanks put before and one after, as in
PostgreSQL's pg_trgm. From 0.3 on they are worth a look.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

ALIKE_FROM = 0.3
MOST_SHOWN = 5
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Similar:
    """An initiative with a name like the one asked for; share from 0 to 1."""

    key: str
    name: str
    share: float


def similar(*, name: str, initiatives: Iterable[tuple[str, str]]) -> list[Similar]:
    """The most similar of (key, name), most alike first, at most five.

    >>> [found.key for found in similar(name="Support reply drafts", initiatives=[
    ...     ("support-replies", "Support replies"), ("invoices", "Invoice matching")])]
    ['support-replies']
    """
    wanted = _trigrams(name)
    found = [Similar(key, other, _share(wanted, _trigrams(other))) for key, other in initiatives]
    alike = [one for one in found if one.share >= ALIKE_FROM]
    return sorted(alike, key=lambda one: (-one.share, one.key))[:MOST_SHOWN]


def _trigrams(text: str) -> frozenset[str]:
    folded = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    padded = (f"  {word} " for word in _WORD.findall(plain))
    return frozenset(word[at : at + 3] for word in padded for at in range(len(word) - 2))


def _share(one: frozenset[str], other: frozenset[str]) -> float:
    every = len(one | other)
    return len(one & other) / every if every else 0.0
