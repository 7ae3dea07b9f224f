"""Tables for download: CSV that a spreadsheet shows and never runs.

A text that a spreadsheet would take for a formula gets a leading apostrophe; numbers stay numbers.
The three signs of the pages are three different texts here as well.
"""

import csv
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO, TextIOWrapper
from tempfile import SpooledTemporaryFile
from typing import IO, TextIO, TypeAlias

Cell: TypeAlias = "str | int | float | Decimal | bool | date | datetime | None"

UNKNOWN = "not known"
SUPPRESSED = "not shown (small group)"
IN_MEMORY = 1024 * 1024
# With the full-width forms: spreadsheets fold them before they look for a formula.
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001


def write_csv(rows: Iterable[Sequence[Cell]], header: Sequence[str]) -> IO[bytes]:
    """An open file at its beginning, UTF-8 with a byte order mark, in memory up to 1 MB.

    None is written as "not known". The caller consumes `rows` inside its organization: the file is
    complete when this returns, so that nothing is read after the request has left. Hand it to
    FileResponse, which closes it. Raises ValueError for NaN and infinity, which are no figures.
    """
    file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the response closes it
    text = TextIOWrapper(file, encoding="utf-8-sig", newline="")
    write_rows(text, rows, header)
    text.detach()
    small = file.tell() <= IN_MEMORY
    file.seek(0)
    return _in_memory(file) if small else file


def write_rows(text: TextIO, rows: Iterable[Sequence[Cell]], header: Sequence[str]) -> int:
    """Write header and rows as CSV into an open text; how many rows there were.

    Raises ValueError for NaN and infinity, which are no figures.
    """
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow([guarded(name) for name in header])
    count = 0
    for row in rows:
        writer.writerow([_written(cell) for cell in row])
        count += 1
    return count


def _in_memory(file: IO[bytes]) -> IO[bytes]:
    """The same bytes without a handle that somebody has to close."""
    with file:
        return BytesIO(file.read())


def guarded(text: str) -> str:
    """A text that no spreadsheet takes for a formula.

    >>> guarded("=1+1")
    "'=1+1"
    """
    return f"'{text}" if text.startswith(_STARTS_FORMULA) else text


def _written(cell: Cell) -> str | int | Decimal:
    if cell is None:
        return UNKNOWN
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return cell
    if isinstance(cell, float | Decimal):
        return _finite(cell)
    return guarded(cell if isinstance(cell, str) else cell.isoformat())


def _finite(cell: float | Decimal) -> Decimal:
    exact = Decimal(str(cell))
    if not exact.is_finite():
        raise ValueError(f"{cell} is not a figure; unknown is None")
    return exact
