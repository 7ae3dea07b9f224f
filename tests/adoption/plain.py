"""What METHODS 3.1 makes of the raw tables when it is read aloud: loops over days and sets, no bits
and no sums in SQL."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from adoption.models import GroupWeek, PersonWeek, SourceWeek, UsageFact
from organizations.models import (
    Department,
    Employment,
    Leave,
    PersonDepartment,
    PersonRole,
    SubjectLink,
)
from portfolio.models import Eligibility
from tests.adoption.test_calculations_states import Life, oracle
from tests.adoption.world import WEEK, World, monday


def last_week(now: datetime) -> date:
    return monday(now.date()) - WEEK


def person_weeks() -> dict[tuple[date, int, int], tuple[int | None, int | None, bool]]:
    """(week, person, initiative) → interactions, active days, used."""
    periods: dict[tuple, list[UsageFact]] = defaultdict(list)
    for fact in UsageFact.objects.filter(state=1, grain__in=["day", "week"]):
        week = monday(fact.period_start + timedelta(days=fact.grain == "week"))
        for link in SubjectLink.objects.filter(subject_id=fact.subject_id):
            if fact.period_start in link.span:
                key = (week, link.person_id, fact.initiative_id)
                periods[key, fact.grain, fact.subject_id, fact.period_start].append(fact)
    kept: dict[tuple, dict[str, list[UsageFact]]] = defaultdict(lambda: {"day": [], "week": []})
    for (key, grain, _, _), facts in periods.items():
        named = [fact for fact in facts if fact.surface != "all"]
        kept[key][grain] += named or facts
    return {key: _summed(by_grain["day"], by_grain["week"]) for key, by_grain in kept.items()}


def _summed(daily: list[UsageFact], weekly: list[UsageFact]) -> tuple[int | None, int | None, bool]:
    facts = daily or weekly
    stated = [fact.interactions for fact in facts if fact.interactions is not None]
    days: int | None = len({fact.period_start for fact in facts if fact.active})
    if not daily:
        days = max((f.active_days for f in facts if f.active_days is not None), default=None)
    return (sum(stated) if stated else None, days, any(fact.active for fact in facts))


def spoken_weeks(now: datetime) -> dict[int, set[date]]:
    """Initiative → complete weeks in which anybody's day or week row stands."""
    spoken: dict[int, set[date]] = defaultdict(set)
    for fact in UsageFact.objects.filter(state=1, grain__in=["day", "week"]):
        week = monday(fact.period_start + timedelta(days=fact.grain == "week"))
        if week <= last_week(now):
            spoken[fact.initiative_id].add(week)
    return spoken


def eligible_weeks(person: int, initiative: int, weeks: list[date]) -> set[date]:
    access = Eligibility.objects.filter(person_id=person, initiative_id=initiative)
    employed = list(Employment.objects.filter(person_id=person))
    away = list(Leave.objects.filter(person_id=person))
    grace = timedelta(days=14)

    def there(day: date) -> bool:
        return (
            day.isoweekday() <= 5
            and any(day in row.span for row in access)
            and (
                not employed
                or any(
                    day in row.span and (row.span.lower is None or day >= row.span.lower + grace)
                    for row in employed
                )
            )
            and not any(day in row.span for row in away)
        )

    return {week for week in weeks if any(there(week + timedelta(days=n)) for n in range(7))}


def group_of(model: type, name: str, person: int, week: date) -> int:
    touching = [
        row
        for row in model.objects.filter(person_id=person)
        if any(week + timedelta(days=n) in row.span for n in range(7))
    ]
    if not touching:
        return 0
    return getattr(max(touching, key=lambda row: row.span.lower or date.min), name)


def group_weeks(world: World) -> dict[tuple, Counter]:
    """(week, dimension, group, initiative) → counts, for groups with anybody in them."""
    last = last_week(world.now)
    weeks = [last - n * WEEK for n in range(60, -1, -1)]
    spoken = spoken_weeks(world.now)
    used: dict[tuple[int, int], set[date]] = defaultdict(set)
    for (week, person, initiative), (_, _, did) in person_weeks().items():
        if did:
            used[person, initiative].add(week)
    counts: dict[tuple, Counter] = defaultdict(Counter)
    for person in world.people:
        eligible = {i: eligible_weeks(person, i, weeks) for i in world.initiatives}
        for initiative, silent, life in _lives(world, person, weeks, spoken, eligible, used):
            for at, week in enumerate(weeks):
                names = oracle(life, silent=silent, week=at)
                for cut in _cuts(person, week) if names else ():
                    counts[(week, *cut, initiative)].update(names)
    return dict(counts)


def _lives(
    world: World,
    person: int,
    weeks: list[date],
    spoken: dict[int, set[date]],
    eligible: dict[int, set[date]],
    used: dict[tuple[int, int], set[date]],
) -> Iterator[tuple[int, frozenset[int], Life]]:
    def numbers(days: set[date]) -> frozenset[int]:
        return frozenset(at for at, week in enumerate(weeks) if week in days)

    def silent(days: set[date]) -> frozenset[int]:
        return frozenset(at for at, week in enumerate(weeks) if week not in days)

    for initiative in world.initiatives:
        life = Life(eligible=numbers(eligible[initiative]), used=numbers(used[person, initiative]))
        yield initiative, silent(spoken[initiative]), life
    anywhere = set().union(*eligible.values())
    active = set().union(*(eligible[i] & used[person, i] for i in world.initiatives))
    outside = set().union(*(used[person, i] for i in world.initiatives)) - anywhere
    yield (
        0,
        silent(set().union(*spoken.values())),
        Life(eligible=numbers(anywhere), used=numbers(active | outside)),
    )


def _cuts(person: int, week: date) -> list[tuple[str, int]]:
    department = group_of(PersonDepartment, "department_id", person, week)
    cuts = [
        ("all", 0),
        ("direct", department),
        ("role", group_of(PersonRole, "job_role_id", person, week)),
    ]
    while department:
        cuts.append(("department", department))
        department = Department.objects.get(pk=department).parent_id or 0
    return cuts


def source_weeks(world: World) -> dict[tuple[date, int], str]:
    last = last_week(world.now)
    states: dict[tuple[date, int], str] = {}
    for initiative, weeks in spoken_weeks(world.now).items():
        week = min(weeks)
        while week <= last:
            states[week, initiative] = "complete" if week in weeks else "no_data"
            week += WEEK
    for week in {week for week, _ in states}:
        by = {i: states[week, i] for i in world.initiatives if (week, i) in states}
        lacking = [
            i
            for i, state in by.items()
            if state == "no_data"
            and any(eligible_weeks(person, i, [week]) for person in world.people)
        ]
        spoke = "complete" in by.values()
        states[week, 0] = ("partial" if lacking else "complete") if spoke else "no_data"
    return states


# --- what is stored -----------------------------------------------------------------------------
def stored_groups() -> dict[tuple, Counter]:
    keys = ("organization_id", "week", "dimension", "group_id", "initiative_id")
    return {
        (row["week"], row["dimension"], row["group_id"], row["initiative_id"]): Counter(
            {name: value for name, value in row.items() if name not in keys and value}
        )
        for row in GroupWeek.objects.values()
    }


def stored_person_weeks() -> dict[tuple, tuple]:
    return {
        (row.week, row.person_id, row.initiative_id): (row.interactions, row.active_days, row.used)
        for row in PersonWeek.objects.all()
    }


def stored_source_weeks() -> dict[tuple[date, int], str]:
    return {(row.week, row.initiative_id): row.state for row in SourceWeek.objects.all()}
