"""The numpy of METHODS 3.1 against an oracle of sets and loops, written from the text."""

from dataclasses import dataclass, field
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adoption.calculations.states import (
    FLAGS,
    FLOW_FLAGS,
    STATE_FLAGS,
    Counted,
    State,
    any_initiative,
    person_weeks,
)


@dataclass(frozen=True)
class Life:
    """One person: the weeks in which she was eligible and those in which she used it."""

    eligible: frozenset[int]
    used: frozenset[int]


@dataclass(frozen=True)
class History:
    weeks: int
    silent: frozenset[int]
    people: tuple[Life, ...] = field(default_factory=tuple)


def oracle(life: Life, *, silent: frozenset[int], week: int) -> set[str]:
    """The names that hold for one person in one week, read off the sentences of METHODS 3.1."""
    if week in silent:
        return set()
    data = [w for w in range(week + 1) if w not in silent]
    eligible = life.eligible - silent
    active = (life.used & life.eligible) - silent
    last4 = data[-4:]
    names = set()
    if week not in eligible:
        return {"outside"} if week in life.used else set()
    names.add("eligible")
    if week in active:
        names.add("active")
    names |= _oracle_windows(data, eligible, active)
    names.add("state_" + _oracle_state(data, eligible, active))
    ever = [w for w in data if w in active]
    if len(ever) == 1 and len(data) >= 4 and ever[0] not in last4:
        names.add("tried_once")
    return names


def _oracle_windows(data: list[int], eligible: frozenset[int], active: frozenset[int]) -> set[str]:
    names = set()
    for weeks, denominator, at_least, name in [
        (4, "elig4", 3, "habitual"),
        (12, "elig12", 9, "established"),
    ]:
        window = data[-weeks:]
        if len(window) == weeks and all(w in eligible for w in window):
            names.add(denominator)
            if len([w for w in window if w in active]) >= at_least:
                names.add(name)
    last8 = data[-8:]
    if len(last8) == 8 and all(w in eligible for w in last8):
        names |= {"elig8", "flow_" + _oracle_flow(last8[:4], last8[4:], active)}
    return names


def _oracle_flow(earlier: list[int], later: list[int], active: frozenset[int]) -> str:
    in_earlier = any(w in active for w in earlier)
    in_later = any(w in active for w in later)
    if in_later and in_earlier:
        return "retained"
    if in_later:
        return "reactivated" if min(active) < later[0] else "new"
    return "stopped" if in_earlier else "absent"


def _oracle_state(data: list[int], eligible: frozenset[int], active: frozenset[int]) -> str:
    last4 = data[-4:]
    ever = [w for w in data if w in active]
    recent = [w for w in last4 if w in active]
    all_four = len(last4) == 4 and all(w in eligible for w in last4)
    windows = [data[i : i + 4] for i in range(len(data) - 4)]
    was_habit = any(len([w for w in window if w in active]) >= 3 for window in windows)
    first_eligible = min(w for w in data if w in eligible)
    if ever and ever[0] in last4:
        return "new"
    if all_four and len(recent) >= 3:
        return "habitual"
    if len(recent) in {1, 2}:
        return "occasional"
    if was_habit and all_four and not recent:
        return "lapsed"
    if not ever and len(data) >= 4 and first_eligible <= data[-4]:
        return "never"
    return "other" if ever else "starting"


@st.composite
def histories(draw: st.DrawFn, *, min_people: int = 1) -> History:
    """People who join, leave, return, stop and start, with weeks that nobody reported."""
    weeks = draw(st.integers(1, 30))
    silent = frozenset(draw(st.sets(st.integers(0, weeks - 1), max_size=6)))
    people = []
    for _ in range(draw(st.integers(min_people, 4))):
        stays = draw(
            st.lists(st.tuples(st.integers(0, weeks), st.integers(1, 30)), min_size=1, max_size=3)
        )
        eligible = {w for start, length in stays for w in range(start, start + length)}
        habits = draw(
            st.lists(
                st.tuples(st.integers(0, weeks), st.integers(1, 8), st.sampled_from([1, 1, 2, 5])),
                max_size=4,
            )
        )
        used = {w for start, length, step in habits for w in range(start, start + length, step)}
        people.append(
            Life(
                eligible=frozenset(w for w in eligible if w < weeks),
                used=frozenset(w for w in used if w < weeks),
            )
        )
    return History(weeks=weeks, silent=silent, people=tuple(people))


def matrix(sets: list[frozenset[int]], weeks: int) -> np.ndarray:
    return np.array([[w in one for w in range(weeks)] for one in sets], dtype=bool).reshape(
        len(sets), weeks
    )


def count(history: History) -> Counted:
    people = len(history.people)
    return person_weeks(
        eligible=matrix([life.eligible for life in history.people], history.weeks),
        used=matrix([life.used for life in history.people], history.weeks),
        data=~matrix([history.silent], history.weeks)[0],
        used_before=np.zeros(people, dtype=np.int64),
        habit_before=np.zeros(people, dtype=bool),
    )


@settings(max_examples=150, deadline=None)
@given(histories())
def test_every_count_equals_the_plain_reading_of_the_definitions(history: History) -> None:
    counted = count(history)
    flags = {name: counted.flag(name) for name in FLAGS}
    for person, life in enumerate(history.people):
        for week in range(history.weeks):
            seen = {name for name, flag in flags.items() if flag[person, week]}
            assert seen == oracle(life, silent=history.silent, week=week), (person, week)


@settings(max_examples=60, deadline=None)
@given(histories())
def test_states_partition_the_eligible_and_flow_those_eligible_in_eight(history: History) -> None:
    counted = count(history)
    states = np.sum([counted.flag(name) for name in STATE_FLAGS], axis=0)
    flow = np.sum([counted.flag(name) for name in FLOW_FLAGS], axis=0)
    assert (states == counted.flag("eligible")).all()
    assert (flow == counted.flag("elig8")).all()
    assert not (counted.flag("outside") & counted.flag("active")).any()


@settings(max_examples=60, deadline=None)
@given(histories(min_people=2), st.randoms(use_true_random=False))
def test_the_order_of_people_does_not_matter(history: History, random: Random) -> None:
    order = list(range(len(history.people)))
    random.shuffle(order)
    shuffled = History(
        weeks=history.weeks,
        silent=history.silent,
        people=tuple(history.people[person] for person in order),
    )
    assert (count(shuffled).bits == count(history).bits[:, order]).all()


@settings(max_examples=60, deadline=None)
@given(histories(), st.integers(0, 20))
def test_what_happened_before_the_first_column_replaces_the_columns_cut_off(
    history: History, cut: int
) -> None:
    """Twelve data weeks after the cut nothing tells a short history from a long one."""
    cut = min(cut, history.weeks)
    eligible = matrix([life.eligible for life in history.people], history.weeks)
    used = matrix([life.used for life in history.people], history.weeks)
    data = ~matrix([history.silent], history.weeks)[0]
    active = used & eligible & data
    ever_habit = [
        any(
            sum(active[person, w] for w in window) >= 3
            for start in range(len(np.flatnonzero(data)))
            for window in [np.flatnonzero(data)[start : start + 4]]
            if len(window) == 4 and window[0] < cut
        )
        for person in range(len(history.people))
    ]
    late = person_weeks(
        eligible=eligible[:, cut:],
        used=used[:, cut:],
        data=data[cut:],
        used_before=active[:, :cut].sum(axis=1),
        habit_before=np.array(ever_habit, dtype=bool),
        eligible_before=(eligible & data)[:, :cut].any(axis=1),
    )
    full = count(history).bits[cut:]
    safe = np.cumsum(data[cut:]) >= 12
    assert (late.bits[safe] == full[safe]).all()


def test_nobody_and_no_week_are_counted_as_nothing() -> None:
    nobody = person_weeks(
        eligible=np.zeros((0, 5), dtype=bool),
        used=np.zeros((0, 5), dtype=bool),
        data=np.ones(5, dtype=bool),
        used_before=np.zeros(0, dtype=np.int64),
        habit_before=np.zeros(0, dtype=bool),
    )
    no_week = count(History(weeks=0, silent=frozenset(), people=(Life(frozenset(), frozenset()),)))
    assert nobody.flag("eligible").shape == (0, 5)
    assert no_week.flag("eligible").shape == (1, 0)


def test_a_history_without_any_data_counts_nowhere() -> None:
    everything = frozenset(range(6))
    silent = History(weeks=6, silent=everything, people=(Life(everything, everything),))
    assert not count(silent).bits.any()


def test_a_leaver_is_in_no_state_and_returns_as_who_she_was() -> None:
    away = frozenset(range(5, 9))
    life = Life(eligible=frozenset(range(14)) - away, used=frozenset({0, 1, 2, 3, 4}))
    counted = count(History(weeks=14, silent=frozenset(), people=(life,)))
    assert counted.state(person=0, week=4) is State.HABITUAL
    assert counted.state(person=0, week=6) is None
    assert counted.state(person=0, week=11) is State.OTHER
    assert counted.state(person=0, week=12) is State.LAPSED


def test_people_who_all_do_the_same_are_all_counted_the_same() -> None:
    life = Life(eligible=frozenset(range(12)), used=frozenset(range(12)))
    counted = count(History(weeks=12, silent=frozenset(), people=(life,) * 7))
    assert counted.flag("established")[:, 11].all()
    assert counted.flag("flow_retained")[:, 11].all()
    assert not counted.flag("established")[:, :11].any()


def test_histories_of_different_people_are_refused() -> None:
    flat = np.zeros((2, 3), dtype=bool)
    with pytest.raises(ValueError, match="same people"):
        person_weeks(
            eligible=flat,
            used=flat,
            data=np.ones(3, dtype=bool),
            used_before=np.zeros(1, dtype=np.int64),
            habit_before=np.zeros(2, dtype=bool),
        )
    with pytest.raises(ValueError, match="same people"):
        person_weeks(
            eligible=flat,
            used=flat,
            data=np.ones(4, dtype=bool),
            used_before=np.zeros(2, dtype=np.int64),
            habit_before=np.zeros(2, dtype=bool),
        )


def test_the_inputs_are_left_as_they_were() -> None:
    habit = np.zeros(1, dtype=bool)
    person_weeks(
        eligible=np.ones((1, 4), dtype=bool),
        used=np.ones((1, 4), dtype=bool),
        data=np.ones(4, dtype=bool),
        used_before=np.zeros(1, dtype=np.int64),
        habit_before=habit,
    )
    assert not habit.any()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_any_initiative_equals_a_loop_over_people_weeks_and_initiatives(
    seed: int, initiatives: int
) -> None:
    people, weeks = 3, 6
    draw = np.random.default_rng(seed)
    eligible = [draw.random((people, weeks)) < 0.5 for _ in range(initiatives)]
    used = [draw.random((people, weeks)) < 0.5 for _ in range(initiatives)]
    data = [draw.random(weeks) < 0.7 for _ in range(initiatives)]
    result = any_initiative(eligible_by=eligible, used_by=used, data_by=data)
    every = range(initiatives)
    for week in range(weeks):
        relevant = [i for i in every if eligible[i][:, week].any()]
        assert result.data[week] == any(data[i][week] for i in every)
        assert result.partial[week] == (
            result.data[week] and any(not data[i][week] for i in relevant)
        )
        for person in range(people):
            here = [i for i in every if eligible[i][person, week]]
            uses = [i for i in every if used[i][person, week] and data[i][week]]
            assert result.eligible[person, week] == bool(here)
            seen = bool(set(uses) & set(here)) or (bool(uses) and not here)
            assert result.used[person, week] == seen


def test_any_of_no_initiative_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        any_initiative(eligible_by=[], used_by=[], data_by=[])
