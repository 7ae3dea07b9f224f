"""Which person each row of a people file speaks of. Nothing is merged by guess."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from organizations.calculations.people import EMAIL, Alias, Statement

# The id of a stored person, or the external id that a new one will have.
Key: TypeAlias = int | str
_EXTERNAL = "external_id"


class Doubt(StrEnum):
    """Why nobody can tell whom a row means."""

    TAKEN = "taken"
    CONTRADICTION = "contradiction"


@dataclass(frozen=True, kw_only=True)
class Holders:
    """Who holds external ids and names today.

    provisional: people whose external id is their address, because no other was ever sent.
    """

    external_ids: Mapping[str, int]
    aliases: Mapping[Alias, int]
    provisional: frozenset[int]


@dataclass(frozen=True, kw_only=True)
class Identified:
    """Rows of each person in order of their days, and the rows that cannot be used."""

    people: Mapping[Key, Sequence[Statement]]
    doubts: Sequence[tuple[Statement, Doubt]]


def identify(*, said: Iterable[Statement], holders: Holders) -> Identified:
    """Tell rows apart by person.

    The external id decides, without one the address. A first external id for somebody known only
    by the address names that person. A name that another person holds refuses the row; rows that
    claim one name for two people, or say different things of one person on one day, are all
    refused. Whom a member said a row means goes before all of that. Several leaves of one person
    in one file are no contradiction.
    """
    keyed = [(row, _key(row, holders)) for row in said]
    doubts = [(row, Doubt.TAKEN) for row, key in keyed if _taken(row, key, holders)]
    doubtful = {id(row) for row, _ in doubts}
    keyed = [(row, key) for row, key in keyed if id(row) not in doubtful]
    claims: dict[Alias, set[Key]] = defaultdict(set)
    for row, key in keyed:
        for name in _names(row):
            claims[name].add(key)
    people: dict[Key, list[Statement]] = defaultdict(list)
    for row, key in keyed:
        if any(len(claims[name]) > 1 for name in _names(row)):
            doubts.append((row, Doubt.CONTRADICTION))
        else:
            people[key].append(row)
    for key, rows in list(people.items()):
        refused = _contradicting(rows) if len(rows) > 1 else []
        doubts += [(row, Doubt.CONTRADICTION) for row in refused]
        good = [row for row in rows if row not in refused]
        people[key] = sorted(good, key=lambda row: (row.day, row.line))
    return Identified(people={key: rows for key, rows in people.items() if rows}, doubts=doubts)


def _key(row: Statement, holders: Holders) -> Key:
    if row.person_id is not None:
        return row.person_id
    holder = holders.aliases.get((EMAIL, row.email))
    if not row.external_id:
        return holder or holders.external_ids.get(row.email) or row.email
    known = holders.external_ids.get(row.external_id)
    if known is None and holder in holders.provisional:
        return holder
    return known or row.external_id


def _taken(row: Statement, key: Key, holders: Holders) -> bool:
    return any(holders.aliases.get(name, key) != key for name in row.aliases)


def _names(row: Statement) -> list[Alias]:
    own = [(_EXTERNAL, row.external_id)] if row.external_id else []
    return [*own, *row.aliases]


def _contradicting(rows: Sequence[Statement]) -> list[Statement]:
    if len({row.external_id for row in rows if row.external_id}) > 1:
        return list(rows)
    refused = []
    for day in {row.day for row in rows}:
        same_day = [row for row in rows if row.day == day]
        if len({replace(row, line=0, leave_from=None, leave_to=None) for row in same_day}) > 1:
            refused += same_day
    return refused
