"""Accounts of a source in some weeks: which used an initiative, and whose they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import connection

from organizations import scope

# Rolling windows and months begin up to this many days before a week that they speak of.
_LONGEST = 31
_ACCOUNTS = """
SELECT s.kind,
       coalesce(bool_or(f.fed AND f.state = 1 AND f.active), false) AS used,
       coalesce(bool_or(f.fed AND f.state = 1), false) AS named,
       coalesce(bool_or(f.fed AND f.state = 0 AND f.active), false) AS withdrawn,
       coalesce(bool_or(f.grain NOT IN ('day', 'week') AND f.state = 1
                        AND (f.active OR f.interactions > 0)), false) AS other_grain,
       array_agg(DISTINCT l.person_id)
           FILTER (WHERE f.fed AND f.state = 1 AND f.active AND l.person_id IS NOT NULL)
  FROM (SELECT u.subject_id, u.grain, u.state, u.active, u.interactions, u.period_start,
               u.grain IN ('day', 'week')
               AND date_trunc('week', u.period_start + (u.grain = 'week')::integer)::date
                   BETWEEN %(first)s AND %(last)s AS fed
          FROM adoption_usagefact u
         WHERE u.organization_id = %(org)s AND u.initiative_id = %(initiative)s
           AND u.period_start BETWEEN %(first)s::date - %(longest)s AND %(last)s
           AND u.period_end > %(first)s) f
  JOIN organizations_subject s
    ON s.organization_id = %(org)s AND s.id = f.subject_id AND s.source = %(source)s
  LEFT JOIN organizations_subjectlink l
    ON l.organization_id = %(org)s AND l.subject_id = s.id AND l.span @> f.period_start
 GROUP BY s.id, s.kind
"""


@dataclass(frozen=True, slots=True)
class Account:
    """used: qualifying use by rows that feed weeks; named: by such a row, used or not.

    withdrawn: a row of use was withdrawn. other_grain: use is told by windows or months.
    people: whom it was linked to when it was used.
    """

    kind: str
    used: bool
    named: bool
    withdrawn: bool
    other_grain: bool
    people: Sequence[int] | None


def accounts(*, source: str, initiative_id: int, first: date, last: date) -> list[Account]:
    """Accounts with any row of the days from `first` to `last` (inclusive, whole ISO weeks)."""
    with connection.cursor() as cursor:
        cursor.execute(
            _ACCOUNTS,
            {
                "org": scope.current(),
                "initiative": initiative_id,
                "source": source,
                "first": first,
                "last": last,
                "longest": _LONGEST,
            },
        )
        return [Account(*row) for row in cursor.fetchall()]
