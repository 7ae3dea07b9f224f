"""What a sample organization is made of: departments, teams, roles and the shares aimed at."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Named:
    """Somebody whom the story mentions by name; takes the first free place of that job role."""

    name: str
    job_role: str
    keen: bool = False
    email: str | None = None


@dataclass(frozen=True, kw_only=True)
class Team:
    """A team and its people.

    `roles` are those who may use something and are there to use it in the last complete week;
    `without` have a role with no access; `left`, `away` (on leave) and `new` (in their first days)
    hold the first of `roles`, yet are not eligible in that week.
    """

    name: str
    roles: tuple[tuple[str, int], ...]
    without: tuple[tuple[str, int], ...] = ()
    left: int = 0
    away: int = 0
    new: int = 0

    @property
    def eligible(self) -> int:
        return sum(count for _, count in self.roles)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Teams whose weekly active people are aimed at together.

    `active` is the count in the last complete week. The shares of eligible people are those of the
    first week, of the highest week before the sprint (at `peak_at` of the way) and of the week
    before the sprint. `never` people never start, `lapsed` stop some weeks ago.
    """

    department: str
    teams: tuple[Team, ...]
    active: int
    first: float
    peak: float
    peak_at: float
    base: float
    never: int
    lapsed: int = 0
    weekend: float = 0.0

    @property
    def eligible(self) -> int:
        return sum(team.eligible for team in self.teams)


@dataclass(frozen=True, kw_only=True)
class Login:
    """One sign-in of the demo. `department` is what a champion owns."""

    role: str
    name: str
    email: str
    department: str = ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One sample organization.

    `meeting_people` are asked to try the meeting notes and `zombie_people` of them go on after its
    end; `trouble` adds moves, a renamed login, leavers who still appear, strangers and bad rows.
    """

    slug: str
    name: str
    domain: str
    time_zone: str
    currency: str
    weeks: int
    sprint_day: int
    seed: int
    cells: tuple[Cell, ...]
    named: tuple[Named, ...]
    logins: tuple[Login, ...]
    meeting_people: int
    zombie_people: int
    trouble: bool
