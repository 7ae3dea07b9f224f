"""One person of the directory: what it shows, and what a member changes by hand."""

from datetime import UTC, date, datetime

import pytest
from django.urls import reverse

from organizations import scope
from organizations.calculations.roles import Role
from organizations.calculations.spans import Span, ended, overwritten, through
from organizations.models import (
    AuditEvent,
    DirtySpan,
    Employment,
    Leave,
    PersonAlias,
    PersonDepartment,
    Subject,
    SubjectLink,
)
from tests.builders import make_department, make_person

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


def change(client, person, what: str, **said) -> str:
    fields = {f"{what}-{name}": value for name, value in said.items()}
    return client.post(
        reverse("person_change", args=[person.public_id]), {"change": what, **fields}, follow=True
    ).content.decode()


def departments() -> list[tuple[date | None, date | None, str]]:
    rows = PersonDepartment.objects.order_by("span").values_list("span", "department__key")
    return [(span.lower, span.upper, key) for span, key in rows]


def marks() -> list[tuple[date | None, date | None]]:
    return list(DirtySpan.objects.values_list("from_week", "to_week"))


def test_the_page_says_where_somebody_is_and_nothing_of_use(house, lead):
    page = lead.get(reverse("person", args=[house.person.public_id])).content.decode()

    assert "Bo Chen works in Operations / Warehouse" in page
    assert "email:bo.chen@acme.test" in page


def test_the_page_is_reached_from_the_list(house, lead):
    address = reverse("person", args=[house.person.public_id])
    assert address in lead.get(reverse("people")).content.decode()


def test_a_move_holds_from_its_day_and_marks_no_earlier_week(house, lead):
    finance = make_department(path="Finance")

    page = change(lead, house.person, "move", department=finance.public_id, first="2026-11-18")

    assert "Bo Chen is changed" in page
    assert departments() == [
        (None, date(2026, 11, 18), "Operations / Warehouse"),
        (date(2026, 11, 18), None, "Finance"),
    ]
    assert marks() == [(date(2026, 11, 16), None)]
    entry = AuditEvent.objects.get(action="person.moved")
    assert entry.object_id == str(house.person.public_id)
    assert entry.changes == {"fields": ["department"]}


def test_a_move_in_the_future_marks_nothing_yet(house, lead):
    finance = make_department(path="Finance")

    change(lead, house.person, "move", department=finance.public_id, first="2026-12-01")

    assert departments()[1] == (date(2026, 12, 1), None, "Finance")
    assert marks() == []


def test_a_correction_of_past_days_changes_exactly_those_days(house, lead):
    finance = make_department(path="Finance")

    change(
        lead,
        house.person,
        "move",
        department=finance.public_id,
        first="2026-09-01",
        last="2026-09-30",
    )

    assert departments() == [
        (None, date(2026, 9, 1), "Operations / Warehouse"),
        (date(2026, 9, 1), date(2026, 10, 1), "Finance"),
        (date(2026, 10, 1), None, "Operations / Warehouse"),
    ]
    assert marks() == [(date(2026, 8, 31), None)]


def test_leave_is_set_corrected_and_taken_back(house, lead):
    change(lead, house.person, "leave", first="2026-12-01", last="2027-01-31")
    change(lead, house.person, "leave", first="2026-12-01", last="2026-12-31")
    assert Leave.objects.get().span.upper == date(2027, 1, 1)

    lead.post(reverse("person_leave_clear", args=[house.person.public_id]), {"first": "2026-12-01"})

    assert not Leave.objects.exists()
    assert AuditEvent.objects.filter(action="person.leave_cleared").count() == 1


def test_somebody_on_leave_is_said_to_be(house, lead):
    change(lead, house.person, "leave", first="2026-11-01", last="2026-11-30")

    page = lead.get(reverse("person", args=[house.person.public_id])).content.decode()

    assert "Bo Chen is on leave until 30 Nov 2026" in page


def test_the_last_day_ends_the_stay_and_keeps_the_person(house, lead):
    change(lead, house.person, "end", last="2026-11-20")

    assert Employment.objects.get().span.upper == date(2026, 11, 21)
    page = lead.get(reverse("person", args=[house.person.public_id])).content.decode()
    assert "Bo Chen does not work here now" in page


def test_a_last_day_before_the_first_is_refused_beside_its_field(house, lead):
    ana = make_person(email="ana@acme.test", name="Ana", start=date(2026, 11, 1))

    page = change(lead, ana, "end", last="2026-10-01")

    assert "lies before the first one that is known" in page
    assert Employment.objects.get(person=ana).span.upper is None


def test_another_name_links_what_waited_for_it(house, lead):
    Subject.objects.create(
        source="github_copilot",
        kind="login",
        external_id="bochen",
        first_seen=date(2026, 9, 9),
        last_seen=date(2026, 9, 30),
    )

    change(lead, house.person, "alias", kind="login", value="BoChen")

    assert PersonAlias.objects.filter(kind="login", value="bochen").exists()
    assert SubjectLink.objects.get().person_id == house.person.pk
    page = lead.get(reverse("person", args=[house.person.public_id])).content.decode()
    assert "login:bochen</code> of github_copilot" in page


def test_a_name_of_somebody_else_is_refused(house, lead):
    make_person(email="ana@acme.test", name="Ana", aliases=["login:x"])

    assert "Somebody else has this name" in change(
        lead, house.person, "alias", kind="login", value="x"
    )


@pytest.mark.parametrize(
    ("what", "said", "words"),
    [
        ("move", {"first": "2026-11-01"}, "required"),
        ("leave", {"first": "2026-11-10", "last": "2026-11-01"}, "before the first day"),
        ("alias", {"kind": "email", "value": "nonsense"}, "Not an e-mail address"),
    ],
)
def test_what_does_not_fit_is_said_beside_its_field_and_changes_nothing(
    house, lead, what, said, words
):
    assert words in change(lead, house.person, what, **said)
    assert not AuditEvent.objects.filter(action__startswith="person.").exists()


def test_what_was_known_already_changes_nothing(house, lead):
    warehouse = make_department(path="Operations / Warehouse")

    page = change(lead, house.person, "move", department=warehouse.public_id, first="2026-11-18")

    assert "That was known already" in page
    assert not AuditEvent.objects.filter(action="person.moved").exists()


def test_a_change_nobody_knows_and_a_person_of_others_are_not_found(house, lead, twin):
    address = reverse("person_change", args=[house.person.public_id])
    assert lead.post(address, {"change": "promote"}).status_code == 404
    assert lead.get(reverse("person", args=[twin.person.public_id])).status_code == 404
    assert lead.post(reverse("person_change", args=[twin.person.public_id])).status_code == 404


def test_an_erased_person_has_no_page(house, lead):
    house.person.erased_at = NOON
    house.person.save()

    assert lead.get(reverse("person", args=[house.person.public_id])).status_code == 404


def test_a_correction_cuts_what_held_around_it():
    march = through(date(2026, 3, 1), date(2026, 3, 31))
    held = [(Span(None, date(2026, 3, 10)), 1), (Span(date(2026, 3, 10), None), 2)]

    assert overwritten(held=held, span=march, value=3) == (
        (Span(None, date(2026, 3, 1)), 1),
        (march, 3),
        (Span(date(2026, 4, 1), None), 2),
    )


def test_only_the_stay_of_that_day_ends():
    past, later = through(None, date(2025, 1, 1)), through(date(2027, 1, 1), None)
    now = through(date(2026, 1, 1), date(2026, 12, 31))

    assert ended(stored=[past, now, later], last_day=date(2026, 11, 25)) == (
        past,
        through(date(2026, 1, 1), date(2026, 11, 25)),
        later,
    )
