"""The sprint home in one sentence: how many days are left, and how many people used AI."""

from datetime import date, timedelta

from adoption.calculations.suppression import Status
from sprints.calculations.calendar import SprintDay, SprintState
from sprints.calculations.home import Share
from ui.formats import integer, percent, short_date


def home_title(*, day: SprintDay | None, active: Share | None, last_week: date | None) -> str:
    """The title of the sprint home. last_week: the Monday of the week before the day shown.

    A figure of an older week names that week; one that may not be told, or that nobody knows, is
    told apart from zero.
    """
    return f"{_calendar(day)} {_use(active, last_week)}"


def _calendar(day: SprintDay | None) -> str:
    if day is None:
        return "No sprint is planned."
    if day.state is SprintState.PLANNED:
        return f"The sprint starts in {_days(day.starts_in)}."
    if day.state is SprintState.ENDED:
        return "The sprint has ended."
    return f"{_days(day.days_left)} left." if day.days_left else "The last day."


def _days(number: int) -> str:
    return f"{integer(number)} {'day' if number == 1 else 'days'}"


def _use(active: Share | None, last_week: date | None) -> str:
    if active is None:
        return "No figure of use yet."
    if active.status is Status.SUPPRESSED:
        return "Weekly use is not shown, the group is small."
    if active.value is None:
        return "Nobody is eligible yet."
    when = "last week" if active.week == last_week else f"in the week of {short_date(active.week)}"
    least = "At least " if active.at_least else ""
    return f"{least}{percent(active.value)} of eligible people used AI {when}."


def weekly_points(*, series: tuple[Share, ...]) -> list[float | None]:
    """Shares of consecutive weeks, oldest first; a week without data or not shown is None."""
    if not series:
        return []
    told = {point.week: point.value for point in series}
    first, last = min(told), max(told)
    weeks = (last - first).days // 7 + 1
    return [told.get(first + timedelta(weeks=number)) for number in range(weeks)]


def coming_monday(*, today: date) -> date:
    """The next Monday after today."""
    return today + timedelta(days=7 - today.weekday())


def sprint_name(*, starts_on: date) -> str:
    """What a sprint is called unless somebody says otherwise: "Q4 2026 sprint"."""
    return f"Q{(starts_on.month - 1) // 3 + 1} {starts_on.year} sprint"
