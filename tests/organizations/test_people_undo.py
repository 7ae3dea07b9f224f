"""An applied people file is taken back whole, or not at all."""

from datetime import UTC, date, datetime

import pytest
from django.urls import reverse

from organizations import scope
from organizations.calculations.roles import Role
from organizations.models import (
    AuditEvent,
    DirtySpan,
    Employment,
    ImportBatch,
    Leave,
    Person,
    PersonAlias,
    PersonDepartment,
    Subject,
    SubjectLink,
)
from portfolio.calculations.stages import Rule
from sprints.tasks import refresh
from tests.builders import make_person, make_rule
from tests.organizations.test_people_preview import BO, HEADER, NEW, absent, apply, shown, upload

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def stopped_clock(time_machine):
    time_machine.move_to(NOON, tick=False)


@pytest.fixture
def lead(acme):
    return acme.client(Role.PROGRAM_LEAD)


@pytest.fixture
def house(acme):
    with scope.organization(acme.organization.pk):
        yield acme


def applied(client, rows: str) -> int:
    number = upload(client, rows)
    apply(client, number)
    return number


def undo(client, number: int) -> str:
    return client.post(reverse("people_preview_undo", args=[number]), follow=True).content.decode()


def everything() -> list[list[tuple[object, ...]]]:
    """All that the directory holds of everybody, without ids of rows."""
    return [
        sorted(Person.objects.values_list("external_id", "name", "email", "search_key")),
        sorted(PersonAlias.objects.values_list("person_id", "kind", "value")),
        sorted(map(str, Employment.objects.values_list("person_id", "span"))),
        sorted(map(str, Leave.objects.values_list("person_id", "span"))),
        sorted(map(str, PersonDepartment.objects.values_list("person_id", "span", "department"))),
    ]


def test_everybody_is_exactly_as_before_the_file(house, lead):
    make_person(email="cy@acme.test", name="Cy Roe", department="Finance", start=date(2024, 1, 1))
    before = everything()
    moved = "cy@acme.test,cy@acme.test,Cy Rowe,Sales,,,2026-12-31,2026-12-01,2026-12-05,login:c,\n"
    number = upload(lead, NEW + moved)
    absent(lead, number, end=True)
    apply(lead, number)
    assert everything() != before

    page = undo(lead, number)

    assert everything() == before
    assert "Taken back. Everybody is as before the file." in page
    assert "Taken back: this file added 1 person" in page
    assert ImportBatch.objects.get(number=number).state == "undone"


def test_weeks_that_the_file_changed_are_computed_again(house, lead):
    back = BO.replace("Operations / Warehouse", "Finance")
    number = applied(lead, back.replace(",\n", ",2026-09-16T10:00:00Z\n"))
    DirtySpan.objects.all().delete()

    undo(lead, number)

    assert list(DirtySpan.objects.values_list("person_id", "from_week")) == [
        (house.person.pk, date(2026, 9, 14))
    ]


def test_it_leaves_one_entry_in_the_trail(house, lead):
    number = applied(lead, NEW)

    undo(lead, number)

    entry = AuditEvent.objects.get(action="people.undone")
    assert (entry.object_id, entry.changes) == (str(number), {"people": 1})


def test_a_newer_file_about_the_same_people_stands_in_the_way(house, lead):
    number = applied(lead, BO.replace("Operations / Warehouse", "Finance"))
    applied(lead, BO.replace("Operations / Warehouse", "Sales"))

    page = undo(lead, number)

    assert "1 of these people have been changed since" in page
    assert ImportBatch.objects.get(number=number).state == "done"
    assert PersonDepartment.objects.filter(department__key="Finance").exists() is False


def test_a_newer_file_about_others_does_not(house, lead):
    number = applied(lead, BO.replace("Operations / Warehouse", "Finance"))
    applied(lead, NEW)

    undo(lead, number)

    assert ImportBatch.objects.get(number=number).state == "undone"


def test_a_change_by_hand_stands_in_the_way(house, lead):
    number = applied(lead, NEW)
    ana = Person.objects.get(external_id="7")
    lead.post(
        reverse("person_change", args=[ana.public_id]), {"change": "end", "end-last": "2026-12-31"}
    )

    assert "have been changed since" in undo(lead, number)


def test_somebody_who_is_named_in_a_rule_by_now_is_not_deleted(house, lead):
    number = applied(lead, NEW)
    make_rule(
        initiative=house.initiative, rule=Rule.PERSON, person=Person.objects.get(external_id="7")
    )

    page = undo(lead, number)

    assert "are named elsewhere by now" in page
    assert Person.objects.filter(external_id="7").exists()


def test_facts_of_somebody_who_is_gone_again_wait_unmatched(house, lead):
    subject = Subject.objects.create(
        source="canonical",
        kind="email",
        external_id="ana@acme.test",
        first_seen=date(2026, 11, 2),
        last_seen=date(2026, 11, 20),
    )
    number = applied(lead, NEW)
    refresh(house.organization.pk)
    assert SubjectLink.objects.filter(subject=subject).exists()

    undo(lead, number)
    refresh(house.organization.pk)

    assert Subject.objects.filter(pk=subject.pk).exists()
    assert not SubjectLink.objects.filter(subject=subject).exists()
    assert not DirtySpan.objects.exists()


def test_a_file_is_taken_back_once(house, lead):
    number = applied(lead, NEW)
    undo(lead, number)

    assert "This import cannot be taken back" in undo(lead, number)
    assert "Take it back" not in shown(lead, number)


def test_the_same_file_can_be_applied_again_afterwards(house, lead):
    undo(lead, applied(lead, NEW))

    again = applied(lead, NEW)

    assert ImportBatch.objects.get(number=again).state == "done"
    assert Person.objects.filter(external_id="7").exists()


def test_what_came_by_the_api_directly_is_corrected_and_not_taken_back(house, lead):
    house.api().post("/api/v1/people", HEADER + NEW, content_type="text/csv")

    assert lead.post(reverse("people_preview_undo", args=[1])).status_code == 404
