"""What each person does on each day: the rows that a source would report."""

from dataclasses import dataclass

import numpy as np

from lastmile.sample import northwind as nw
from lastmile.sample.draws import Draws, Flags, Floats, Integers
from lastmile.sample.habits import WORKING_DAYS, Presence
from lastmile.sample.initiatives import (
    COPILOT,
    DRIVER_MESSAGES,
    INITIATIVES,
    MEETING_NOTES,
    RESUMES,
    SUPPORT,
    meeting_people,
)
from lastmile.sample.people import Person, Standing
from lastmile.sample.plan import Plan
from lastmile.sample.timeline import WEEK, Timeline

# What somebody reaches for first, by department; the first that is open to them is their own tool.
FIRST_CHOICE = {
    nw.SERVICE: (SUPPORT,),
    nw.DISPATCH: ("load-matching", DRIVER_MESSAGES),
    nw.WAREHOUSE: ("slotting-optimiser",),
    nw.CLAIMS: ("claims-triage", "invoice-matching", "document-intake"),
    nw.SALES: ("quote-assistant",),
    nw.FINANCE: ("invoice-matching",),
    nw.PROCUREMENT: ("document-intake",),
    nw.PEOPLE: ("document-intake", RESUMES),
    nw.DATA: (COPILOT,),
}
SECOND_USE = {
    "invoice-matching": 0.75,
    "document-intake": 0.5,
    MEETING_NOTES: 0.45,
    RESUMES: 0.35,
}
# The message summaries begin to lose their users when the load-matching assistant opens.
DECAY_FROM, DECAY_TO = 16, 0.08
PASSIVE_DAYS = 160
LEAVERS_SEEN_AFTER = 5


@dataclass(frozen=True, kw_only=True)
class Uses:
    """One row per person, initiative and day, in the order of initiative, day and person.

    Columns of equal length; `person`, `initiative` and `day` are positions. `interactions` is 0
    only where `passive` is true: suggestions were shown and none was taken.
    """

    person: Integers
    initiative: Integers
    day: Integers
    interactions: Integers
    accepted: Integers
    passive: Flags

    def of(self, initiative: int) -> "Uses":
        chosen = self.initiative == initiative
        return Uses(
            person=self.person[chosen],
            initiative=self.initiative[chosen],
            day=self.day[chosen],
            interactions=self.interactions[chosen],
            accepted=self.accepted[chosen],
            passive=self.passive[chosen],
        )


def uses(
    plan: Plan, timeline: Timeline, people: list[Person], present: Presence, active: Flags
) -> Uses:
    draws = Draws(plan.seed, "usage")
    inclination = draws.uniform(len(people))
    inclination[[i for i, person in enumerate(people) if person.keen]] = 0.97
    chosen = tool_weeks(plan, people, present, active, draws)
    weekend = np.array([plan.cells[person.cell].weekend for person in people])
    marks = np.zeros((len(INITIATIVES), len(people), timeline.days), dtype=bool)
    for i in range(len(INITIATIVES)):
        open_days = present.access[i] & present.there
        marks[i] = _days(timeline, chosen[i], open_days, inclination, weekend, draws)
    if plan.trouble:
        _stay(plan, timeline, people, present, marks, draws)
        _linger(timeline, people, marks)
    return _rows(timeline, marks, inclination, _passive(people, marks, draws), draws)


def tool_weeks(
    plan: Plan, people: list[Person], present: Presence, active: Flags, draws: Draws
) -> Flags:
    """By initiative, person and week: an active person uses the own tool, others by habit."""
    keys = [initiative.key for initiative in INITIATIVES]
    chosen = np.zeros_like(present.weeks)
    weeks = active.shape[1]
    for i, key in enumerate(keys):
        lots = draws.uniform(len(people), weeks)
        chosen[i] = active & present.weeks[i] & (lots < _second_use(key, weeks))
    for department, choice in FIRST_CHOICE.items():
        members = np.array(
            [plan.cells[person.cell].department == department for person in people], dtype=bool
        )
        unserved = active & members[:, None]
        # Who has nothing of the own department takes whatever is open.
        for key in (*choice, *keys):
            own = unserved & present.weeks[keys.index(key)]
            chosen[keys.index(key)] |= own
            unserved &= ~own
    return chosen


def _second_use(key: str, weeks: int) -> Floats:
    if key == DRIVER_MESSAGES:
        ends = [0, min(DECAY_FROM, weeks // 2), weeks - 1]
        return np.asarray(np.interp(np.arange(weeks), ends, [1.0, 1.0, DECAY_TO]))
    return np.full(weeks, SECOND_USE.get(key, 0.3))


def _days(
    timeline: Timeline,
    chosen: Flags,
    open_days: Flags,
    inclination: Floats,
    weekend: Floats,
    draws: Draws,
) -> Flags:
    """Days of use within the chosen weeks: at least one working day in each, more for the keen.

    The running week promises nothing: who will be active on Friday may not have begun yet.
    """
    people, weeks = chosen.shape
    past = np.arange(weeks * WEEK) < timeline.days
    able = (open_days & past).reshape(people, weeks, WEEK)
    person, week = np.nonzero(chosen)
    lots = draws.uniform(len(person), WEEK)
    wish = np.empty((len(person), WEEK))
    wish[:, :WORKING_DAYS] = (0.2 + 0.62 * inclination[person])[:, None]
    wish[:, WORKING_DAYS:] = weekend[person][:, None]
    took = (lots < wish) & able[person, week]
    order = np.where(able[person, week], lots, 2.0)[:, :WORKING_DAYS]
    forced = order.argmin(axis=1)
    idle = ~took[:, :WORKING_DAYS].any(axis=1) & (order.min(axis=1) < 2.0)
    rows = np.flatnonzero(idle & (week < timeline.weeks))
    took[rows, forced[rows]] = True
    grid = np.zeros((people, weeks, WEEK), dtype=bool)
    grid[person, week] = took
    return np.asarray(grid.reshape(people, -1)[:, : timeline.days])


def _stay(
    plan: Plan,
    timeline: Timeline,
    people: list[Person],
    present: Presence,
    marks: Flags,
    draws: Draws,
) -> None:
    """Some go on with the meeting notes after their end: stopped, yet alive."""
    i = [initiative.key for initiative in INITIATIVES].index(MEETING_NOTES)
    asked = {person.external_id for person in meeting_people(plan, people)}
    able = [n for n, person in enumerate(people) if person.external_id in asked]
    stop = timeline.offset(timeline.stop_day, 0)
    recent = np.arange(timeline.days) >= (timeline.last - 2) * WEEK
    for number in [able[turn] for turn in draws.order(len(able))][: plan.zombie_people]:
        lots = draws.uniform(timeline.days)
        days = (np.arange(timeline.days) >= stop) & (np.arange(timeline.days) % WEEK < WORKING_DAYS)
        there = present.there[number, : timeline.days]
        marks[i, number] |= days & there & (lots < 0.22)
        able_days = np.flatnonzero(days & there & recent)
        if len(able_days) and not marks[i, number, able_days].any():
            marks[i, number, able_days[int(lots[0] * len(able_days))]] = True


def _linger(timeline: Timeline, people: list[Person], marks: Flags) -> None:
    """The last to leave appear in their tool for three working days more."""
    left = [
        (timeline.offset(person.end, 0), number)
        for number, person in enumerate(people)
        if person.standing is Standing.LEFT
    ]
    for end, number in sorted(left, reverse=True)[:LEAVERS_SEEN_AFTER]:
        used = np.flatnonzero(marks[:, number].any(axis=1))
        tool = int(used[0]) if len(used) else _tool_of(people[number])
        marks[tool, number, end + 3 : end + 6] = True


def _tool_of(person: Person) -> int:
    key = FIRST_CHOICE[person.department.split(" / ")[0]][0]
    return [initiative.key for initiative in INITIATIVES].index(key)


def _passive(people: list[Person], marks: Flags, draws: Draws) -> Flags:
    """Copilot days on which suggestions were shown and none was taken, mostly of idle seats."""
    i = [initiative.key for initiative in INITIATIVES].index(COPILOT)
    members = [n for n, person in enumerate(people) if person.department.startswith(nw.DATA)]
    shown = np.zeros(marks.shape[1:], dtype=bool)
    days = marks.shape[2]
    for lot, member in zip(
        draws.uniform(PASSIVE_DAYS), draws.below(len(members), PASSIVE_DAYS), strict=True
    ):
        day = int(lot * days)
        if day % WEEK < WORKING_DAYS and not marks[i, members[int(member)], day]:
            shown[members[int(member)], day] = True
    return shown


def _rows(
    timeline: Timeline, marks: Flags, inclination: Floats, passive: Flags, draws: Draws
) -> Uses:
    copilot = [initiative.key for initiative in INITIATIVES].index(COPILOT)
    every = marks.copy()
    every[copilot] |= passive
    initiative, day, person = (np.asarray(c) for c in np.nonzero(every.transpose(0, 2, 1)))
    lots = draws.uniform(3, len(person))
    # A product of two lots gives many small days and a few long ones.
    interactions = 1 + (lots[0] * lots[1] * (6.0 + 24.0 * inclination[person])).astype(np.int64)
    quiet = ~marks[initiative, person, day]
    interactions[quiet] = 0
    accepted = (interactions * (0.3 + 0.6 * lots[2])).astype(np.int64)
    return Uses(
        person=person,
        initiative=initiative,
        day=day,
        interactions=interactions,
        accepted=accepted,
        passive=quiet,
    )
