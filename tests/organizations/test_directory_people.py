"""A people file becomes people, with everything that is effective-dated about them."""

from datetime import UTC, date, datetime

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from organizations import registry, scope
from organizations.calculations.jobs import BatchKind
from organizations.models import (
    AuditEvent,
    Department,
    DirtySpan,
    Employment,
    ImportBatch,
    JobRun,
    Leave,
    Organization,
    Person,
    PersonAlias,
    PersonDepartment,
    PersonRole,
    Subject,
    SubjectLink,
)
from tests.builders import (
    imported,
    make_batch,
    make_membership,
    make_organization,
    make_person,
    make_user,
)

pytestmark = pytest.mark.django_db

HEADER = "external_id,email,name,department,job_role,start,end,leave_from,leave_to,aliases,as_of\n"
BO = "1002,bo.chen@acme.test,Bo Chen,Operations / Phones,Service agent,2024-03-01,,,,login:bo,\n"


@pytest.fixture
def organization():
    made = make_organization(time_zone="Europe/Berlin")
    with scope.organization(made.pk):
        yield made


def send(organization: Organization, rows: str, **more) -> ImportBatch:
    return imported(
        make_batch(HEADER + rows, organization=organization, kind=BatchKind.PEOPLE, **more)
    )


def sums(batch: ImportBatch) -> tuple[int, int, int, int]:
    return batch.accepted, batch.revised, batch.duplicate, batch.rejected


def errors(batch: ImportBatch) -> list[tuple[int, str]]:
    return list(batch.row_errors.order_by("number").values_list("line", "code"))


def spans(model, column: str | None = None) -> list:
    columns = ("span", *([column] if column else []))
    rows = model.objects.order_by("person_id", "span").values_list(*columns)
    return [(row[0].lower, row[0].upper, *row[1:]) for row in rows]


def test_a_row_makes_a_person_with_department_role_employment_and_names(organization):
    batch = send(organization, BO)
    assert sums(batch) == (1, 0, 0, 0)
    person = Person.objects.get()
    assert (person.external_id, person.search_key) == ("1002", "bo chen bo.chen@acme.test")
    assert set(PersonAlias.objects.values_list("kind", "value")) == {
        ("email", "bo.chen@acme.test"),
        ("login", "bo"),
    }
    assert set(Department.objects.values_list("key", "parent__key")) == {
        ("Operations", None),
        ("Operations / Phones", "Operations"),
    }
    assert spans(Employment) == [(date(2024, 3, 1), None)]
    assert spans(PersonDepartment, "department__key") == [(None, None, "Operations / Phones")]
    assert spans(PersonRole, "job_role__name") == [(None, None, "Service agent")]
    assert spans(Leave) == []


def test_the_same_file_again_changes_nothing(organization):
    send(organization, BO)
    DirtySpan.objects.all().delete()
    again = send(organization, BO)
    assert sums(again) == (0, 0, 1, 0)
    assert not DirtySpan.objects.exists()


def test_another_department_holds_from_the_day_of_the_statement(organization):
    send(organization, BO)
    DirtySpan.objects.all().delete()
    moved = send(
        organization,
        BO.replace("Operations / Phones", "Finance").replace(",\n", ",2026-10-07T23:30:00Z\n"),
    )
    assert sums(moved) == (0, 1, 0, 0)
    assert spans(PersonDepartment, "department__key") == [
        (None, date(2026, 10, 8), "Operations / Phones"),
        (date(2026, 10, 8), None, "Finance"),
    ]
    assert list(DirtySpan.objects.values_list("from_week", "to_week", "groups")) == [
        (date(2026, 10, 5), None, True)
    ]


def test_without_a_day_of_its_own_a_move_holds_from_the_day_of_receipt(organization):
    send(organization, BO)
    late = datetime(2026, 10, 25, 23, 0, tzinfo=UTC)
    batch = make_batch(
        HEADER + BO.replace("Operations / Phones", "Finance"),
        organization=organization,
        kind=BatchKind.PEOPLE,
        now=late,
    )
    imported(batch, now=late)
    assert spans(PersonDepartment)[1] == (date(2026, 10, 26), None)


def test_what_a_row_does_not_say_stays_as_it_was(organization):
    send(organization, BO)
    quiet = send(organization, "1002,bo.chen@acme.test,Bo Chen,,,,,,,,\n")
    assert sums(quiet) == (0, 0, 1, 0)


def test_the_end_is_the_last_day_employed_and_can_be_taken_back(organization):
    send(organization, BO)
    send(organization, BO.replace("2024-03-01,,", "2024-03-01,2026-09-30,"))
    assert spans(Employment) == [(date(2024, 3, 1), date(2026, 10, 1))]
    send(organization, BO)
    assert spans(Employment) == [(date(2024, 3, 1), None)]


def test_an_end_alone_ends_the_known_stay_and_a_later_start_is_another_one(organization):
    send(organization, BO)
    send(organization, BO.replace("2024-03-01,,", ",2025-12-31,"))
    send(organization, BO.replace("2024-03-01,,", "2026-06-01,,"))
    assert spans(Employment) == [
        (date(2024, 3, 1), date(2026, 1, 1)),
        (date(2026, 6, 1), None),
    ]


def test_an_end_before_the_known_start_is_refused(organization):
    send(organization, BO)
    batch = send(organization, BO.replace("2024-03-01,,", ",2023-12-31,"))
    assert (sums(batch), errors(batch)) == ((0, 0, 0, 1), [(2, "bad_period")])


def test_leaves_add_up_and_a_restated_one_is_corrected(organization):
    away = BO.replace("2024-03-01,,,", "2024-03-01,,2026-05-04,2026-05-31")
    assert sums(send(organization, away + away.replace("-05-", "-08-"))) == (1, 1, 0, 0)
    assert spans(Leave) == [
        (date(2026, 5, 4), date(2026, 6, 1)),
        (date(2026, 8, 4), date(2026, 9, 1)),
    ]
    send(organization, away.replace("2026-05-31", "2026-05-15"))
    assert spans(Leave)[0] == (date(2026, 5, 4), date(2026, 5, 16))


def test_a_person_without_external_id_is_known_by_the_address_until_one_comes(organization):
    send(organization, ",Bo.Chen@ACME.test ,Bo Chen,,,,,,,,\n")
    assert Person.objects.get().external_id == "bo.chen@acme.test"
    assert sums(send(organization, BO)) == (0, 1, 0, 0)
    assert Person.objects.get().external_id == "1002"
    assert sums(send(organization, ",bo.chen@acme.test,Bo Chen,,,,,,,,\n")) == (0, 0, 1, 0)


def test_a_new_address_keeps_the_old_one_as_a_name(organization):
    send(organization, BO)
    send(organization, BO.replace("bo.chen@", "bo.larsen@").replace("Bo Chen", "Bo Larsen"))
    person = Person.objects.get()
    assert (person.name, person.email) == ("Bo Larsen", "bo.larsen@acme.test")
    assert PersonAlias.objects.filter(kind="email").count() == 2


def test_a_name_that_another_person_holds_refuses_the_row_alone(organization):
    send(organization, BO)
    batch = send(
        organization,
        "1003,ann@acme.test,Ann Ode,,,,,,,login:bo,\n1004,cy@acme.test,Cy Roe,,,,,,,,\n",
    )
    assert (sums(batch), errors(batch)) == ((1, 0, 0, 1), [(2, "alias_taken")])
    assert set(Person.objects.values_list("external_id", flat=True)) == {"1002", "1004"}


def test_rows_that_claim_one_name_for_two_people_are_all_refused(organization):
    batch = send(
        organization,
        "1003,ann@acme.test,Ann Ode,,,,,,,login:x,\n1004,cy@acme.test,Cy Roe,,,,,,,login:x,\n",
    )
    assert errors(batch) == [(2, "conflicting_rows"), (3, "conflicting_rows")]
    assert not Person.objects.exists()


def test_two_different_rows_of_one_person_on_one_day_are_both_refused(organization):
    batch = send(organization, BO + BO.replace("Service agent", "Driver") + BO.replace("1002", "7"))
    assert [code for _, code in errors(batch)] == ["conflicting_rows"] * 3
    assert batch.received == batch.rejected == 3


def test_rows_of_different_days_are_applied_in_their_order(organization):
    batch = send(
        organization,
        BO.replace(",\n", ",2026-09-01T00:00:00Z\n").replace("Operations / Phones", "Finance")
        + BO.replace(",\n", ",2026-06-01T00:00:00Z\n"),
    )
    assert sums(batch) == (1, 1, 0, 0)
    assert spans(PersonDepartment, "department__key") == [
        (None, date(2026, 9, 1), "Operations / Phones"),
        (date(2026, 9, 1), None, "Finance"),
    ]


def test_nobody_is_removed_by_being_absent(organization):
    send(organization, BO)
    send(organization, "1003,ann@acme.test,Ann Ode,,,,,,,,\n")
    assert Person.objects.count() == 2


def test_strict_mode_stores_nothing_but_the_errors(organization):
    batch = send(organization, BO + "1003,not an address,Ann,,,,,,,,\n", strict=True)
    assert (batch.state, batch.received, batch.lines, batch.lines_rejected) == ("refused", 0, 2, 1)
    assert errors(batch) == [(3, "bad_email")]
    assert not Person.objects.exists()
    assert not Department.objects.exists()
    assert AuditEvent.objects.filter(action="people.refused").count() == 1


def test_a_body_without_the_needed_columns_is_refused_as_a_whole(organization):
    batch = imported(make_batch("name\nBo\n", organization=organization, kind=BatchKind.PEOPLE))
    assert (batch.state, batch.problem_code) == ("refused", "missing_column")


def test_a_batch_leaves_one_audit_entry_with_its_sums(organization):
    batch = send(organization, BO)
    [entry] = AuditEvent.objects.filter(action="people.imported")
    assert (entry.object_id, entry.changes) == (str(batch.number), {"accepted": 1, "lines": 1})


def test_facts_that_waited_for_a_person_are_linked_and_the_refresh_is_asked_for(organization):
    Subject.objects.create(
        source="github_copilot",
        kind="login",
        external_id="bo",
        first_seen=date(2026, 9, 9),
        last_seen=date(2026, 9, 30),
    )
    send(organization, BO)
    link = SubjectLink.objects.get()
    assert (link.person.external_id, link.how) == ("1002", "login")
    assert JobRun.objects.filter(kind="refresh", state="waiting").exists()


def test_a_member_with_the_address_is_tied_to_the_person_and_a_stranger_is_not(organization):
    mine = make_user(email="Bo.Chen@acme.test", name="Bo")
    make_membership(user=mine)
    make_user(email="ann@acme.test", name="Ann")
    send(organization, BO + "1003,ann@acme.test,Ann Ode,,,,,,,,\n")
    assert list(Person.objects.order_by("external_id").values_list("user_id", flat=True)) == [
        mine.pk,
        None,
    ]


def test_the_floors_above_hear_of_changed_people_only(organization, monkeypatch):
    heard = []
    monkeypatch.setattr(registry, "directory_changed", registry.directory_changed)
    registry.directory_changed.append(lambda **said: heard.append(said))
    try:
        send(organization, BO)
        send(organization, BO)
    finally:
        registry.directory_changed.pop()
    assert heard == [{"organization_id": organization.pk, "person_ids": [Person.objects.get().pk]}]


def test_a_twin_organization_with_the_same_people_is_left_alone(organization):
    twin = make_organization(name="Twin")
    with scope.organization(twin.pk):
        make_person(email="bo.chen@acme.test", external_id="1002", department="Finance")
    assert sums(send(organization, BO)) == (1, 0, 0, 0)
    with scope.organization(twin.pk):
        assert spans(PersonDepartment, "department__key") == [(None, None, "Finance")]


def test_a_number_of_people_costs_the_same_number_of_queries(
    organization, django_assert_max_num_queries
):
    rows = "".join(
        f"{n},p{n}@acme.test,Person {n},Unit {n % 7},Role {n % 5},2024-01-01,,,,,\n"
        for n in range(400)
    )
    batch = make_batch(HEADER + rows, organization=organization, kind=BatchKind.PEOPLE)
    with django_assert_max_num_queries(70):
        imported(batch)
    assert batch.accepted == 400


def test_spans_are_kept_as_half_open_ranges(organization):
    make_person(start=date(2024, 3, 1), end=date(2024, 3, 31))
    assert Employment.objects.get().span == DateRange(date(2024, 3, 1), date(2024, 4, 1))
