from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adoption.calculations.weeks import (
    complete_week,
    eligible_weeks,
    pack,
    unpack,
    week_index,
    week_of,
    weeks_with_work,
)

BASE = date(2026, 11, 30)
MONDAY_TO_FRIDAY = frozenset({1, 2, 3, 4, 5})


def test_a_week_begins_on_monday_also_in_week_53_and_over_the_new_year() -> None:
    monday = date(2026, 12, 28)
    assert monday.isocalendar().week == 53
    assert {week_of(day=monday + timedelta(days=n)) for n in range(7)} == {monday}
    assert week_of(day=date(2027, 1, 4)) == date(2027, 1, 4)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_the_week_of_a_day_has_the_iso_number_of_that_day(day: date) -> None:
    monday = week_of(day=day)
    assert monday.weekday() == 0
    assert monday.isocalendar()[:2] == day.isocalendar()[:2]


def test_weeks_are_numbered_on_through_week_53() -> None:
    mondays = [date(2026, 12, 21), date(2026, 12, 28), date(2027, 1, 4)]
    assert [week_index(monday=monday, base=mondays[0]) for monday in mondays] == [0, 1, 2]
    assert week_index(monday=mondays[0], base=mondays[2]) == -2


def test_a_week_number_is_refused_for_a_day_that_is_no_monday() -> None:
    with pytest.raises(ValueError, match="not a Monday"):
        week_index(monday=date(2026, 12, 29), base=BASE)
    with pytest.raises(ValueError, match="not a Monday"):
        week_index(monday=BASE, base=date(2026, 12, 29))


def test_a_week_is_complete_only_when_its_sunday_is_over() -> None:
    assert complete_week(today=date(2027, 1, 3)) == date(2026, 12, 21)
    assert complete_week(today=date(2027, 1, 4)) == date(2026, 12, 28)


@given(st.integers(0, 2**32 - 1), st.integers(0, 5), st.integers(1, 63))
def test_a_mask_unpacks_to_what_was_packed(seed: int, rows: int, weeks: int) -> None:
    matrix = np.random.default_rng(seed).random((rows, weeks)) < 0.5
    masks = pack(matrix=matrix)
    assert masks.dtype == np.int64
    assert (masks >= 0).all()
    assert (unpack(masks=masks, weeks=weeks) == matrix).all()
    assert [int(mask) for mask in masks] == [
        sum(1 << week for week in range(weeks) if row[week]) for row in matrix
    ]


def test_unpacking_fewer_weeks_reads_the_first_ones() -> None:
    assert unpack(masks=np.array([0b1011]), weeks=3).tolist() == [[True, True, False]]


def test_a_mask_of_64_weeks_is_refused() -> None:
    with pytest.raises(ValueError, match="63 weeks"):
        pack(matrix=np.zeros((1, 64), dtype=bool))
    with pytest.raises(ValueError, match="63 weeks"):
        unpack(masks=np.zeros(1, dtype=np.int64), weeks=64)


def test_a_week_of_holidays_is_a_week_without_work() -> None:
    christmas = frozenset(date(2026, 12, 21) + timedelta(days=n) for n in range(5))
    work = weeks_with_work(base=BASE, weeks=5, working_days=MONDAY_TO_FRIDAY, holidays=christmas)
    assert work.tolist() == [True, True, True, False, True]


def test_holidays_outside_the_weeks_change_nothing() -> None:
    far = frozenset({date(2020, 1, 1), BASE - timedelta(days=1), BASE + timedelta(days=7)})
    assert weeks_with_work(base=BASE, weeks=1, working_days=frozenset({7}), holidays=far).all()


def test_without_working_days_nobody_is_ever_eligible() -> None:
    always = eligible_weeks(
        intervals=np.array([0]),
        lo=np.array([date(2000, 1, 1).toordinal()]),
        hi_exclusive=np.array([date(2100, 1, 1).toordinal()]),
        rows=1,
        base=BASE,
        weeks=4,
        working_days=frozenset(),
        holidays=frozenset(),
    )
    assert not always.any()


def test_people_without_an_interval_are_rows_of_no_week() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    result = eligible_weeks(
        intervals=nothing,
        lo=nothing,
        hi_exclusive=nothing,
        rows=3,
        base=BASE,
        weeks=4,
        working_days=MONDAY_TO_FRIDAY,
        holidays=frozenset(),
    )
    assert result.shape == (3, 4)
    assert not result.any()


def test_weeks_that_begin_on_no_monday_are_refused() -> None:
    with pytest.raises(ValueError, match="not a Monday"):
        weeks_with_work(
            base=date(2026, 12, 1), weeks=1, working_days=MONDAY_TO_FRIDAY, holidays=frozenset()
        )


@settings(max_examples=100, deadline=None)
@given(
    spans=st.lists(st.tuples(st.integers(0, 3), st.integers(-20, 60), st.integers(-3, 50))),
    weekdays=st.frozensets(st.integers(1, 7)),
    holidays=st.frozensets(st.integers(-10, 60), max_size=12),
    weeks=st.integers(0, 7),
)
def test_eligible_weeks_equal_a_walk_over_every_day(
    spans: list[tuple[int, int, int]],
    weekdays: frozenset[int],
    holidays: frozenset[int],
    weeks: int,
) -> None:
    free = frozenset(BASE + timedelta(days=offset) for offset in holidays)
    result = eligible_weeks(
        intervals=np.array([row for row, _, _ in spans], dtype=np.int64),
        lo=np.array([BASE.toordinal() + lo for _, lo, _ in spans], dtype=np.int64),
        hi_exclusive=np.array(
            [BASE.toordinal() + lo + length for _, lo, length in spans], dtype=np.int64
        ),
        rows=4,
        base=BASE,
        weeks=weeks,
        working_days=weekdays,
        holidays=free,
    )
    expected = np.zeros((4, weeks), dtype=bool)
    for row, lo, length in spans:
        for offset in range(lo, lo + length):
            day = BASE + timedelta(days=offset)
            if 0 <= offset < weeks * 7 and day.isoweekday() in weekdays and day not in free:
                expected[row, offset // 7] = True
    assert (result == expected).all()
