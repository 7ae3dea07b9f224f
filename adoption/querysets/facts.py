"""Merge a staged batch into the facts: one judgement, four statements, marks of what changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from adoption.querysets.staging import CONTENT, ORGANIZATION

KEY = ("period_start", "subject_id", "initiative_id", "surface", "grain")


@dataclass(frozen=True, kw_only=True)
class Contradictions:
    """Lines whose key is stated with other content elsewhere, and how many facts they held.

    lines: (part, line, part and line that state the key first); facts: by part.
    """

    lines: tuple[tuple[int, int, tuple[int, int]], ...] = ()
    facts: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What became of the facts of one part. older: than what is stored, or than a full slice."""

    accepted: int = 0
    revised: int = 0
    confirmed: int = 0
    older: int = 0
    unmatched: int = 0


@dataclass(frozen=True, kw_only=True)
class Merged:
    """What a merge did, by part, and the first and the last day on which a period begins."""

    parts: Mapping[int, Tally] = field(default_factory=dict)
    days: tuple[date, date] | None = None

    @property
    def changed(self) -> bool:
        """Whether any figure can differ now."""
        return any(tally.accepted or tally.revised for tally in self.parts.values())


_NAMED = "SELECT n.subject_id, g.*, g.ctid AS place FROM stage g JOIN named n USING (number)"
_CONTRADICTING = f"""
WITH staged AS ({_NAMED}), keys AS (
    SELECT {", ".join(KEY)}, as_of, min(ARRAY[part, line]) AS first_line
      FROM staged GROUP BY {", ".join(KEY)}, as_of
    HAVING count(DISTINCT ({", ".join(CONTENT)})) > 1
)
SELECT n.part, n.line, min(k.first_line)
  FROM staged n JOIN keys k
    ON {" AND ".join(f"n.{column} = k.{column}" for column in (*KEY, "as_of"))}
 GROUP BY n.part, n.line ORDER BY n.part, n.line
"""  # noqa: S608 - column names of this module only
_DROP_LINES = """
WITH gone AS (
    DELETE FROM stage WHERE (part, line) IN (SELECT * FROM unnest(%s::int[], %s::int[]))
    RETURNING part
)
SELECT part, count(*) FROM gone GROUP BY part
"""
_REPEATED = f"""
WITH gone AS (
    DELETE FROM stage g USING (
        SELECT place, row_number() OVER (
            PARTITION BY {", ".join(KEY)} ORDER BY as_of DESC, part, line) AS nth
          FROM ({_NAMED}) n) d
     WHERE g.ctid = d.place AND d.nth > 1
    RETURNING g.part
)
SELECT part, count(*) FROM gone GROUP BY part
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
       {", ".join(f"{folded(column)} AS {column}" for column in CONTENT)}, max(as_of) AS as_of,
       NULL::bigint AS event, min(part) AS part
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
        lines = tuple((part, line, tuple(first)) for part, line, first in cursor.fetchall())
        cursor.execute(
            _DROP_LINES, [[part for part, _, _ in lines], [line for _, line, _ in lines]]
        )
        return Contradictions(lines=lines, facts=dict(cursor.fetchall()))


def sum_parts() -> None:
    """Add up the rows of one key, where a vendor splits a person's day over several lines.

    What no part states stays unknown; the sum stands in the first body that states one of them.
    """
    with connection.cursor() as cursor:
        if not _keys_repeat(cursor):
            return
        cursor.execute(_SUM)
        cursor.execute("TRUNCATE stage; INSERT INTO stage SELECT * FROM summed")
        cursor.execute("DROP TABLE summed, keys_twice")


def drop_repeats() -> dict[int, int]:
    """Keep the latest statement of each key of the batch; returns how many were dropped by part."""
    with connection.cursor() as cursor:
        if not _keys_repeat(cursor):
            return {}
        cursor.execute(_REPEATED)
        return dict(cursor.fetchall())


def _keys_repeat(cursor: CursorWrapper) -> bool:
    """Whether a key stood twice in the batch; looked up once, when first asked."""
    cursor.execute(_KEYS_TWICE)
    cursor.execute("SELECT EXISTS (SELECT 1 FROM keys_twice)")
    return bool(cursor.fetchone()[0])


def week_of(alias: str) -> str:
    """The Monday of a fact's week in SQL; null where its grain feeds no week."""
    shifted = f"{alias}.period_start + ({alias}.grain = 'week')::integer"
    return (
        f"CASE WHEN {alias}.grain IN ('day', 'week')"
        f" THEN {shifted} - ({shifted} - DATE '2001-01-01') %% 7 END"
    )


# A later full slice did without this row: whichever of the two arrives first, it does not count.
_LEFT_OUT = """
(%(sliced)s AND EXISTS (
    SELECT 1 FROM adoption_fullslice s
     WHERE s.organization_id = %(org)s AND s.initiative_id = g.initiative_id
       AND s.source = n.source AND s.scope = n.scope AND s.grain = g.grain
       AND g.period_start >= s.first_day AND g.period_start < s.end_day
       AND (s.as_of, s.batch_id) > (g.as_of, %(batch)s)))
"""
# 0 new, 1 revised, 2 confirmed (same content), 3 older than what is stored, 4 new but older than a
# full slice that left it out. Each stored row is
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
       {week_of("g")} AS week,
       CASE WHEN f.organization_id IS NULL THEN CASE WHEN {_LEFT_OUT} THEN 4 ELSE 0 END
            WHEN (g.as_of, %(batch)s) <= (f.as_of, f.batch_id) OR {_LEFT_OUT} THEN 3
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
_MINE = ("state", "revision", "as_of", "batch_id", "stated_in")
# Of a stored fact, all there is.
COLUMNS = ", ".join(("organization_id", *KEY, *CONTENT, *_MINE))
_HISTORY = f"""
INSERT INTO adoption_usagefacthistory ({COLUMNS}, replaced_by, replaced_at)
SELECT {COLUMNS}, %(batch)s, %(now)s
  FROM (SELECT f.* FROM judged j CROSS JOIN LATERAL (
           SELECT * FROM adoption_usagefact f
            WHERE f.organization_id = %(org)s
              AND {" AND ".join(f"f.{column} = j.{column}" for column in KEY)}
           OFFSET 0) f
         WHERE j.class = 1) f
"""  # noqa: S608 - column names of this module only


def _insert(number: int, *, state: int = 1) -> str:
    """A statement that stores a class of new rows: live, or with state 0 withdrawn."""
    return f"""
INSERT INTO adoption_usagefact AS f ({COLUMNS})
SELECT %(org)s, {", ".join((*KEY, *CONTENT))}, {state}, 1, as_of, %(batch)s, %(batch)s
  FROM judged WHERE class = {number}
"""  # noqa: S608 - column names and numbers of this module only


# Stored rows are changed by way of their key as well, which no misjudged join can make slow.
_REVISE = f"""
{_insert(1)}
    ON CONFLICT (organization_id, {", ".join(KEY)}) DO UPDATE
   SET {", ".join(f"{c} = excluded.{c}" for c in (*CONTENT, "as_of", "batch_id", "stated_in"))},
       state = 1, revision = f.revision + 1
"""  # noqa: S608 - column names of this module only
_CONFIRM = f"""
{_insert(2)}
    ON CONFLICT (organization_id, {", ".join(KEY)}) DO UPDATE
   SET as_of = excluded.as_of, batch_id = excluded.batch_id
"""  # noqa: S608 - column names of this module only
_STATEMENTS = (
    (1, (_HISTORY, _REVISE)),
    (0, (_insert(0),)),
    (4, (_insert(4, state=0),)),
    (2, (_CONFIRM,)),
)


def merge(*, organization_id: int, batch_id: int, now: datetime) -> Merged:
    """Write the staged rows into the facts. Each statement runs only if its class occurs."""
    with connection.cursor() as cursor:
        days = _make_months(cursor)
        if days is None:
            return Merged()
        values: dict[str, Any] = {"org": organization_id, "batch": batch_id, "now": now}
        values |= _what_is_there(cursor, values, days)
        cursor.execute(_CLASSIFY, values)
        cursor.execute(
            "SELECT class, part, count(*), count(person_id) FROM judged GROUP BY class, part"
        )
        found = cursor.fetchall()
        for number, statements in _STATEMENTS:
            if any(number == row[0] for row in found):
                for statement in statements:
                    cursor.execute(statement, values)
        parts = {row[1] for row in found}
        return Merged(parts={part: _tally(found, part) for part in parts}, days=days)


def _tally(found: Sequence[tuple[int, int, int, int]], part: int) -> Tally:
    counts = {number: count for number, its, count, _ in found if its == part}
    return Tally(
        accepted=counts.get(0, 0),
        revised=counts.get(1, 0),
        confirmed=counts.get(2, 0),
        older=counts.get(3, 0) + counts.get(4, 0),
        unmatched=sum(
            count - linked for number, its, count, linked in found if its == part and number < 2
        ),
    )


def _make_months(cursor: CursorWrapper) -> tuple[date, date] | None:
    """Make the months of the batch. Returns its first and last day, None where it has no rows."""
    cursor.execute("SELECT min(period_start), max(period_start) FROM stage")
    first, last = cursor.fetchone()
    if first is None:
        return None
    cursor.execute("SELECT ensure_usage_months(%s, %s)", [first, last])
    return first, last


def _what_is_there(
    cursor: CursorWrapper, values: Mapping[str, Any], days: tuple[date, date]
) -> dict[str, bool]:
    """Whether anything is stored of the days, and whether a later full slice speaks of them."""
    cursor.execute(
        "SELECT EXISTS (SELECT 1 FROM adoption_usagefact WHERE organization_id = %(org)s"
        "                AND period_start BETWEEN %(first)s AND %(last)s),"
        " EXISTS (SELECT 1 FROM adoption_fullslice WHERE organization_id = %(org)s"
        "          AND first_day <= %(last)s AND end_day > %(first)s"
        "          AND (as_of, batch_id) > ((SELECT min(as_of) FROM stage), %(batch)s))",
        {**values, "first": days[0], "last": days[1]},
    )
    spoken, sliced = cursor.fetchone()
    return {"spoken": bool(spoken), "sliced": bool(sliced)}


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
