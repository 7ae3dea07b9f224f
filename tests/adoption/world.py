"""A small organization whose facts, links, access and places change at random."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange

from adoption.models import SourceWeek, UsageFact
from organizations.dirty import mark_span, mark_weeks
from organizations.models import (
    Employment,
    Leave,
    Organization,
    Person,
    PersonDepartment,
    PersonRole,
    Subject,
    SubjectLink,
)
from portfolio.models import Eligibility
from tests.builders import make_department, make_initiative, make_job_role, make_organization

WEEK = timedelta(weeks=1)
START = datetime(2026, 10, 21, 9, 30, tzinfo=UTC)
FIRST_DAY = date(2026, 6, 1)
ALWAYS = DateRange(None, None)
DAYS = [FIRST_DAY + timedelta(days=n) for n in range(147)]


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


@dataclass
class World:
    """The changes are methods; each writes raw rows and the marks that an importer writes."""

    random: Random
    organization: Organization = field(default_factory=make_organization)
    now: datetime = START
    initiatives: list[int] = field(default_factory=list)
    people: list[int] = field(default_factory=list)
    subjects: list[int] = field(default_factory=list)
    departments: list[int] = field(default_factory=list)
    roles: list[int] = field(default_factory=list)

    def build(self) -> None:
        """To be called inside the organization's scope."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT ensure_usage_months(%s, %s)", [FIRST_DAY - WEEK, DAYS[-1]])
        self.initiatives = [make_initiative(key=f"i{n}", name=f"I{n}").pk for n in range(3)]
        paths = ["A", "A / B", "A / B / C", "D"]
        self.departments = [make_department(path=path).pk for path in paths]
        self.roles = [make_job_role(name=name).pk for name in ("Agent", "Driver")]
        for n in range(7):
            person = Person.objects.create(
                external_id=f"p{n}", name=f"P {n}", email=f"p{n}@acme.test", search_key=f"p {n}"
            )
            self.people.append(person.pk)
            for m in range(1 + n % 2):
                subject = Subject.objects.create(
                    source="canonical",
                    kind="email",
                    external_id=f"p{n}-{m}@acme.test",
                    first_seen=FIRST_DAY,
                    last_seen=DAYS[-1],
                )
                self.subjects.append(subject.pk)
                if n < 5:
                    self.link(subject.pk, person.pk)
            for initiative in self.initiatives[: 1 + n % 3]:
                Eligibility.objects.create(
                    initiative_id=initiative, person_id=person.pk, span=ALWAYS
                )
            self.move(person.pk)
        self.remember()

    def remember(self) -> None:
        """Twenty weeks of habits, for initiatives that may be silent in some of them."""
        spoken = {i: self.random.choice([1.0, 1.0, 0.8]) for i in self.initiatives}
        quiet = {
            (i, week)
            for i in spoken
            for week in range(0, 140, 7)
            if self.random.random() > spoken[i]
        }
        for subject in self.subjects:
            keen = self.random.choice([0.95, 0.8, 0.3, 0.05])
            for initiative in self.initiatives:
                UsageFact.objects.bulk_create(
                    self.day_of_use(subject, initiative, DAYS[week + self.random.randrange(7)])
                    for week in range(0, 140, 7)
                    if (initiative, week) not in quiet and self.random.random() < keen
                )
        self.mark(0)

    def day_of_use(self, subject: int, initiative: int, day: date) -> UsageFact:
        return UsageFact(
            organization=self.organization,
            subject_id=subject,
            initiative_id=initiative,
            period_start=day,
            period_end=day + timedelta(days=1),
            surface="ide",
            grain="day",
            active=True,
            interactions=4,
            as_of=self.now,
            batch_id=1,
        )

    def change(self) -> None:
        kinds: list[Callable[[], None]] = [
            *[self.state_fact] * 20,
            *[self.withdraw_fact] * 8,
            self.relink,
            self.change_access,
            self.change_presence,
            lambda: self.move(self.random.choice(self.people)),
        ]
        self.random.choice(kinds)()

    # --- facts ----------------------------------------------------------------------------------
    def state_fact(self) -> None:
        grain = self.random.choice(["day", "day", "day", "week", "month"])
        day = self.random.choice(DAYS)
        if grain == "week":
            day = monday(day) - timedelta(days=self.random.choice([0, 1]))
        length = {"day": 1, "week": 7, "month": 30}[grain]
        key = {
            "period_start": day,
            "subject_id": self.random.choice(self.subjects),
            "initiative_id": self.random.choice(self.initiatives),
            "surface": self.random.choice(["all", "ide", "chat"]),
            "grain": grain,
        }
        values = {
            "period_end": day + timedelta(days=length),
            "active": self.random.choice([True, True, False, None]),
            "interactions": self.random.choice([None, 0, 3]),
            "active_days": self.random.choice([None, 1, 4]) if grain == "week" else None,
            "state": 1,
            "as_of": self.now,
            "batch_id": 1,
        }
        if not UsageFact.objects.filter(**key).update(**values):
            UsageFact.objects.create(**key, **values)
        self._mark_fact(**key)

    def withdraw_fact(self) -> None:
        facts = list(UsageFact.objects.order_by("pk"))
        if facts:
            fact = self.random.choice(facts)
            UsageFact.objects.filter(pk=fact.pk).update(state=0)
            self._mark_fact(fact.period_start, fact.subject_id, fact.initiative_id, "", fact.grain)

    def _mark_fact(
        self, period_start: date, subject_id: int, initiative_id: int, surface: str, grain: str
    ) -> None:
        if grain == "month":
            return
        week = monday(period_start + timedelta(days=grain == "week"))
        links = SubjectLink.objects.filter(subject_id=subject_id, span__contains=period_start)
        marks = [(week, link.person_id) for link in links]
        settled = SourceWeek.objects.filter(
            week=week, initiative_id=initiative_id, state="complete"
        ).exists()
        if not settled or (not surface and not marks):
            marks.append((week, 0))
        mark_weeks(organization_id=self.organization.pk, weeks=marks)

    # --- people ---------------------------------------------------------------------------------
    def span(self) -> DateRange:
        first, last = sorted(self.random.sample(DAYS, 2))
        return DateRange(
            self.random.choice([first, first, None]), self.random.choice([last, last, None])
        )

    def mark(self, *people: int, groups: bool = False) -> None:
        mark_span(organization_id=self.organization.pk, person_ids=people, groups=groups)

    def link(self, subject: int, person: int) -> None:
        SubjectLink.objects.create(subject_id=subject, person_id=person, span=ALWAYS, how="hand")
        self.mark(person)

    def relink(self) -> None:
        subject, person = self.random.choice(self.subjects), self.random.choice(self.people)
        old = SubjectLink.objects.filter(subject_id=subject)
        self.mark(*{link.person_id for link in old})
        old.delete()
        if self.random.random() < 0.8:
            SubjectLink.objects.create(
                subject_id=subject, person_id=person, span=self.span(), how="hand"
            )
            self.mark(person)

    def change_access(self) -> None:
        person, initiative = self.random.choice(self.people), self.random.choice(self.initiatives)
        Eligibility.objects.filter(person_id=person, initiative_id=initiative).delete()
        for _ in range(self.random.randrange(3)):
            Eligibility.objects.create(person_id=person, initiative_id=initiative, span=self.span())
        self.mark(person)

    def change_presence(self) -> None:
        person = self.random.choice(self.people)
        model = self.random.choice([Employment, Leave])
        model.objects.filter(person_id=person).delete()
        if self.random.random() < 0.7:
            model.objects.create(person_id=person, span=self.span())
        self.mark(person)

    def move(self, person: int) -> None:
        PersonDepartment.objects.filter(person_id=person).delete()
        PersonRole.objects.filter(person_id=person).delete()
        day = self.random.choice(DAYS)
        here, there = self.random.choices(self.departments, k=2)
        PersonDepartment.objects.create(
            person_id=person, department_id=here, span=DateRange(None, day)
        )
        if self.random.random() < 0.7:
            PersonDepartment.objects.create(
                person_id=person,
                department_id=there,
                span=DateRange(day + timedelta(days=self.random.randrange(20)), None),
            )
        if self.random.random() < 0.7:
            PersonRole.objects.create(
                person_id=person, job_role_id=self.random.choice(self.roles), span=self.span()
            )
        self.mark(person, groups=True)


def later(world: World, *, weeks: int) -> None:
    world.now = datetime.combine(world.now.date() + weeks * WEEK, time(9, 30), tzinfo=UTC)
