"""Take the effect of one batch out of the facts, and put back what it replaced."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from adoption.querysets.facts import KEY, week_of
from adoption.querysets.slices import mark_changed
from adoption.querysets.staging import CONTENT, ORGANIZATION

_SAME_KEY = " AND ".join(f"h.{column} = f.{column}" for column in KEY)
_DAYS = "f.organization_id = %(org)s AND f.period_start BETWEEN %(first)s AND %(last)s"
# A fact it stated that has been confirmed since, or one whose statement was replaced since.
_OVERTAKEN = f"""
SELECT (SELECT count(*) FROM adoption_usagefact f
         WHERE {_DAYS} AND f.stated_in = %(batch)s AND f.batch_id <> %(batch)s)
     + (SELECT count(*) FROM adoption_usagefacthistory f
         WHERE {_DAYS} AND f.batch_id = %(batch)s)
"""  # noqa: S608 - column names of this module's neighbours only
# Only what it changed: a row it merely confirmed was true before it and stays confirmed.
_TOUCHED = f"""
DROP TABLE IF EXISTS undone;
CREATE TEMP TABLE undone ON COMMIT DROP AS
SELECT {", ".join(f"f.{column}" for column in KEY)}, f.revision, l.person_id,
       {week_of("f")} AS week
  FROM adoption_usagefact f
  LEFT JOIN organizations_subjectlink l
    ON l.organization_id = {ORGANIZATION} AND l.subject_id = f.subject_id
   AND l.span @> f.period_start
 WHERE {_DAYS} AND f.stated_in = %(batch)s;
ANALYZE undone
"""  # noqa: S608 - column names of this module's neighbours only
_LACKING = f"""
SELECT count(*) FROM undone f
 WHERE f.revision > 1
   AND NOT EXISTS (SELECT 1 FROM adoption_usagefacthistory h
                    WHERE h.organization_id = %(org)s AND {_SAME_KEY}
                      AND h.revision = f.revision - 1 AND h.replaced_by = %(batch)s)
"""  # noqa: S608 - column names of this module's neighbours only
_RESTORED = (*CONTENT, "state", "revision", "as_of", "batch_id", "stated_in")
_RESTORE = f"""
WITH former AS (
    DELETE FROM adoption_usagefacthistory h USING undone f
     WHERE h.organization_id = %(org)s AND {_SAME_KEY}
       AND h.revision = f.revision - 1 AND h.replaced_by = %(batch)s
    RETURNING h.*
)
UPDATE adoption_usagefact f SET {", ".join(f"{column} = h.{column}" for column in _RESTORED)}
  FROM former h
 WHERE {_DAYS} AND {_SAME_KEY}
"""  # noqa: S608 - column names of this module's neighbours only
_REMOVE = f"""
DELETE FROM adoption_usagefact f USING undone h
 WHERE {_DAYS} AND {_SAME_KEY} AND h.revision = 1
"""  # noqa: S608 - column names of this module's neighbours only


@dataclass(frozen=True, kw_only=True)
class Undone:
    """Facts that are gone again, and facts that say again what they said before."""

    removed: int
    restored: int


@dataclass(frozen=True, kw_only=True)
class Traces:
    """Where the facts of a batch stand: of which organization, batch and days, last included."""

    organization_id: int
    batch_id: int
    first_day: date
    last_day: date

    def values(self) -> dict[str, Any]:
        return {
            "org": self.organization_id,
            "batch": self.batch_id,
            "first": self.first_day,
            "last": self.last_day,
        }


def overtaken(*, traces: Traces) -> int:
    """How many facts the batch stated have been confirmed or replaced by another one since."""
    with connection.cursor() as cursor:
        cursor.execute(_OVERTAKEN, traces.values())
        return int(cursor.fetchone()[0])


def look_up(*, traces: Traces) -> int:
    """Find what the batch changed. Returns how many of these facts nobody knows the former of."""
    with connection.cursor() as cursor:
        cursor.execute(_TOUCHED, traces.values())
        cursor.execute(_LACKING, traces.values())
        return int(cursor.fetchone()[0])


def take_back(*, traces: Traces, today: date) -> Undone:
    """Remove and restore what `look_up` found, and mark what that changes."""
    with connection.cursor() as cursor:
        cursor.execute(_RESTORE, traces.values())
        restored = cursor.rowcount
        cursor.execute(_REMOVE, traces.values())
        removed = cursor.rowcount
    mark_changed(organization_id=traces.organization_id, table="undone", today=today)
    return Undone(removed=int(removed), restored=int(restored))
