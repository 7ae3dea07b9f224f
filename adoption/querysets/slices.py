"""Withdraw what a full slice left out, and mark what that changes."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection

from adoption.querysets.facts import COLUMNS, KEY, week_of
from adoption.querysets.staging import ORGANIZATION


@dataclass(frozen=True, kw_only=True)
class SliceOfFacts:
    """The facts a full slice speaks of. Its end is exclusive."""

    initiative_id: int
    source: str
    scope: str
    grain: str
    first_day: date
    end_day: date

    def values(self) -> dict[str, Any]:
        return {
            "initiative": self.initiative_id,
            "source": self.source,
            "scope": self.scope,
            "grain": self.grain,
            "first": self.first_day,
            "end": self.end_day,
        }


_DROP_OUTSIDE = """
WITH outside AS (
    SELECT DISTINCT g.part, g.line
      FROM stage g JOIN named n ON n.number = g.number
     WHERE g.grain = %(grain)s
       AND (g.initiative_id <> %(initiative)s OR n.source <> %(source)s OR n.scope <> %(scope)s
            OR g.period_start < %(first)s OR g.period_start >= %(end)s)
), gone AS (
    DELETE FROM stage g USING outside o
     WHERE g.part = o.part AND g.line = o.line
    RETURNING g.part, g.line
)
SELECT part, line, count(*) FROM gone GROUP BY part, line ORDER BY part, line
"""
_LEFT_OUT = f"""
DROP TABLE IF EXISTS withdrawn;
CREATE TEMP TABLE withdrawn ON COMMIT DROP AS
SELECT {", ".join(f"f.{column}" for column in KEY)}, l.person_id, {week_of("f")} AS week
  FROM adoption_usagefact f
  JOIN organizations_subject s
    ON s.organization_id = {ORGANIZATION} AND s.id = f.subject_id
   AND s.source = %(source)s AND s.scope = %(scope)s
  LEFT JOIN organizations_subjectlink l
    ON l.organization_id = {ORGANIZATION} AND l.subject_id = f.subject_id
   AND l.span @> f.period_start
 WHERE f.organization_id = %(org)s AND f.initiative_id = %(initiative)s AND f.grain = %(grain)s
   AND f.period_start >= %(first)s AND f.period_start < %(end)s AND f.state = 1
   AND (f.as_of, f.batch_id) < (%(as_of)s, %(batch)s);
ANALYZE withdrawn
"""  # noqa: S608 - column names of this module's neighbours only
_HISTORY = f"""
INSERT INTO adoption_usagefacthistory ({COLUMNS}, replaced_by, replaced_at)
SELECT {COLUMNS}, %(batch)s, %(now)s
  FROM (SELECT f.* FROM withdrawn w CROSS JOIN LATERAL (
           SELECT * FROM adoption_usagefact f
            WHERE f.organization_id = %(org)s
              AND {" AND ".join(f"f.{column} = w.{column}" for column in KEY)}
           OFFSET 0) f) f
"""  # noqa: S608 - column names of this module's neighbours only
_WITHDRAW = f"""
UPDATE adoption_usagefact f
   SET state = 0, revision = f.revision + 1, as_of = %(as_of)s, batch_id = %(batch)s,
       stated_in = %(batch)s
  FROM withdrawn w
 WHERE f.organization_id = %(org)s AND f.period_start >= %(first)s AND f.period_start < %(end)s
   AND {" AND ".join(f"f.{column} = w.{column}" for column in KEY)}
"""  # noqa: S608 - column names of this module's neighbours only
_MARK_PEOPLE = """
INSERT INTO organizations_dirtyweek (organization_id, week, person_id)
SELECT DISTINCT %(org)s, week, person_id FROM {table}
 WHERE week IS NOT NULL AND person_id IS NOT NULL
 ORDER BY 2, 3
"""
# A week that holds data from now on, or none any more, concerns everybody, as windows skip silent
# weeks. Rows of nobody leave no mark of their own; the newest of them may be how far data reaches.
_MARK_WEEKS = """
INSERT INTO organizations_dirtyweek (organization_id, week, person_id)
SELECT %(org)s, w.week, 0
  FROM (SELECT DISTINCT week, initiative_id FROM {table}
         WHERE week < date_trunc('week', %(today)s::date)::date) w
 WHERE EXISTS (SELECT 1 FROM adoption_sourceweek s
                WHERE s.organization_id = %(org)s AND s.week = w.week
                  AND s.initiative_id = w.initiative_id AND s.state = 'complete')
    IS DISTINCT FROM
       EXISTS (SELECT 1 FROM adoption_usagefact f
                WHERE f.organization_id = %(org)s AND f.initiative_id = w.initiative_id
                  AND f.period_start BETWEEN w.week - 1 AND w.week + 6 AND f.state = 1
                  AND (f.grain = 'day' AND f.period_start >= w.week
                       OR f.grain = 'week' AND f.period_start <= w.week + 5))
UNION
SELECT %(org)s, max(week), 0 FROM {table} WHERE person_id IS NULL HAVING max(week) IS NOT NULL
"""


def drop_outside(*, facts: SliceOfFacts) -> list[tuple[int, int, int]]:
    """Take out lines with a fact of the slice's grain that lies outside it.

    Returns (part, line, facts dropped). Facts of other grains are not the slice's business.
    """
    with connection.cursor() as cursor:
        cursor.execute(_DROP_OUTSIDE, facts.values())
        return list(cursor.fetchall())


def earliest_statement(*, grain: str) -> datetime | None:
    """When the earliest staged row of the grain was stated; None where there is none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(as_of) FROM stage WHERE grain = %s", [grain])
        found: datetime | None = cursor.fetchone()[0]
        return found


def withdraw(
    *,
    organization_id: int,
    facts: SliceOfFacts,
    as_of: datetime,
    batch_id: int,
    now: datetime,
    today: date,
) -> int:
    """Withdraw the slice's live facts that were stated before it; what it restates was not.

    The former statements go into the history, and what they fed is marked. Returns how many.
    """
    values = facts.values() | {
        "org": organization_id,
        "as_of": as_of,
        "batch": batch_id,
        "now": now,
        "today": today,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LEFT_OUT, values)
        cursor.execute(_HISTORY, values)
        cursor.execute(_WITHDRAW, values)
        gone = cursor.rowcount
        if gone:
            mark_changed(organization_id=organization_id, table="withdrawn", today=today)
        return int(gone)


def mark_changed(*, organization_id: int, table: str, today: date) -> None:
    """Mark what facts feed that came or went; the temporary table names them, after the change."""
    values: dict[str, Any] = {"org": organization_id, "today": today}
    with connection.cursor() as cursor:
        cursor.execute(_MARK_PEOPLE.format(table=table), values)
        cursor.execute(_MARK_WEEKS.format(table=table), values)
