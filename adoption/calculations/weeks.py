"""Weeks as columns: ISO weeks, week masks and the working-day rule of eligibility (METHODS 3.1).

A history is a boolean matrix with one row per person and one column per week; column 0 is the
week of ``base`` (a Monday) and column w the week that begins 7·w days later. In the database one
row of it is a 63-bit mask, bit w = column w.
"""

from datetime import date, timedelta
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Bools: TypeAlias = NDArray[np.bool_]
Ints: TypeAlias = NDArray[np.integer]

DEFINITION_VERSION: Final = "adoption-1"

# One bit of the signed 64-bit column is the sign, so a mask never turns negative.
MASK_WEEKS: Final = 63

_DAYS: Final = 7


def week_of(*, day: date) -> date:
    """The Monday of the ISO week that holds ``day``."""
    return day - timedelta(days=day.weekday())


def week_index(*, monday: date, base: date) -> int:
    """The column of the week that begins on ``monday``; negative before ``base``.

    Raises ValueError when one of the two is not a Monday.
    """
    _require_monday(monday)
    _require_monday(base)
    return (monday - base).days // _DAYS


def complete_week(*, today: date) -> date:
    """The Monday of the last complete ISO week, seen on ``today`` in the organization's zone.

    A Sunday still belongs to a running week.
    """
    return week_of(day=today) - timedelta(weeks=1)


def pack(*, matrix: Bools) -> NDArray[np.int64]:
    """One mask per row, bit w = column w. Raises ValueError beyond 63 columns."""
    rows, weeks = matrix.shape
    _require_mask_width(weeks)
    packed = np.zeros((rows, 8), dtype=np.uint8)
    packed[:, : (weeks + 7) // 8] = np.packbits(matrix, axis=1, bitorder="little")
    return packed.view("<i8").reshape(rows).astype(np.int64, copy=False)


def unpack(*, masks: Ints, weeks: int) -> Bools:
    """The first ``weeks`` columns of every mask; the inverse of ``pack``.

    Raises ValueError beyond 63 columns.
    """
    _require_mask_width(weeks)
    packed = np.ascontiguousarray(masks, dtype="<i8").view(np.uint8).reshape(len(masks), 8)
    return np.unpackbits(packed, axis=1, count=weeks, bitorder="little").view(np.bool_)


def weeks_with_work(
    *, base: date, weeks: int, working_days: frozenset[int], holidays: frozenset[date]
) -> Bools:
    """For each week: does it hold a working day? Weeks without one are skipped by every window.

    ``working_days`` are ISO weekdays (1 = Monday … 7 = Sunday).
    """
    days = _working(base=base, weeks=weeks, working_days=working_days, holidays=holidays)
    held: Bools = np.logical_or.reduce(days.reshape(weeks, _DAYS), axis=1)
    return held


def eligible_weeks(
    *,
    intervals: Ints,
    lo: Ints,
    hi_exclusive: Ints,
    rows: int,
    base: date,
    weeks: int,
    working_days: frozenset[int],
    holidays: frozenset[date],
) -> Bools:
    """Method ``adoption.eligible_week``: weeks in which a person was there to use it.

    ``intervals`` names the row of each interval; ``lo`` and ``hi_exclusive`` are day ordinals
    (``date.toordinal``), the end not included. An interval holds the days on which access,
    employment past its grace and presence coincide; a row may have any number of them, in any
    order. A week counts when an interval holds at least one of its working days. Empty and
    reversed intervals count nothing. Result: bool[rows, weeks].
    """
    _require_monday(base)
    span = weeks * _DAYS
    working = _working(base=base, weeks=weeks, working_days=working_days, holidays=holidays)
    first_at, last_before = _nearest_working_days(working)
    start = first_at[np.clip(lo - base.toordinal(), 0, span)]
    end = last_before[np.clip(hi_exclusive - base.toordinal(), 0, span)]
    held = start <= end
    steps = np.zeros((rows, weeks + 1), dtype=np.int32)
    np.add.at(steps, (intervals[held], start[held] // _DAYS), 1)
    np.add.at(steps, (intervals[held], end[held] // _DAYS + 1), -1)
    covered = np.cumsum(steps, axis=1, dtype=np.int32, out=steps)[:, :weeks] > 0
    # A long interval also covers weeks that are holidays from end to end.
    covered &= working.reshape(weeks, _DAYS).any(axis=1)
    return covered


def _working(
    *, base: date, weeks: int, working_days: frozenset[int], holidays: frozenset[date]
) -> Bools:
    _require_monday(base)
    pattern = np.array([weekday in working_days for weekday in range(1, _DAYS + 1)], dtype=np.bool_)
    days = np.tile(pattern, weeks)
    offsets = [(holiday - base).days for holiday in holidays]
    days[[offset for offset in offsets if 0 <= offset < len(days)]] = False
    return days


def _nearest_working_days(
    working: Bools,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each offset 0…span: the first working day from it on, and the last one before it.

    Where there is none the answers are span and -1, which no pair can satisfy.
    """
    span = len(working)
    offsets = np.arange(span, dtype=np.int64)
    ahead = np.full(span + 1, span, dtype=np.int64)
    ahead[:span] = np.where(working, offsets, span)
    ahead = np.minimum.accumulate(ahead[::-1])[::-1]
    behind = np.full(span + 1, -1, dtype=np.int64)
    behind[1:] = np.where(working, offsets, -1)
    return ahead, np.maximum.accumulate(behind)


def _require_monday(day: date) -> None:
    if day.weekday() != 0:
        message = f"{day.isoformat()} is not a Monday."
        raise ValueError(message)


def _require_mask_width(weeks: int) -> None:
    if weeks > MASK_WEEKS:
        message = f"A mask holds {MASK_WEEKS} weeks, not {weeks}."
        raise ValueError(message)
