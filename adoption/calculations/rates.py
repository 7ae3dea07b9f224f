"""Shares, their change and their interval (METHODS 0 and 3.2)."""

from dataclasses import dataclass
from math import sqrt
from typing import Final

WILSON_METHOD: Final = "wilson-1"

# Two-sided 95 %: the 0.975 quantile of the standard normal distribution.
_Z95: Final = 1.959963984540054

_POINTS: Final = 100


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A two-sided 95 % interval of a share, both ends between 0 and 1."""

    low: float
    high: float


def share(*, k: int, n: int) -> float | None:
    """Method ``adoption.share``: k of n, from 0 to 1; None when n is 0, for nobody is not zero.

    Raises ValueError unless 0 ≤ k ≤ n.
    """
    _require_count(k, n)
    return k / n if n else None


def change_in_points(*, before: float | None, after: float | None) -> float | None:
    """Method ``adoption.change``: percentage points from one share to another.

    None when either share is unknown.
    """
    if before is None or after is None:
        return None
    return (after - before) * _POINTS


def wilson(*, k: int, n: int) -> Interval | None:
    """Method ``adoption.wilson``: Wilson score interval of a share, 95 %, no continuity correction.

    Only for a group that is read as a sample of its own future; the count itself is exact. None
    when n is 0. Raises ValueError unless 0 ≤ k ≤ n. Source: Wilson 1927, JASA 22; table of
    Newcombe 1998, Statistics in Medicine 17, method 3.
    """
    _require_count(k, n)
    if n == 0:
        return None
    square = _Z95 * _Z95
    middle = (k + square / 2) / (n + square)
    half = _Z95 * sqrt(k * (n - k) / n + square / 4) / (n + square)
    # Rounding may leave 1e-17 where the formula gives exactly 0 or 1.
    return Interval(
        low=0.0 if k == 0 else middle - half,
        high=1.0 if k == n else middle + half,
    )


def _require_count(k: int, n: int) -> None:
    if not 0 <= k <= n:
        message = f"{k} of {n} is not a count of a part."
        raise ValueError(message)
