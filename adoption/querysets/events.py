"""Add single events to their day, each once, however often and in whatever order they come.

The staged rows of a log are events. Those seen before are dropped, the rest is added up by
subject, day, initiative and surface together with what is stored already, and then merged like any
statement: a sum is stated anew, the former one goes into the history.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from adoption.querysets.facts import KEY, folded
from adoption.querysets.staging import CONTENT, ORGANIZATION

_REPEATED = """
DELETE FROM stage g USING (
    SELECT ctid AS place, row_number() OVER (PARTITION BY event ORDER BY line) AS nth FROM stage) d
 WHERE g.ctid = d.place AND d.nth > 1
"""
# The day stays outside the key: should the organization move to another time zone, an event that
# comes again on another day is still the same event.
_SEEN = """
WITH fresh AS (
    INSERT INTO adoption_usageeventseen (organization_id, source, event, day, batch_id)
    SELECT %(org)s, %(source)s, event, period_start, %(batch)s FROM stage ORDER BY event
    ON CONFLICT (organization_id, source, event) DO NOTHING
    RETURNING event
)
DELETE FROM stage g WHERE NOT EXISTS (SELECT 1 FROM fresh f WHERE f.event = g.event)
"""
_UNMATCHED = f"""
SELECT count(*) FROM stage g JOIN named n ON n.number = g.number
 WHERE NOT EXISTS (SELECT 1 FROM organizations_subjectlink l
                    WHERE l.organization_id = {ORGANIZATION} AND l.subject_id = n.subject_id
                      AND l.span @> g.period_start)
"""  # noqa: S608 - a constant of another module
_TOGETHER = f"""
CREATE TEMP TABLE together ON COMMIT DROP AS
WITH added AS (SELECT n.subject_id, g.* FROM stage g JOIN named n ON n.number = g.number),
keys AS (SELECT DISTINCT {", ".join(KEY)} FROM added),
parts AS (
    SELECT {", ".join(KEY)}, line, number, {", ".join(CONTENT)}, as_of FROM added
    UNION ALL
    SELECT {", ".join(f"k.{column}" for column in KEY)}, NULL, NULL,
           {", ".join(f"f.{column}" for column in CONTENT)}, f.as_of
      FROM keys k CROSS JOIN LATERAL (
           SELECT * FROM adoption_usagefact f
            WHERE f.organization_id = %(org)s AND f.state = 1
              AND {" AND ".join(f"f.{column} = k.{column}" for column in KEY)}
           OFFSET 0) f
)
SELECT min(line) AS line, min(number) AS number, initiative_id, period_start, surface, grain,
       {", ".join(f"{folded(column)} AS {column}" for column in CONTENT)},
       max(as_of) + interval '1 microsecond' AS as_of
  FROM parts GROUP BY {", ".join(KEY)}
"""  # noqa: S608 - column names of this module's neighbours only
_COLUMNS = f"line, number, initiative_id, period_start, surface, grain, {', '.join(CONTENT)}, as_of"


@dataclass(frozen=True, kw_only=True)
class Added:
    """Events of a batch: those that are new, those that had come before, those of nobody."""

    fresh: int
    repeated: int
    unmatched: int


def add_up(*, organization_id: int, source: str, batch_id: int) -> Added:
    """Turn staged events into the new sums of their days. Subjects must be resolved already."""
    values: dict[str, Any] = {"org": organization_id, "source": source, "batch": batch_id}
    with connection.cursor() as cursor:
        cursor.execute(_REPEATED)
        repeated = cursor.rowcount
        cursor.execute(_SEEN, values)
        repeated += cursor.rowcount
        cursor.execute("SELECT count(*) FROM stage")
        fresh = cursor.fetchone()[0]
        cursor.execute(_UNMATCHED, values)
        unmatched = cursor.fetchone()[0]
        cursor.execute(_TOGETHER, values)
        cursor.execute("TRUNCATE stage")
        cursor.execute(
            f"INSERT INTO stage ({_COLUMNS}) SELECT {_COLUMNS} FROM together"  # noqa: S608 - names
        )
        cursor.execute("DROP TABLE together")
    return Added(fresh=fresh, repeated=repeated, unmatched=unmatched)


def forget(*, organization_id: int, source: str, before: date) -> int:
    """Forget events that are too old to come again. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM adoption_usageeventseen"
            " WHERE organization_id = %s AND source = %s AND day < %s",
            [organization_id, source, before],
        )
        return int(cursor.rowcount)


def forget_batch(*, organization_id: int, batch_id: int) -> int:
    """Forget the events that one batch added, so that they may come again. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM adoption_usageeventseen WHERE organization_id = %s AND batch_id = %s",
            [organization_id, batch_id],
        )
        return int(cursor.rowcount)
