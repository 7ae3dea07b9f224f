"""The quick way for typical canonical rows, several times faster than reading field by field.

A row goes this way only if nothing about it is in doubt: known fields of the right type, a subject
in plain ASCII, an initiative that may be written to. Everything else answers None, and the careful
reader accepts or explains it. Both ways give the same row; a test says so.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Annotated, Any

import msgspec

from adoption.sources.periods import check_day, check_instant
from adoption.sources.rows import Grain, ParseContext, Surface, UsageRow, qualifying_use
from adoption.sources.subjects import plain_subject
from organizations.sources.fields import LARGEST_WHOLE, clean, read_day, read_instant
from organizations.sources.reading import ReadError
from organizations.sources.table import Row

REMEMBERED = 20_000
SAFE_DIGITS = 18
_DAY = timedelta(days=1)
_FALL_BACK = (msgspec.MsgspecError, UnicodeError, RecursionError, ReadError)

Count = Annotated[int, msgspec.Meta(ge=0, le=LARGEST_WHOLE)]


class Typical(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The fields of a row that can go the quick way."""

    subject: str
    day: str
    initiative: str | None = None
    surface: Surface = Surface.ALL
    interactions: Count | None = None
    accepted: Count | None = None
    active: bool | None = None
    sessions: Count | None = None
    requests: Count | None = None
    suggestions: Count | None = None
    rejected: Count | None = None
    tokens_in: Count | None = None
    tokens_cached: Count | None = None
    tokens_out: Count | None = None
    scope: str | None = None
    as_of: str | None = None


class Builder:
    """Typical → UsageRow, remembering the days, scopes and instants that repeat from row to row."""

    def __init__(self, context: ParseContext) -> None:
        self._context = context
        self._initiatives = _writable(context)
        self._days: dict[str, tuple[date, date]] = {}
        self._scopes: dict[str | None, str] = {None: ""}
        self._instants: dict[str | None, datetime | None] = {None: context.as_of}

    def build(self, line: int, row: Typical) -> UsageRow | None:
        """The row, or None where something is in doubt. Raises `ReadError` where it is refused."""
        initiative = row.initiative or self._context.default_initiative
        subject = plain_subject(row.subject)
        if subject is None or initiative is None or initiative not in self._initiatives:
            return None
        days = self._days.get(row.day) or self._read_day(row.day)
        scope = self._scopes.get(row.scope)
        as_of = self._instants.get(row.as_of)
        active = qualifying_use(
            interactions=row.interactions,
            accepted=row.accepted,
            active=row.active,
            active_days=None,
        )
        if active is None and not _says_something(row):
            return None
        # By position: with keywords the dearest line of an import would take three times as long.
        return UsageRow(
            line,
            initiative,
            self._context.default_source,
            self._read_scope(row.scope) if scope is None else scope,
            subject[0],
            subject[1],
            (),
            days[0],
            days[1],
            Grain.DAY,
            None,
            row.surface,
            active,
            None,
            row.interactions,
            row.sessions,
            row.requests,
            row.suggestions,
            row.accepted,
            row.rejected,
            row.tokens_in,
            row.tokens_cached,
            row.tokens_out,
            None,
            None,
            None,
            self._read_as_of(row.as_of) if as_of is None and row.as_of is not None else as_of,
            None,
        )

    def _read_day(self, text: str) -> tuple[date, date]:
        day = check_day("day", read_day("day", text), self._context)
        # Remembers few: only true days between 2015 and now get here.
        return self._days.setdefault(text, (day, day + _DAY))

    def _read_scope(self, text: str | None) -> str:
        scope = clean("scope", text or "", longest=120)
        if len(self._scopes) < REMEMBERED:
            self._scopes[text] = scope
        return scope

    def _read_as_of(self, text: str) -> datetime:
        instant = check_instant("as_of", read_instant("as_of", text), self._context)
        if len(self._instants) < REMEMBERED:
            self._instants[text] = instant
        return instant


def _writable(context: ParseContext) -> frozenset[str]:
    if context.pinned_source not in (None, context.default_source):
        return frozenset()
    if context.pinned_initiative is None:
        return context.initiatives
    return context.initiatives & {context.pinned_initiative}


def _says_something(row: Typical) -> bool:
    return any(count is not None for count in (row.sessions, row.requests, row.suggestions))


class QuickLines:
    """JSON lines → rows.

    The typed decoder keeps the last of two equal keys without a word. Commas tell: a line has at
    least as many as it has members, less one, so where the different keys are just as many, none
    stood twice.
    """

    def __init__(self, context: ParseContext) -> None:
        self._build = Builder(context).build
        self._decode = msgspec.json.Decoder(Typical).decode
        self._members = msgspec.json.Decoder(dict[str, object]).decode

    def row(self, number: int, line: bytes | None) -> UsageRow | None:
        """The row of a JSON line, or None where the careful reader has to look."""
        if line is None:
            return None
        try:
            typical = self._decode(line)
            if len(self._members(line)) != line.count(b",") + 1:
                return None
            return self._build(number, typical)
        except _FALL_BACK:
            return None


class QuickCells:
    """Rows of a table → rows, by the place of each column."""

    def __init__(self, names: list[str], known: frozenset[str], context: ParseContext) -> None:
        self._build = Builder(context).build
        columns = list(enumerate(names))
        self._plan = [(i, name, _CELLS.get(name, str)) for i, name in columns if name in _TYPICAL]
        # Where one of these has a value the row goes the careful way; unknown columns do not count.
        self._careful = [i for i, name in columns if name in known - _TYPICAL]

    def row(self, number: int, cells: Row) -> UsageRow | None:
        """The row of a table, or None where the careful reader has to look."""
        if not isinstance(cells, list) or any(cells[i] for i in self._careful):
            return None
        values: dict[str, Any] = {"subject": "", "day": ""}
        try:
            for place, name, read in self._plan:
                if cells[place]:
                    values[name] = read(cells[place])
            return self._build(number, Typical(**values))
        except (ReadError, LookupError):
            return None


class _Counts(dict[str, int]):
    """Counts by their spelling. A spelling that is in any doubt raises KeyError."""

    def __missing__(self, text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= SAFE_DIGITS):
            raise KeyError(text)
        count = int(text)
        if len(self) < REMEMBERED:
            self[text] = count
        return count


_TYPICAL = frozenset(Typical.__struct_fields__)
_CELLS: dict[str, Callable[[str], object]] = {
    "surface": {surface.value: surface for surface in Surface}.__getitem__,
    "active": {"true": True, "false": False}.__getitem__,
    **dict.fromkeys(
        (
            *("interactions", "accepted", "sessions", "requests", "suggestions", "rejected"),
            *("tokens_in", "tokens_cached", "tokens_out"),
        ),
        _Counts().__getitem__,
    ),
}
