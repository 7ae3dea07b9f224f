"""What every fact of one record has in common, so that a vendor's module only says the rest."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Required, TypedDict, Unpack
from zoneinfo import ZoneInfo

from adoption.sources.canonical import HUNDREDTH, MOST_MINUTES, read_initiative, read_source
from adoption.sources.periods import check_instant
from adoption.sources.rows import (
    Grain,
    ParseContext,
    Parsed,
    SubjectKind,
    Surface,
    UsageRow,
    qualifying_use,
)
from adoption.sources.subjects import normal_id
from organizations.sources.collecting import parse_records
from organizations.sources.fields import Fields
from organizations.sources.reading import BodyCode, Code, EnvelopeError, ReadError
from organizations.sources.records import Columns, Media, media_of

MOST_OF_A_FACT = 10**12
"""A count above it is a mistake; a million facts of as much still add up within 63 bits."""


class Measures(TypedDict, total=False):
    """Measures of a fact; what is left out the source did not say."""

    active: bool | None
    active_days: int | None
    interactions: int | None
    sessions: int | None
    requests: int | None
    suggestions: int | None
    accepted: int | None
    rejected: int | None
    tokens_in: int | None
    tokens_cached: int | None
    tokens_out: int | None
    minutes_claimed: Decimal | None
    cost_micros: int | None
    currency: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Whom, when and where a record is about: the same for all of its facts."""

    line: int
    initiative: str
    source: str
    kind: SubjectKind
    external_id: str
    period_start: date
    period_end: date
    grain: Grain
    scope: str = ""
    aliases: tuple[str, ...] = ()
    week_start: str | None = None
    as_of: datetime | None = None
    event_id: str | None = None

    def fact(self, surface: Surface, **measures: Unpack[Measures]) -> UsageRow:
        """One fact. Whether it is a use that counts follows from its measures (METHODS 3.1).

        Raises `ReadError` out_of_range.
        """
        _check_size(measures)
        return self.stated(surface, **measures)

    def stated(self, surface: Surface, **measures: Unpack[Measures]) -> UsageRow:
        """A fact as it was stated, whatever its size."""
        active = qualifying_use(
            interactions=measures.get("interactions"),
            accepted=measures.get("accepted"),
            active=measures.get("active"),
            active_days=measures.get("active_days"),
        )
        return UsageRow(
            line=self.line,
            initiative=self.initiative,
            source=self.source,
            scope=self.scope,
            kind=self.kind,
            external_id=self.external_id,
            aliases=self.aliases,
            period_start=self.period_start,
            period_end=self.period_end,
            grain=self.grain,
            week_start=self.week_start,
            surface=surface,
            active=active,
            active_days=measures.get("active_days"),
            interactions=measures.get("interactions"),
            sessions=measures.get("sessions"),
            requests=measures.get("requests"),
            suggestions=measures.get("suggestions"),
            accepted=measures.get("accepted"),
            rejected=measures.get("rejected"),
            tokens_in=measures.get("tokens_in"),
            tokens_cached=measures.get("tokens_cached"),
            tokens_out=measures.get("tokens_out"),
            minutes_claimed=measures.get("minutes_claimed"),
            cost_micros=measures.get("cost_micros"),
            currency=measures.get("currency"),
            as_of=self.as_of,
            event_id=self.event_id,
        )


def _check_size(measures: Measures) -> None:
    """Facts of a day may be added up, and what a vendor adds may be too much for one column."""
    for name, value in measures.items():
        if isinstance(value, (int, Decimal)) and value > _MOST.get(name, MOST_OF_A_FACT):
            raise ReadError(
                Code.OUT_OF_RANGE,
                "The number is too large; check its unit.",
                field=_WORDS.get(name, name),
            )


_MOST = {"minutes_claimed": MOST_MINUTES - HUNDREDTH}
_WORDS = {"cost_micros": "cost_estimate"}


class Who(TypedDict, total=False):
    """Whom a record is about; kind and external_id are always there."""

    kind: Required[SubjectKind]
    external_id: Required[str]
    scope: str
    aliases: tuple[str, ...]
    event_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a request says for all of its records."""

    initiative: str
    source: str
    as_of: datetime | None

    def on_day(self, line: int, day: date, **who: Unpack[Who]) -> Statement:
        """A record about one day of the vendor's calendar."""
        return self.over(line, Grain.DAY, day, day + timedelta(days=1), **who)

    def over(
        self,
        line: int,
        grain: Grain,
        first: date,
        end: date,
        *,
        week_start: str | None = None,
        as_of: datetime | None = None,
        **who: Unpack[Who],
    ) -> Statement:
        """A record about a period, its end exclusive. `as_of`: what the record says itself."""
        return Statement(
            line=line,
            initiative=self.initiative,
            source=self.source,
            period_start=first,
            period_end=end,
            grain=grain,
            week_start=week_start,
            as_of=self.as_of or as_of,
            **who,
        )


def need_initiative(label: str, context: ParseContext) -> None:
    """Refuse a body whose rows name no initiative when the request names none either.

    Raises `EnvelopeError` initiative_missing.
    """
    if context.default_initiative is None:
        raise EnvelopeError(
            BodyCode.INITIATIVE_MISSING,
            f"{label} rows do not say which initiative they belong to; add ?initiative=<key>.",
            field="initiative",
        )


def frame_of(name: str, context: ParseContext, *, initiative: str | None = None) -> Frame:
    """The frame of a vendor's record. Raises `ReadError` for an initiative that is not ours.

    The source is the vendor's name, not the key's: a new key must not split people in two.
    `initiative` is what the record names itself, where a vendor can carry it.
    """
    return Frame(
        initiative=read_initiative(initiative, context),
        source=read_source(name, context),
        as_of=context.as_of,
    )


def local_day(name: str, instant: datetime, context: ParseContext) -> date:
    """The organization's day of an event. Raises `ReadError` for an instant out of range."""
    return check_instant(name, instant, context).astimezone(ZoneInfo(context.time_zone)).date()


def added(*values: int | None) -> int | None:
    """The sum of what is stated; None where nothing is."""
    stated = [value for value in values if value is not None]
    return sum(stated) if stated else None


def sum_over(parts: Fields | None, name: str) -> int | None:
    """The sum of one count over all objects inside an object; None where nothing is stated."""
    if parts is None:
        return None
    each = [part for part in map(parts.nested, parts.names()) if part is not None]
    return added(*(part.whole(name) for part in each))


def address_alias(name: str, email: str | None) -> tuple[str, ...]:
    """The address beside a vendor's own id, as the alias that finds the person."""
    return (f"email:{normal_id(name, SubjectKind.EMAIL, email)}",) if email else ()


def parse_report(
    blocks: Iterable[bytes],
    *,
    content_type: str,
    context: ParseContext,
    accepted: tuple[Media, ...],
    columns: Columns,
    read: Callable[[int, Fields, ParseContext], list[UsageRow]],
    label: str = "",
    facts: int = 1,
) -> Iterator[Parsed[UsageRow]]:
    """Yield a vendor's body in pieces; `read` answers the facts of one record.

    label: what the vendor's rows are called, where they cannot name an initiative themselves.
    Raises `EnvelopeError`: initiative_missing.
    """
    media = media_of(content_type, accepted)
    if label:
        need_initiative(label, context)
    yield from parse_records(
        blocks,
        media=media,
        columns=columns,
        read=lambda line, fields: read(line, fields, context),
        facts=facts,
    )
