from datetime import date, timedelta
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adoption.calculations.groups import NO_GROUP, group_by_week, group_counts, subtree_counts
from adoption.calculations.states import FLAGS, Counted, person_weeks
from adoption.calculations.weeks import week_of

BASE = date(2026, 12, 21)


def random_counts(seed: int, people: int, weeks: int) -> Counted:
    draw = np.random.default_rng(seed)
    return person_weeks(
        eligible=draw.random((people, weeks)) < 0.8,
        used=draw.random((people, weeks)) < 0.5,
        data=draw.random(weeks) < 0.9,
        used_before=draw.integers(0, 2, people),
        habit_before=draw.random(people) < 0.2,
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 12), st.integers(0, 15), st.integers(1, 4))
def test_group_counts_equal_a_count_by_hand(
    seed: int, people: int, weeks: int, groups: int
) -> None:
    counted = random_counts(seed, people, weeks)
    group = np.random.default_rng(seed).integers(NO_GROUP, groups, (people, weeks))
    result = group_counts(counted=counted, group=group.astype(np.int32), groups=groups)
    assert result.shape == (groups, weeks, len(FLAGS))
    for column, name in enumerate(FLAGS):
        flag = counted.flag(name)
        for week in range(weeks):
            for number in range(groups):
                expected = int((flag[:, week] & (group[:, week] == number)).sum())
                assert result[number, week, column] == expected


def test_the_order_of_people_does_not_change_a_group() -> None:
    counted = random_counts(5, 40, 14)
    group = np.random.default_rng(5).integers(0, 3, (40, 14)).astype(np.int32)
    order = np.random.default_rng(6).permutation(40)
    shuffled = Counted(bits=counted.bits[:, order])
    first = group_counts(counted=counted, group=group, groups=3)
    second = group_counts(counted=shuffled, group=group[order], groups=3)
    assert (first == second).all()


def test_a_person_in_no_group_is_counted_nowhere() -> None:
    counted = random_counts(1, 5, 6)
    group = np.full((5, 6), NO_GROUP, dtype=np.int32)
    assert not group_counts(counted=counted, group=group, groups=2).any()


def test_group_numbers_out_of_range_are_refused() -> None:
    counted = random_counts(1, 1, 1)
    for number in (-2, 2):
        with pytest.raises(ValueError, match="from -1 to 1"):
            group_counts(counted=counted, group=np.array([[number]], dtype=np.int32), groups=2)


def test_groups_of_other_people_are_refused() -> None:
    counted = random_counts(1, 2, 3)
    with pytest.raises(ValueError, match="people and weeks"):
        group_counts(counted=counted, group=np.zeros((3, 2), dtype=np.int32), groups=1)


def test_a_subtree_is_the_group_and_all_below_it() -> None:
    """0 holds 1 and 2; 2 holds 3."""
    direct = np.array([1, 10, 100, 1000], dtype=np.int32).reshape(4, 1, 1)
    ancestors = np.array([[1, 1, 1, 1], [0, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 1]], dtype=bool)
    sums = subtree_counts(direct=direct, ancestors=ancestors)
    assert sums.dtype == np.int32
    assert sums[:, 0, 0].tolist() == [1111, 10, 1100, 1000]


def test_children_and_the_people_directly_inside_add_up_to_their_parent() -> None:
    counted = random_counts(9, 60, 20)
    group = np.random.default_rng(9).integers(0, 3, (60, 20)).astype(np.int32)
    direct = group_counts(counted=counted, group=group, groups=3)
    ancestors = np.array([[1, 1, 1], [0, 1, 0], [0, 0, 1]], dtype=bool)
    subtree = subtree_counts(direct=direct, ancestors=ancestors)
    assert (subtree[0] == direct[0] + subtree[1] + subtree[2]).all()


@settings(max_examples=100, deadline=None)
@given(
    lives=st.lists(
        st.lists(st.tuples(st.integers(0, 12), st.integers(0, 20), st.integers(0, 5)), max_size=5),
        max_size=3,
    ),
    order=st.randoms(use_true_random=False),
)
def test_the_group_of_a_week_is_that_of_the_last_span_that_touches_it(
    lives: list[list[tuple[int, int, int]]], order: Random
) -> None:
    """Spans follow one another with gaps: (days of gap, days of stay, department)."""
    weeks = 6
    spans = []
    expected = np.full((len(lives), weeks), NO_GROUP)
    for person, life in enumerate(lives):
        day = BASE - timedelta(days=15)
        for gap, stay, department in life:
            start = day + timedelta(days=gap)
            day = start + timedelta(days=stay)
            spans.append((person, start.toordinal(), day.toordinal(), department))
            for offset in range(stay):
                week = (week_of(day=start + timedelta(days=offset)) - BASE).days // 7
                if 0 <= week < weeks:
                    expected[person, week] = department
    order.shuffle(spans)
    columns = np.array(spans, dtype=np.int64).reshape(len(spans), 4)
    result = group_by_week(
        people=columns[:, 0],
        lo=columns[:, 1],
        hi_exclusive=columns[:, 2],
        groups=columns[:, 3],
        rows=len(lives),
        base=BASE,
        weeks=weeks,
    )
    assert (result == expected).all()
