"""What would come of a body, before anything of it counts: its first facts, refusals, warnings."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from adoption.sources.catalogue import Source
from adoption.sources.rows import UNITS, Parsed, UsageRow
from organizations.sources.reading import Code, RowError

SHOWN_FACTS = 20
SHOWN_ERRORS = 50
MEASURES = (
    *("interactions", "active", "active_days", "sessions", "requests", "suggestions"),
    *("accepted", "rejected", "tokens_in", "tokens_cached", "tokens_out", "minutes_claimed"),
    "cost_micros",
)
_UNITS = {**UNITS, "active": "yes or no", "active_days": "days", "cost_micros": "millionths"}
_COST = "cost_estimate"


@dataclass(frozen=True, kw_only=True)
class FactLine:
    """One fact as it would be stored. last: inclusive. values: (measure, value) by column."""

    line: int
    subject: str
    names: tuple[str, ...]
    initiative: str
    surface: str
    grain: str
    first: date
    last: date
    values: tuple[tuple[str, object], ...]


@dataclass(frozen=True, kw_only=True)
class Look:
    """The first piece of a body, read by the code that imports it.

    columns: (measure, unit) of every measure that a shown fact states. cut: the body goes on after
    what was read.
    """

    columns: tuple[tuple[str, str], ...]
    facts: tuple[FactLine, ...]
    errors: tuple[RowError, ...]
    warnings: tuple[str, ...]
    lines: int
    read: int
    refused: int
    empty: int
    cut: bool

    @property
    def unknown_initiative(self) -> bool:
        return any(error.code is Code.UNKNOWN_INITIATIVE for error in self.errors)


def look_at(pieces: Iterator[Parsed[UsageRow]], *, source: Source) -> Look:
    """Read the first piece, at most 20,000 rows. Raises `EnvelopeError`."""
    piece = next(pieces, Parsed())
    cut = next(pieces, None)
    shown = piece.rows[:SHOWN_FACTS]
    stated = [name for name in MEASURES if any(getattr(row, name) is not None for row in shown)]
    return Look(
        columns=tuple((name.removesuffix("_micros"), _unit(source, name)) for name in stated),
        facts=tuple(_line(row, stated) for row in shown),
        errors=tuple(piece.errors[:SHOWN_ERRORS]),
        warnings=tuple(dict.fromkeys([*piece.warnings, *(cut.warnings if cut else ())])),
        lines=piece.lines,
        read=len(piece.rows),
        refused=piece.lines_rejected,
        empty=piece.lines_empty,
        cut=cut is not None and bool(cut.lines),
    )


def _unit(source: Source, name: str) -> str:
    own = source.units.get(_COST if name == "cost_micros" else name)
    return own or _UNITS[name]


def _line(row: UsageRow, stated: list[str]) -> FactLine:
    return FactLine(
        line=row.line,
        subject=f"{row.kind}:{row.external_id}",
        names=tuple(row.aliases),
        initiative=row.initiative,
        surface=row.surface.value,
        grain=row.grain.value,
        first=row.period_start,
        last=row.period_end - timedelta(days=1),
        values=tuple((name.removesuffix("_micros"), _value(row, name)) for name in stated),
    )


def _value(row: UsageRow, name: str) -> object:
    value = getattr(row, name)
    if name == "cost_micros" and value is not None:
        amount = f"{Decimal(value) / 1_000_000:f}"
        return f"{amount} {row.currency}" if row.currency else amount
    return value
