"""What a refresh is about: one organization, its weeks and its rules, read once at the start."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from django.db import connection

from adoption.calculations.weeks import Bools, complete_week, week_of, weeks_with_work
from adoption.models import AdoptionState
from organizations.models import Organization
from organizations.reports.calendar import holidays

# The base lies this far behind the running week, and moves up when the distance has grown too long
# for a mask; in between, masks keep their meaning from night to night.
BASE_DISTANCE: Final = timedelta(weeks=57)
LONGEST_DISTANCE: Final = timedelta(weeks=61)

# Weeks in a mask. Its last bit is no week: it says that a person was eligible before the base.
WEEKS: Final = 62

# The longest window of METHODS 3.1. Where facts reach back beyond the base, weeks this close to it
# cannot be counted again from masks: what was counted when they were young stays.
LOOKBACK: Final = timedelta(weeks=12)

_MONDAY_TO_FRIDAY: Final = frozenset(range(1, 6))


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The constants of one refresh. All weeks are Mondays."""

    organization_id: int
    base: date
    last: date
    this_week: date
    first: date | None
    initiatives: tuple[int, ...]
    working_days: frozenset[int]
    holidays: frozenset[date]
    grace_days: int
    final: date = date.min

    @property
    def start(self) -> date:
        """The first week that has a column: the base, or the first fact where that is earlier."""
        return self.base if self.first is None else min(self.first, self.base)

    @property
    def before(self) -> int:
        """How many columns lie before the base."""
        return (self.base - self.start).days // 7

    @property
    def counted(self) -> int:
        """How many weeks from the base on are complete."""
        return (self.last - self.base).days // 7 + 1

    @property
    def floor(self) -> date:
        """The first week whose group figures can be computed from masks.

        Never before the weeks that are final: what they were counted from has been deleted.
        """
        return max(self.base + LOOKBACK if self.before else self.base, self.final)

    @property
    def working(self) -> Bools:
        """For every column from the start on: does the week hold a working day?"""
        return weeks_with_work(
            base=self.start,
            weeks=self.before + WEEKS,
            working_days=self.working_days,
            holidays=self.holidays,
        )

    def params(self, **more: Any) -> dict[str, Any]:
        return {
            "org": self.organization_id,
            "base": self.base,
            "start": self.start,
            "last": self.last,
            "floor": self.floor,
            "final": self.final,
            **more,
        }


def execute(statement: str, params: dict[str, Any]) -> int:
    """Run one statement and return the number of rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return int(cursor.rowcount)


def rows(statement: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return list(cursor.fetchall())


def look(*, organization_id: int, now: datetime, state: AdoptionState | None) -> Frame:
    """The frame of a refresh that runs at ``now``. A base too far back is moved up."""
    organization = Organization.objects.get(pk=organization_id)
    today = now.astimezone(ZoneInfo(organization.time_zone)).date()
    this_week = week_of(day=today)
    base = state.base_week if state is not None else this_week - BASE_DISTANCE
    if this_week - base > LONGEST_DISTANCE:
        base = this_week - BASE_DISTANCE
    return Frame(
        organization_id=organization_id,
        base=base,
        last=complete_week(today=today),
        this_week=this_week,
        first=_first_week(organization_id),
        initiatives=_initiatives(organization_id),
        working_days=frozenset(organization.working_days) or _MONDAY_TO_FRIDAY,
        holidays=holidays(),
        grace_days=organization.grace_days,
        final=(state.final_before if state is not None else None) or date.min,
    )


def _first_week(organization_id: int) -> date | None:
    """The week of the first fact, by the key; its grain does not matter for a lower bound."""
    found = rows(
        "SELECT date_trunc('week', min(period_start))::date FROM adoption_usagefact"
        " WHERE organization_id = %(org)s",
        {"org": organization_id},
    )
    first: date | None = found[0][0]
    return first


def _initiatives(organization_id: int) -> tuple[int, ...]:
    found = rows(
        "SELECT id FROM portfolio_initiative WHERE organization_id = %(org)s ORDER BY id",
        {"org": organization_id},
    )
    return tuple(row[0] for row in found)


def data_weeks(frame: Frame) -> dict[int, Bools]:
    """For each initiative and for any (0): which columns from the start on hold data.

    A week counts for any initiative when it counts for one of them.
    """
    found = rows(
        "SELECT initiative_id, (week - %(start)s) / 7 FROM adoption_sourceweek"
        " WHERE organization_id = %(org)s AND state = 'complete' AND initiative_id <> 0"
        "   AND week BETWEEN %(start)s AND %(last)s",
        frame.params(),
    )
    width = frame.before + WEEKS
    working = frame.working
    data = {initiative: np.zeros(width, dtype=np.bool_) for initiative in (0, *frame.initiatives)}
    for initiative, column in found:
        data[initiative][column] = working[column]
        data[0][column] = working[column]
    return data
