"""Source `canonical`: usage rows in our own words, as NDJSON, JSON or CSV.

Typical rows take the quick way (`adoption.sources.quick`); whatever it does not take is read here
field by field, to be accepted or explained.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

from adoption.sources.periods import check_instant, read_period
from adoption.sources.quick import QuickCells, QuickLines
from adoption.sources.rows import ADDING, ParseContext, Parsed, Surface, UsageRow, qualifying_use
from adoption.sources.subjects import read_subject
from organizations.sources.collecting import PIECE, Ceiling, take
from organizations.sources.fields import Fields
from organizations.sources.lines import Lines
from organizations.sources.reading import Code, ReadError
from organizations.sources.records import (
    WITH_SHEETS,
    Columns,
    Media,
    json_lines,
    json_record,
    media_of,
)
from organizations.sources.table import Table, read_table
from organizations.sources.workbook import read_workbook

NAME = "canonical"
# The sheet of a workbook that is read; without one of that name the first.
SHEET = "usage"
MICROS = 1_000_000
HUNDREDTH = Decimal("0.01")
MOST_MINUTES = Decimal(10) ** 9
MEASURES = (
    "interactions",
    "active",
    "active_days",
    "sessions",
    "requests",
    "suggestions",
    "accepted",
)
COLUMNS = Columns(
    known=frozenset(
        {
            *("initiative", "subject", "person", "day", "grain", "period_start", "period_end"),
            *("week_start", "scope", "surface", "source", "external_id", "as_of", "currency"),
            *MEASURES,
            *("rejected", "tokens_in", "tokens_cached", "tokens_out", "minutes_claimed"),
            *("cost_estimate", "organization"),
        }
    )
)
TEMPLATE = (
    "initiative,subject,day,surface,interactions,accepted,as_of\n"
    "support-reply-drafting,email:bo.chen@acme.test,2026-10-06,chat,11,4,2026-10-07T03:00:00Z\n"
)

_CURRENCY = re.compile(r"[A-Z]{3}")


def parse(
    blocks: Iterable[bytes], *, content_type: str, context: ParseContext
) -> Iterator[Parsed[UsageRow]]:
    """Yield the body in pieces of at most 20,000 rows. Raises `EnvelopeError`."""
    media = media_of(content_type, WITH_SHEETS)
    reading = _Reading(context)
    if media in (Media.CSV, Media.XLSX):
        sheet = media is Media.XLSX
        table = read_workbook(blocks, sheet=SHEET) if sheet else read_table(blocks)
        if table is not None:
            yield from reading.table(table)
    else:
        for first, lines in json_lines(blocks, media):
            yield from reading.lines(first, lines)
    yield reading.last()


class _Reading:
    """One body on its way through: the piece being filled, and what has been met so far."""

    def __init__(self, context: ParseContext) -> None:
        self._context = context
        self._columns = COLUMNS.fresh()
        self._ceiling = Ceiling()
        self._piece: Parsed[UsageRow] = Parsed()
        self._quick = QuickLines(context)

    def lines(self, first: int, lines: Lines) -> Iterator[Parsed[UsageRow]]:
        for start in range(0, len(lines), PIECE):
            part = lines[start : start + PIECE]
            if self._piece.lines + len(part) > PIECE:
                yield self._cut()
            self._read_lines(first + start, part)

    def _read_lines(self, first: int, lines: Lines) -> None:
        piece, quick = self._piece, self._quick.row
        append = piece.rows.append
        piece.lines += len(lines)
        for number, line in enumerate(lines, first):
            row = quick(number, line)
            if row is not None:
                append(row)
            else:
                self._explain(number, json_record(line, self._columns))

    def table(self, table: Table) -> Iterator[Parsed[UsageRow]]:
        names = self._columns.own_names(table.header)
        self._columns.check_header(names)
        quick = QuickCells(names, COLUMNS.known, self._context).row
        for number, cells in table.rows:
            if self._piece.lines >= PIECE:
                yield self._cut()
            self._piece.lines += 1
            row = quick(number, cells)
            if row is not None:
                self._piece.rows.append(row)
            elif isinstance(cells, list):
                self._explain(number, Fields(dict(zip(names, cells, strict=True)), written=True))
            else:
                self._explain(number, cells)

    def _explain(self, number: int, record: Fields | ReadError | None) -> None:
        if record is None:
            self._piece.lines_empty += 1
        else:
            take(self._piece, number, record, self._read)

    def _read(self, line: int, fields: Fields) -> list[UsageRow]:
        return [read_row(line, fields, self._context)]

    def _cut(self) -> Parsed[UsageRow]:
        piece, self._piece = self._piece, Parsed()
        self._ceiling.add(piece)
        return piece

    def last(self) -> Parsed[UsageRow]:
        piece = self._cut()
        piece.warnings = self._columns.warnings()
        return piece


def read_row(line: int, fields: Fields, context: ParseContext) -> UsageRow:
    """One canonical record, every field checked. Raises `ReadError`."""
    if "organization" in fields:
        raise ReadError(
            Code.OTHER_ORGANIZATION,
            "The API key decides the organization; leave the field out.",
            field="organization",
        )
    initiative = read_initiative(fields.text("initiative", longest=80), context)
    kind, external_id = read_subject(fields)
    grain, start, end, week_start = read_period(fields, context)
    if not any(name in fields for name in MEASURES):
        raise ReadError(
            Code.MISSING_FIELD, f"The row needs one of {', '.join(MEASURES)}.", field="interactions"
        )
    interactions, accepted = fields.whole("interactions"), fields.whole("accepted")
    active_days = _active_days(fields, (end - start).days)
    active = qualifying_use(
        interactions=interactions,
        accepted=accepted,
        active=fields.flag("active"),
        active_days=active_days,
    )
    cost, currency = micros(fields.amount("cost_estimate")), read_currency(fields)
    return UsageRow(
        line=line,
        initiative=initiative,
        source=read_source(_replacing(fields.text("source", longest=60)), context),
        scope=fields.text("scope", longest=120) or "",
        kind=kind,
        external_id=external_id,
        aliases=(),
        period_start=start,
        period_end=end,
        grain=grain,
        week_start=week_start,
        surface=fields.choice("surface", Surface, Code.UNKNOWN_SURFACE) or Surface.ALL,
        active=active,
        active_days=active_days,
        interactions=interactions,
        sessions=fields.whole("sessions"),
        requests=fields.whole("requests"),
        suggestions=fields.whole("suggestions"),
        accepted=accepted,
        rejected=fields.whole("rejected"),
        tokens_in=fields.whole("tokens_in"),
        tokens_cached=fields.whole("tokens_cached"),
        tokens_out=fields.whole("tokens_out"),
        minutes_claimed=_minutes(fields),
        cost_micros=cost,
        currency=(currency or context.currency) if cost is not None else None,
        as_of=_as_of(fields, context),
        event_id=fields.text("external_id", longest=200),
    )


def read_initiative(key: str | None, context: ParseContext) -> str:
    """The row's initiative or the request's. Raises `ReadError`."""
    key = key or context.default_initiative
    if key is None:
        raise ReadError(Code.MISSING_FIELD, "The row needs initiative.", field="initiative")
    if context.pinned_initiative is not None and key != context.pinned_initiative:
        raise ReadError(
            Code.OUTSIDE_PIN,
            "The API key may write to one initiative only, and this is another.",
            field="initiative",
            value=key,
        )
    if key not in context.initiatives:
        raise ReadError(
            Code.UNKNOWN_INITIATIVE,
            "No initiative has this key; check the spelling or register it first.",
            field="initiative",
            value=key,
        )
    return key


def _replacing(stated: str | None) -> str | None:
    if stated in ADDING:
        raise ReadError(
            Code.MIXED_STATEMENT,
            "Events of this source add to their day, and this row would replace it; send the"
            " source's own log.",
            field="source",
            value=stated,
        )
    return stated


def read_source(stated: str | None, context: ParseContext) -> str:
    """The row's source or the key's name. Raises `ReadError` outside the pin."""
    source = stated or context.default_source
    if context.pinned_source is not None and source != context.pinned_source:
        raise ReadError(
            Code.OUTSIDE_PIN,
            "The API key may write for one source only, and this is another.",
            field="source",
            value=source,
        )
    return source


def _active_days(fields: Fields, days: int) -> int | None:
    stated = fields.whole("active_days")
    if stated is not None and stated > days:
        raise ReadError(
            Code.OUT_OF_RANGE,
            f"The period has {days} days only.",
            field="active_days",
            value=stated,
        )
    return stated


def _minutes(fields: Fields) -> Decimal | None:
    stated = fields.amount("minutes_claimed")
    if stated is not None and stated >= MOST_MINUTES:
        raise ReadError(
            Code.OUT_OF_RANGE, "The number is too large.", field="minutes_claimed", value=stated
        )
    return None if stated is None else stated.quantize(HUNDREDTH, ROUND_HALF_EVEN)


def micros(amount: Decimal | None, *, per: int = 1) -> int | None:
    """Millionths of the currency's unit, half to even; `per` 100 for an amount in cents."""
    if amount is None:
        return None
    return int((amount * MICROS / per).to_integral_value(ROUND_HALF_EVEN))


def read_currency(fields: Fields) -> str | None:
    """Three capital letters. Raises `ReadError` bad_currency."""
    stated = fields.text("currency")
    if stated is not None and not _CURRENCY.fullmatch(stated):
        raise ReadError(
            Code.BAD_CURRENCY,
            "Write the currency as three capital letters, such as EUR.",
            field="currency",
            value=stated,
        )
    return stated


def _as_of(fields: Fields, context: ParseContext) -> datetime | None:
    stated = fields.instant("as_of")
    return context.as_of if stated is None else check_instant("as_of", stated, context)
