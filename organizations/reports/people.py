"""The list of people: who works where now. Nothing of anybody's usage, and nothing of leave."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from organizations.calculations.people import search_key
from organizations.errors import TooLarge
from organizations.models import (
    Department,
    Employment,
    Person,
    PersonAlias,
    PersonDepartment,
    PersonRole,
)
from ui.formats import integer

PEOPLE_PER_PAGE = 50
MOST_LINES = 100_000


class PersonState(StrEnum):
    HERE = "here"
    LATER = "later"
    LEFT = "left"


STATE_WORDS = {
    PersonState.HERE: "Here",
    PersonState.LATER: "Starts later",
    PersonState.LEFT: "Left",
}


@dataclass(frozen=True, kw_only=True)
class PeopleFilter:
    """What of the list is asked for; empty fields ask for all. department is its whole path."""

    text: str = ""
    department: str = ""
    state: PersonState | None = None

    @property
    def asks(self) -> bool:
        return bool(self.text or self.department or self.state)


@dataclass(frozen=True, kw_only=True)
class PersonLine:
    """One person on a day. since: first day of the present stay; None: not stated."""

    public_id: str
    external_id: str
    name: str
    email: str
    department: str
    job_role: str
    state: PersonState
    since: date | None
    last_day: date | None

    @property
    def state_words(self) -> str:
        return STATE_WORDS[self.state]


@dataclass(frozen=True, kw_only=True)
class PeopleReport:
    """A page of people. total: all people; found: those the filter leaves."""

    page: Page[PersonLine]
    total: int
    found: int
    departments: tuple[str, ...]


def people_report(*, wanted: PeopleFilter, page: str | int | None, today: date) -> PeopleReport:
    """A page of people of the organization in force, by name."""
    paginator = Paginator(_lined(_people(wanted, today), today), PEOPLE_PER_PAGE)
    shown: Page[Any] = paginator.get_page(page)
    shown.object_list = [_line(person, today) for person in shown.object_list]
    return PeopleReport(
        page=shown,
        total=Person.objects.count() if wanted.asks else paginator.count,
        found=paginator.count,
        departments=tuple(Department.objects.order_by("key").values_list("key", flat=True)),
    )


def people_lines(*, wanted: PeopleFilter, today: date) -> Iterator[PersonLine]:
    """Every person that the filter leaves, for a file. Raises TooLarge over 100,000 lines."""
    people = _people(wanted, today)
    if people.count() > MOST_LINES:
        raise TooLarge(
            f"A file may have {integer(MOST_LINES)} lines.", remedy="Choose a department first."
        )
    for person in _lined(people, today).iterator(chunk_size=2000):
        yield _line(person, today)


def find_person(*, text: str) -> Person | None:
    """The person of exactly this address or directory id. None where two or none answer to it."""
    folded = text.strip().casefold()
    named = PersonAlias.objects.filter(kind="email", value=folded, person=OuterRef("pk"))
    found = Person.objects.filter(Q(external_id=text.strip()) | Exists(named))[:2]
    return found[0] if len(found) == 1 else None


def _people(wanted: PeopleFilter, today: date) -> QuerySet[Person]:
    people: QuerySet[Person] = Person.objects.order_by("search_key", "pk")
    if wanted.text:
        folded = search_key(name=wanted.text, email="").strip()
        people = people.filter(search_key__contains=folded)
    if wanted.department:
        members = PersonDepartment.objects.filter(
            Q(department__key=wanted.department)
            | Q(department__key__startswith=f"{wanted.department} / "),
            person=OuterRef("pk"),
            span__contains=today,
        )
        people = people.filter(Exists(members))
    if wanted.state is not None:
        people = people.filter(_in_state(wanted.state, today))
    return people


def _in_state(state: PersonState, today: date) -> Q:
    stays = Employment.objects.filter(person=OuterRef("pk"))
    here = Exists(stays.filter(span__contains=today))
    if state is PersonState.HERE:
        return Q(here)
    later = Exists(stays.filter(span__startswith__gt=today))
    return ~Q(here) & (Q(later) if state is PersonState.LATER else ~Q(later))


def _lined(people: QuerySet[Person], today: date) -> QuerySet[Person]:
    def now(spans: QuerySet[Any], value: str) -> Subquery:
        held = spans.filter(person=OuterRef("pk"), span__contains=today)
        return Subquery(held.values(value)[:1])

    stays = Employment.objects.filter(person=OuterRef("pk"))
    return people.annotate(
        department_now=now(PersonDepartment.objects.all(), "department__key"),
        job_role_now=now(PersonRole.objects.all(), "job_role__name"),
        stay_now=now(Employment.objects.all(), "span"),
        next_stay=Subquery(
            stays.filter(span__startswith__gt=today).order_by("span").values("span")[:1]
        ),
        last_stay=Subquery(
            stays.filter(span__endswith__lte=today).order_by("-span").values("span")[:1]
        ),
    )


def _line(person: Any, today: date) -> PersonLine:
    state, stay = _stay(person)
    return PersonLine(
        public_id=str(person.public_id),
        external_id=person.external_id,
        name=person.name,
        email=person.email,
        department=person.department_now or "",
        job_role=person.job_role_now or "",
        state=state,
        since=stay.lower if stay else None,
        last_day=stay.upper - timedelta(days=1) if stay and stay.upper else None,
    )


def _stay(person: Any) -> tuple[PersonState, DateRange | None]:
    if person.stay_now:
        return PersonState.HERE, person.stay_now
    if person.next_stay:
        return PersonState.LATER, person.next_stay
    return PersonState.LEFT, person.last_stay
