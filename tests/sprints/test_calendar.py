"""Ninety days in three phases of thirty."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sprints.calculations.calendar import SprintState, last_day, sprint_day

START = date(2026, 10, 5)


@pytest.mark.parametrize(
    ("today", "state", "day", "phase", "fill", "left", "starts_in"),
    [
        (date(2026, 10, 1), SprintState.PLANNED, 0, 1, (0, 0, 0), 90, 4),
        (date(2026, 10, 4), SprintState.PLANNED, 0, 1, (0, 0, 0), 90, 1),
        (date(2026, 10, 5), SprintState.RUNNING, 1, 1, (3, 0, 0), 89, 0),
        (date(2026, 11, 3), SprintState.RUNNING, 30, 1, (100, 0, 0), 60, 0),
        (date(2026, 11, 4), SprintState.RUNNING, 31, 2, (100, 3, 0), 59, 0),
        (date(2026, 11, 25), SprintState.RUNNING, 52, 2, (100, 73, 0), 38, 0),
        (date(2027, 1, 2), SprintState.RUNNING, 90, 3, (100, 100, 100), 0, 0),
        (date(2027, 1, 3), SprintState.ENDED, 90, 3, (100, 100, 100), 0, 0),
    ],
)
def test_days_are_counted_from_one_to_ninety(
    today: date,
    state: SprintState,
    day: int,
    phase: int,
    fill: tuple[int, int, int],
    left: int,
    starts_in: int,
) -> None:
    found = sprint_day(starts_on=START, today=today)
    assert (found.state, found.day, found.phase, found.phase_fill) == (state, day, phase, fill)
    assert (found.days_left, found.starts_in, found.total) == (left, starts_in, 90)


def test_phases_follow_each_other_without_a_gap_to_the_last_day() -> None:
    first, second, third = sprint_day(starts_on=START, today=START).phases
    assert first.starts_on == START
    assert second.starts_on == first.ends_on + timedelta(days=1)
    assert third.starts_on == second.ends_on + timedelta(days=1)
    assert third.ends_on == last_day(starts_on=START) == date(2027, 1, 2)
    assert second.ends_on == date(2026, 12, 3)


@given(offset=st.integers(-200, 300))
def test_the_day_never_leaves_the_sprint_and_fills_never_shrink(offset: int) -> None:
    today = sprint_day(starts_on=START, today=START + timedelta(days=offset))
    tomorrow = sprint_day(starts_on=START, today=START + timedelta(days=offset + 1))
    assert 0 <= today.day <= 90
    assert today.day + today.days_left == 90
    assert all(a <= b for a, b in zip(today.phase_fill, tomorrow.phase_fill, strict=True))
