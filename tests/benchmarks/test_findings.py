"""What counts as a failed benchmark."""

from dataclasses import replace

import pytest

from benchmarks.findings import Finding, Goal, exponent, table, verdict

FOUND = Finding(
    name="ingest",
    sizes="3 x 20,000 rows",
    seconds=0.2,
    yardstick=0.1,
    ratio=0.5,
    goal=Goal(limit=0.5, at_least=True),
    equal=True,
)


def test_a_goal_that_is_just_met_is_met() -> None:
    assert Goal(limit=0.5, at_least=True).met(0.5)
    assert Goal(limit=0.2).met(0.2)
    assert not Goal(limit=0.5, at_least=True).met(0.49)
    assert not Goal(limit=0.2).met(0.21)


def test_unequal_results_fail_every_run() -> None:
    unequal = replace(FOUND, equal=False)
    assert verdict([unequal], quick=False) == ["ingest: the results are not equal."]
    assert verdict([unequal], quick=True) == ["ingest: the results are not equal."]


@pytest.mark.parametrize(("ratio", "failures"), [(0.5, 0), (0.26, 0), (0.24, 1)])
def test_a_quick_run_fails_only_beyond_twice_the_slack(ratio: float, failures: int) -> None:
    found = replace(FOUND, ratio=ratio)
    assert len(verdict([found], quick=True)) == failures
    assert verdict([found], quick=False) == []


def test_an_exponent_is_judged_like_a_ratio() -> None:
    steep = replace(FOUND, exponent=0.7, exponent_goal=Goal(limit=0.3))
    assert verdict([steep], quick=True) == ["ingest: 0.70 misses ≤ 0.3 by more than 2 times."]


def test_absolute_limits_fail_nobody() -> None:
    slow = replace(FOUND, ratio=99.0, seconds=99.0, goal=Goal(limit=6, absolute=True))
    assert verdict([slow], quick=True) == []
    assert "≤ 6 s MISSED" in table([slow])


def test_the_exponent_of_a_line_is_one_and_of_a_constant_none() -> None:
    assert exponent(small=(10, 0.2), large=(100, 2.0)) == pytest.approx(1)
    assert exponent(small=(10, 0.2), large=(100, 0.2)) == pytest.approx(0)


def test_the_table_names_time_ratio_and_goal() -> None:
    head, line = table([FOUND]).splitlines()
    assert head.split() == [
        *("benchmark", "sizes", "median", "yardstick", "ratio", "goal", "exponent", "equal")
    ]
    assert "200.0 ms" in line
    assert "≥ 0.5 met" in line
    assert line.endswith("yes")
