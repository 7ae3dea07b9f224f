"""From usage facts to what one person did with one initiative in one week (METHODS 3.1)."""

from datetime import date, timedelta
from typing import Final

from adoption.refresh.frame import Frame, execute, rows

# Nobody asks for so much: a sum beyond is a sender's mistake, and must not stop the figures of all.
MOST: Final = 2**63 - 1
# Up to here every (person, week) is probed by the key of the facts; beyond, the weeks are read.
PROBE_UP_TO: Final = 20_000
BLOCK: Final = timedelta(weeks=4)

# The key keeps comparisons cheap whatever the planner believes about tables just filled.
_TABLES = """
CREATE TEMPORARY TABLE IF NOT EXISTS refresh_fresh (
    week date, person_id bigint, initiative_id bigint, interactions bigint, active_days smallint,
    used boolean, through date, PRIMARY KEY (week, person_id, initiative_id)
) ON COMMIT DROP;
CREATE TEMPORARY TABLE IF NOT EXISTS refresh_cell (
    week date, initiative_id bigint
) ON COMMIT DROP;
TRUNCATE refresh_fresh, refresh_cell
"""
_FACT = """
       f.initiative_id, l.subject_id, f.period_start, f.surface <> 'all' AS named,
       f.grain = 'day' AS daily, f.active, f.active_days, f.interactions, f.period_end
"""
# A Sunday week is counted in the ISO week of its Monday, so week rows start up to a day earlier.
# OFFSET 0 keeps the probe a probe: without it the planner may choose to read the whole year.
_PROBED = f"""
SELECT p.week, p.person_id, {_FACT}
  FROM refresh_pair p
  JOIN organizations_subjectlink l
    ON l.organization_id = %(org)s AND l.person_id = p.person_id
 CROSS JOIN generate_series(-1, 6) AS offset_days
 CROSS JOIN LATERAL (
    SELECT * FROM adoption_usagefact u
     WHERE u.organization_id = %(org)s AND u.period_start = p.week + offset_days
       AND u.subject_id = l.subject_id
    OFFSET 0) f
 WHERE l.span @> f.period_start AND f.state = 1
   AND (f.grain = 'day' AND offset_days >= 0 OR f.grain = 'week' AND offset_days <= 5)
"""  # noqa: S608 - a constant of this module
_READ = f"""
SELECT date_trunc('week', f.period_start + (f.grain = 'week')::integer)::date AS week,
       l.person_id, {_FACT}
  FROM adoption_usagefact f
  JOIN organizations_subjectlink l
    ON l.organization_id = %(org)s AND l.subject_id = f.subject_id AND l.span @> f.period_start
 WHERE f.organization_id = %(org)s AND f.state = 1 AND f.grain IN ('day', 'week')
   AND f.period_start >= %(lo)s::date - 1 AND f.period_start < %(hi)s::date
   AND f.period_start + (f.grain = 'week')::integer >= %(lo)s
   AND f.period_start + (f.grain = 'week')::integer < %(hi)s
"""  # noqa: S608 - a constant of this module
_READ_PAIRS = f"""
SELECT f.* FROM ({_READ}) f JOIN refresh_pair p ON p.week = f.week AND p.person_id = f.person_id
"""  # noqa: S608 - a constant of this module


def _sum_up(facts: str) -> str:
    """First inside one subject, initiative and period: named surfaces beat "all". Then inside one
    person, week and initiative: day rows beat week rows; several subjects of a person add.
    """
    return f"""
WITH period AS (
    SELECT week, person_id, initiative_id, subject_id, daily, period_start,
           CASE WHEN bool_or(named) THEN bool_or(active) FILTER (WHERE named)
                ELSE bool_or(active) END AS active,
           CASE WHEN bool_or(named) THEN max(active_days) FILTER (WHERE named)
                ELSE max(active_days) END AS active_days,
           CASE WHEN bool_or(named) THEN sum(interactions) FILTER (WHERE named)
                ELSE sum(interactions) END AS interactions,
           max(period_end) AS period_end
      FROM ({facts}) facts
     GROUP BY week, person_id, initiative_id, subject_id, daily, period_start
)
INSERT INTO refresh_fresh
SELECT week, person_id, initiative_id,
       -- Not known stays not known: least() would answer the limit for it.
       nullif(least(coalesce(CASE WHEN bool_or(daily) THEN sum(interactions) FILTER (WHERE daily)
                                  ELSE sum(interactions) END, -1), {MOST}), -1),
       CASE WHEN bool_or(daily)
            THEN bit_count(coalesce(
                 bit_or(1 << (period_start - week)) FILTER (WHERE daily AND active), 0)::bit(7))
            ELSE max(active_days) END,
       coalesce(CASE WHEN bool_or(daily) THEN bool_or(active) FILTER (WHERE daily)
                     ELSE bool_or(active) END, false),
       max(period_end) - 1
  FROM period
 GROUP BY week, person_id, initiative_id
"""  # noqa: S608 - constants of this module


# Rows are looked up by key and dropped by key. The organization comes from a row: the planner's
# statistics may take a new one for empty, and would then read all of its weeks for one person.
_DROP_PAIRS = """
WITH groundless AS MATERIALIZED (
    SELECT o.id AS organization_id, p.week, p.person_id, w.initiative_id
      FROM (SELECT %(org)s::bigint AS id OFFSET 0) o CROSS JOIN refresh_pair p,
           LATERAL (SELECT k.initiative_id FROM adoption_personweek k
                     WHERE k.organization_id = o.id AND k.week = p.week
                       AND k.person_id = p.person_id OFFSET 0) w
     WHERE NOT EXISTS (SELECT 1 FROM refresh_fresh n
                        WHERE n.week = p.week AND n.person_id = p.person_id
                          AND n.initiative_id = w.initiative_id)
), gone AS (
    DELETE FROM adoption_personweek w USING groundless g
     WHERE w.organization_id = g.organization_id AND w.week = g.week
       AND w.person_id = g.person_id AND w.initiative_id = g.initiative_id
    RETURNING w.week, w.initiative_id
)
INSERT INTO refresh_cell SELECT week, initiative_id FROM gone
"""
_DROP_WEEKS = """
DELETE FROM adoption_personweek w
 WHERE w.organization_id = %(org)s AND w.week >= %(lo)s AND w.week < %(hi)s
   AND NOT EXISTS (SELECT 1 FROM refresh_fresh n
                    WHERE n.week = w.week AND n.person_id = w.person_id
                      AND n.initiative_id = w.initiative_id)
"""
_PUT = """
WITH put AS (
    INSERT INTO adoption_personweek AS w
        (organization_id, week, person_id, initiative_id, interactions, active_days, used)
    SELECT %(org)s, week, person_id, initiative_id, interactions, active_days, used
      FROM refresh_fresh
        ON CONFLICT (organization_id, week, person_id, initiative_id) DO UPDATE
       SET interactions = excluded.interactions, active_days = excluded.active_days,
           used = excluded.used
     WHERE (w.interactions, w.active_days, w.used)
           IS DISTINCT FROM (excluded.interactions, excluded.active_days, excluded.used)
    RETURNING week, initiative_id
)
INSERT INTO refresh_cell SELECT week, initiative_id FROM put
"""


def repair(frame: Frame, *, pairs: int) -> int:
    """Redo the marked weeks of people. Returns how many rows changed; ``refresh_cell`` has them."""
    execute(_TABLES, {})
    if pairs == 0:
        return 0
    lo, hi = rows("SELECT min(week), max(week) + 7 FROM refresh_pair", {})[0]
    facts = _PROBED if pairs <= PROBE_UP_TO else _READ_PAIRS
    return _merge(frame, facts=facts, drop=_DROP_PAIRS, lo=lo, hi=hi)


def rebuild(frame: Frame) -> int:
    """Redo every week of everybody from the facts, a few weeks at a time."""
    execute(_TABLES, {})
    changed = execute(
        "DELETE FROM adoption_personweek WHERE organization_id = %(org)s AND week < %(start)s",
        frame.params(),
    )
    # Nothing lies beyond next week: rows more than 36 hours ahead are refused.
    end = frame.this_week + timedelta(weeks=2)
    lo = frame.start
    while lo < end:
        hi = min(lo + BLOCK, end)
        execute("TRUNCATE refresh_fresh", {})
        changed += _merge(frame, facts=_READ, drop=_DROP_WEEKS, lo=lo, hi=hi)
        lo = hi
    return changed


def _merge(frame: Frame, *, facts: str, drop: str, lo: date, hi: date) -> int:
    """Write what differs, and only that; an equal row must not look like a change."""
    params = frame.params(lo=lo, hi=hi)
    execute(_sum_up(facts), params)
    execute("ANALYZE refresh_fresh", {})
    return execute(drop, params) + execute(_PUT, params)
