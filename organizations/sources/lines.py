"""Blocks of bytes → physical lines, in constant memory.

A line ends at `\\n` or `\\r\\n` and nowhere else: `bytes.splitlines` and `str.splitlines` also cut
at form feeds, U+2028 and lone carriage returns, and then line numbers are wrong.
"""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from organizations.sources.reading import MAX_LINE_BYTES

BOM = b"\xef\xbb\xbf"

Lines: TypeAlias = list[bytes | None]


def line_lists(blocks: Iterable[bytes]) -> Iterator[tuple[int, Lines]]:
    """Yield (number of the first line, lines) about once per block, without their `\\n`.

    A line above 64 kB is None; no more than one block and one line is ever held. The byte order
    mark at the start is removed. A final newline makes no extra line.
    """
    number, tail, lost = 1, b"", False
    for block in blocks:
        pieces: Lines = [*(tail + block).split(b"\n")]
        tail = pieces.pop() or b""
        if lost and pieces:
            pieces[0], lost = None, False
        if pieces:
            yield number, _checked(pieces, first=number == 1)
            number += len(pieces)
        if lost or len(tail) > MAX_LINE_BYTES + len(BOM) + 1:
            tail, lost = b"", True
    if lost or tail:
        yield number, _checked([None if lost else tail], first=number == 1)


def lines(blocks: Iterable[bytes]) -> Iterator[tuple[int, bytes | None]]:
    """Yield (number from 1, line without its ending); None for a line above 64 kB."""
    for first, found in line_lists(blocks):
        for number, line in enumerate(found, first):
            yield number, line.removesuffix(b"\r") if line is not None else None


def _checked(pieces: Lines, *, first: bool) -> Lines:
    if first and pieces[0] is not None:
        pieces[0] = pieces[0].removeprefix(BOM)
    if max(len(piece) if piece is not None else 0 for piece in pieces) <= MAX_LINE_BYTES:
        return pieces
    return [None if p is None or len(p.removesuffix(b"\r")) > MAX_LINE_BYTES else p for p in pieces]
