"""The tree of departments: who works where today, and who carries it."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Count

from organizations.calculations.roles import Role
from organizations.errors import NotFound
from organizations.models import (
    Department,
    Employment,
    Leave,
    MembershipDepartment,
    Person,
    PersonDepartment,
)
from ui.formats import integer

PATH = " / "


@dataclass(frozen=True, kw_only=True)
class ChampionLine:
    """Who carries a department. away: on leave today, so that somebody has to stand in."""

    name: str
    away: bool


@dataclass(frozen=True, kw_only=True)
class DepartmentLine:
    """A department today. own: people in itself; people: with those in departments below it."""

    public_id: str
    key: str
    name: str
    depth: int
    own: int
    people: int
    champions: tuple[ChampionLine, ...]

    @property
    def needs_deputy(self) -> bool:
        return bool(self.champions) and all(champion.away for champion in self.champions)


@dataclass(frozen=True, kw_only=True)
class DepartmentsReport:
    """lines: the tree in its order. placed: people with a department; nowhere: people without."""

    lines: tuple[DepartmentLine, ...]
    placed: int
    nowhere: int

    @property
    def title(self) -> str:
        """The finding: how many there are, and how many have nobody who carries them."""
        if not self.lines:
            return "There are no departments yet"
        number = len(self.lines)
        words = f"{integer(number)} {'department' if number == 1 else 'departments'}"
        away = sum(line.needs_deputy for line in self.lines)
        if away:
            return f"{words}, {integer(away)} {'needs' if away == 1 else 'need'} a deputy"
        return words


def departments_report(*, today: date) -> DepartmentsReport:
    """Every department of the organization in force with today's people and champions."""
    here = Employment.objects.filter(span__contains=today, person__erased_at=None)
    ids = here.values("person_id")
    held = PersonDepartment.objects.filter(span__contains=today, person_id__in=ids)
    own = dict(
        held.values_list("department_id")
        .annotate(n=Count("person_id"))
        .values_list("department_id", "n")
    )
    champions = _champions(today)
    departments = list(Department.objects.order_by("key"))
    # By path and not by text: "A-B" sorts before "A / B", and is not below A.
    departments.sort(key=lambda one: one.key.split(PATH))
    totals = _totals(departments, own)
    lines = tuple(
        DepartmentLine(
            public_id=str(one.public_id),
            key=one.key,
            name=one.name,
            depth=one.key.count(PATH),
            own=own.get(one.pk, 0),
            people=totals[one.pk],
            champions=tuple(champions.get(one.pk, ())),
        )
        for one in departments
    )
    placed = sum(own.values())
    return DepartmentsReport(lines=lines, placed=placed, nowhere=here.count() - placed)


def _totals(departments: list[Department], own: Mapping[int, int]) -> dict[int, int]:
    parents = {one.pk: one.parent_id for one in departments}
    totals: dict[int, int] = defaultdict(int)
    for one in departments:
        at: int | None = one.pk
        while at is not None:
            totals[at] += own.get(one.pk, 0)
            at = parents[at]
    return totals


def _champions(today: date) -> dict[int, list[ChampionLine]]:
    owned = (
        MembershipDepartment.objects.filter(
            membership__role=Role.CHAMPION.value, membership__user__is_active=True
        )
        .exclude(membership__until__lt=today)
        .values_list("department_id", "membership__user_id", "membership__user__name")
        .order_by("membership__user__name")
    )
    away = set(
        Person.objects.filter(
            pk__in=Leave.objects.filter(span__contains=today).values("person_id"),
            user__isnull=False,
        ).values_list("user_id", flat=True)
    )
    found: dict[int, list[ChampionLine]] = defaultdict(list)
    for department_id, user_id, name in owned:
        found[department_id].append(ChampionLine(name=name, away=user_id in away))
    return found


def find_department(*, public_id: UUID) -> Department:
    """A department of the organization in force. Raises NotFound."""
    found = Department.objects.select_related("parent").filter(public_id=public_id).first()
    if found is None:
        raise NotFound("There is no such department here.")
    return found
