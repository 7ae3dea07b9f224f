"""A body in any of the accepted forms → numbered records. The content type decides."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeAlias

from organizations.sources.fields import Fields
from organizations.sources.lines import Lines, line_lists
from organizations.sources.reading import (
    MAX_DOCUMENT_BYTES,
    MAX_LINE_BYTES,
    BodyCode,
    Code,
    EnvelopeError,
    ReadError,
    excerpt,
)
from organizations.sources.strict_json import decode_object, document
from organizations.sources.table import Table, read_table
from organizations.sources.workbook import read_workbook

NAMED_COLUMNS = 10
# A day of everybody, or a bucket of all users, is one element of a vendor's page.
MAX_PAGE = MAX_DOCUMENT_BYTES
LONGEST_WARNING = 400


class Media(StrEnum):
    NDJSON = "application/x-ndjson"
    JSON = "application/json"
    CSV = "text/csv"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


# What every source reads, and what those read that take a sheet of a workbook as well.
TEXTS = (Media.NDJSON, Media.JSON, Media.CSV)
WITH_SHEETS = (*TEXTS, Media.XLSX)
_SPELLINGS = {
    **{media.value: media for media in Media},
    "application/ndjson": Media.NDJSON,
    "application/jsonl": Media.NDJSON,
}

Record: TypeAlias = "Fields | ReadError | None"


def media_of(content_type: str, accepted: Iterable[str] = TEXTS) -> Media:
    """The form that a Content-Type header names. Raises `EnvelopeError` unsupported_media_type."""
    word, *parameters = [part.strip().lower() for part in content_type.split(";")]
    media = _SPELLINGS.get(word)
    charsets = [p.removeprefix("charset=").strip('"') for p in parameters if "charset" in p]
    if media is None or media not in accepted or any(c not in ("utf-8", "utf8") for c in charsets):
        raise EnvelopeError(
            BodyCode.UNSUPPORTED_MEDIA_TYPE,
            f"Send the body in UTF-8 as {' or '.join(accepted)}.",
            field="Content-Type",
        )
    return media


@dataclass
class Columns:
    """The fields that a kind of record has, and those met on the way that it has not.

    rows_in: the member of a JSON page that holds the rows, where a vendor answers in pages.
    sheet: the sheet of a workbook that is read; without one of that name the first.
    known_beginning: what fields that a sender chooses begin with, where a kind has such.
    """

    known: frozenset[str]
    required: frozenset[str] = frozenset()
    renamed: Mapping[str, str] = field(default_factory=dict)
    ignored: Mapping[str, str] = field(default_factory=dict)
    rows_in: str = ""
    sheet: str = ""
    known_beginning: str = ""
    _met: dict[str, None] = field(default_factory=dict)
    _more: bool = False

    def fresh(self) -> "Columns":
        """The same columns with nothing met yet: one per body."""
        return replace(self, _met={}, _more=False)

    def own_names(self, names: Iterable[str]) -> list[str]:
        """Names after renaming; whatever is unknown is noted."""
        own = [self.renamed.get(name, name) for name in names]
        if not self.known.issuperset(own):
            self._note(own)
        return own

    def check_header(self, names: list[str]) -> None:
        missing = sorted(self.required.difference(names))
        if missing:
            raise EnvelopeError(
                BodyCode.MISSING_COLUMN,
                f"The header lacks {', '.join(missing)}. It has to be the first line.",
                field=missing[0],
            )
        twice = next((name for name in names if name and names.count(name) > 1), None)
        if twice is not None:
            raise EnvelopeError(
                BodyCode.DUPLICATE_COLUMN, "Two columns mean the same field.", field=twice
            )

    def _knows(self, name: str) -> bool:
        chosen = bool(self.known_beginning) and name.startswith(self.known_beginning)
        return chosen or name in self.known

    def _note(self, names: Iterable[str]) -> None:
        for name in names:
            if name and not self._knows(name) and name not in self._met:
                if len(self._met) >= NAMED_COLUMNS + len(self.ignored):
                    self._more = True
                    return
                self._met[name] = None

    def warnings(self) -> list[str]:
        """One sentence for all unknown columns, and one for each that is ignored on purpose."""
        unknown = [n for n in self._met if n not in self.ignored]
        found = [sentence for name, sentence in self.ignored.items() if name in self._met]
        if unknown:
            listed = ", ".join(str(excerpt(name)) for name in unknown[:NAMED_COLUMNS])
            more = " and more" if self._more or len(unknown) > NAMED_COLUMNS else ""
            found.append(f"Not read, unknown: {listed}{more}."[:LONGEST_WARNING])
        return found


def json_lines(
    blocks: Iterable[bytes], media: Media, columns: Columns | None = None
) -> Iterator[tuple[int, Lines]]:
    """(number of the first row, undecoded rows) of NDJSON or of a JSON document.

    Raises `EnvelopeError` where the body is plainly of the other form.
    """
    if media is Media.JSON:
        rows_in = columns.rows_in if columns else ""
        yield 1, document(blocks, rows_in=rows_in, longest=MAX_PAGE if rows_in else MAX_LINE_BYTES)
        return
    begun = False
    for first, found in line_lists(blocks):
        if not begun:
            begun = _begun(found)
        yield first, found


def _begun(found: Lines) -> bool:
    head = next((line.strip() for line in found if line is not None and line.strip()), None)
    if head is not None and (head.startswith(b"[") or head == b"{"):
        raise EnvelopeError(
            BodyCode.WRONG_CONTENT_TYPE,
            "This is a JSON document; send it as application/json, or one object per line.",
        )
    return head is not None


def records(
    blocks: Iterable[bytes], *, media: Media, columns: Columns
) -> Iterator[tuple[int, Record]]:
    """Yield (line, record): `Fields`, a `ReadError`, or None for a line that says nothing.

    Unknown columns are noted in `columns`. Raises `EnvelopeError`.
    """
    if media is Media.CSV:
        yield from _table_records(read_table(blocks), columns)
        return
    if media is Media.XLSX:
        yield from _table_records(read_workbook(blocks, sheet=columns.sheet), columns)
        return
    for first, found in json_lines(blocks, media, columns):
        for number, line in enumerate(found, first):
            yield number, json_record(line, columns)


def json_record(line: bytes | None, columns: Columns) -> Record:
    """One undecoded row as `Fields`, or what is wrong with it, or None where it is blank."""
    if line is None:
        return ReadError(Code.TOO_LONG, "A row may have 64 kB; send the documented fields only.")
    if not line.strip():
        return None
    try:
        found = decode_object(line)
    except ReadError as fault:
        return fault
    own = columns.own_names(found)
    if len(set(own)) != len(own):
        return ReadError(Code.DUPLICATE_KEY, "Two fields of the row mean the same; keep one.")
    return Fields(dict(zip(own, found.values(), strict=True)), written=False)


def _table_records(table: Table | None, columns: Columns) -> Iterator[tuple[int, Record]]:
    if table is None:
        return
    names = columns.own_names(table.header)
    columns.check_header(names)
    for number, row in table.rows:
        if isinstance(row, list):
            yield number, Fields(dict(zip(names, row, strict=True)), written=True)
        else:
            yield number, row
