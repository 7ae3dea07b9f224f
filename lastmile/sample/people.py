"""The directory of a sample organization: who is where, since when, and who is away."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from lastmile.sample.draws import Draws
from lastmile.sample.names import invented, login, plain
from lastmile.sample.plan import Named, Plan
from lastmile.sample.timeline import Timeline

SEPARATOR = " / "
FIRST_VENDOR_ID = 48_210_001
MOVES = 11


class Standing(StrEnum):
    """Why somebody counts, or does not, in the last complete week."""

    ELIGIBLE = "eligible"
    WITHOUT = "without"
    LEFT = "left"
    AWAY = "away"
    NEW = "new"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A position in the plan, before anybody is on it."""

    cell: int
    department: str
    job_role: str
    standing: Standing


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody of the sample. Ends and leaves fall on days on which an end that is inclusive and
    one that is exclusive give the same working days."""

    external_id: str
    email: str
    name: str
    department: str
    job_role: str
    start: date
    end: date | None
    leave_from: date | None
    leave_to: date | None
    login: str
    vendor_id: int
    cell: int
    standing: Standing
    keen: bool = False
    moved_on: date | None = None
    department_before: str = ""
    job_role_before: str = ""
    login_before: str = ""


def places(plan: Plan) -> Iterator[Place]:
    for number, cell in enumerate(plan.cells):
        for team in cell.teams:
            path = SEPARATOR.join(part for part in (cell.department, team.name) if part)
            groups = [(role, count, Standing.ELIGIBLE) for role, count in team.roles]
            groups += [(role, count, Standing.WITHOUT) for role, count in team.without]
            first_role = team.roles[0][0]
            groups += [
                (first_role, team.left, Standing.LEFT),
                (first_role, team.away, Standing.AWAY),
                (first_role, team.new, Standing.NEW),
            ]
            for role, count, standing in groups:
                for _ in range(count):
                    yield Place(cell=number, department=path, job_role=role, standing=standing)


def people(plan: Plan, timeline: Timeline) -> list[Person]:
    """Everybody in the directory, in the order of their external ids."""
    spots = list(places(plan))
    draws = Draws(plan.seed, "people")
    who = _seated(plan, spots, draws)
    logins: set[str] = set()
    everybody = []
    for number, (place, named) in enumerate(zip(spots, who, strict=True)):
        start, end, leave_from, leave_to = _span(place, timeline, draws)
        everybody.append(
            Person(
                external_id=f"p-{number + 1:05d}",
                email=named.email or f"{plain(named.name)}@{plan.domain}",
                name=named.name,
                department=place.department,
                job_role=place.job_role,
                start=start,
                end=end,
                leave_from=leave_from,
                leave_to=leave_to,
                login=_free(login(named.name), logins),
                vendor_id=FIRST_VENDOR_ID + number * 7,
                cell=place.cell,
                standing=place.standing,
                keen=named.keen,
            )
        )
    return _told(plan, timeline, everybody) if plan.trouble else everybody


def _seated(plan: Plan, spots: list[Place], draws: Draws) -> list[Named]:
    """A name for every place; the named of the plan take the first place of their job role."""
    waiting = list(plan.named)
    seats: dict[int, Named] = {}
    for number, place in enumerate(spots):
        fits = next((n for n in waiting if n.job_role == place.job_role), None)
        if fits is not None and place.standing in (Standing.ELIGIBLE, Standing.WITHOUT):
            waiting.remove(fits)
            seats[number] = fits
    taken = frozenset(
        [plain(named.name) for named in plan.named] + [plain(known.name) for known in plan.logins]
    )
    names = invented(draws, taken=taken)
    free = [number for number in range(len(spots)) if number not in seats]
    for number in free:
        seats[number] = Named(name=next(names), job_role=spots[number].job_role)
    return [seats[number] for number in range(len(spots))]


def _free(wanted: str, taken: set[str]) -> str:
    """`wanted`, or with the first number that makes it unique."""
    found, number = wanted, 1
    while found in taken:
        number += 1
        found = f"{wanted}{number}"
    taken.add(found)
    return found


def _span(
    place: Place, timeline: Timeline, draws: Draws
) -> tuple[date, date | None, date | None, date | None]:
    """Start, end and leave of somebody with that standing."""
    recent, weeks_ago, length, unlucky = (float(u) for u in draws.uniform(4))
    monday = timeline.last_week
    start = timeline.first_day - timedelta(weeks=4 + int(weeks_ago * weeks_ago * 640))
    if recent < 0.07 and timeline.weeks > 20:
        start = timeline.first_day + timedelta(weeks=1 + int(weeks_ago * (timeline.weeks - 16)))
    if place.standing is Standing.LEFT:
        ago = 1 + int(length * min(34, timeline.weeks - 3))
        return min(start, timeline.first_day), monday + timedelta(days=4 - 7 * ago), None, None
    if place.standing is Standing.AWAY:
        gone = monday - timedelta(weeks=1 + int(length * 12))
        back = monday + timedelta(weeks=2 + int(unlucky * 16), days=6)
        return min(start, gone - timedelta(weeks=8)), None, gone, back
    if place.standing is Standing.NEW:
        return monday + timedelta(weeks=int(length * 3)), None, None, None
    if unlucky < 0.02 and timeline.weeks > 20:
        gone = timeline.first_day + timedelta(weeks=8 + int(length * 16))
        return min(start, timeline.first_day), None, gone, gone + timedelta(weeks=6, days=-1)
    return start, None, None, None


def _told(plan: Plan, timeline: Timeline, everybody: list[Person]) -> list[Person]:
    """The small stories: moves between teams and departments, a renamed login, a leave to come."""
    told = list(everybody)
    for turn, (number, person) in enumerate(_movers(plan, timeline, everybody)):
        moved_on = timeline.first_day + timedelta(weeks=10 + 2 * turn)
        department, job_role = _before(person)
        told[number] = replace(
            person,
            moved_on=moved_on,
            department_before=department,
            job_role_before=job_role,
        )
    for number, person in enumerate(told):
        if person.name == "Ravi Menon":
            told[number] = replace(person, login="ravi-menon-nw", login_before=person.login)
        if person.name == "Owen Pryce":
            away = timeline.last_week + timedelta(weeks=2)
            told[number] = replace(person, leave_from=away, leave_to=away + timedelta(days=62))
    return told


def _movers(plan: Plan, timeline: Timeline, everybody: list[Person]) -> list[tuple[int, Person]]:
    """Eligible people of long standing in the two largest departments, evenly spread."""
    roles = ("Dispatcher", "Support agent, day desk")
    able = [
        (number, person)
        for number, person in enumerate(everybody)
        if person.job_role in roles
        and person.standing is Standing.ELIGIBLE
        and person.start < timeline.first_day
        and not (person.keen or person.leave_from)
        and plan.cells[person.cell].eligible > 20
    ]
    step = max(1, len(able) // MOVES)
    return able[::step][:MOVES]


def _before(person: Person) -> tuple[str, str]:
    """Where a mover came from: the shop floor, or another desk of Customer Service."""
    if person.job_role == "Dispatcher":
        return "Warehouse / Depot North", "Picker"
    other = "Inbound phones" if "Email" in person.department else "Email and chat"
    return f"Customer Service / {other}", person.job_role
