"""Who subjects are, from a CSV file: one row for each subject and stretch of days."""

from collections.abc import Iterable
from dataclasses import dataclass

from organizations.calculations.spans import Span, through
from organizations.sources.collecting import parse_records
from organizations.sources.fields import Fields
from organizations.sources.reading import BodyCode, Code, EnvelopeError, ReadError, RowError
from organizations.sources.records import Columns, Media

HEADER = ("source", "scope", "subject", "person", "from", "to")
# What the list of unmatched subjects says besides, when it is downloaded to be filled in.
TOLD = ("also_called", "rows", "first_seen", "last_seen", "maybe")
TEMPLATE = (
    ",".join(HEADER) + "\ngithub_copilot,acme-org,login:bo-chen,bo.chen@acme.test,2026-01-01,\n"
)
COLUMNS = Columns(
    known=frozenset({*HEADER, *TOLD}), required=frozenset({"source", "subject", "person"})
)
MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A subject as its source names it, and the address or directory id of the person."""

    line: int
    source: str
    scope: str
    kind: str
    external_id: str
    person: str
    span: Span


@dataclass(frozen=True, kw_only=True)
class LinkFile:
    """rows: those that say who somebody is; left_open: rows that name no person."""

    rows: list[LinkRow]
    left_open: int
    errors: list[RowError]
    warnings: list[str]


def read_links(blocks: Iterable[bytes]) -> LinkFile:
    """Rows in the order of the file, and the lines that are none. Raises EnvelopeError."""
    found = LinkFile(rows=[], left_open=0, errors=[], warnings=[])
    lines = empty = 0
    for piece in parse_records(blocks, media=Media.CSV, columns=COLUMNS, read=_row):
        found.rows.extend(row for row in piece.rows if row.person)
        found.errors.extend(piece.errors)
        found.warnings.extend(piece.warnings)
        empty += sum(not row.person for row in piece.rows)
        lines += piece.lines
        if len(found.rows) > MOST_ROWS:
            raise EnvelopeError(BodyCode.TOO_MANY_ROWS, f"At most {MOST_ROWS:,} rows; split it.")
    if not lines:
        raise EnvelopeError(BodyCode.NO_HEADER, "The file holds no rows below its header.")
    return LinkFile(rows=found.rows, left_open=empty, errors=found.errors, warnings=found.warnings)


def _row(line: int, fields: Fields) -> list[LinkRow]:
    subject = fields.need("subject", fields.text("subject"))
    kind, colon, rest = subject.partition(":")
    if not colon or not rest.strip():
        raise ReadError(
            Code.BAD_SUBJECT,
            "Write it as the list of unmatched subjects does: kind:id.",
            field="subject",
            value=subject,
        )
    return [
        LinkRow(
            line=line,
            source=fields.need("source", fields.text("source", longest=60)),
            scope=fields.text("scope", longest=120) or "",
            kind=kind.strip().lower(),
            external_id=rest.strip(),
            person=fields.text("person") or "",
            span=_span(fields),
        )
    ]


def _span(fields: Fields) -> Span:
    """Both days are inclusive; an empty one is open."""
    first, last = fields.day("from"), fields.day("to")
    if first is not None and last is not None and last < first:
        raise ReadError(Code.BAD_PERIOD, "It lies before from.", field="to", value=last.isoformat())
    return through(first, last)
