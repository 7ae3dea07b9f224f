"""The beginning of a file, to choose columns by; and what a mapping makes of a file.

A sample is held by the page of whoever chooses, never by the server: it is cut to a size that a
page can carry.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from adoption.sources.mapper import ACCEPTED, OwnColumns, flat, parse
from adoption.sources.mapping import TARGETS, Sort
from adoption.sources.rows import ParseContext, UsageRow
from organizations.sources.fields import Fields
from organizations.sources.reading import (
    BodyCode,
    EnvelopeError,
    RowError,
    excerpt,
)
from organizations.sources.records import Media, media_of, records
from organizations.sources.workbook import read_workbook

MOST_BYTES = 100_000
MOST_LINES = 200
MOST_COLUMNS = 200
SAMPLE_VALUES = 3
SHOWN = 20
MEASURED = tuple(
    name for name, target in TARGETS.items() if target.sort in (Sort.COUNT, Sort.PART, Sort.TIME)
)


@dataclass(frozen=True, kw_only=True)
class SampleColumn:
    """A column under the name that a mapping calls it, and its first different values, cut."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a mapping makes of a file: its first facts and refusals, and how far it was read.

    cut: the file goes on after the last line that was read.
    """

    rows: tuple[UsageRow, ...]
    errors: tuple[RowError, ...]
    lines: int
    facts: int
    refused: int
    empty: int
    cut: bool

    @property
    def told(self) -> tuple[tuple[UsageRow, str], ...]:
        """Each fact with the measures that it states, in words."""
        return tuple((row, ", ".join(_said(row))) for row in self.rows)


def _said(row: UsageRow) -> Iterator[str]:
    for name in MEASURED:
        value = getattr(row, name)
        if value is not None:
            yield f"{name} {value}"
    if row.cost_micros is not None:
        yield f"cost_estimate {Decimal(row.cost_micros) / 1_000_000} {row.currency}"


def head_of(blocks: Iterable[bytes], *, content_type: str, sheet: str = "") -> tuple[bytes, Media]:
    """The first whole lines of a file and their form: a sheet's rows become CSV.

    Raises `EnvelopeError` for a form that is not read, and for a file without a line.
    """
    media = media_of(content_type, ACCEPTED)
    head = _sheet_head(blocks, sheet) if media is Media.XLSX else _lines_head(blocks)
    if not head.strip():
        raise EnvelopeError(BodyCode.NO_HEADER, "The file is empty.")
    return head, Media.CSV if media is Media.XLSX else media


def _lines_head(blocks: Iterable[bytes]) -> bytes:
    head = b""
    for block in blocks:
        head += block
        if len(head) > MOST_BYTES:
            break
    lines = head[: MOST_BYTES + 1].splitlines(keepends=True)
    if len(head) > MOST_BYTES:
        # The last line is cut.
        lines.pop()
    if not lines and head:
        raise EnvelopeError(
            BodyCode.NO_HEADER, "The first line is longer than 100 kB: this is not a table."
        )
    return b"".join(lines[:MOST_LINES])


def _sheet_head(blocks: Iterable[bytes], sheet: str) -> bytes:
    table = read_workbook(blocks, sheet=sheet)
    if table is None:
        return b""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.header)
    for _, cells in table.rows:
        if isinstance(cells, list):
            writer.writerow([" ".join(cell.split()) for cell in cells])
        if text.tell() > MOST_BYTES:
            break
    return _lines_head([text.getvalue().encode()])


def columns_in(head: bytes, *, media: Media) -> tuple[SampleColumn, ...]:
    """The columns of a sample in their order. Raises `EnvelopeError`, also for no column at all."""
    values: dict[str, list[str]] = {}
    for _, record in records([head], media=media, columns=OwnColumns(known=frozenset())):
        if not isinstance(record, Fields):
            continue
        for name, value in flat(record.names()).items():
            kept = values.setdefault(name, []) if len(values) < MOST_COLUMNS else values.get(name)
            shown = (excerpt(value) or "").strip()
            if kept is not None and shown and shown not in kept and len(kept) < SAMPLE_VALUES:
                kept.append(shown)
    values.pop("", None)
    if not values:
        raise EnvelopeError(
            BodyCode.NO_HEADER, "No line of the file could be read: it needs a header and a row."
        )
    return tuple(SampleColumn(name=name, values=tuple(kept)) for name, kept in values.items())


def preview(blocks: Iterable[bytes], *, content_type: str, context: ParseContext) -> Preview:
    """What `context.mapping` makes of a file, by the code that imports it; its first 20,000 lines.

    Raises `EnvelopeError`.
    """
    pieces = parse(blocks, content_type=content_type, context=context)
    first = next(pieces)
    return Preview(
        rows=tuple(first.rows[:SHOWN]),
        errors=tuple(first.errors[:SHOWN]),
        lines=first.lines,
        facts=len(first.rows),
        refused=first.lines_rejected,
        empty=first.lines_empty,
        cut=next(pieces, None) is not None,
    )
