"""The ninety days of a sprint, in three phases of thirty."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

SPRINT_DAYS: Final = 90
PHASE_DAYS: Final = 30
PHASE_NAMES: Final = ("Audit and cut", "Automate and train", "Measure and set targets")

_WHOLE: Final = 100


class SprintState(StrEnum):
    """Where a day stands to a sprint."""

    PLANNED = "planned"
    RUNNING = "running"
    ENDED = "ended"


@dataclass(frozen=True, kw_only=True)
class Phase:
    """Thirty days of a sprint, both ends included; `fill` is how much of it is over, in percent."""

    number: int
    name: str
    starts_on: date
    ends_on: date
    fill: int


@dataclass(frozen=True, kw_only=True)
class SprintDay:
    """A day of a sprint, counted from 1 to `total`.

    Before the start it is day 0 of phase 1 with nothing filled, after the end the last day of the
    last phase with everything filled; `state` says which. `days_left` counts the days after this
    one, `starts_in` those until day 1 (0 once it has begun).
    """

    state: SprintState
    day: int
    total: int
    phase: int
    phase_name: str
    phase_fill: tuple[int, int, int]
    phases: tuple[Phase, Phase, Phase]
    days_left: int
    starts_in: int
    starts_on: date
    ends_on: date


def last_day(*, starts_on: date) -> date:
    """The ninetieth day."""
    return starts_on + timedelta(days=SPRINT_DAYS - 1)


def sprint_day(*, starts_on: date, today: date) -> SprintDay:
    """Method ``sprint.day``: which day of the sprint ``today`` is. Day 1 is the start itself."""
    elapsed = (today - starts_on).days + 1
    day = min(max(elapsed, 0), SPRINT_DAYS)
    number = max(day - 1, 0) // PHASE_DAYS + 1
    first, second, third = (_phase(number=at, starts_on=starts_on, day=day) for at in (1, 2, 3))
    return SprintDay(
        state=_state(elapsed),
        day=day,
        total=SPRINT_DAYS,
        phase=number,
        phase_name=PHASE_NAMES[number - 1],
        phase_fill=(first.fill, second.fill, third.fill),
        phases=(first, second, third),
        days_left=SPRINT_DAYS - day,
        starts_in=max(1 - elapsed, 0),
        starts_on=starts_on,
        ends_on=last_day(starts_on=starts_on),
    )


def _state(elapsed: int) -> SprintState:
    if elapsed < 1:
        return SprintState.PLANNED
    return SprintState.RUNNING if elapsed <= SPRINT_DAYS else SprintState.ENDED


def _phase(*, number: int, starts_on: date, day: int) -> Phase:
    before = (number - 1) * PHASE_DAYS
    over = min(max(day - before, 0), PHASE_DAYS)
    return Phase(
        number=number,
        name=PHASE_NAMES[number - 1],
        starts_on=starts_on + timedelta(days=before),
        ends_on=starts_on + timedelta(days=before + PHASE_DAYS - 1),
        fill=over * _WHOLE // PHASE_DAYS,
    )
