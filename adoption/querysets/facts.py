"""Merge a staged batch into the facts: one judgement, four statements, marks of what changed."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from adoption.querysets.staging import CONTENT, ORGANIZATION

KEY = ("period_start", "subject_id", "initiative_id", "surface", "grain")


@dataclass(frozen=True, kw_only=True)
class Contradictions:
    """Lines whose key occurs in the same batch with other content, and how many facts they held.

    lines: (line, first line that states the key).
    """

    lines: tuple[tuple[int, int], ...] = ()
    facts: int = 0


@dataclass(frozen=True, kw_only=True)
class Merged:
    """What a merge did, in facts."""

    accepted: int
    revised: int
    confirmed: int
    older: int
    unmatched: int


_NAMED = "SELECT n.subject_id, g.*, g.ctid AS place FROM stage g JOIN named n USING (number)"
_CONTRADICTING = f"""
WITH staged AS ({_NAMED}), keys AS (
    SELECT {", ".join(KEY)}, as_of, min(line) AS first_line
      FROM staged GROUP BY {", ".join(KEY)}, as_of
    HAVING count(DISTINCT ({", ".join(CONTENT)})) > 1
)
SELECT n.line, min(k.first_line)
  FROM staged n JOIN keys k
    ON {" AND ".join(f"n.{column} = k.{column}" for column in (*KEY, "as_of"))}
 GROUP BY n.line ORDER BY n.line
"""  # noqa: S608 - column names of this module only
_REPEATED = f"""
DELETE FROM stage g USING (
    SELECT place, row_number() OVER (
        PARTITION BY {", ".join(KEY)} ORDER BY as_of DESC, line) AS nth
      FROM ({_NAMED}) n) d
 WHERE g.ctid = d.place AND d.nth > 1
"""  # noqa: S608 - column names of this module only
_ADDED = frozenset(
    {
        *("interactions", "sessions", "requests", "suggestions", "accepted", "rejected"),
        *("tokens_in", "tokens_cached", "tokens_out", "minutes_claimed", "cost_micros"),
    }
)


def folded(column: str) -> str:
    """How the parts of one key make one value of a column, in SQL."""
    if column == "active":
        return "bool_or(active)"
    return f"sum({column})" if column in _ADDED else f"max({column})"


_SUM = f"""
CREATE TEMP TABLE summed ON COMMIT DROP AS
SELECT min(line) AS line, min(number) AS number, initiative_id, period_start, surface, grain,
       {", ".join(f"{folded(column)} AS {column}" for column in CONTENT)}, max(as_of) AS as_of
  FROM ({_NAMED}) n GROUP BY {", ".join(KEY)}
"""  # noqa: S608 - column names of this module only
_KEYS_TWICE = f"""
CREATE TEMP TABLE IF NOT EXISTS keys_twice ON COMMIT DROP AS
SELECT {", ".join(KEY)} FROM ({_NAMED}) n GROUP BY {", ".join(KEY)} HAVING count(*) > 1
"""  # noqa: S608 - column names of this module only


def drop_contradictions() -> Contradictions:
    """Take out lines that state one key twice with different content at one instant.

    A line is taken out whole, with the facts of it that nobody contradicts.
    """
    with connection.cursor() as cursor:
        if not _keys_repeat(cursor):
            return Contradictions()
        cursor.execute(_CONTRADICTING)
        lines = tuple(cursor.fetchall())
        cursor.execute("DELETE FROM stage WHERE line = ANY(%s)", [[line for line, _ in lines]])
        return Contradictions(lines=lines, facts=cursor.rowcount)


def sum_parts() -> None:
    """Add up the rows of one key, where a vendor splits a person's day over several lines.

    What no part states stays unknown; the sum stands at the first of its lines.
    """
    with connection.cursor() as cursor:
        if not _keys_repeat(cursor):
            return
        cursor.execute(_SUM)
        cursor.execute("TRUNCATE stage; INSERT INTO stage SELECT summed.*, NULL FROM summed")
        cursor.execute("DROP TABLE summed, keys_twice")


def drop_repeats() -> int:
    """Keep the latest statement of each key of the batch; returns how many were dropped."""
    with connection.cursor() as cursor:
        if not _keys_repeat(cursor):
            return 0
        cursor.execute(_REPEATED)
        return int(cursor.rowcount)


def _keys_repeat(cursor: CursorWrapper) -> bool:
    """Whether a key stood twice in the batch; looked up once, when first asked."""
    cursor.execute(_KEYS_TWICE)
    cursor.execute("SELECT EXISTS (SELECT 1 FROM keys_twice)")
    return bool(cursor.fetchone()[0])


_WEEK = "g.period_start + (g.grain = 'week')::integer"
# 0 new, 1 revised, 2 confirmed (same content), 3 older than what is stored. Each stored row is
# fetched by its whole key: OFFSET 0 leaves the planner no other way, however wrong its statistics.
# Links are read before spans are compared: their index is by span as well, and the planner would
# look through all spans for every row.
_CLASSIFY = f"""
CREATE TEMP TABLE judged ON COMMIT DROP AS
WITH linked AS MATERIALIZED (
    SELECT l.subject_id, l.person_id, l.span
      FROM organizations_subjectlink l
     WHERE l.organization_id = {ORGANIZATION} AND l.subject_id IN (SELECT subject_id FROM named)
)
SELECT n.subject_id, g.*, l.person_id,
       CASE WHEN g.grain IN ('day', 'week')
            THEN {_WEEK} - ({_WEEK} - DATE '2001-01-01') %% 7 END AS week,
       CASE WHEN f.organization_id IS NULL THEN 0
            WHEN (g.as_of, %(batch)s) <= (f.as_of, f.batch_id) THEN 3
            WHEN ({", ".join(f"g.{c}" for c in CONTENT)}, 1)
                 IS DISTINCT FROM ({", ".join(f"f.{c}" for c in CONTENT)}, f.state) THEN 1
            ELSE 2 END AS class
  FROM stage g
  JOIN named n ON n.number = g.number
  LEFT JOIN LATERAL (
       SELECT * FROM adoption_usagefact f
        WHERE f.organization_id = %(org)s
          AND f.period_start = g.period_start AND f.subject_id = n.subject_id
          AND f.initiative_id = g.initiative_id AND f.surface = g.surface AND f.grain = g.grain
       OFFSET 0) f ON %(spoken)s
  LEFT JOIN linked l ON l.subject_id = n.subject_id AND l.span @> g.period_start
"""  # noqa: S608 - column names of this module only
_HISTORY = f"""
INSERT INTO adoption_usagefacthistory
    (organization_id, {", ".join(KEY)}, {", ".join(CONTENT)},
     state, revision, as_of, batch_id, replaced_by, replaced_at)
SELECT f.organization_id, {", ".join(f"f.{c}" for c in (*KEY, *CONTENT))},
       f.state, f.revision, f.as_of, f.batch_id, %(batch)s, %(now)s
  FROM judged j CROSS JOIN LATERAL (
       SELECT * FROM adoption_usagefact f
        WHERE f.organization_id = %(org)s
          AND {" AND ".join(f"f.{column} = j.{column}" for column in KEY)}
       OFFSET 0) f
 WHERE j.class = 1
"""  # noqa: S608 - column names of this module only
_INSERT = f"""
INSERT INTO adoption_usagefact
    (organization_id, {", ".join(KEY)}, {", ".join(CONTENT)}, state, revision, as_of, batch_id)
SELECT %(org)s, {", ".join((*KEY, *CONTENT))}, 1, 1, as_of, %(batch)s
  FROM judged WHERE class = 0
"""  # noqa: S608 - column names of this module only
# Stored rows are changed by way of their key as well, which no misjudged join can make slow.
_REVISE = f"""
INSERT INTO adoption_usagefact AS f
    (organization_id, {", ".join(KEY)}, {", ".join(CONTENT)}, state, revision, as_of, batch_id)
SELECT %(org)s, {", ".join((*KEY, *CONTENT))}, 1, 1, as_of, %(batch)s
  FROM judged WHERE class = 1
    ON CONFLICT (organization_id, {", ".join(KEY)}) DO UPDATE
   SET {", ".join(f"{c} = excluded.{c}" for c in (*CONTENT, "as_of", "batch_id"))},
       state = 1, revision = f.revision + 1
"""  # noqa: S608 - column names of this module only
_CONFIRM = f"""
INSERT INTO adoption_usagefact AS f
    (organization_id, {", ".join(KEY)}, {", ".join(CONTENT)}, state, revision, as_of, batch_id)
SELECT %(org)s, {", ".join((*KEY, *CONTENT))}, 1, 1, as_of, %(batch)s
  FROM judged WHERE class = 2
    ON CONFLICT (organization_id, {", ".join(KEY)}) DO UPDATE
   SET as_of = excluded.as_of, batch_id = excluded.batch_id
"""  # noqa: S608 - column names of this module only
_STATEMENTS = ((1, (_HISTORY, _REVISE)), (0, (_INSERT,)), (2, (_CONFIRM,)))


def merge(*, organization_id: int, batch_id: int, now: datetime) -> Merged:
    """Write the staged rows into the facts. Each statement runs only if its class occurs."""
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"org": organization_id, "batch": batch_id, "now": now}
        values["spoken"] = _make_months(cursor, organization_id)
        cursor.execute(_CLASSIFY, values)
        cursor.execute("SELECT class, count(*), count(person_id) FROM judged GROUP BY class")
        found = cursor.fetchall()
        counts = {number: count for number, count, _ in found}
        for number, statements in _STATEMENTS:
            if counts.get(number):
                for statement in statements:
                    cursor.execute(statement, values)
        return Merged(
            accepted=counts.get(0, 0),
            revised=counts.get(1, 0),
            confirmed=counts.get(2, 0),
            older=counts.get(3, 0),
            unmatched=sum(count - linked for number, count, linked in found if number in (0, 1)),
        )


def _make_months(cursor: CursorWrapper, organization_id: int) -> bool:
    """Make the months of the batch. Returns whether anything is stored of its days."""
    cursor.execute("SELECT min(period_start), max(period_start) FROM stage")
    first, last = cursor.fetchone()
    if first is None:
        return False
    cursor.execute("SELECT ensure_usage_months(%s, %s)", [first, last])
    cursor.execute(
        "SELECT EXISTS (SELECT 1 FROM adoption_usagefact"
        " WHERE organization_id = %s AND period_start BETWEEN %s AND %s)",
        [organization_id, first, last],
    )
    return bool(cursor.fetchone()[0])


_MARK_PEOPLE = """
INSERT INTO organizations_dirtyweek (organization_id, week, person_id)
SELECT %(org)s, week, person_id
  FROM (SELECT DISTINCT week, person_id FROM judged
         WHERE class IN (0, 1) AND week IS NOT NULL AND person_id IS NOT NULL) j
 ORDER BY week, person_id
"""
# A week that was without data until now concerns everybody, as every window skipped it.
_MARK_WEEKS = """
INSERT INTO organizations_dirtyweek (organization_id, week, person_id)
SELECT DISTINCT %(org)s, w.week, 0
  FROM (SELECT DISTINCT week, initiative_id FROM judged
         WHERE class IN (0, 1) AND week < date_trunc('week', %(today)s::date)::date) w
 WHERE NOT EXISTS (SELECT 1 FROM adoption_sourceweek s
                    WHERE s.organization_id = %(org)s AND s.week = w.week
                      AND s.initiative_id = w.initiative_id AND s.state = 'complete')
"""


def mark_dirty(*, organization_id: int, today: date) -> int:
    """Mark the person-weeks that changed, and weeks that had no data. Returns new marks."""
    values: dict[str, Any] = {"org": organization_id, "today": today}
    with connection.cursor() as cursor:
        cursor.execute(_MARK_PEOPLE, values)
        marks = cursor.rowcount
        cursor.execute(_MARK_WEEKS, values)
        return int(marks + cursor.rowcount)
