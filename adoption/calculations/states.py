"""What one person did in one week: rule counts, states and flow (METHODS 3.1, adoption-1).

Every window counts *data weeks*: weeks whose sources reported and that held a working day. "The
last four" are therefore the last four data weeks up to and with the week itself. A window that
would reach before the first column is treated as not there, unless the caller says what happened.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from adoption.calculations.weeks import Bools, Ints

BLOCK_WEEKS: Final = 4
HABIT_AT_LEAST: Final = 3
TWO_BLOCKS_WEEKS: Final = 8
ESTABLISHED_WEEKS: Final = 12
ESTABLISHED_AT_LEAST: Final = 9


class State(StrEnum):
    """Exactly one per eligible person-week; the first that applies, in this order."""

    NEW = "new"
    HABITUAL = "habitual"
    OCCASIONAL = "occasional"
    LAPSED = "lapsed"
    NEVER = "never"
    STARTING = "starting"
    OTHER = "other"


STATE_FLAGS: Final[tuple[str, ...]] = tuple(f"state_{state}" for state in State)
FLOW_FLAGS: Final[tuple[str, ...]] = (
    "flow_retained",
    "flow_reactivated",
    "flow_new",
    "flow_stopped",
    "flow_absent",
)
FLAGS: Final[tuple[str, ...]] = (
    "eligible",
    "outside",
    "active",
    "elig4",
    "habitual",
    "elig12",
    "established",
    *STATE_FLAGS,
    "tried_once",
    "elig8",
    *FLOW_FLAGS,
)


@dataclass(frozen=True, kw_only=True)
class Counted:
    """The count columns of every person-week, one bit each.

    ``bits``: uint32[weeks, people], bit i = ``FLAGS[i]``; the week comes first because everything
    that follows reads one week of all people. Weeks without data hold no bit at all.
    """

    bits: NDArray[np.uint32]

    def flag(self, name: str) -> Bools:
        """bool[people, weeks] of one count column. Raises ValueError for an unknown name."""
        bit = np.uint32(1 << FLAGS.index(name))
        held: Bools = (self.bits & bit) != 0
        return held.T

    def state(self, *, person: int, week: int) -> State | None:
        """The state of one person in one week; None where not eligible or without data."""
        bits = int(self.bits[week, person])
        held = (state for state in State if bits >> FLAGS.index(f"state_{state}") & 1)
        return next(held, None)


@dataclass(frozen=True, kw_only=True)
class AnyInitiative:
    """The histories of "any initiative", in the shape ``person_weeks`` takes."""

    eligible: Bools
    used: Bools
    data: Bools
    partial: Bools


@dataclass(frozen=True, kw_only=True)
class _Totals:
    """Running totals over the data weeks: row d holds the sum of the first d of them."""

    active: NDArray[np.int16]
    eligible: NDArray[np.int16]

    @staticmethod
    def within(totals: NDArray[np.int16], *, at: int, weeks: int) -> NDArray[np.int16]:
        """The sum over the last ``weeks`` data weeks up to ``at``, or over all there are."""
        recent: NDArray[np.int16] = totals[at + 1] - totals[max(at + 1 - weeks, 0)]
        return recent

    def eligible_in_all(self, *, at: int, weeks: int) -> Bools:
        every: Bools = self.within(self.eligible, at=at, weeks=weeks) == weeks
        return every


def person_weeks(
    *,
    eligible: Bools,
    used: Bools,
    data: Bools,
    used_before: Ints,
    habit_before: Bools,
    eligible_before: Bools | None = None,
) -> Counted:
    """Method ``adoption.states``: count every person in every data week.

    ``eligible`` and ``used`` are bool[n, W], ``data`` bool[W]. What happened before column 0:
    ``used_before`` int[n] = active weeks (so nobody counts as new twice), ``habit_before`` bool[n]
    = some four data weeks that begin before column 0 held three active ones, ``eligible_before``
    bool[n] = eligible in at least one data week (default: nobody).

    Active = used and eligible; used without being eligible counts as ``outside`` only. Use and
    eligibility in a week without data count nowhere. Raises ValueError if the shapes disagree.
    """
    people = _require_shapes(
        eligible=eligible, used=used, data=data, before=(used_before, habit_before)
    )
    present = np.ascontiguousarray(eligible[:, data].T)
    use = np.ascontiguousarray(used[:, data].T)
    active = present & use
    totals = _Totals(
        active=_running(active, start=used_before),
        eligible=_running(present, start=np.zeros(people, dtype=np.int16)),
    )
    known_before = np.zeros(people, dtype=np.bool_) if eligible_before is None else eligible_before
    habit = habit_before.astype(np.bool_)
    bits = np.zeros((len(data), people), dtype=np.uint32)
    for at, week in enumerate(np.flatnonzero(data)):
        habit |= totals.within(totals.active, at=at, weeks=BLOCK_WEEKS) >= HABIT_AT_LEAST
        flags = [
            present[at],
            use[at] & ~present[at],
            active[at],
            *_rule_counts(totals=totals, at=at),
            *_states(
                totals=totals, at=at, here=present[at], habit=habit, known_before=known_before
            ),
            _tried_once(totals=totals, at=at, here=present[at]),
            *_flow(totals=totals, at=at),
        ]
        for position, flag in enumerate(flags):
            bits[week] |= flag.astype(np.uint32) << np.uint32(position)
    return Counted(bits=bits)


def any_initiative(
    *, eligible_by: Sequence[Bools], used_by: Sequence[Bools], data_by: Sequence[Bools]
) -> AnyInitiative:
    """Method ``adoption.any``: one history over all initiatives, from bool[n, W] and bool[W] each.

    Eligible in at least one; active only when eligible and active in one and the same; use by
    somebody eligible nowhere stays visible as outside use. Use in a week for which its own
    initiative has no data counts nowhere. A week has data when any initiative has; it is
    ``partial`` (a lower bound) when an initiative with eligible people that week has none.
    Raises ValueError when there is no initiative.
    """
    if not eligible_by:
        message = "Any initiative needs at least one."
        raise ValueError(message)
    eligible = np.logical_or.reduce(list(eligible_by))
    data = np.logical_or.reduce(list(data_by))
    active = np.zeros_like(eligible)
    used = np.zeros_like(eligible)
    silent = np.zeros_like(data)
    for present, use, reported in zip(eligible_by, used_by, data_by, strict=True):
        used |= use & reported
        active |= use & reported & present
        silent |= present.any(axis=0) & ~reported
    return AnyInitiative(
        eligible=eligible, used=active | (used & ~eligible), data=data, partial=data & silent
    )


def _rule_counts(*, totals: _Totals, at: int) -> tuple[Bools, Bools, Bools, Bools]:
    """elig4, habitual, elig12, established."""
    elig4 = totals.eligible_in_all(at=at, weeks=BLOCK_WEEKS)
    elig12 = totals.eligible_in_all(at=at, weeks=ESTABLISHED_WEEKS)
    in_block = totals.within(totals.active, at=at, weeks=BLOCK_WEEKS)
    in_quarter = totals.within(totals.active, at=at, weeks=ESTABLISHED_WEEKS)
    return (
        elig4,
        elig4 & (in_block >= HABIT_AT_LEAST),
        elig12,
        elig12 & (in_quarter >= ESTABLISHED_AT_LEAST),
    )


def _states(
    *, totals: _Totals, at: int, here: Bools, habit: Bools, known_before: Bools
) -> list[Bools]:
    """One flag per State: the first rule that applies to a person who is eligible."""
    block_start = max(at + 1 - BLOCK_WEEKS, 0)
    in_block = totals.within(totals.active, at=at, weeks=BLOCK_WEEKS)
    elig4 = totals.eligible_in_all(at=at, weeks=BLOCK_WEEKS)
    idle = totals.active[at + 1] == 0
    rules = {
        State.NEW: (in_block > 0) & (totals.active[block_start] == 0),
        State.HABITUAL: elig4 & (in_block >= HABIT_AT_LEAST),
        State.OCCASIONAL: (in_block > 0) & (in_block < HABIT_AT_LEAST),
        State.LAPSED: elig4 & habit & (in_block == 0),
        State.NEVER: idle & _eligible_since(totals=totals, at=at, known_before=known_before),
        State.STARTING: idle,
        State.OTHER: here,
    }
    undecided = here.copy()
    taken = []
    for state in State:
        flag = undecided & rules[state]
        undecided &= ~flag
        taken.append(flag)
    return taken


def _eligible_since(*, totals: _Totals, at: int, known_before: Bools) -> Bools:
    """First eligible no later than the first of the last four data weeks."""
    if at + 1 < BLOCK_WEEKS:
        return np.zeros_like(known_before)
    since: Bools = known_before | (totals.eligible[at + 2 - BLOCK_WEEKS] > 0)
    return since


def _tried_once(*, totals: _Totals, at: int, here: Bools) -> Bools:
    """Exactly one active week ever, and it lies before the last four."""
    if at + 1 < BLOCK_WEEKS:
        return np.zeros_like(here)
    in_block = totals.within(totals.active, at=at, weeks=BLOCK_WEEKS)
    once: Bools = here & (totals.active[at + 1] == 1) & (in_block == 0)
    return once


def _flow(*, totals: _Totals, at: int) -> tuple[Bools, Bools, Bools, Bools, Bools, Bools]:
    """elig8, then who moved between the two last blocks of four data weeks."""
    elig8 = totals.eligible_in_all(at=at, weeks=TWO_BLOCKS_WEEKS)
    in_later = totals.within(totals.active, at=at, weeks=BLOCK_WEEKS)
    in_both = totals.within(totals.active, at=at, weeks=TWO_BLOCKS_WEEKS)
    later, earlier = in_later > 0, in_both > in_later
    known = totals.active[max(at + 1 - BLOCK_WEEKS, 0)] > 0
    return (
        elig8,
        elig8 & later & earlier,
        elig8 & later & ~earlier & known,
        elig8 & later & ~known,
        elig8 & ~later & earlier,
        elig8 & ~later & ~earlier,
    )


def _running(weeks: Bools, *, start: Ints) -> NDArray[np.int16]:
    totals = np.empty((len(weeks) + 1, weeks.shape[1]), dtype=np.int16)
    totals[0] = start
    np.cumsum(weeks, axis=0, dtype=np.int16, out=totals[1:])
    totals[1:] += totals[0]
    return totals


def _require_shapes(
    *, eligible: Bools, used: Bools, data: Bools, before: tuple[Ints | Bools, ...]
) -> int:
    people, weeks = len(eligible), len(data)
    agree = eligible.shape == used.shape == (people, weeks)
    if not agree or any(column.shape != (people,) for column in before):
        message = "Eligible, used, data and what happened before must describe the same people."
        raise ValueError(message)
    return people
