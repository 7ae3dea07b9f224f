"""Bytes of a CSV file → rows of cells with their physical line, strictly.

The delimiter (comma, semicolon or tab) is read from the header line only. A row with a quote that
never closes costs that one line: reading goes on with the next.
"""

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from organizations.sources.lines import lines
from organizations.sources.reading import (
    MAX_CELL_CHARACTERS,
    MAX_FIELDS,
    MAX_LINE_BYTES,
    BodyCode,
    Code,
    EnvelopeError,
    ReadError,
)

DELIMITERS = (",", ";", "\t")

Numbered: TypeAlias = tuple[int, bytes | None]
Row: TypeAlias = "list[str] | ReadError | None"


@dataclass(frozen=True)
class Table:
    """Header names trimmed and lower-cased, and (line, cells): None for a row that says nothing."""

    header: list[str]
    rows: Iterator[tuple[int, Row]]


def read_table(blocks: Iterable[bytes]) -> Table | None:
    """Read the header at once and the rows as they are asked for; None for an empty body.

    Raises `EnvelopeError`: no_header, duplicate_column, too_many_columns, wrong_content_type.
    """
    numbered = lines(blocks)
    first = next(((n, line) for n, line in numbered if line is None or line.strip()), None)
    if first is None:
        return None
    text = _header_text(first[1])
    delimiter = max(DELIMITERS, key=_outside_quotes(text).count)
    header = _header(text, delimiter)
    return Table(header, _rows(numbered, delimiter, len(header)))


def _header_text(line: bytes | None) -> str:
    if line is not None and line.lstrip()[:1] in (b"{", b"["):
        raise EnvelopeError(
            BodyCode.WRONG_CONTENT_TYPE,
            "This is JSON; send it as application/json or application/x-ndjson.",
        )
    try:
        return (line or b"\xff").decode()
    except UnicodeDecodeError:
        raise EnvelopeError(
            BodyCode.NO_HEADER, "The first line is not a header in UTF-8 of at most 64 kB."
        ) from None


def _outside_quotes(text: str) -> str:
    return "".join(text.split('"')[::2])


def _header(text: str, delimiter: str) -> list[str]:
    try:
        cells = next(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error:
        raise EnvelopeError(
            BodyCode.NO_HEADER, "The header line cannot be read; check its quotes."
        ) from None
    return checked_names(cells)


def checked_names(cells: list[str]) -> list[str]:
    """Names of a header, trimmed and lower-cased. Raises `EnvelopeError`."""
    names = [cell.strip().lower() for cell in cells]
    if len(names) > MAX_FIELDS:
        raise EnvelopeError(
            BodyCode.TOO_MANY_COLUMNS, f"A table may have {MAX_FIELDS} columns; leave some out."
        )
    named = [name for name in names if name]
    twice = next((name for name in named if named.count(name) > 1), None)
    if twice is not None:
        raise EnvelopeError(
            BodyCode.DUPLICATE_COLUMN, "A column stands twice in the header.", field=twice[:40]
        )
    return names


class _Feed:
    """Hands physical lines to the csv reader and can take back what a broken row swallowed."""

    def __init__(self, numbered: Iterator[Numbered]) -> None:
        self._numbered = numbered
        self._again: deque[Numbered] = deque()
        self._taken: list[Numbered] = []
        self._size = 0

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        number, line = self._again.popleft() if self._again else next(self._numbered)
        self._taken.append((number, line))
        if line is None:
            raise ReadError(Code.TOO_LONG, "A line may have 64 kB.")
        self._size += len(line)
        if self._size > MAX_LINE_BYTES:
            raise _unclosed()
        try:
            return line.decode() + "\n"
        except UnicodeDecodeError:
            raise ReadError(
                Code.NOT_UTF8, "The line is not UTF-8; save the file as UTF-8."
            ) from None

    def begin(self) -> None:
        self._taken.clear()
        self._size = 0

    @property
    def line(self) -> int:
        """Where the current row began."""
        return self._taken[0][0]

    def give_back(self, problem: Exception) -> ReadError:
        """Blame the first line of the row alone and read the others again."""
        if len(self._taken) > 1:
            self._again.extendleft(reversed(self._taken[1:]))
            return _unclosed()
        if isinstance(problem, ReadError):
            return problem
        return ReadError(Code.BAD_CSV, "The row cannot be split into cells; check its quotes.")


def _unclosed() -> ReadError:
    return ReadError(
        Code.BAD_CSV, "A quote opens in this row and never closes; double it or drop it."
    )


def _rows(numbered: Iterator[Numbered], delimiter: str, width: int) -> Iterator[tuple[int, Row]]:
    feed = _Feed(numbered)
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        feed.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, ReadError) as problem:
            fault = feed.give_back(problem)
            yield feed.line, fault
        else:
            yield feed.line, _checked(cells, width)


def _checked(cells: list[str], width: int) -> Row:
    if not any(cells):
        return None
    if len(cells) > width:
        return ReadError(
            Code.SURPLUS_CELLS,
            f"The row has {len(cells)} cells, the header {width}; quote cells that hold the"
            " delimiter.",
        )
    if len(cells) < width:
        return ReadError(
            Code.MISSING_CELLS,
            f"The row has {len(cells)} cells, the header {width}; leave unknown cells empty.",
        )
    if max(map(len, cells)) > MAX_CELL_CHARACTERS:
        return ReadError(Code.TOO_LONG, "A cell may have 8,192 characters; shorten it.")
    return cells
