"""Which whole weeks a page shows. Free dates are not offered: only fixed weeks are published."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from adoption.calculations.weeks import complete_week, week_of
from adoption.registry import named_ranges
from organizations.errors import LastMileError

PRESETS: Final = (8, 13, 26, 52)
DEFAULT: Final = "13"
MOST_WEEKS: Final = 53


class UnknownRange(LastMileError):
    """The address names a range that is not offered."""

    code = "unknown_range"
    status = 400


@dataclass(frozen=True, kw_only=True)
class Range:
    """Mondays of complete weeks, oldest first; ``choice`` is the word in the address."""

    choice: str
    weeks: tuple[date, ...]

    @property
    def words(self) -> str:
        count = len(self.weeks)
        sprint = ", since the sprint's start" if self.choice == "sprint" else ""
        return f"{count} complete week{'s' if count != 1 else ''}{sprint}"


def weeks_back(*, count: int, until: date) -> tuple[date, ...]:
    """So many Mondays up to and with ``until``, oldest first."""
    return tuple(until - timedelta(weeks=back) for back in range(count - 1, -1, -1))


def range_of(*, choice: str, organization_id: int, today: date) -> Range:
    """The weeks of a choice, up to the last complete one. Raises UnknownRange.

    A named range begins with the week of its first day, and holds at least one week.
    """
    last = complete_week(today=today)
    if choice in map(str, PRESETS):
        return Range(choice=choice, weeks=weeks_back(count=int(choice), until=last))
    starts_on = named_ranges.get(choice)
    first = starts_on(organization_id=organization_id, today=today) if starts_on else None
    if first is None:
        raise UnknownRange(
            "This page shows 8, 13, 26 or 52 complete weeks.",
            field="weeks",
            remedy="Choose one of the ranges offered on the page.",
        )
    count = (last - week_of(day=first)).days // 7 + 1
    return Range(choice=choice, weeks=weeks_back(count=min(max(count, 1), MOST_WEEKS), until=last))


def choices(*, organization_id: int, today: date) -> tuple[tuple[str, str], ...]:
    """The ranges on offer as (word in the address, words on the page)."""
    named = [
        (name, name.capitalize())
        for name, starts_on in sorted(named_ranges.items())
        if starts_on(organization_id=organization_id, today=today) is not None
    ]
    return (*((str(count), f"{count} weeks") for count in PRESETS), *named)
