"""Bring a batch's usage rows into staging tables and find the subject of every row.

The whole batch is staged before anything is merged: merging piece by piece would let the second
part of a person's day replace the first, and would never see two rows that contradict.

Rows go over column by column. Columns that state nothing stay at home, values that repeat are
written as text once, and a subject travels once per piece instead of with every row.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from io import BytesIO
from itertools import repeat
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

if TYPE_CHECKING:
    from adoption.sources.rows import UsageRow

# What two statements about one key are compared by. as_of, batch and revision are not content.
CONTENT = (
    "period_end",
    "week_start",
    "active",
    "active_days",
    "interactions",
    "sessions",
    "requests",
    "suggestions",
    "accepted",
    "rejected",
    "tokens_in",
    "tokens_cached",
    "tokens_out",
    "minutes_claimed",
    "cost_micros",
    "currency",
)
# Of a row as its source states it, in the order in which columns are copied.
_STATED = ("line", "initiative", "period_start", "surface", "grain", *CONTENT, "as_of")
_WORDS = ("surface", "grain")
_SENT_AT_ONCE = 2**18

_STAGE = """
DROP TABLE IF EXISTS stage, stage_subject, stage_alias, named, keys_twice, judged;
CREATE TEMP TABLE stage (
    line integer, number integer, initiative_id bigint, period_start date, surface text,
    grain text, period_end date, week_start text, active boolean, active_days smallint,
    interactions bigint, sessions bigint, requests bigint, suggestions bigint, accepted bigint,
    rejected bigint, tokens_in bigint, tokens_cached bigint, tokens_out bigint,
    minutes_claimed numeric(12,2), cost_micros bigint, currency text, as_of timestamptz,
    event bigint, part smallint NOT NULL DEFAULT 0
) ON COMMIT DROP;
CREATE TEMP TABLE stage_subject (
    number integer, source text, scope text, kind text, external_id text
) ON COMMIT DROP;
CREATE TEMP TABLE stage_alias (number integer, alias text) ON COMMIT DROP
"""


def lock_source(*, organization_id: int, source: str) -> None:
    """One merge at a time per organization and source, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, hashtext(%s))",
            [organization_id % 2**31, f"usage|{source}"],
        )


def open_stage() -> None:
    """Create the batch's staging tables, in place of another batch's of the same transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_STAGE)


def stage(
    *,
    rows: "Iterable[UsageRow]",
    initiatives: Mapping[str, int],
    as_of: datetime,
    events: bool = False,
    part: int = 0,
) -> int:
    """COPY rows into the staging tables. initiatives: key → id. Returns how many.

    events: the rows are single events, each known by a hash of its id. part: which of the bodies
    that are merged together they stand in; lines are lines of that body.
    """
    piece = list(rows)
    if not piece:
        return 0
    with connection.cursor() as cursor:
        # Numbers of subjects go on from piece to piece.
        cursor.execute("SELECT count(*) FROM stage_subject")
        numbers, subjects = _number_subjects(piece, first=cursor.fetchone()[0])
        named = [(number, *map(_text, subject)) for subject, number in subjects.items()]
        aliases = {
            (number, _text(alias))
            for row, number in zip(piece, numbers, strict=True)
            if row.aliases
            for alias in row.aliases
        }
        _copy(cursor, "stage_subject", ("number", "source", "scope", "kind", "external_id"), named)
        _copy(cursor, "stage_alias", ("number", "alias"), sorted(aliases))
        columns = {"number": numbers} | _columns(piece, initiatives=initiatives, as_of=as_of)
        if events:
            columns["event"] = [str(event_hash(row.event_id or "")) for row in piece]
        if part:
            columns["part"] = repeat(str(part), len(piece))
        _copy(cursor, "stage", columns, zip(*columns.values(), strict=True))
    return len(piece)


def _number_subjects(
    rows: "Sequence[UsageRow]", *, first: int
) -> tuple[list[str], dict[tuple[str, str, str, str], str]]:
    """The number of each row's subject, and the subjects with their numbers."""
    subjects: dict[tuple[str, str, str, str], str] = {}
    numbers = []
    for row in rows:
        # _value_: hashing the member itself would take longer than all the rest of the line.
        subject = (row.source, row.scope, row.kind._value_, row.external_id)
        number = subjects.get(subject)
        if number is None:
            number = subjects[subject] = str(first + len(subjects))
        numbers.append(number)
    return numbers, subjects


def event_hash(event_id: str) -> int:
    """64 bits that stand for the id of an event: among 10^8 events two of one source collide with
    a chance below 1 in 3,000."""
    return int.from_bytes(blake2b(event_id.encode(), digest_size=8).digest(), signed=True)


class _Texts(dict[Any, str]):
    """Values as COPY reads them, each written once."""

    def __missing__(self, value: Any) -> str:
        text = self[value] = "\\N" if value is None else str(value)
        return text


def _columns(
    rows: "Sequence[UsageRow]", *, initiatives: Mapping[str, int], as_of: datetime
) -> dict[str, Iterable[str]]:
    """The columns in which at least one row states something, as text."""
    ids = {key: str(initiative_id) for key, initiative_id in initiatives.items()}
    values = zip(*map(attrgetter(*_STATED), rows), strict=True)
    columns: dict[str, Iterable[str]] = {}
    for name, column in zip(_STATED, values, strict=True):
        if name == "line":
            columns[name] = map(str, column)
        elif name == "initiative":
            columns["initiative_id"] = map(ids.__getitem__, column)
        elif name == "as_of":
            columns[name] = map(_Texts({None: str(as_of)}).__getitem__, column)
        elif name in _WORDS:
            columns[name] = column
        elif column.count(None) < len(column):
            columns[name] = map(_Texts().__getitem__, column)
    return columns


def _copy(
    cursor: CursorWrapper, table: str, columns: Iterable[str], rows: Iterable[tuple[str, ...]]
) -> None:
    body = "\n".join(map("\t".join, rows)).encode()
    if body:
        statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
        cursor.copy_expert(statement, BytesIO(body), size=_SENT_AT_ONCE)


def _text(value: str) -> str:
    """Escape for COPY; control characters were refused by the parser."""
    return value.replace("\\", "\\\\") if "\\" in value else value


# Hidden from the planner, which would take an organization that is new since its last statistics
# for an empty one, and compare all of its rows with all of the batch's.
ORGANIZATION = "(SELECT %(org)s::bigint)"
# The one look-up of subjects by name; everything after it goes by number and id.
_NAME = f"""
CREATE TEMP TABLE named ON COMMIT DROP AS
SELECT g.number, g.source, g.scope, g.kind, g.external_id, p.first_seen, p.last_seen,
       s.id AS subject_id, s.first_seen > p.first_seen OR s.last_seen < p.last_seen AS moved
  FROM stage_subject g
  JOIN (SELECT number, min(period_start) AS first_seen, max(period_end) - 1 AS last_seen
          FROM stage GROUP BY number) p ON p.number = g.number
  LEFT JOIN organizations_subject s
    ON s.organization_id = {ORGANIZATION} AND s.source = g.source AND s.scope = g.scope
   AND s.kind = g.kind AND s.external_id = g.external_id
"""  # noqa: S608 - a constant of this module
_NAME_NEW = f"""
WITH made AS (
    INSERT INTO organizations_subject AS s
        (organization_id, public_id, source, scope, kind, external_id, first_seen, last_seen)
    SELECT {ORGANIZATION}, gen_random_uuid(), source, scope, kind, external_id,
           min(first_seen), max(last_seen)
      FROM named WHERE subject_id IS NULL GROUP BY source, scope, kind, external_id
     ORDER BY source, scope, kind, external_id
    ON CONFLICT (organization_id, source, scope, kind, external_id) DO UPDATE
       SET first_seen = least(s.first_seen, excluded.first_seen),
           last_seen = greatest(s.last_seen, excluded.last_seen)
    RETURNING id, source, scope, kind, external_id
)
UPDATE named n SET subject_id = s.id
  FROM made s
 WHERE n.subject_id IS NULL AND s.source = n.source AND s.scope = n.scope
   AND s.kind = n.kind AND s.external_id = n.external_id
"""  # noqa: S608 - a constant of this module
# Batches of one source wait for each other. Should another source's batch state the same subjects
# at the same moment, in another order, the database ends one of the two and it is tried again.
_SEEN = f"""
UPDATE organizations_subject s
   SET first_seen = least(s.first_seen, n.first_seen),
       last_seen = greatest(s.last_seen, n.last_seen)
  FROM (SELECT subject_id, min(first_seen) AS first_seen, max(last_seen) AS last_seen
          FROM named WHERE moved GROUP BY subject_id ORDER BY subject_id) n
 WHERE s.organization_id = {ORGANIZATION} AND s.id = n.subject_id
"""  # noqa: S608 - a constant of this module
_ALIASES = """
INSERT INTO organizations_subjectalias (organization_id, subject_id, kind, value)
SELECT DISTINCT %(org)s, n.subject_id, split_part(a.alias, ':', 1),
       substr(a.alias, strpos(a.alias, ':') + 1)
  FROM stage_alias a JOIN named n ON n.number = a.number
 ORDER BY 2, 3, 4
ON CONFLICT (organization_id, subject_id, kind, value) DO NOTHING
"""


def resolve_subjects(*, organization_id: int) -> int:
    """Find or make the subject of every staged row, with the names its source states.

    Returns how many of the names were new; only then can an open subject have found its person.
    """
    values = {"org": organization_id}
    with connection.cursor() as cursor:
        # Only what joins and prunes: all columns would cost as much as copying them did.
        cursor.execute("ANALYZE stage (number, period_start)")
        cursor.execute("ANALYZE stage_subject")
        cursor.execute(_NAME, values)
        cursor.execute(_SEEN, values)
        cursor.execute(_NAME_NEW, values)
        made = cursor.rowcount
        cursor.execute(_ALIASES, values)
        return int(made + cursor.rowcount)


def staged_subjects() -> list[tuple[int, str, str, str, str]]:
    """(number, source, scope, kind, external id) of everybody the batch speaks of."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT number, source, scope, kind, external_id FROM stage_subject")
        return list(cursor.fetchall())


def drop_subjects(*, numbers: Sequence[int]) -> list[tuple[int, int, int]]:
    """Take subjects out of the batch with all they are called. Returns (part, line, facts)."""
    with connection.cursor() as cursor:
        for table in ("stage_alias", "stage_subject"):
            cursor.execute(
                f"DELETE FROM {table} WHERE number = ANY(%s)",  # noqa: S608 - names of this module
                [list(numbers)],
            )
        cursor.execute(
            "WITH gone AS (DELETE FROM stage WHERE number = ANY(%s) RETURNING part, line)"
            " SELECT part, line, count(*) FROM gone GROUP BY part, line ORDER BY part, line",
            [list(numbers)],
        )
        return list(cursor.fetchall())
