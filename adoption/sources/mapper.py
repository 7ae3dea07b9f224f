"""Source `mapper`: any table or JSON lines, read by a saved profile, version 1.

The profile says which column is which, in what form and unit (`adoption.sources.mapping`). What no
column was chosen for is dropped before anything is stored. A value that does not fit its declared
form refuses its line, and the error names the file's own column.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from adoption.sources.canonical import read_initiative
from adoption.sources.formats import (
    DateForm,
    NumberForm,
    Unit,
    clock_minutes,
    count_of,
    micros_of,
    minutes_of,
    part_of,
    read_date,
    read_number,
    truth_of,
)
from adoption.sources.mapping import TARGETS, Anchor, ColumnMap, Sort
from adoption.sources.periods import LENGTHS, LONGEST_CYCLE, check_day
from adoption.sources.rows import Grain, ParseContext, Parsed, Surface, UsageRow
from adoption.sources.stating import Measures, Statement, local_day
from adoption.sources.subjects import normal_id
from organizations.sources.collecting import parse_records
from organizations.sources.fields import Fields, clean
from organizations.sources.reading import (
    MAX_DEPTH,
    BodyCode,
    Code,
    EnvelopeError,
    ReadError,
)
from organizations.sources.records import Columns, Media, media_of

NAME = "mapper"
VERSION = 1
ACCEPTED = (Media.CSV, Media.XLSX, Media.NDJSON)
LONGEST_VALUE = 400
COUNTS = tuple(name for name, target in TARGETS.items() if target.sort is Sort.COUNT)
PARTS = tuple(name for name, target in TARGETS.items() if target.sort is Sort.PART)
_ONE_DAY = timedelta(days=1)
_WEEKDAYS = {"mon": (0, "Monday"), "sun": (6, "Sunday")}


@dataclass
class OwnColumns(Columns):
    """Columns under their own names: what nobody chose is meant to be dropped, and no warning."""

    def own_names(self, names: Iterable[str]) -> list[str]:
        return [name.strip().lower() for name in names]


def parse(
    blocks: Iterable[bytes], *, content_type: str, context: ParseContext
) -> Iterator[Parsed[UsageRow]]:
    """Yield the body in pieces. Raises `EnvelopeError`, also without a profile."""
    media = media_of(content_type, ACCEPTED)
    mapping = context.mapping
    if mapping is None:
        raise EnvelopeError(
            BodyCode.PROFILE_MISSING,
            "Say which saved profile describes these columns: profile=<name>.",
            field="profile",
        )
    check_form(mapping, media)

    def read(line: int, fields: Fields) -> list[UsageRow]:
        return _facts(_Line(line, fields, mapping, context))

    yield from parse_records(blocks, media=media, columns=columns_of(mapping), read=read)


def columns_of(mapping: ColumnMap) -> Columns:
    """The columns that a file has to have, whatever else it has."""
    return OwnColumns(known=mapping.columns, required=mapping.columns, sheet=mapping.sheet)


def check_form(mapping: ColumnMap, media: Media) -> None:
    """Cells of a workbook are numbers, and those are written with a point and nothing else.

    Raises `EnvelopeError` where the profile declares other forms: 1.234 would become 1234.
    """
    other = next(
        (
            use.column
            for name, use in mapping.uses.items()
            if TARGETS[name].units and use.form not in ("", NumberForm.POINT)
        ),
        None,
    )
    if media is Media.XLSX and other is not None:
        raise EnvelopeError(
            BodyCode.UNSUPPORTED_SHAPE,
            "Numbers of a workbook are read as 1234.5, and the profile declares another form for"
            f" {other[:80]}; change the profile, or save the sheet as CSV.",
            field=other[:80],
        )


def flat(values: Mapping[str, object], *, depth: int = MAX_DEPTH) -> dict[str, object]:
    """Members of members under dotted names; a name that is there already keeps its value.

    >>> flat({"Actor": {"Mail": "bo@acme.test"}, "n": 3})
    {'actor.mail': 'bo@acme.test', 'n': 3}
    """
    found: dict[str, object] = {}
    inner: dict[str, object] = {}
    for name, value in values.items():
        own = name.strip().lower()
        if isinstance(value, dict) and depth:
            for rest, deep in flat(value, depth=depth - 1).items():
                inner.setdefault(f"{own}.{rest}", deep)
        else:
            found[own] = value
    return inner | found


class _Line:
    """One line under a mapping. Every reader names the file's own column when it refuses."""

    def __init__(
        self, number: int, fields: Fields, mapping: ColumnMap, context: ParseContext
    ) -> None:
        self.number = number
        self.mapping = mapping
        self.context = context
        self._values = flat(fields.names())

    def raw(self, name: str) -> str | int | Decimal | None:
        """What stands in a field's column: text as written, or a number of JSON; None: nothing."""
        column = self.mapping.use(name).column
        value = self._values.get(column) if column else None
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str):
            text = clean(column, value, longest=LONGEST_VALUE)
            return None if not text or text.casefold() in self.mapping.nothing else text
        if value is None or isinstance(value, (int, Decimal)):
            return value
        raise ReadError(Code.BAD_TYPE, "Expected one value, not several.", field=column)

    def text(self, name: str) -> str | None:
        """Of a column, else what is the same for all lines."""
        value = self.raw(name)
        return (self.mapping.use(name).constant or None) if value is None else str(value)

    def need(self, name: str) -> str:
        text = self.text(name)
        if text is None:
            column = self.mapping.use(name).column
            raise ReadError(Code.MISSING_FIELD, "The line needs a value here.", field=column)
        return text

    def number_of(self, name: str) -> Decimal | None:
        value, use = self.raw(name), self.mapping.use(name)
        if value is None:
            return None
        return read_number(use.column, value, NumberForm(use.form))

    def count(self, name: str) -> int | None:
        number, use = self.number_of(name), self.mapping.use(name)
        return None if number is None else count_of(use.column, number, Unit(use.unit))

    def part(self, name: str, *, whole: int | None) -> int | None:
        """A count, or the count that a share of the suggestions stands for."""
        use = self.mapping.use(name)
        if use.unit not in (Unit.PERCENT, Unit.SHARE):
            return self.count(name)
        value = self.raw(name)
        if isinstance(value, str) and use.unit == Unit.PERCENT:
            value = value.removesuffix("%").rstrip()
        if value is None:
            return None
        number = read_number(use.column, value, NumberForm(use.form))
        return part_of(use.column, number, Unit(use.unit), whole=whole)

    def minutes(self) -> Decimal | None:
        use = self.mapping.use("minutes_claimed")
        if use.unit == Unit.CLOCK:
            text = self.text("minutes_claimed")
            return None if text is None else clock_minutes(use.column, text)
        number = self.number_of("minutes_claimed")
        return None if number is None else minutes_of(use.column, number, Unit(use.unit))

    def cost(self) -> int | None:
        number = self.number_of("cost_estimate")
        unit = self.mapping.use("cost_estimate").unit
        return None if number is None else micros_of(number, Unit(unit))

    def truth(self) -> bool | None:
        text, use = self.text("active"), self.mapping.use("active")
        if text is None or use.constant:
            return None if text is None else text == "true"
        return truth_of(
            use.column, text, true=self.mapping.true_words, false=self.mapping.false_words
        )

    def day(self, name: str) -> date:
        """The calendar day of a column; of a moment, the organization's."""
        use = self.mapping.use(name)
        found = read_date(use.column, self.need(name), DateForm(use.form))
        if isinstance(found, datetime):
            return local_day(use.column, found, self.context)
        return found

    def at(self, name: str, fault: ReadError) -> ReadError:
        """The fault under the name of the field's own column."""
        fault.field = self.mapping.use(name).column or fault.field
        return fault


def _facts(line: _Line) -> list[UsageRow]:
    """The fact of a line; none where the line states no measure."""
    measures = _measures(line)
    if all(value is None for name, value in measures.items() if name != "currency"):
        return []
    first, end = _period(line)
    days = measures.get("active_days")
    if days is not None and days > (end - first).days:
        raise ReadError(
            Code.OUT_OF_RANGE,
            f"The period has {(end - first).days} days only.",
            field=line.mapping.use("active_days").column,
        )
    mapping = line.mapping
    about = Statement(
        line=line.number,
        initiative=_initiative(line),
        source=line.context.default_source,
        kind=mapping.subject_kind,
        external_id=normal_id(
            mapping.use("subject").column, mapping.subject_kind, line.need("subject")
        ),
        aliases=_aliases(line),
        scope=_scope(line),
        period_start=first,
        period_end=end,
        grain=mapping.grain,
        week_start=mapping.week_start or None,
        as_of=line.context.as_of,
    )
    return [about.fact(_surface(line), **measures)]


def _measures(line: _Line) -> Measures:
    suggestions = line.count("suggestions")
    cost = line.cost()
    measures: Measures = {
        "active": line.truth(),
        "minutes_claimed": line.minutes(),
        "cost_micros": cost,
        "currency": None if cost is None else _currency(line),
    }
    for name in COUNTS:
        measures[name] = line.count(name)  # type: ignore[literal-required]  # all are measures
    for name in PARTS:
        measures[name] = line.part(name, whole=suggestions)  # type: ignore[literal-required]
    return measures


def _period(line: _Line) -> tuple[date, date]:
    """(first day, day after the last) of the period that the line is about."""
    mapping, column = line.mapping, line.mapping.use("day").column
    day = line.day("day")
    if mapping.grain is Grain.CYCLE:
        first, end = day, line.day("last_day") + _ONE_DAY
        if not timedelta(0) < end - first <= LONGEST_CYCLE:
            raise ReadError(
                Code.BAD_PERIOD,
                "A cycle has 1 to 366 days.",
                field=mapping.use("last_day").column,
            )
    elif mapping.grain is Grain.MONTH:
        first, end = _month(column, day, mapping.anchor)
    else:
        length = timedelta(days=LENGTHS[mapping.grain])
        first = day if mapping.anchor is Anchor.FIRST else day - length + _ONE_DAY
        end = first + length
    if mapping.grain is Grain.WEEK and first.weekday() != _WEEKDAYS[mapping.week_start][0]:
        raise ReadError(
            Code.BAD_PERIOD,
            f"Weeks begin on a {_WEEKDAYS[mapping.week_start][1]}, as declared.",
            field=column,
        )
    return check_day(column, first, line.context), end


def _month(column: str, day: date, anchor: Anchor) -> tuple[date, date]:
    end = (day.replace(day=1) + timedelta(days=31)).replace(day=1)
    expected = day.replace(day=1) if anchor is Anchor.FIRST else end - _ONE_DAY
    if day != expected:
        raise ReadError(
            Code.BAD_PERIOD, f"Not the {anchor.value} day of a month, as declared.", field=column
        )
    return day.replace(day=1), end


def _initiative(line: _Line) -> str:
    try:
        return read_initiative(line.text("initiative"), line.context)
    except ReadError as fault:
        raise line.at("initiative", fault) from None


def _surface(line: _Line) -> Surface:
    word = line.text("surface")
    if word is None:
        return Surface.ALL
    try:
        return Surface(word.lower())
    except ValueError:
        raise ReadError(
            Code.UNKNOWN_SURFACE,
            f"Not a known word; use one of {', '.join(Surface)}.",
            field=line.mapping.use("surface").column,
            value=word,
        ) from None


def _scope(line: _Line) -> str:
    return clean(line.mapping.use("scope").column, line.text("scope") or "", longest=120)


def _aliases(line: _Line) -> tuple[str, ...]:
    text, kind = line.text("alias"), line.mapping.alias_kind
    if text is None or kind is None:
        return ()
    return (f"{kind}:{normal_id(line.mapping.use('alias').column, kind, text)}",)


def _currency(line: _Line) -> str:
    word = line.text("currency") or line.context.currency
    if len(word) == 3 and word.isascii() and word.isalpha() and word.isupper():
        return word
    raise ReadError(
        Code.BAD_CURRENCY,
        "Write the currency as three capital letters, such as EUR.",
        field=line.mapping.use("currency").column,
    )
