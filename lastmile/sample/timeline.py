"""The days of the sample, all counted back from today."""

from dataclasses import dataclass
from datetime import date, timedelta

WEEK = 7


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """History of `weeks` complete ISO weeks, then the running week up to yesterday."""

    today: date
    weeks: int
    sprint_day: int

    @property
    def last_week(self) -> date:
        """Monday of the last complete week."""
        return monday_of(self.today) - timedelta(days=WEEK)

    @property
    def first_day(self) -> date:
        return self.last_week - timedelta(days=WEEK * (self.weeks - 1))

    @property
    def days(self) -> int:
        """Days of history; yesterday is the last."""
        return (self.today - self.first_day).days

    @property
    def sprint_start(self) -> date:
        """Day 1 of the sprint; today is day `sprint_day`."""
        return self.today - timedelta(days=self.sprint_day - 1)

    @property
    def base(self) -> int:
        """Index of the last week that was complete when the sprint began."""
        return self.index(monday_of(self.sprint_start)) - 1

    @property
    def last(self) -> int:
        """Index of the last complete week."""
        return self.weeks - 1

    @property
    def stop_day(self) -> date:
        """Saturday of the week of sprint day 27: the bottom fifth of the initiatives ends."""
        day = monday_of(self.sprint_start + timedelta(days=26)) + timedelta(days=5)
        return min(day, self.last_week - timedelta(days=2))

    def index(self, day: date) -> int:
        """The week a day falls in, counted from the first; negative before it."""
        return (monday_of(day) - self.first_day).days // WEEK

    def monday(self, week: int) -> date:
        return self.first_day + timedelta(days=WEEK * week)

    def offset(self, day: date | None, default: int) -> int:
        """Days from the first day on; `default` where there is no day."""
        return default if day is None else (day - self.first_day).days
