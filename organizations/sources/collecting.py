"""Rows and refusals in pieces of bounded size, with the counts that a batch must add up to."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from organizations.sources.fields import Fields
from organizations.sources.reading import MAX_ROWS, BodyCode, EnvelopeError, ReadError, RowError
from organizations.sources.records import Columns, Media, records

PIECE = 20_000

Row = TypeVar("Row")


@dataclass
class Parsed(Generic[Row]):
    """One piece of a body. `warnings` come with the last piece and concern all of them.

    lines: read, blank ones and refused ones among them (a header is none); lines_rejected: with an
    error, and then all their facts are refused; lines_empty: they state nothing; facts_rejected:
    facts that the refused lines would have given, at least one each.
    """

    rows: list[Row] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    lines: int = 0
    lines_rejected: int = 0
    lines_empty: int = 0
    facts_rejected: int = 0
    warnings: list[str] = field(default_factory=list)

    @property
    def full(self) -> bool:
        return len(self.rows) >= PIECE or len(self.errors) >= PIECE

    def refuse(self, line: int, fault: ReadError) -> None:
        self.errors.append(fault.at(line))
        self.lines_rejected += 1
        self.facts_rejected += fault.facts


class Ceiling:
    """Counts the rows of a whole body. Raises `EnvelopeError` too_many_rows above a million."""

    def __init__(self) -> None:
        self._rows = 0

    def add(self, piece: Parsed) -> None:
        self._rows += piece.lines
        if self._rows > MAX_ROWS:
            raise EnvelopeError(
                BodyCode.TOO_MANY_ROWS, "A batch may have 1,000,000 rows; split the file."
            )


def parse_records(
    blocks: Iterable[bytes],
    *,
    media: Media,
    columns: Columns,
    read: Callable[[int, Fields], Iterable[Row]],
    facts: int = 1,
) -> Iterator[Parsed[Row]]:
    """Read a body record by record; `read` answers a record's rows or raises `ReadError`.

    facts: rows that a refused record would have given, where it does not say so itself. Yields at
    least one piece and holds one at a time. Raises `EnvelopeError`.
    """
    piece: Parsed[Row] = Parsed()
    ceiling = Ceiling()
    columns = columns.fresh()
    for number, record in records(blocks, media=media, columns=columns):
        piece.lines += 1
        if record is None:
            piece.lines_empty += 1
        else:
            take(piece, number, record, read, facts)
        if piece.full or piece.lines >= PIECE:
            ceiling.add(piece)
            yield piece
            piece = Parsed()
    ceiling.add(piece)
    piece.warnings = columns.warnings()
    yield piece


def take(
    piece: Parsed[Row],
    line: int,
    record: Fields | ReadError,
    read: Callable[[int, Fields], Iterable[Row]],
    facts: int = 1,
) -> None:
    """Add a record's rows, or its error, to the piece. A record without rows states nothing."""
    if isinstance(record, ReadError):
        record.facts = max(record.facts, facts)
        piece.refuse(line, record)
        return
    before = len(piece.rows)
    try:
        rows = list(read(line, record))
    except ReadError as fault:
        fault.facts = max(fault.facts, facts)
        piece.refuse(line, fault)
        return
    piece.rows.extend(rows)
    piece.lines_empty += len(piece.rows) == before
