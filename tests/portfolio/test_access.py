"""Rules and the directory become access intervals; a plain reading of the rules is the oracle."""

from datetime import date, timedelta

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from organizations import scope
from organizations.models import (
    Department,
    DirtySpan,
    JobRole,
    Person,
    PersonDepartment,
    PersonRole,
)
from portfolio.calculations.stages import Rule
from portfolio.models import Eligibility, EligibilityRule, Initiative
from portfolio.refresh import rebuild_access
from tests.builders import (
    make_department,
    make_initiative,
    make_job_role,
    make_organization,
    make_person,
    make_rule,
)

pytestmark = pytest.mark.django_db
FIRST = date(2026, 1, 1)


@pytest.fixture
def organization():
    made = make_organization()
    with scope.organization(made.pk):
        yield made


def access() -> list[tuple[str, str, date | None, date | None]]:
    rows = Eligibility.objects.order_by("initiative__key", "person__email", "span")
    return [
        (key, email, span.lower, span.upper)
        for key, email, span in rows.values_list("initiative__key", "person__email", "span")
    ]


def marks() -> list[tuple[date | None, date | None]]:
    return sorted(DirtySpan.objects.values_list("from_week", "to_week"), key=str)


def test_a_department_opens_to_its_whole_subtree_while_somebody_is_in_it(organization):
    bo = make_person(email="bo@acme.test", department="Operations / Phones")
    make_person(email="ann@acme.test", department="Finance")
    phones = Department.objects.get(key="Operations / Phones")
    PersonDepartment.objects.filter(person=bo).update(span=DateRange(None, date(2026, 5, 1)))
    make_rule(
        initiative=make_initiative(),
        rule=Rule.DEPARTMENT,
        department=phones.parent,
        first=date(2026, 2, 1),
    )
    assert rebuild_access(organization_id=organization.pk) == 1
    assert access() == [("copilot", "bo@acme.test", date(2026, 2, 1), date(2026, 5, 1))]
    assert marks() == [(date(2026, 1, 26), date(2026, 4, 27))]


def test_overlapping_rules_are_one_interval_and_gaps_stay_gaps(organization):
    bo = make_person(email="bo@acme.test", job_role="Driver")
    driver, initiative = JobRole.objects.get(), make_initiative()
    make_rule(initiative=initiative, first=date(2026, 1, 1), last=date(2026, 1, 31))
    make_rule(
        initiative=initiative,
        rule=Rule.JOB_ROLE,
        job_role=driver,
        first=date(2026, 1, 20),
        last=date(2026, 2, 10),
    )
    make_rule(initiative=initiative, rule=Rule.PERSON, person=bo, first=date(2026, 6, 1))
    rebuild_access(organization_id=organization.pk)
    assert [row[2:] for row in access()] == [
        (date(2026, 1, 1), date(2026, 2, 11)),
        (date(2026, 6, 1), None),
    ]


def test_a_second_rebuild_writes_and_marks_nothing(organization):
    make_person()
    make_rule(initiative=make_initiative())
    rebuild_access(organization_id=organization.pk)
    before = list(Eligibility.objects.values_list("pk", flat=True))
    DirtySpan.objects.all().delete()
    assert rebuild_access(organization_id=organization.pk) == 0
    assert list(Eligibility.objects.values_list("pk", flat=True)) == before
    assert marks() == []


def test_closing_access_marks_only_the_weeks_that_lose_it(organization):
    make_person()
    rule = make_rule(initiative=make_initiative(), first=date(2024, 1, 1))
    rebuild_access(organization_id=organization.pk)
    DirtySpan.objects.all().delete()
    rule.span = DateRange(date(2024, 1, 1), date(2026, 10, 15))
    rule.save(update_fields=["span"])
    rebuild_access(organization_id=organization.pk)
    assert marks() == [(date(2026, 10, 12), None)]


def test_named_people_and_initiatives_are_all_that_is_touched(organization):
    bo, ann = make_person(email="bo@acme.test"), make_person(email="ann@acme.test")
    one, two = make_initiative(key="one"), make_initiative(key="two")
    make_rule(initiative=one)
    make_rule(initiative=two)
    rebuild_access(organization_id=organization.pk, person_ids=[bo.pk], initiative_ids=[one.pk])
    assert [row[:2] for row in access()] == [("one", "bo@acme.test")]
    rebuild_access(organization_id=organization.pk, person_ids=[ann.pk])
    assert [row[:2] for row in access()] == [
        ("one", "ann@acme.test"),
        ("one", "bo@acme.test"),
        ("two", "ann@acme.test"),
    ]


def test_a_twin_organization_keeps_its_own_access(organization):
    make_person()
    make_rule(initiative=make_initiative())
    twin = make_organization(name="Twin")
    with scope.organization(twin.pk):
        make_person()
        make_rule(initiative=make_initiative())
    rebuild_access(organization_id=organization.pk)
    assert len(access()) == 1
    with scope.organization(twin.pk):
        assert access() == []


# --- the oracle: day by day, from the words of the rules ----------------------------------------

days = st.integers(0, 60)
ends = st.one_of(st.none(), st.integers(1, 40))
rule_plans = st.lists(
    st.tuples(st.sampled_from(list(Rule)), st.integers(0, 4), st.integers(0, 1), days, ends),
    max_size=8,
)
move_plans = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4), days), max_size=6)
PATHS = ("A", "A / B", "A / B / C", "A / D", "E")


def _span(first: int, length: int | None) -> DateRange:
    lower = FIRST + timedelta(first)
    return DateRange(lower, None if length is None else lower + timedelta(length))


def _holds(span: DateRange, day: date) -> bool:
    return (span.lower is None or span.lower <= day) and (span.upper is None or day < span.upper)


def _may(rule: EligibilityRule, person: Person, day: date) -> bool:
    """One rule, one person, one day, read aloud."""
    if not _holds(rule.span, day):
        return False
    if rule.rule == Rule.ALL:
        return True
    if rule.rule == Rule.PERSON:
        return rule.person_id == person.pk
    if rule.rule == Rule.JOB_ROLE:
        held = PersonRole.objects.filter(person=person, job_role=rule.job_role)
        return any(_holds(one.span, day) for one in held)
    held = PersonDepartment.objects.filter(person=person).select_related("department")
    return any(
        _holds(one.span, day) and f"{one.department.key} / ".startswith(f"{rule.department.key} / ")
        for one in held
    )


def _write_history(people: list[Person], moves: list[tuple[int, int, int]]) -> None:
    """Departments of each person one after the other, from the first move on."""
    departments = [make_department(path=path) for path in PATHS]
    for number, person in enumerate(people):
        mine = sorted({day: where for who, where, day in moves if who == number}.items())
        PersonDepartment.objects.filter(person=person).delete()
        for at, (day, where) in enumerate(mine):
            upper = mine[at + 1][0] - day if at + 1 < len(mine) else None
            PersonDepartment.objects.create(
                person=person, department=departments[where], span=_span(day, upper)
            )


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(before=rule_plans, after=rule_plans, moves=move_plans)
def test_access_equals_a_day_by_day_reading_of_the_rules(organization, before, after, moves):
    for model in (Eligibility, EligibilityRule, DirtySpan):
        model.objects.all().delete()
    people = list(Person.objects.order_by("pk")) or [
        make_person(email=f"p{n}@acme.test", job_role=f"Role {n % 2}") for n in range(3)
    ]
    initiative = Initiative.objects.first()
    initiative = initiative or make_initiative()
    _write_history(people, moves)
    for plan in (before, after):
        EligibilityRule.objects.all().delete()
        for rule, where, role, first, length in plan:
            department = make_department(path=PATHS[where])
            EligibilityRule.objects.create(
                initiative=initiative,
                rule=rule.value,
                department=department if rule is Rule.DEPARTMENT else None,
                job_role=make_job_role(name=f"Role {role}") if rule is Rule.JOB_ROLE else None,
                person=people[where % 3] if rule is Rule.PERSON else None,
                span=_span(first, length),
            )
        rebuild_access(organization_id=organization.pk)
        rules = list(EligibilityRule.objects.select_related("department"))
        for person in people:
            stored = [e.span for e in Eligibility.objects.filter(person=person)]
            for offset in range(0, 110, 5):
                day = FIRST + timedelta(offset)
                expected = any(_may(rule, person, day) for rule in rules)
                assert any(_holds(span, day) for span in stored) == expected
