"""JSON as it was meant: no duplicate keys, no NaN, no infinity, bounded depth and numbers.

msgspec decodes quickly but keeps the last of two equal keys. Commas tell: a line without escapes
holds exactly as many commas as the decoded value written out again, unless a member was dropped
on the way. Only lines that fail this count are read a second time, slowly, pair by pair.
"""

import json
from collections.abc import Iterable
from decimal import Decimal

import msgspec

from organizations.sources.lines import BOM
from organizations.sources.reading import (
    MAX_DEPTH,
    MAX_DOCUMENT_BYTES,
    MAX_FIELDS,
    MAX_LINE_BYTES,
    MAX_NUMBER_CHARACTERS,
    BodyCode,
    Code,
    EnvelopeError,
    ReadError,
)

FLOAT_EXPONENT = 308
_UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError)


def _number(text: str) -> Decimal:
    """A JSON number with a dot or an exponent, kept exactly."""
    if len(text) > MAX_NUMBER_CHARACTERS:
        raise ReadError(
            Code.TOO_LONG, "A number has more than 40 characters; round it.", value=text
        )
    number = Decimal(text)
    if number and abs(number.adjusted()) > FLOAT_EXPONENT:
        raise ReadError(
            Code.NOT_FINITE, "A number is out of any range; send a finite one.", value=text
        )
    return number


def _whole(text: str) -> int:
    if len(text) > MAX_NUMBER_CHARACTERS:
        raise ReadError(
            Code.TOO_LONG, "A number has more than 40 characters; round it.", value=text
        )
    return int(text)


def _constant(word: str) -> float:
    raise ReadError(
        Code.NOT_FINITE, "NaN and Infinity are not numbers in JSON; send null.", value=word
    )


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        raise ReadError(
            Code.DUPLICATE_KEY, "The same field stands twice in one row; keep one.", field=twice
        )
    return found


_decoder = msgspec.json.Decoder(dict[str, object], float_hook=_number)
_encoder = msgspec.json.Encoder()
_elements = msgspec.json.Decoder(list[msgspec.Raw])
_page = msgspec.json.Decoder(dict[str, msgspec.Raw])


def decode_object(line: bytes) -> dict[str, object]:
    """One JSON object. Numbers with a dot are `Decimal`.

    Raises `ReadError`: not_utf8, bad_json, duplicate_key, not_finite, too_deep, too_long,
    too_many_fields.
    """
    try:
        found = _decoder.decode(line)
    except _UNREADABLE:
        found = _decode_slowly(line)
    else:
        if line.count(b",") + 1 != len(found) and not _balanced(line, found):
            found = _decode_slowly(line)
    if line.count(b"{") + line.count(b"[") > MAX_DEPTH and _too_deep(found):
        raise ReadError(Code.TOO_DEEP, "Fields are nested more than 32 deep; send flat rows.")
    if len(found) > MAX_FIELDS:
        raise ReadError(
            Code.TOO_MANY_FIELDS, "The row has more than 200 fields; send the documented ones."
        )
    return found


def _balanced(line: bytes, found: dict[str, object]) -> bool:
    return b"\\" not in line and _encoder.encode(found).count(b",") == line.count(b",")


def _decode_slowly(line: bytes) -> dict[str, object]:
    try:
        found = json.loads(
            line.decode(),
            object_pairs_hook=_once,
            parse_int=_whole,
            parse_float=_number,
            parse_constant=_constant,
        )
    except UnicodeDecodeError:
        raise ReadError(Code.NOT_UTF8, "The line is not UTF-8; save the file as UTF-8.") from None
    except RecursionError:
        raise ReadError(
            Code.TOO_DEEP, "Fields are nested more than 32 deep; send flat rows."
        ) from None
    except ValueError:
        raise ReadError(
            Code.BAD_JSON, "The line is not one complete JSON object; check quotes and commas."
        ) from None
    if not isinstance(found, dict):
        raise ReadError(Code.BAD_JSON, "A row must be a JSON object: {…}.")
    return found


def _too_deep(found: object) -> bool:
    level: list[object] = [found]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else _items(parent))
            if isinstance(child, (dict, list))
        ]
    return bool(level)


def _items(parent: object) -> list[object]:
    return parent if isinstance(parent, list) else []


def document(
    blocks: Iterable[bytes], *, rows_in: str = "", longest: int = MAX_LINE_BYTES
) -> list[bytes | None]:
    """The rows of a JSON document: of an array its elements, of one object itself.

    With `rows_in` one object is a page, and its rows are the elements of that member, as vendors
    answer: {"data": [...], "has_more": true}. Elements are still undecoded; one above `longest`
    bytes is None. Raises `EnvelopeError`: body_too_large above 16 MB, bad_json,
    wrong_content_type for rows one per line.
    """
    body = _collect(blocks).removeprefix(BOM).strip(b" \t\r\n")
    if not body:
        return []
    try:
        raws = _elements.decode(body) if body.startswith(b"[") else _members(body, rows_in)
    except _UNREADABLE:
        raise EnvelopeError(
            BodyCode.BAD_JSON, "The body is not one complete JSON array or object."
        ) from None
    rows = map(bytes, raws)
    return [row if len(row) <= longest else None for row in rows]


def _members(body: bytes, rows_in: str) -> list[msgspec.Raw] | list[bytes]:
    """The rows of a page, or the one object of a body that is no page."""
    single = _single(body)
    if not rows_in:
        return [single]
    found = _page.decode(single)
    if rows_in not in found:
        return [single]
    if single.count(b'"' + rows_in.encode() + b'"') > 1 and _stands_twice(single, rows_in):
        raise EnvelopeError(
            BodyCode.BAD_JSON, f"The page has two members called {rows_in}.", field=rows_in
        )
    return _elements.decode(found[rows_in])


def _stands_twice(body: bytes, name: str) -> bool:
    """Whether the outermost object names a member twice: the decoder keeps the last silently."""
    outermost: list[tuple[str, object]] = []

    def note(pairs: list[tuple[str, object]]) -> None:
        outermost[:] = pairs

    json.loads(body, object_pairs_hook=note)
    return [key for key, _ in outermost].count(name) > 1


def _collect(blocks: Iterable[bytes]) -> bytes:
    body = bytearray()
    for block in blocks:
        body += block
        if len(body) > MAX_DOCUMENT_BYTES:
            raise EnvelopeError(
                BodyCode.BODY_TOO_LARGE,
                "A JSON document may have 16 MB; send application/x-ndjson or split it.",
            )
    return bytes(body)


def _single(body: bytes) -> bytes:
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except _UNREADABLE:
        first = body.partition(b"\n")[0]
        if b"\n" in body and _is_object(first):
            raise EnvelopeError(
                BodyCode.WRONG_CONTENT_TYPE,
                "These are JSON rows, one per line; send them as application/x-ndjson.",
            ) from None
        raise
    return body


def _is_object(line: bytes) -> bool:
    try:
        decode_object(line)
    except ReadError:
        return False
    return True
