"""The days off of an organization, as figures need them and as its page lists them."""

from dataclasses import dataclass
from datetime import date

from organizations.calculations.settings import DayOff, next_year
from organizations.models import Holiday


@dataclass(frozen=True, kw_only=True)
class YearReport:
    """One year of the calendar. `offered`: last year's days on the same date, not yet in it."""

    year: int
    years: tuple[int, ...]
    days: tuple[DayOff, ...]
    offered: tuple[DayOff, ...]
    total: int


def holidays() -> frozenset[date]:
    """Days off of the organization in force."""
    return frozenset(Holiday.objects.values_list("day", flat=True))


def year_report(*, year: int, today: date) -> YearReport:
    """The days off of a year, and what the year before offers for it."""
    days = _of(year)
    known = {off.day for off in days}
    before = next_year(_of(year - 1), year=year)
    with_days = {day.year for day in holidays()}
    return YearReport(
        year=year,
        years=tuple(sorted(with_days | {year, today.year, today.year + 1})),
        days=days,
        offered=tuple(off for off in before if off.day not in known),
        total=Holiday.objects.count(),
    )


def _of(year: int) -> tuple[DayOff, ...]:
    rows = Holiday.objects.filter(day__year=year).order_by("day", "pk")
    return tuple(DayOff(day=row.day, name=row.name) for row in rows)
