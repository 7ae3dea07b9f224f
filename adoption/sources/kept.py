"""How a body that can carry text is kept: what was read from it, and nothing else.

Rows, refusals and counts are written one JSON document per piece, so that the batch can be worked
off from them as often as it takes. A refused value is not kept either: it may be a piece of text.
"""

from collections.abc import Iterable, Iterator

import msgspec

from adoption.sources.rows import Parsed, UsageRow
from organizations.sources.reading import Code, RowError

MEDIA = "application/x-lastmile-rows"


class _Error(msgspec.Struct, frozen=True):
    line: int
    field: str
    code: str
    message: str


class _Piece(msgspec.Struct, frozen=True):
    rows: list[UsageRow]
    errors: list[_Error]
    lines: int
    lines_rejected: int
    lines_empty: int
    facts_rejected: int
    warnings: list[str]


_encoder = msgspec.json.Encoder(decimal_format="string")
_decoder = msgspec.json.Decoder(_Piece)


def keep(pieces: Iterable[Parsed[UsageRow]]) -> Iterator[bytes]:
    """One line per piece, without any refused value."""
    for piece in pieces:
        errors = [
            _Error(error.line, error.field, error.code.value, error.message)
            for error in piece.errors
        ]
        yield (
            _encoder.encode(
                _Piece(
                    rows=piece.rows,
                    errors=errors,
                    lines=piece.lines,
                    lines_rejected=piece.lines_rejected,
                    lines_empty=piece.lines_empty,
                    facts_rejected=piece.facts_rejected,
                    warnings=piece.warnings,
                )
            )
            + b"\n"
        )


def read_kept(blocks: Iterable[bytes]) -> Iterator[Parsed[UsageRow]]:
    """The pieces again, as they were kept; one block is one piece."""
    for block in blocks:
        found = _decoder.decode(block)
        yield Parsed(
            rows=found.rows,
            errors=[
                RowError(error.line, error.field, Code(error.code), error.message)
                for error in found.errors
            ],
            lines=found.lines,
            lines_rejected=found.lines_rejected,
            lines_empty=found.lines_empty,
            facts_rejected=found.facts_rejected,
            warnings=found.warnings,
        )
