"""The period of a row and the checks on days and instants that all sources share."""

from datetime import date, datetime, timedelta

from adoption.sources.rows import Grain, ParseContext
from organizations.sources.fields import FIRST_YEAR, Fields
from organizations.sources.reading import Code, ReadError

LONGEST_CYCLE = timedelta(days=366)
LENGTHS = {
    Grain.DAY: 1,
    Grain.WEEK: 7,
    Grain.ROLLING_7: 7,
    Grain.ROLLING_28: 28,
    Grain.ROLLING_30: 30,
    Grain.ROLLING_90: 90,
    Grain.ROLLING_180: 180,
}
_WEEK_STARTS = {0: "mon", 6: "sun"}


def check_day(name: str, day: date, context: ParseContext) -> date:
    """Not before 2015 and not more than 36 hours ahead. Raises `ReadError`."""
    if day.year < FIRST_YEAR:
        raise ReadError(
            Code.BEFORE_2015, "Days before 2015 are refused.", field=name, value=day.isoformat()
        )
    if day > context.latest_day:
        raise ReadError(
            Code.TIME_IN_FUTURE,
            "The day has not come yet; check the sender's clock.",
            field=name,
            value=day.isoformat(),
        )
    return day


def check_instant(name: str, instant: datetime, context: ParseContext) -> datetime:
    """Not before 2015 and not more than 36 hours ahead. Raises `ReadError`."""
    if instant.year < FIRST_YEAR:
        raise ReadError(
            Code.BEFORE_2015,
            "Instants before 2015 are refused.",
            field=name,
            value=instant.isoformat(),
        )
    if instant > context.latest_instant:
        raise ReadError(
            Code.TIME_IN_FUTURE,
            "The instant lies ahead; check the sender's clock.",
            field=name,
            value=instant.isoformat(),
        )
    return instant


def read_period(fields: Fields, context: ParseContext) -> tuple[Grain, date, date, str | None]:
    """(grain, first day, day after the last, "mon" or "sun" for weeks) of a canonical record.

    Either `day`, or `grain` with `period_start` and `period_end` (exclusive). Raises `ReadError`.
    """
    grain = fields.choice("grain", Grain, Code.UNKNOWN_GRAIN)
    day = fields.day("day")
    if day is not None:
        if grain not in (None, Grain.DAY) or "period_start" in fields or "period_end" in fields:
            raise _bad_period("Send either day, or grain with period_start and period_end.")
        check_day("day", day, context)
        return Grain.DAY, day, day + timedelta(days=1), None
    if grain is None:
        raise ReadError(
            Code.MISSING_FIELD,
            "The row needs day, or grain with period_start and period_end.",
            field="day",
        )
    start = check_day(
        "period_start", fields.need("period_start", fields.day("period_start")), context
    )
    end = fields.need("period_end", fields.day("period_end"))
    _check_length(grain, start, end)
    return grain, start, end, _week_start(fields, grain, start)


def _check_length(grain: Grain, start: date, end: date) -> None:
    if grain is Grain.CYCLE:
        if not timedelta(0) < end - start <= LONGEST_CYCLE:
            raise _bad_period("A cycle has 1 to 366 days; period_end is the day after the last.")
    elif grain is Grain.MONTH:
        following = start + timedelta(days=31)
        if start.day != 1 or end != following.replace(day=1):
            raise _bad_period("A month runs from its first day to the next month's first day.")
    elif end - start != timedelta(days=LENGTHS[grain]):
        raise _bad_period(
            f"Grain {grain.value} has {LENGTHS[grain]} days; period_end is the day after the last."
        )


def _week_start(fields: Fields, grain: Grain, start: date) -> str | None:
    stated = fields.text("week_start")
    found = _WEEK_STARTS.get(start.weekday()) if grain is Grain.WEEK else None
    if grain is Grain.WEEK and found is None:
        raise _bad_period("A week begins on a Monday or a Sunday.")
    if stated is not None and stated.lower() != found:
        raise ReadError(
            Code.BAD_PERIOD,
            "week_start (mon or sun) must agree with the first day of a week.",
            field="week_start",
            value=stated,
        )
    return found


def _bad_period(message: str) -> ReadError:
    return ReadError(Code.BAD_PERIOD, message, field="period_start")
