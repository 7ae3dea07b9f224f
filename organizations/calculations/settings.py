"""Limits of what an organization may set, and the calendar of its days off."""

import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

FIRST_MONTH, LAST_MONTH = 1, 12
LONGEST_GRACE = 90
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
LONGEST_HOLIDAY_NAME = 80
# Far enough for every plan and every history, near enough to catch a mistyped year.
FIRST_YEAR, LAST_YEAR = 2015, 2100


@dataclass(frozen=True, order=True, kw_only=True)
class DayOff:
    """A day on which nobody is expected to work."""

    day: date
    name: str


@dataclass(frozen=True, kw_only=True)
class BadLine:
    """A line of a pasted list that is no day off, and why."""

    line: int
    problem: str


def known_time_zone(name: str) -> bool:
    return name in zoneinfo.available_timezones()


def read_days_off(text: str) -> tuple[tuple[DayOff, ...], tuple[BadLine, ...]]:
    """Days off of lines such as "2027-01-01 New Year's Day", and the lines that are none.

    Empty lines are left out. A day named twice is a bad line: which name holds is not guessed.

    >>> read_days_off("2027-01-01 New Year")[0][0].name
    'New Year'
    """
    found: dict[date, DayOff] = {}
    bad = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        read = _read_line(line.strip())
        if isinstance(read, str):
            bad.append(BadLine(line=number, problem=read))
        elif read.day in found:
            bad.append(BadLine(line=number, problem=f"{read.day} stands twice."))
        else:
            found[read.day] = read
    return tuple(sorted(found.values())), tuple(bad)


def _read_line(line: str) -> "DayOff | str":
    text, _, name = line.replace("\t", " ").partition(" ")
    name = " ".join(name.split())
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    # Other spellings of ISO 8601 are days as well, and nobody means them.
    if day is None or text != day.isoformat():
        return "Begin with a day written YYYY-MM-DD, then a blank and its name."
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        return f"The year is not between {FIRST_YEAR} and {LAST_YEAR}."
    if not name:
        return "Write the name of the day behind it."
    if len(name) > LONGEST_HOLIDAY_NAME or not name.isprintable():
        return f"A name has at most {LONGEST_HOLIDAY_NAME} characters and no control characters."
    return DayOff(day=day, name=name)


def next_year(days: Iterable[DayOff], *, year: int) -> tuple[DayOff, ...]:
    """The same days of the month in `year`; 29 February only where that year has one."""
    moved = []
    for off in days:
        try:
            moved.append(DayOff(day=off.day.replace(year=year), name=off.name))
        except ValueError:
            continue
    return tuple(sorted(moved))
