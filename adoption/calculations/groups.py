"""From people to groups: sums of the count columns by group and week."""

from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from adoption.calculations.states import FLAGS, Counted
from adoption.calculations.weeks import Bools, Ints

NO_GROUP: Final = -1

_DAYS: Final = 7

# Flags are counted four at a time: one pass over the people per nibble instead of one per flag,
# and the table of 16 patterns per group stays small with thousands of groups.
_NIBBLE: Final = 4
_PATTERNS: Final = 1 << _NIBBLE


def group_by_week(
    *,
    people: Ints,
    lo: Ints,
    hi_exclusive: Ints,
    groups: Ints,
    rows: int,
    base: date,
    weeks: int,
) -> NDArray[np.int32]:
    """Method ``adoption.group_of_week``: one department (or role) per person and week.

    Each span says that person ``people[i]`` (a row number) was in ``groups[i]`` (0, 1, …) from the
    day ordinal ``lo[i]`` to ``hi_exclusive[i]``, the end not included; spans of one person do not
    overlap. A week belongs to the last span that touches it, a gap to ``NO_GROUP``. So every
    person-week falls into one group at most, and tables add up. Result: int32[rows, weeks].
    """
    real = np.flatnonzero(lo < hi_exclusive)
    order = real[np.lexsort((lo[real], people[real]))]
    who, value = people[order], groups[order].astype(np.int32) + 1
    first = (lo[order] - base.toordinal()) // _DAYS
    last = (hi_exclusive[order] - 1 - base.toordinal()) // _DAYS
    followed = who[:-1] == who[1:]
    last[:-1] = np.where(followed, np.minimum(last[:-1], first[1:] - 1), last[:-1])
    first, last = np.clip(first, 0, weeks), np.clip(last, -1, weeks - 1)
    held = first <= last
    steps = np.zeros((rows, weeks + 1), dtype=np.int32)
    np.add.at(steps, (who[held], first[held]), value[held])
    np.add.at(steps, (who[held], last[held] + 1), -value[held])
    spread = np.cumsum(steps, axis=1, dtype=np.int32, out=steps)
    return np.ascontiguousarray(spread[:, :weeks] + NO_GROUP)


def group_counts(*, counted: Counted, group: Ints, groups: int) -> NDArray[np.int32]:
    """People by group, week and count column: int32[groups, weeks, len(FLAGS)].

    ``group`` is int32[people, weeks]: the group of the person in that week, ``NO_GROUP`` where the
    person counts in none. Columns are in the order of ``FLAGS``; weeks without data hold zeros and
    must be read beside the data weeks. Raises ValueError for a group number out of range.
    """
    weeks, people = counted.bits.shape
    if group.shape != (people, weeks):
        message = "Groups must be given for the people and weeks that were counted."
        raise ValueError(message)
    if group.size and not NO_GROUP <= int(group.min()) <= int(group.max()) < groups:
        message = f"Group numbers run from {NO_GROUP} to {groups - 1}."
        raise ValueError(message)
    counts = np.zeros((groups, weeks, len(FLAGS)), dtype=np.int32)
    by_week = np.ascontiguousarray(group.T)
    for week in np.flatnonzero(counted.bits.any(axis=1)):
        inside = by_week[week] > NO_GROUP
        _count_week(
            bits=counted.bits[week, inside],
            group=by_week[week, inside].astype(np.int64),
            counts=counts[:, week],
        )
    return counts


def subtree_counts(*, direct: NDArray[np.int32], ancestors: Bools) -> NDArray[np.int32]:
    """Counts of whole subtrees from the counts directly in each group.

    ``direct`` is int32[G, W, F]; ``ancestors[a, d]`` is True when a is d or an ancestor of d.
    """
    groups, weeks, columns = direct.shape
    # Floats go through BLAS and are exact for counts below 2**53.
    flat = direct.reshape(groups, weeks * columns).astype(np.float64)
    sums = ancestors.astype(np.float64) @ flat
    return np.rint(sums).astype(np.int32).reshape(len(ancestors), weeks, columns)


def _count_week(
    *, bits: NDArray[np.uint32], group: NDArray[np.int64], counts: NDArray[np.int32]
) -> None:
    groups = len(counts)
    has_bit = (np.arange(_PATTERNS)[:, None] >> np.arange(_NIBBLE)) & 1
    for start in range(0, len(FLAGS), _NIBBLE):
        pattern = (bits >> np.uint32(start)) & np.uint32(_PATTERNS - 1)
        seen = np.bincount(group * _PATTERNS + pattern, minlength=groups * _PATTERNS)
        stop = min(start + _NIBBLE, len(FLAGS))
        counts[:, start:stop] = (seen.reshape(groups, _PATTERNS) @ has_bit)[:, : stop - start]
