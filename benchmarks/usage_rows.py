"""The usage that `ingest_http` posts: the same rows as NDJSON and as lines for COPY."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from benchmarks.company import Company

ROWS = 20_000
# One row in fifty says something new of a day that was posted before.
RESTATED_EVERY = 50
COLUMNS = (
    *("organization_id", "period_start", "subject_id", "initiative_id", "surface", "grain"),
    *("period_end", "active", "interactions", "accepted", "state", "revision", "as_of", "batch_id"),
)


@dataclass(frozen=True, kw_only=True)
class Said:
    """One person's day, as the post of a number states it."""

    person: int
    day: date
    interactions: int
    accepted: int
    as_of: datetime


def rows_of(post: int, *, people: int, last: date) -> Iterator[Said]:
    """20,000 rows: some days of everybody, and corrections of the post before. Posts count from 0.

    The days of a post lie before those of the next one, and all before `last`.
    """
    days = ROWS // people
    first = last - timedelta(days=days * 40)
    for number in range(ROWS):
        person, at = number % people + 1, post * days + number // people
        restated = post > 0 and number % RESTATED_EVERY == post % RESTATED_EVERY
        day = first + timedelta(days=at - days if restated else at)
        yield Said(
            person=person,
            day=day,
            interactions=(person * 7 + at * 3) % 23,
            accepted=(person + at) % 6,
            as_of=datetime(day.year, day.month, day.day, 23, tzinfo=UTC)
            + timedelta(days=days if restated else 0),
        )


def as_ndjson(company: Company, rows: Iterator[Said]) -> bytes:
    return b"".join(
        b'{"initiative":"copilot","subject":"email:%b","day":"%b","surface":"chat",'
        b'"interactions":%d,"accepted":%d,"as_of":"%bZ"}\n'
        % (
            company.address(row.person).encode(),
            row.day.isoformat().encode(),
            row.interactions,
            row.accepted,
            row.as_of.replace(tzinfo=None).isoformat().encode(),
        )
        for row in rows
    )


def as_copy(company: Company, rows: Iterator[Said], *, subjects: Mapping[str, int]) -> str:
    """Lines of COLUMNS. subjects: address → id."""
    return "".join(
        "\t".join(
            [
                str(company.organization_id),
                row.day.isoformat(),
                str(subjects[company.address(row.person)]),
                str(company.initiative_id),
                "chat",
                "day",
                (row.day + timedelta(days=1)).isoformat(),
                "t" if row.interactions + row.accepted else "f",
                str(row.interactions),
                str(row.accepted),
                "1",
                "1",
                row.as_of.isoformat(),
                "0",
            ]
        )
        + "\n"
        for row in rows
    )
