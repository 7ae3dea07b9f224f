"""A sheet of an .xlsx workbook as a table, within limits that are checked before it is opened.

A workbook is a zip of XML files written by somebody else. It is read to the end once without being
interpreted: what it declares of its own size is not believed. Only then a reader in which document
types and entities are switched off sees it. Values become the text that a CSV file would hold.
"""

import zlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from io import BytesIO
from typing import IO, Any
from zipfile import BadZipFile, ZipFile, ZipInfo

from defusedxml.common import DefusedXmlException
from openpyxl import DEFUSEDXML, load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from organizations.sources.reading import (
    MAX_CELL_CHARACTERS,
    MAX_FIELDS,
    BodyCode,
    Code,
    EnvelopeError,
    ReadError,
)
from organizations.sources.table import Row, Table, checked_names

MAX_WORKBOOK_BYTES = 20 * 1024 * 1024
MAX_ENTRIES = 500
MAX_UNPACKED = 100 * 1024 * 1024
RATIO, RATIO_FROM = 100, 1024 * 1024
MAX_SHEETS = 20
MAX_SHEET_ROWS = 100_000
BLOCK = 1024 * 1024
_OLD_OR_ENCRYPTED = b"\xd0\xcf\x11\xe0"
_ENCRYPTED_ENTRY = 0x1
_DAMAGED = (BadZipFile, EOFError, NotImplementedError, OSError, zlib.error)
_DOCUMENT_TYPE = (b"<!doctype", b"<!entity")
_ERRORS = frozenset(
    {"#REF!", "#N/A", "#NAME?", "#VALUE!", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"}
)


def read_workbook(blocks: Iterable[bytes], *, sheet: str) -> Table | None:
    """The sheet of this name, else the first one; None for an empty one. Row numbers are its own.

    Raises `EnvelopeError`: bad_workbook, body_too_large, too_many_rows, too_many_columns,
    duplicate_column.
    """
    body = _whole(blocks)
    _check(body)
    try:
        return _table(body, sheet)
    except (EnvelopeError, MemoryError):
        raise
    # The reader raises whatever its parts raise; a sender can cause all of them.
    except Exception as fault:
        raise _bad("The workbook is damaged; save it again as .xlsx, or as CSV.") from fault


def _whole(blocks: Iterable[bytes]) -> IO[bytes]:
    body = BytesIO()
    for block in blocks:
        body.write(block)
        if body.tell() > MAX_WORKBOOK_BYTES:
            raise EnvelopeError(
                BodyCode.BODY_TOO_LARGE, "A workbook may have 20 MB; send CSV, or split it."
            )
    return body


def _bad(message: str) -> EnvelopeError:
    return EnvelopeError(BodyCode.BAD_WORKBOOK, message)


def _check(body: IO[bytes]) -> None:
    """Refuse what a workbook of people has no need of, and everything above a limit."""
    if not DEFUSEDXML:
        raise RuntimeError("defusedxml is missing: workbooks are not read without it.")
    body.seek(0)
    if body.read(4) == _OLD_OR_ENCRYPTED:
        raise _bad("The workbook is encrypted, or in the old .xls form; save it as plain .xlsx.")
    try:
        with ZipFile(body) as archive:
            _check_names(archive.infolist())
            total = 0
            for entry in archive.infolist():
                total = _check_entry(archive, entry, total)
    except (*_DAMAGED, ValueError) as fault:
        raise _bad("This is not an .xlsx workbook, or it is damaged.") from fault


def _check_names(entries: list[ZipInfo]) -> None:
    if len(entries) > MAX_ENTRIES:
        raise _bad(f"A workbook may hold {MAX_ENTRIES} parts.")
    for entry in entries:
        name = entry.filename.lower()
        if entry.flag_bits & _ENCRYPTED_ENTRY:
            raise _bad("The workbook is encrypted; save it without a password.")
        if name.endswith("vbaproject.bin") or "/macrosheets/" in name:
            raise _bad("The workbook holds macros; save it as .xlsx without them.")
        if "/externallinks/" in name:
            raise _bad("The workbook links to other workbooks; break the links first.")


def _check_entry(archive: ZipFile, entry: ZipInfo, total: int) -> int:
    """Unpack one part without keeping it. Returns the bytes of all parts up to here."""
    size, tail, wide = 0, b"", entry.filename.lower().endswith((".xml", ".rels"))
    with archive.open(entry) as part:
        while block := part.read(BLOCK):
            if wide:
                _no_document_type(tail + block, first=size == 0)
                tail = block[-len(_DOCUMENT_TYPE[0]) :]
            size += len(block)
            if total + size > MAX_UNPACKED:
                raise _bad("Unpacked, a workbook may have 100 MB; send CSV, or split it.")
            if size > RATIO_FROM and size > RATIO * max(entry.compress_size, 1):
                raise _bad("A part of the workbook is packed more than 100 to 1.")
    return total + size


def _no_document_type(block: bytes, *, first: bool) -> None:
    # In another encoding than UTF-8 the words below would not be found.
    if first and (block[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in block[:4]):
        raise _bad("A part of the workbook is not UTF-8; save it again as .xlsx.")
    lower = block.lower()
    if any(word in lower for word in _DOCUMENT_TYPE):
        raise _bad("The workbook declares a document type, which is not read.")


def _table(body: IO[bytes], sheet: str) -> Table | None:
    body.seek(0)
    try:
        book = load_workbook(body, read_only=True, data_only=True, keep_links=False)
    except (DefusedXmlException, InvalidFileException, KeyError) as fault:
        raise _bad("The workbook cannot be read; save it again as .xlsx.") from fault
    names = book.sheetnames
    if len(names) > MAX_SHEETS:
        raise _bad(f"A workbook may have {MAX_SHEETS} sheets.")
    named = next((name for name in names if name.strip().casefold() == sheet.casefold()), None)
    found = book[named] if named else book.worksheets[0]
    # What a sheet says of its own size is not believed.
    found.reset_dimensions()
    rows = _numbered(found)
    number, cells = next(((n, c) for n, c in rows if any(c)), (0, []))
    if not number:
        return None
    return Table(checked_names(cells), _rows(rows, len(cells)))


def _numbered(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    """(number in the sheet, trimmed texts) of every row up to the last one."""
    last = MAX_SHEET_ROWS + 2
    for number, values in enumerate(sheet.iter_rows(max_row=last, values_only=True), 1):
        if number >= last:
            raise EnvelopeError(
                BodyCode.TOO_MANY_ROWS,
                "A sheet may have 100,000 rows below its header, empty ones among them.",
            )
        if len(values) > MAX_FIELDS:
            raise EnvelopeError(
                BodyCode.TOO_MANY_COLUMNS,
                f"Row {number} reaches beyond column {MAX_FIELDS}, if only with formatting; clear"
                " what stands there.",
            )
        cells = [_text(value) for value in values]
        while cells and not cells[-1]:
            cells.pop()
        yield number, cells


def _rows(rows: Iterator[tuple[int, list[str]]], width: int) -> Iterator[tuple[int, Row]]:
    for number, cells in rows:
        yield number, _row(cells, width)


def _row(cells: list[str], width: int) -> Row:
    if not cells:
        return None
    if len(cells) > width:
        return ReadError(
            Code.SURPLUS_CELLS, f"The row has {len(cells)} cells, the header {width}; clear them."
        )
    if max(map(len, cells)) > MAX_CELL_CHARACTERS:
        return ReadError(Code.TOO_LONG, "A cell may have 8,192 characters; shorten it.")
    error = next((cell for cell in cells if cell in _ERRORS), None)
    if error is not None:
        return ReadError(Code.BAD_TYPE, "A formula of this row has failed; mend it.", value=error)
    return [*cells, *[""] * (width - len(cells))]


def _text(value: object) -> str:
    """What a CSV file would hold for a cell: days as ISO, numbers as a person typed them.

    >>> _text(0.1 + 0.2), _text(1002.0), _text(True), _text(None)
    ('0.3', '1002', 'true', '')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value).strip(" \t\r\n\xa0")


def _number(value: float) -> str:
    # 15 digits are what a spreadsheet shows and keeps; the rest is noise of binary fractions.
    text = f"{value:.15g}"
    if "e" not in text:
        return text
    return f"{float(text):.15f}".rstrip("0").rstrip(".") if abs(value) < 1 else f"{value:.0f}"
