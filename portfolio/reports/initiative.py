"""One initiative: its problem statement, and who may use it today."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Count, Exists, Model, OuterRef, Q, QuerySet

from organizations.errors import NotFound
from organizations.models import Department, Employment, Person, PersonDepartment, PersonRole
from portfolio.calculations.stages import Rule, Stage
from portfolio.models import Eligibility, EligibilityRule, Initiative
from ui.formats import integer

M = TypeVar("M", bound=Model)
BELOW = " / "


@dataclass(frozen=True, kw_only=True)
class RuleLine:
    """One eligibility rule. last: its last day, inclusive; people: whom it reaches today."""

    public_id: UUID
    rule: Rule
    who: str
    first: date | None
    last: date | None
    seat: bool | None
    people: int
    state: str

    @property
    def open(self) -> bool:
        return self.state == "Open"


@dataclass(frozen=True, kw_only=True)
class InitiativeReport:
    """people: how many have access today; counted once, however many rules reach them."""

    initiative: Initiative
    stage: Stage
    people: int
    rules: tuple[RuleLine, ...]

    @property
    def rules_open(self) -> int:
        return sum(rule.open for rule in self.rules)

    @property
    def title(self) -> str:
        """The finding: where it stands and how many people may use it."""
        name, deployed = self.initiative.name, self.initiative.deployed
        if deployed and not self.rules_open:
            return f"{name} is {_STANDS[self.stage]}, but nobody may use it yet"
        if not self.people:
            return f"{name} is {_STANDS[self.stage]}"
        noun = "person" if self.people == 1 else "people"
        return f"{name} is {_STANDS[self.stage]} and open to {integer(self.people)} {noun}"


_STANDS = {
    Stage.PROPOSED: "proposed",
    Stage.PILOT: "in pilot",
    Stage.LIVE: "live",
    Stage.PAUSED: "paused",
    Stage.STOPPED: "stopped",
}


def find_initiative(*, key: str) -> Initiative:
    """The initiative of this key in the organization in force. Raises NotFound."""
    initiative = (
        Initiative.objects.select_related("owner", "sponsor", "champion", "department")
        .filter(key=key)
        .first()
    )
    if initiative is None:
        raise NotFound("There is no initiative of this key here.")
    return initiative


def find_rule(*, key: str, public_id: UUID) -> EligibilityRule:
    """A rule of this initiative. Raises NotFound."""
    rule = (
        EligibilityRule.objects.select_related("initiative")
        .filter(initiative__key=key, public_id=public_id)
        .first()
    )
    if rule is None:
        raise NotFound("There is no such rule here.")
    return rule


def initiative_report(*, key: str, today: date) -> InitiativeReport:
    """One initiative with its rules and today's access. Raises NotFound. Constant queries."""
    initiative = find_initiative(key=key)
    rules = list(
        EligibilityRule.objects.filter(initiative=initiative)
        .select_related("department", "job_role", "person")
        .order_by("span", "pk")
    )
    reach = _Reach(today)
    lines = [_rule_line(rule, reach, today) for rule in rules]
    return InitiativeReport(
        initiative=initiative,
        stage=Stage(initiative.stage),
        people=_with_access(initiative, today),
        rules=tuple(sorted(lines, key=lambda line: not line.open)),
    )


def _employed(rows: QuerySet[M], person: str, today: date) -> QuerySet[M]:
    """Rows of people who are employed today; without any employment row somebody always is."""
    stays = Employment.objects.filter(person=OuterRef(person))
    return rows.filter(Q(Exists(stays.filter(span__contains=today))) | ~Q(Exists(stays)))


def _with_access(initiative: Initiative, today: date) -> int:
    access = Eligibility.objects.filter(initiative=initiative, span__contains=today)
    return _employed(access, "person_id", today).values("person_id").distinct().count()


class _Reach:
    """How many people a rule of each kind reaches today, from four counts."""

    def __init__(self, today: date) -> None:
        def counted(rows: QuerySet[Any], column: str) -> Counter[int]:
            held = _employed(rows.filter(span__contains=today), "person_id", today)
            return Counter(dict(held.values_list(column).annotate(people=Count("pk"))))

        everybody = _employed(Person.objects.all(), "pk", today)
        self.all = everybody.count()
        self._paths = dict(Department.objects.values_list("pk", "key"))
        self._departments = counted(PersonDepartment.objects.all(), "department_id")
        self._roles = counted(PersonRole.objects.all(), "job_role_id")

    def people(self, rule: EligibilityRule) -> int:
        if rule.department_id is not None:
            return self._subtree(rule.department_id)
        if rule.job_role_id is not None:
            return self._roles[rule.job_role_id]
        return 1 if rule.person_id is not None else self.all

    def _subtree(self, department_id: int) -> int:
        top = self._paths[department_id]
        return sum(
            self._departments[pk]
            for pk, path in self._paths.items()
            if path == top or path.startswith(f"{top}{BELOW}")
        )


def _rule_line(rule: EligibilityRule, reach: _Reach, today: date) -> RuleLine:
    first, upper = rule.span.lower, rule.span.upper
    state = _state(first, upper, today)
    return RuleLine(
        public_id=rule.public_id,
        rule=Rule(rule.rule),
        who=_who(rule),
        first=first,
        last=upper - timedelta(days=1) if upper else None,
        seat=rule.seat,
        people=reach.people(rule) if state == "Open" else 0,
        state=state,
    )


def _state(first: date | None, upper: date | None, today: date) -> str:
    if first is not None and first > today:
        return "Starts later"
    return "Ended" if upper is not None and upper <= today else "Open"


def _who(rule: EligibilityRule) -> str:
    if rule.department is not None:
        return rule.department.key
    if rule.job_role is not None:
        return rule.job_role.name
    return rule.person.name if rule.person is not None else "Everybody"
