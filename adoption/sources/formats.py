"""How a column of somebody else's file is written: a closed list of forms, each read strictly.

Nothing is guessed: a value that does not fit the form its column is declared in raises `ReadError`
naming that column. The value goes with it for a preview; what is kept of a refusal is kept without.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum

from organizations.sources.fields import LARGEST_AMOUNT, LARGEST_WHOLE, read_instant
from organizations.sources.reading import MAX_NUMBER_CHARACTERS, Code, ReadError

MOST_MINUTES = Decimal(10) ** 9
HUNDREDTH = Decimal("0.01")


class DateForm(StrEnum):
    """How a day is written."""

    ISO = "iso"
    COMPACT = "compact"
    YEAR_SLASH = "year_slash"
    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"
    DAY_DOT = "day_dot"
    DAY_DASH = "day_dash"
    NAMED = "named"
    YEAR_MONTH = "year_month"
    LOCAL_TIME = "local_time"
    INSTANT = "instant"
    EPOCH = "epoch"
    EPOCH_MILLIS = "epoch_millis"


class NumberForm(StrEnum):
    """How a number is written."""

    POINT = "point"
    COMMA = "comma"
    POINT_GROUPED = "point_grouped"
    COMMA_GROUPED = "comma_grouped"


class Unit(StrEnum):
    """What one of a number is."""

    ONE = "one"
    THOUSAND = "thousand"
    MILLION = "million"
    PERCENT = "percent"
    SHARE = "share"
    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    CLOCK = "clock"
    WHOLE = "whole"
    CENT = "cent"
    THOUSANDTH = "thousandth"
    MILLIONTH = "millionth"


DATE_WORDS: Mapping[DateForm, str] = {
    DateForm.ISO: "2026-10-06",
    DateForm.COMPACT: "20261006",
    DateForm.YEAR_SLASH: "2026/10/06",
    DateForm.DAY_FIRST: "06/10/2026, day first",
    DateForm.MONTH_FIRST: "10/06/2026, month first (US)",
    DateForm.DAY_DOT: "06.10.2026",
    DateForm.DAY_DASH: "06-10-2026, day first",
    DateForm.NAMED: "06 Oct 2026 or 06-Oct-2026",
    DateForm.YEAR_MONTH: "2026-10, a month",
    DateForm.LOCAL_TIME: "2026-10-06 09:14:03, its own clock",
    DateForm.INSTANT: "2026-10-06T09:14:03+01:00",
    DateForm.EPOCH: "seconds since 1970",
    DateForm.EPOCH_MILLIS: "milliseconds since 1970",
}
NUMBER_WORDS: Mapping[NumberForm, str] = {
    NumberForm.POINT: "1234.5",
    NumberForm.COMMA: "1234,5",
    NumberForm.POINT_GROUPED: "1,234.5",
    NumberForm.COMMA_GROUPED: "1.234,5",
}
UNIT_WORDS: Mapping[Unit, str] = {
    Unit.ONE: "single ones",
    Unit.THOUSAND: "thousands",
    Unit.MILLION: "millions",
    Unit.PERCENT: "percent of suggestions, 0 to 100",
    Unit.SHARE: "share of suggestions, 0 to 1",
    Unit.SECOND: "seconds",
    Unit.MINUTE: "minutes",
    Unit.HOUR: "hours",
    Unit.CLOCK: "hours:minutes:seconds",
    Unit.WHOLE: "units of the currency",
    Unit.CENT: "cents",
    Unit.THOUSANDTH: "thousandths of the unit",
    Unit.MILLIONTH: "millionths of the unit",
}
COUNT_UNITS = (Unit.ONE, Unit.THOUSAND, Unit.MILLION)
PART_UNITS = (*COUNT_UNITS, Unit.PERCENT, Unit.SHARE)
TIME_UNITS = (Unit.SECOND, Unit.MINUTE, Unit.HOUR, Unit.CLOCK)
MONEY_UNITS = (Unit.WHOLE, Unit.CENT, Unit.THOUSANDTH, Unit.MILLIONTH)

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_Y, _M, _D = "(?P<y>[0-9]{4})", "(?P<m>[0-9]{1,2})", "(?P<d>[0-9]{1,2})"
_CLOCK = r"[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
_DATES: Mapping[DateForm, re.Pattern[str]] = {
    form: re.compile(pattern)
    for form, pattern in {
        DateForm.ISO: f"{_Y}-(?P<m>[0-9]{{2}})-(?P<d>[0-9]{{2}})",
        DateForm.COMPACT: f"{_Y}(?P<m>[0-9]{{2}})(?P<d>[0-9]{{2}})",
        DateForm.YEAR_SLASH: f"{_Y}/{_M}/{_D}",
        DateForm.DAY_FIRST: f"{_D}/{_M}/{_Y}",
        DateForm.MONTH_FIRST: f"{_M}/{_D}/{_Y}",
        DateForm.DAY_DOT: rf"{_D}\.{_M}\.{_Y}",
        DateForm.DAY_DASH: f"{_D}-{_M}-{_Y}",
        DateForm.NAMED: f"{_D}(?P<between>[ -])(?P<word>[A-Za-z]{{3}})(?P=between){_Y}",
        DateForm.YEAR_MONTH: f"{_Y}-(?P<m>[0-9]{{2}})",
        DateForm.LOCAL_TIME: f"{_Y}-(?P<m>[0-9]{{2}})-(?P<d>[0-9]{{2}}){_CLOCK}",
    }.items()
}
_EPOCH = re.compile(r"[0-9]{1,16}")
_NUMBERS: Mapping[NumberForm, re.Pattern[str]] = {
    NumberForm.POINT: re.compile(r"-?[0-9]+(?:\.[0-9]+)?"),
    NumberForm.COMMA: re.compile(r"-?[0-9]+(?:,[0-9]+)?"),
    NumberForm.POINT_GROUPED: re.compile(r"-?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?"),
    NumberForm.COMMA_GROUPED: re.compile(r"-?(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+)(?:,[0-9]+)?"),
}
_HOURS = re.compile(r"(?P<h>[0-9]{1,6}):(?P<m>[0-5][0-9]):(?P<s>[0-5][0-9])")
_TIMES: Mapping[Unit, Decimal] = {
    Unit.ONE: Decimal(1),
    Unit.THOUSAND: Decimal(1000),
    Unit.MILLION: Decimal(1_000_000),
}
_SECONDS: Mapping[Unit, int] = {Unit.SECOND: 1, Unit.MINUTE: 60, Unit.HOUR: 3600}
_PER: Mapping[Unit, int] = {
    Unit.WHOLE: 1,
    Unit.CENT: 100,
    Unit.THOUSANDTH: 1000,
    Unit.MILLIONTH: 1_000_000,
}
_WHOLE_PART: Mapping[Unit, int] = {Unit.PERCENT: 100, Unit.SHARE: 1}


def read_date(column: str, text: str, form: DateForm) -> date | datetime:
    """A day, or for instants and epochs the moment in UTC: whose day that is the caller decides.

    A month is answered as its first day.
    """
    if form is DateForm.INSTANT:
        return read_instant(column, text)
    if form in (DateForm.EPOCH, DateForm.EPOCH_MILLIS):
        return _moment(column, text, per=1000 if form is DateForm.EPOCH_MILLIS else 1)
    found = _DATES[form].fullmatch(text)
    if found:
        parts = found.groupdict()
        try:
            return date(int(parts["y"]), _month(parts), int(parts.get("d") or 1))
        except ValueError:
            pass
    raise _bad_date(column, text, form)


def _month(parts: Mapping[str, str]) -> int:
    word = parts.get("word")
    return _MONTHS.index(word.lower()) + 1 if word else int(parts["m"])


def _moment(column: str, text: str, *, per: int) -> datetime:
    form = DateForm.EPOCH if per == 1 else DateForm.EPOCH_MILLIS
    if not _EPOCH.fullmatch(text):
        raise _bad_date(column, text, form)
    try:
        return datetime.fromtimestamp(int(text) / per, tz=UTC)
    except (ValueError, OverflowError, OSError):
        raise _bad_date(column, text, form) from None


def _bad_date(column: str, text: str, form: DateForm) -> ReadError:
    return ReadError(
        Code.BAD_DATE,
        f"Not a day written like {DATE_WORDS[form]}, as declared.",
        field=column,
        value=text,
    )


def read_number(column: str, value: str | int | Decimal, form: NumberForm) -> Decimal:
    """A number of at least 0 and below 10^12. Numbers of JSON need no form: they are numbers."""
    number = _written(column, value, form) if isinstance(value, str) else Decimal(value)
    if number < 0:
        raise ReadError(Code.NEGATIVE, "It cannot be below 0.", field=column, value=value)
    if number >= LARGEST_AMOUNT:
        raise ReadError(Code.OUT_OF_RANGE, "The number is too large.", field=column, value=value)
    return number


def _written(column: str, text: str, form: NumberForm) -> Decimal:
    if len(text) > MAX_NUMBER_CHARACTERS:
        raise ReadError(Code.TOO_LONG, "A number may have 40 characters.", field=column)
    if not _NUMBERS[form].fullmatch(text):
        raise ReadError(
            Code.BAD_TYPE,
            f"Not a number written like {NUMBER_WORDS[form]}, as declared.",
            field=column,
            value=text,
        )
    if form in (NumberForm.COMMA, NumberForm.COMMA_GROUPED):
        return Decimal(text.replace(".", "").replace(",", "."))
    return Decimal(text.replace(",", ""))


def count_of(column: str, number: Decimal, unit: Unit) -> int:
    """A count: 0 to 2^63 - 1, whole after its unit is applied."""
    count = number * _TIMES[unit]
    if count != count.to_integral_value():
        raise ReadError(
            Code.BAD_TYPE,
            f"Not a whole number, counted in {UNIT_WORDS[unit]}.",
            field=column,
            value=number,
        )
    if count > LARGEST_WHOLE:
        raise ReadError(Code.OUT_OF_RANGE, "The count is too large.", field=column)
    return int(count)


def part_of(column: str, number: Decimal, unit: Unit, *, whole: int | None) -> int:
    """The count that a percentage or share of `whole` stands for: the nearest one, half to even."""
    if whole is None:
        raise ReadError(
            Code.MISSING_FIELD, "A share needs the suggestions of the same line.", field=column
        )
    most = _WHOLE_PART[unit]
    if number > most:
        raise ReadError(Code.OUT_OF_RANGE, f"A share lies between 0 and {most}.", field=column)
    return int((number * whole / most).quantize(Decimal(1), ROUND_HALF_EVEN))


def minutes_of(column: str, number: Decimal, unit: Unit) -> Decimal:
    """Minutes, to the hundredth."""
    minutes = number * _SECONDS[unit] / 60
    if minutes >= MOST_MINUTES:
        raise ReadError(Code.OUT_OF_RANGE, "The number is too large.", field=column)
    return minutes.quantize(HUNDREDTH, ROUND_HALF_EVEN)


def clock_minutes(column: str, text: str) -> Decimal:
    """`1:30:00` → 90 minutes."""
    found = _HOURS.fullmatch(text)
    if found is None:
        raise ReadError(
            Code.BAD_TYPE,
            "Not a duration written like 1:30:00, as declared.",
            field=column,
            value=text,
        )
    seconds = int(found["h"]) * 3600 + int(found["m"]) * 60 + int(found["s"])
    return minutes_of(column, Decimal(seconds), Unit.SECOND)


def micros_of(number: Decimal, unit: Unit) -> int:
    """Millionths of the currency's unit, half to even."""
    return int((number * 1_000_000 / _PER[unit]).quantize(Decimal(1), ROUND_HALF_EVEN))


def truth_of(column: str, text: str, *, true: tuple[str, ...], false: tuple[str, ...]) -> bool:
    """Yes or no in the words that the file uses, case-blind."""
    word = text.casefold()
    if word in true:
        return True
    if word in false:
        return False
    raise ReadError(
        Code.UNKNOWN_WORD,
        f"Expected one of {', '.join((*true, *false))}.",
        field=column,
        value=text,
    )
