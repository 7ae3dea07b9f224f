"""Which weeks of an initiative hold data at all. A silent week is nobody's fault (METHODS 3.1).

Weeks that are final keep their state: their facts have expired, and that is no silence.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from adoption.refresh.frame import Frame, execute, rows

_TABLE = """
CREATE TEMPORARY TABLE IF NOT EXISTS refresh_spoke (
    week date, initiative_id bigint, spoke boolean
) ON COMMIT DROP;
TRUNCATE refresh_spoke
"""
# A person's week proves that the initiative's sources spoke; the facts are asked only where no
# person's week exists, for facts may also stand under subjects whom nobody has linked.
# LIMIT 1 keeps both questions probes of a key; EXISTS would become a scan of the whole table.
_SPOKE = """
INSERT INTO refresh_spoke
SELECT c.week, c.initiative_id,
       (SELECT true FROM adoption_personweek w
         WHERE w.organization_id = %(org)s AND w.week = c.week
           AND w.initiative_id = c.initiative_id LIMIT 1) IS NOT NULL
       OR (SELECT true FROM adoption_usagefact f
            WHERE f.organization_id = %(org)s AND f.initiative_id = c.initiative_id
              AND f.period_start BETWEEN c.week - 1 AND c.week + 6 AND f.state = 1
              AND (f.grain = 'day' AND f.period_start >= c.week
                   OR f.grain = 'week' AND f.period_start <= c.week + 5)
            LIMIT 1) IS NOT NULL AS spoke
  FROM (SELECT DISTINCT week, initiative_id FROM refresh_cell
         UNION
        SELECT e.week, i.id FROM refresh_everybody e, portfolio_initiative i
         WHERE i.organization_id = %(org)s
         UNION
        SELECT w::date, i.id
          FROM generate_series(%(new)s::date, %(last)s::date, interval '7 days') w,
               portfolio_initiative i
         WHERE i.organization_id = %(org)s) c
 WHERE c.week <= %(last)s
"""
_SPOKE_EVER = """
INSERT INTO refresh_spoke
SELECT DISTINCT date_trunc('week', period_start + (grain = 'week')::integer)::date AS week,
       initiative_id, true AS spoke
  FROM adoption_usagefact
 WHERE organization_id = %(org)s AND state = 1 AND grain IN ('day', 'week')
   AND date_trunc('week', period_start + (grain = 'week')::integer)::date <= %(last)s
"""
_COMPLETE = """
INSERT INTO adoption_sourceweek AS s (organization_id, week, initiative_id, state)
SELECT %(org)s, week, initiative_id, 'complete' FROM refresh_spoke WHERE spoke
    ON CONFLICT (organization_id, week, initiative_id) DO UPDATE SET state = 'complete'
 WHERE s.state <> 'complete'
RETURNING week
"""
_SILENT = """
DELETE FROM adoption_sourceweek s USING refresh_spoke c
 WHERE s.organization_id = %(org)s AND s.week = c.week AND s.initiative_id = c.initiative_id
   AND s.state = 'complete' AND NOT c.spoke AND s.week >= %(final)s
RETURNING s.week
"""
_SILENT_EVER = """
DELETE FROM adoption_sourceweek s
 WHERE s.organization_id = %(org)s AND s.initiative_id <> 0 AND s.state = 'complete'
   AND s.week >= %(final)s
   AND NOT EXISTS (SELECT 1 FROM refresh_spoke c
                    WHERE c.week = s.week AND c.initiative_id = s.initiative_id)
RETURNING s.week
"""
# Silence begins with the first word: before it an initiative simply had no source yet.
_GAPS = """
WITH began AS (
    SELECT initiative_id, min(week) AS week FROM adoption_sourceweek
     WHERE organization_id = %(org)s AND initiative_id <> 0 AND state = 'complete'
     GROUP BY initiative_id
), early AS (
    DELETE FROM adoption_sourceweek s
     WHERE s.organization_id = %(org)s AND s.initiative_id <> 0 AND s.state = 'no_data'
       AND NOT EXISTS (SELECT 1 FROM began b
                        WHERE b.initiative_id = s.initiative_id AND b.week < s.week)
)
INSERT INTO adoption_sourceweek (organization_id, week, initiative_id, state)
SELECT %(org)s, w::date, initiative_id, 'no_data'
  FROM began, generate_series(week, %(last)s, interval '7 days') w
    ON CONFLICT DO NOTHING
"""
_SILENT_CELLS = """
SELECT initiative_id, array_agg((week - %(base)s) / 7)
  FROM adoption_sourceweek
 WHERE organization_id = %(org)s AND initiative_id <> 0 AND state = 'no_data' AND week >= %(base)s
 GROUP BY initiative_id
"""
_ELIGIBLE_BITS = """
SELECT initiative_id, bit_or(eligible_mask) FROM adoption_weekmask
 WHERE organization_id = %(org)s AND initiative_id = ANY(%(silent)s)
 GROUP BY initiative_id
"""
_ANY = """
WITH fresh AS (
    SELECT week,
           CASE WHEN NOT bool_or(state = 'complete') THEN 'no_data'
                WHEN week = ANY(%(partial)s::date[]) THEN 'partial'
                ELSE 'complete' END AS state
      FROM adoption_sourceweek
     WHERE organization_id = %(org)s AND initiative_id <> 0
     GROUP BY week
), gone AS (
    DELETE FROM adoption_sourceweek s
     WHERE s.organization_id = %(org)s AND s.initiative_id = 0
       AND NOT EXISTS (SELECT 1 FROM fresh f WHERE f.week = s.week)
    RETURNING 1
), put AS (
    INSERT INTO adoption_sourceweek AS s (organization_id, week, initiative_id, state)
    SELECT %(org)s, week, 0, state FROM fresh
        ON CONFLICT (organization_id, week, initiative_id) DO UPDATE SET state = excluded.state
     WHERE s.state <> excluded.state AND s.week >= %(base)s
    RETURNING 1
)
SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM put)
"""


def repair(frame: Frame, *, new_since: date | None) -> list[date]:
    """Look again at the weeks that were touched and at those that have ended since.

    ``new_since`` is the last week that was computed before. Returns the weeks that changed.
    """
    new = frame.base if new_since is None else new_since + timedelta(weeks=1)
    execute(_TABLE, {})
    execute(_SPOKE, frame.params(new=new))
    return _settle(frame, _SILENT)


def rebuild(frame: Frame) -> list[date]:
    """Look at every week again. Returns the weeks that changed."""
    execute(_TABLE, {})
    execute(_SPOKE_EVER, frame.params())
    return _settle(frame, _SILENT_EVER)


def _settle(frame: Frame, silent: str) -> list[date]:
    changed = rows(silent, frame.params()) + rows(_COMPLETE, frame.params())
    execute(_GAPS, frame.params())
    return [row[0] for row in changed]


def silent_initiatives(frame: Frame) -> dict[int, list[int]]:
    """Initiatives that fell silent in some week since the base, with those weeks' bit numbers."""
    return dict(rows(_SILENT_CELLS, frame.params()))


def settle_any(frame: Frame, *, silent: Mapping[int, Sequence[int]]) -> int:
    """The weeks of any initiative: partial where one with eligible people is silent.

    Weeks before the base keep what was found when their eligible people were still known.
    """
    found = rows(_ELIGIBLE_BITS, frame.params(silent=list(silent))) if silent else []
    partial = {
        frame.base + timedelta(weeks=bit)
        for initiative, eligible in found
        for bit in silent[initiative]
        if eligible >> bit & 1
    }
    return int(rows(_ANY, frame.params(partial=sorted(partial)))[0][0])
