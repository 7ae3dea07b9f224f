"""Take the marks that say what is out of date, and spread them into weeks of people.

Two temporary tables tell the other steps what to redo: ``refresh_pair`` (week, person) and
``refresh_person``. Marks are deleted in the transaction that repairs what they name.
"""

from dataclasses import dataclass
from typing import Final

from adoption.refresh.frame import Frame, execute, rows

# Beyond this many weeks of everybody a rebuild from the facts is cheaper than a repair.
MANY_WEEKS: Final = 8

_TABLES = """
CREATE TEMPORARY TABLE IF NOT EXISTS refresh_pair (
    week date NOT NULL, person_id bigint NOT NULL, PRIMARY KEY (week, person_id)
) ON COMMIT DROP;
CREATE TEMPORARY TABLE IF NOT EXISTS refresh_person (person_id bigint PRIMARY KEY) ON COMMIT DROP;
CREATE TEMPORARY TABLE IF NOT EXISTS refresh_everybody (week date PRIMARY KEY) ON COMMIT DROP;
TRUNCATE refresh_pair, refresh_person, refresh_everybody
"""
_TAKE_WEEKS = """
WITH taken AS (
    DELETE FROM organizations_dirtyweek WHERE organization_id = %(org)s RETURNING week, person_id
), everybody AS (
    INSERT INTO refresh_everybody SELECT DISTINCT week FROM taken WHERE person_id = 0
), people AS (
    INSERT INTO refresh_person SELECT DISTINCT person_id FROM taken WHERE person_id <> 0
)
INSERT INTO refresh_pair SELECT DISTINCT week, person_id FROM taken WHERE person_id <> 0
"""
# An open beginning means since the first fact; weeks before it hold nothing that could change.
_TAKE_SPANS = """
WITH taken AS (
    DELETE FROM organizations_dirtyspan WHERE organization_id = %(org)s
    RETURNING person_id, groups,
              greatest(date_trunc('week', from_week)::date, %(first)s) AS lo,
              least(to_week, %(this)s) AS hi
), people AS (
    INSERT INTO refresh_person SELECT DISTINCT person_id FROM taken WHERE person_id <> 0
    ON CONFLICT DO NOTHING
), everybody AS (
    INSERT INTO refresh_everybody
    SELECT DISTINCT w::date FROM taken, generate_series(lo, hi, interval '7 days') w
     WHERE person_id = 0
    ON CONFLICT DO NOTHING
), pairs AS (
    INSERT INTO refresh_pair
    SELECT DISTINCT w::date, person_id FROM taken, generate_series(lo, hi, interval '7 days') w
     WHERE person_id <> 0
    ON CONFLICT DO NOTHING
)
SELECT count(*), coalesce(bool_or(groups), false), coalesce(bool_or(person_id = 0), false)
  FROM taken
"""
_COUNTS = """
SELECT (SELECT count(*) FROM refresh_pair), (SELECT count(*) FROM refresh_person),
       (SELECT count(*) FROM refresh_everybody)
"""
_EVERYBODY_AS_PAIRS = """
INSERT INTO refresh_pair
SELECT e.week, p.person_id
  FROM refresh_everybody e
 CROSS JOIN (SELECT DISTINCT person_id FROM organizations_subjectlink
              WHERE organization_id = %(org)s) p
 UNION
SELECT w.week, w.person_id
  FROM adoption_personweek w JOIN refresh_everybody e ON e.week = w.week
 WHERE w.organization_id = %(org)s
    ON CONFLICT DO NOTHING
"""
_EVERYBODY_AS_PEOPLE = """
INSERT INTO refresh_person
SELECT person_id FROM refresh_pair
 UNION
SELECT person_id FROM portfolio_eligibility WHERE organization_id = %(org)s
 UNION
SELECT person_id FROM adoption_weekmask WHERE organization_id = %(org)s
    ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, kw_only=True)
class Marks:
    """How much is out of date."""

    pairs: int
    people: int
    everybody_weeks: int
    everything: bool
    groups: bool


def take(frame: Frame) -> Marks:
    """Delete the organization's marks and keep them for this transaction."""
    execute(_TABLES, {})
    execute(_TAKE_WEEKS, frame.params())
    first = frame.this_week if frame.first is None else frame.first
    _, groups, everybody = rows(_TAKE_SPANS, frame.params(first=first, this=frame.this_week))[0]
    pairs, people, weeks = rows(_COUNTS, {})[0]
    everything = weeks > MANY_WEEKS
    if (weeks or everybody) and not everything:
        execute(_EVERYBODY_AS_PAIRS, frame.params())
        execute(_EVERYBODY_AS_PEOPLE, frame.params())
        pairs, people, weeks = rows(_COUNTS, {})[0]
    execute("ANALYZE refresh_pair, refresh_person", {})
    return Marks(
        pairs=pairs, people=people, everybody_weeks=weeks, everything=everything, groups=groups
    )
