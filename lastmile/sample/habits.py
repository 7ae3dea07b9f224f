"""Who uses something in which week.

Everybody has a lasting inclination and a mood that changes from week to week. In each week the
people of a cell whose inclination and mood are highest are active, as many of them as the curve of
the plan says. So a figure of the plan is met by people whose habits last, not by lots drawn anew.
"""

from dataclasses import dataclass

import numpy as np

from lastmile.sample.draws import Draws, Flags, Floats
from lastmile.sample.initiatives import INITIATIVES, Access
from lastmile.sample.people import Person, Standing
from lastmile.sample.plan import Cell, Plan
from lastmile.sample.timeline import WEEK, Timeline

GRACE_DAYS = 14
WORKING_DAYS = 5
MOOD = 1.0
MEMORY = 0.35
NEVER = -1e9


@dataclass(frozen=True, kw_only=True)
class Presence:
    """Day by day, from the first day of the history to the end of the running week.

    `there`: employed, past the grace and not on leave. `access`: open to the person, by initiative
    in the order of INITIATIVES. `weeks`: eligible in that week, by initiative.
    """

    there: Flags
    access: Flags
    weeks: Flags

    @property
    def any_week(self) -> Flags:
        return np.asarray(self.weeks.any(axis=0))


def presence(timeline: Timeline, people: list[Person], lines: list[Access]) -> Presence:
    weeks = timeline.weeks + 1
    days = np.arange(weeks * WEEK)
    end = len(days)
    there = np.array([_days_there(timeline, person, days) for person in people])
    access = np.zeros((len(INITIATIVES), len(people), end), dtype=bool)
    position = {initiative.key: i for i, initiative in enumerate(INITIATIVES)}
    for line in lines:
        span = (days >= timeline.offset(line.start, 0)) & (days < timeline.offset(line.until, end))
        for number, person in enumerate(people):
            reached = _reached(timeline, line, person, days)
            if reached is not None:
                access[position[line.initiative], number] |= span & reached
    workdays = (access & there).reshape(len(INITIATIVES), len(people), weeks, WEEK)
    return Presence(there=there, access=access, weeks=workdays[..., :WORKING_DAYS].any(axis=3))


def _days_there(timeline: Timeline, person: Person, days: np.ndarray) -> Flags:
    start = timeline.offset(person.start, 0) + GRACE_DAYS
    end = timeline.offset(person.end, len(days))
    away = timeline.offset(person.leave_from, len(days))
    back = timeline.offset(person.leave_to, -1)
    there: Flags = (days >= start) & (days <= end) & ~((days >= away) & (days <= back))
    return there


def _reached(timeline: Timeline, line: Access, person: Person, days: np.ndarray) -> Flags | None:
    """The days on which the rule reaches the person; None for never."""
    moved = days >= timeline.offset(person.moved_on, 0)
    now, before = _matches(line, person, "now"), _matches(line, person, "before")
    if not now and not before:
        return None
    reached: Flags = (moved & now) | (~moved & before)
    return reached


def _matches(line: Access, person: Person, when: str) -> bool:
    then = when == "before"
    role = person.job_role_before if then else person.job_role
    department = person.department_before if then else person.department
    value = {
        "person": person.email,
        "job_role": role,
        "department": department.split(" / ")[0],
    }[line.rule]
    return value == line.value


def curve(cell: Cell, timeline: Timeline, noise: Floats) -> Floats:
    """The share of eligible people aimed at, for every week up to the running one."""
    weeks = np.arange(timeline.weeks + 1, dtype=np.float64)
    base, last = timeline.base, timeline.last
    peak_at = round(cell.peak_at * base)
    share = np.interp(
        weeks,
        [0, peak_at, base, last],
        [cell.first, cell.peak, cell.base, cell.active / cell.eligible],
    )
    wobble = np.where(np.isin(weeks, (base, last, last + 1)), 0.0, noise * 0.02)
    return np.asarray(np.clip(share + wobble * (share > 0), 0.0, 1.0))


def active_weeks(plan: Plan, timeline: Timeline, people: list[Person], eligible: Flags) -> Flags:
    """By person and week: uses at least one initiative that is open to them then."""
    draws = Draws(plan.seed, "habits")
    scores = _scores(timeline, people, draws)
    noise = draws.bell(len(plan.cells), timeline.weeks + 1)
    active = np.zeros_like(eligible)
    for number, cell in enumerate(plan.cells):
        members = np.array([i for i, person in enumerate(people) if person.cell == number])
        _quieten(timeline, cell, members, people, scores, eligible)
        shares = curve(cell, timeline, noise[number])
        for week, share in enumerate(shares):
            able = members[eligible[members, week] & (scores[members, week] > NEVER)]
            wanted = int(share * eligible[members, week].sum() + 0.5)
            best = np.argsort(-scores[able, week], kind="stable")[:wanted]
            active[able[best], week] = True
    return active


def _scores(timeline: Timeline, people: list[Person], draws: Draws) -> Floats:
    """Inclination plus mood by person and week; the keen are always ahead."""
    weeks = timeline.weeks + 1
    inclination = draws.bell(len(people))
    shocks = draws.bell(len(people), weeks)
    mood = np.zeros((len(people), weeks))
    mood[:, 0] = shocks[:, 0]
    fresh = (1.0 - MEMORY * MEMORY) ** 0.5
    for week in range(1, weeks):
        mood[:, week] = MEMORY * mood[:, week - 1] + fresh * shocks[:, week]
    keen = np.array([4.0 if person.keen else 0.0 for person in people])
    return np.asarray(inclination[:, None] + keen[:, None] + MOOD * mood)


def _quieten(
    timeline: Timeline,
    cell: Cell,
    members: np.ndarray,
    people: list[Person],
    scores: Floats,
    eligible: Flags,
) -> None:
    """Mark those who never start, and those who stop for good five to eight weeks ago."""
    last = timeline.last
    able = [
        int(i)
        for i in members
        if people[i].standing is Standing.ELIGIBLE and not people[i].keen and eligible[i, last]
    ]
    able.sort(key=lambda i: float(scores[i].mean()))
    for i in able[: cell.never]:
        scores[i] = NEVER
    for turn, i in enumerate(able[len(able) - 2 * cell.lapsed :: 2][: cell.lapsed]):
        stop = last - 4 - turn % 4
        scores[i, max(0, stop - 7) : stop + 1] += 3.0
        scores[i, stop + 1 :] = NEVER
