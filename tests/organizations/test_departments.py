"""The tree of departments: today's people and champions, other names, other places."""

import csv
import io
from datetime import date, timedelta

import pytest
from django.urls import reverse

from organizations import scope
from organizations.calculations.roles import Role
from organizations.models import AuditEvent, Department, DirtySpan, Leave, Person
from organizations.reports.departments import departments_report
from portfolio.calculations.stages import Rule
from portfolio.models import Eligibility
from portfolio.refresh import rebuild_access
from tests.builders import TODAY, make_department, make_initiative, make_person, make_rule

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(acme):
    return acme.client(Role.PROGRAM_LEAD)


@pytest.fixture
def house(acme):
    with scope.organization(acme.organization.pk):
        yield acme


def change(client, key: str, *, name: str, parent: str = ""):
    department = Department.objects.get(key=key)
    above = str(Department.objects.get(key=parent).public_id) if parent else ""
    return client.post(
        reverse("department_edit", args=[department.public_id]), {"name": name, "parent": above}
    )


def keys() -> list[str]:
    return list(Department.objects.order_by("key").values_list("key", flat=True))


def test_people_are_counted_where_they_are_today_and_above(house):
    make_person(email="a@acme.test", name="A", department="Operations")
    make_person(email="b@acme.test", name="B", department="Operations / Warehouse", end=date.min)
    make_person(email="c@acme.test", name="C")

    report = departments_report(today=TODAY)

    assert [(line.key, line.depth, line.own, line.people) for line in report.lines] == [
        ("Operations", 0, 1, 2),
        ("Operations / Warehouse", 1, 1, 1),
    ]
    assert (report.placed, report.nowhere) == (2, 1)


def test_a_department_stands_below_its_own_parent_whatever_signs_names_have(house):
    make_department(path="Operations-North")
    assert [line.key for line in departments_report(today=TODAY).lines] == [
        "Operations",
        "Operations / Warehouse",
        "Operations-North",
    ]


def test_a_champion_on_leave_needs_a_deputy_while_it_lasts(house, lead):
    champion = make_person(email="champion@acme.test", name="Chi", user=house.users[Role.CHAMPION])
    Leave.objects.create(person=champion, span=(TODAY, TODAY + timedelta(days=7)))

    away = departments_report(today=TODAY)
    back = departments_report(today=TODAY + timedelta(days=7))

    assert [line.needs_deputy for line in away.lines] == [False, True]
    assert away.title == "2 departments, 1 needs a deputy"
    assert back.title == "2 departments"


def test_a_new_name_is_the_name_of_everything_below(house, lead):
    make_department(path="Operations / Warehouse / Night")

    change(lead, "Operations / Warehouse", name="Depot", parent="Operations")

    assert keys() == ["Operations", "Operations / Depot", "Operations / Depot / Night"]
    assert not DirtySpan.objects.exists()
    entry = AuditEvent.objects.get(action="department.changed")
    assert entry.changes == {"moved": False, "renamed": True, "below": 1}


def test_a_department_takes_everything_below_to_its_new_place(house, lead):
    make_department(path="Operations / Warehouse / Night")
    make_department(path="Logistics")

    change(lead, "Operations / Warehouse", name="Warehouse", parent="Logistics")

    assert keys() == [
        "Logistics",
        "Logistics / Warehouse",
        "Logistics / Warehouse / Night",
        "Operations",
    ]
    assert Department.objects.get(key="Logistics / Warehouse").parent.key == "Logistics"
    assert list(DirtySpan.objects.values_list("person_id", "from_week", "groups")) == [
        (house.person.pk, None, True)
    ]


def test_access_by_department_follows_the_new_place(house, lead):
    make_department(path="Logistics")
    rule_of = make_initiative(key="routes", name="Routes")
    make_rule(
        initiative=rule_of,
        rule=Rule.DEPARTMENT,
        department=Department.objects.get(key="Logistics"),
    )
    rebuild_access(organization_id=house.organization.pk)
    assert not Eligibility.objects.filter(initiative=rule_of).exists()

    change(lead, "Operations / Warehouse", name="Warehouse", parent="Logistics")

    assert Eligibility.objects.get(initiative=rule_of).person_id == house.person.pk


def test_a_department_never_stands_below_itself(house, lead):
    make_department(path="Operations / Warehouse / Night")

    page = change(lead, "Operations", name="Operations", parent="Operations / Warehouse / Night")

    assert "cannot stand below itself" in page.content.decode()
    assert "Operations / Warehouse / Night" in keys()


def test_a_name_that_is_taken_in_that_place_or_holds_a_slash_is_refused(house, lead):
    make_department(path="Finance")

    assert (
        "of this name in that place" in change(lead, "Finance", name="Operations").content.decode()
    )
    assert "A name has no slash" in change(lead, "Finance", name="A / B").content.decode()
    assert "Finance" in keys()


def test_a_path_that_would_be_too_long_is_refused(house, lead):
    for n in range(3):
        make_department(path=" / ".join(["x" * 119] * (n + 1)))

    page = change(lead, "Operations", name="y" * 60, parent=" / ".join(["x" * 119] * 3))

    assert "may have 400 characters" in page.content.decode()


def test_the_same_name_and_place_again_changes_nothing(house, lead):
    change(lead, "Operations", name="Operations")

    assert not AuditEvent.objects.filter(action="department.changed").exists()


def test_the_tree_is_a_page_and_a_file(house, lead):
    page = lead.get(reverse("departments")).content.decode()
    assert "2 departments" in page
    assert "champion" in page

    answer = lead.get(reverse("departments_export"))
    body = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(body)))
    assert rows[2] == ["Operations / Warehouse", "1", "1", "champion", "no"]
    assert AuditEvent.objects.get(action="departments.exported").changes == {"lines": 2}


def test_an_empty_tree_says_where_departments_come_from(lead, acme):
    with scope.organization(acme.organization.pk):
        Person.objects.all().delete()
        Department.objects.filter(parent__isnull=False).delete()
        Department.objects.all().delete()

    assert "There are no departments yet" in lead.get(reverse("departments")).content.decode()


def test_another_organizations_department_is_not_found(lead, twin):
    with scope.organization(twin.organization.pk):
        theirs = Department.objects.first().public_id

    assert lead.get(reverse("department_edit", args=[theirs])).status_code == 404
