"""Whether a source keeps telling: how far behind it may be, and where it fell silent."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

# A weekend and a holiday: days on which nobody works leave nothing to tell.
GRACE_DAYS: Final = 3
SILENT_AFTER_DAYS: Final = 14


class Health(StrEnum):
    OK = "ok"
    LATE = "late"
    SILENT = "silent"
    RESTING = "resting"


class WeekState(StrEnum):
    """before: the source had not begun; gap: it had, and told nothing."""

    DATA = "data"
    GAP = "gap"
    BEFORE = "before"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceWeekDays:
    """One ISO week of a source. days: days it tells of, 1 to 7; None is no zero but a gap."""

    monday: date
    state: WeekState
    days: int | None


def allowed_lag(*, period_days: int, settles_after_days: int) -> int:
    """Days from the newest day told to today before a source counts as late.

    period_days: length of its shortest statement, for the next one comes only when that is over.
    """
    return period_days + settles_after_days + GRACE_DAYS


def health_of(*, lag: int | None, allowed: int, in_use: bool) -> Health:
    """lag: days since the newest day told; None: it told nothing in all the weeks looked at."""
    if not in_use:
        return Health.RESTING
    if lag is None or lag > allowed + SILENT_AFTER_DAYS:
        return Health.SILENT
    return Health.OK if lag <= allowed else Health.LATE


def weeks_told(
    *, weeks: Sequence[date], days: Mapping[date, Collection[date]], began: date | None
) -> tuple[SourceWeekDays, ...]:
    """Each week with the days told of. began: Monday of the first week ever; None: none yet."""
    return tuple(_week(monday, len(days.get(monday, ())), began) for monday in weeks)


def _week(monday: date, told: int, began: date | None) -> SourceWeekDays:
    if told:
        return SourceWeekDays(monday=monday, state=WeekState.DATA, days=told)
    begun = began is not None and began < monday
    state = WeekState.GAP if begun else WeekState.BEFORE
    return SourceWeekDays(monday=monday, state=state, days=None)
