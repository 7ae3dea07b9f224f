"""Whom unmatched subjects might be, for a person to decide on. Nothing is linked by a guess."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from organizations import scope
from organizations.calculations.subjects import keys_of
from organizations.models import Subject

MOST_GUESSES = 3
SAME_ADDRESS = "same name before the @"
SAME_LOGIN = "like one of their logins"
LIKE_NAME = "spelled like the name"

# Every alias and name of the directory is squeezed as the keys are, once for a whole page.
_FIND = r"""
WITH aliased AS (
    SELECT regexp_replace(split_part(value, '@', 1), '[\W_]+', '', 'g') AS key, person_id,
           CASE kind WHEN 'email' THEN %(address)s ELSE %(login)s END AS why
      FROM organizations_personalias
     WHERE organization_id = %(org)s AND kind IN ('email', 'login')
), named AS (
    SELECT id, array_remove(regexp_split_to_array(
               replace(search_key, lower(email), ''), '[\W_]+'), '') AS words
      FROM organizations_person
     WHERE organization_id = %(org)s AND erased_at IS NULL
), spelled AS (
    SELECT array_to_string(words, '') AS key, id, %(name)s FROM named
     UNION
    SELECT words[cardinality(words)] || words[1], id, %(name)s FROM named
     UNION
    SELECT words[1] || words[cardinality(words)], id, %(name)s FROM named
     UNION
    SELECT left(words[1], 1) || words[cardinality(words)], id, %(name)s FROM named
     WHERE cardinality(words) > 1
)
SELECT f.key, p.public_id, p.name, p.email, min(f.why)
  FROM (SELECT * FROM aliased UNION ALL SELECT * FROM spelled) f
  JOIN organizations_person p ON p.organization_id = %(org)s AND p.id = f.person_id
 WHERE f.key = ANY(%(keys)s) AND p.erased_at IS NULL
 GROUP BY f.key, p.public_id, p.name, p.email, p.search_key
 ORDER BY f.key, p.search_key
"""


@dataclass(frozen=True, kw_only=True)
class Guess:
    """Somebody a subject might be, and why one might think so."""

    person: UUID
    name: str
    email: str
    why: str


def guesses_for(*, subjects: Sequence[Subject]) -> Mapping[int, Sequence[Guess]]:
    """At most three people for each of these subjects, by its id; their aliases are loaded.

    One question to the database, none where no subject has an address or a login.
    """
    keys = {subject.pk: keys_of(_names(subject)) for subject in subjects}
    wanted = frozenset().union(*keys.values())
    if not wanted:
        return {}
    people = _people(wanted)
    return {pk: _first(own, people) for pk, own in keys.items()}


def _names(subject: Subject) -> list[tuple[str, str]]:
    stated = [(alias.kind, alias.value) for alias in subject.aliases.all()]
    return [(subject.kind, subject.external_id), *stated]


def _people(wanted: frozenset[str]) -> Mapping[str, Sequence[Guess]]:
    found: dict[str, list[Guess]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            _FIND,
            {
                "org": scope.current(),
                "keys": sorted(wanted),
                "address": SAME_ADDRESS,
                "login": SAME_LOGIN,
                "name": LIKE_NAME,
            },
        )
        for key, person, name, email, why in cursor.fetchall():
            found[key].append(Guess(person=person, name=name, email=email, why=why))
    return found


def _first(keys: frozenset[str], people: Mapping[str, Sequence[Guess]]) -> Sequence[Guess]:
    """Each person once, those of the whole name before those of a shortened one."""
    found: dict[UUID, Guess] = {}
    for key in sorted(keys, key=lambda key: (-len(key), key)):
        for guess in people.get(key, ()):
            found.setdefault(guess.person, guess)
    return tuple(found.values())[:MOST_GUESSES]
