import pytest
from hypothesis import given
from hypothesis import strategies as st

from adoption.calculations.rates import change_in_points, share, wilson


def test_a_change_is_told_in_percentage_points() -> None:
    assert change_in_points(before=0.25, after=0.4) == pytest.approx(15)
    assert change_in_points(before=0.4, after=0.25) == pytest.approx(-15)


def test_a_change_from_or_to_the_unknown_is_unknown() -> None:
    assert change_in_points(before=None, after=0.4) is None
    assert change_in_points(before=0.4, after=None) is None


@pytest.mark.parametrize(("k", "n"), [(-1, 5), (6, 5), (1, 0)])
def test_more_than_all_and_less_than_none_are_refused(k: int, n: int) -> None:
    with pytest.raises(ValueError, match="not a count"):
        share(k=k, n=n)
    with pytest.raises(ValueError, match="not a count"):
        wilson(k=k, n=n)


@given(st.integers(1, 100_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_its_share_and_mirrors_its_complement(counts: tuple[int, int]) -> None:
    k, n = counts
    interval, mirror = wilson(k=k, n=n), wilson(k=n - k, n=n)
    assert interval is not None
    assert mirror is not None
    assert 0 <= interval.low <= k / n <= interval.high <= 1
    assert interval.low < interval.high
    assert interval.low == pytest.approx(1 - mirror.high)


def test_a_larger_group_has_a_narrower_interval() -> None:
    small, large = wilson(k=5, n=10), wilson(k=500, n=1000)
    assert small is not None
    assert large is not None
    assert large.high - large.low < (small.high - small.low) / 5
