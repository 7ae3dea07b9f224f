"""What a people file would change, how its doubts are settled, and how it is applied."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from organizations import scope
from organizations.actions.sweep import sweep_all
from organizations.calculations.preview import alike, wants_second_person
from organizations.calculations.roles import Role
from organizations.models import (
    Approval,
    AuditEvent,
    BatchChange,
    Department,
    DirtySpan,
    Employment,
    ImportBatch,
    JobRun,
    Leave,
    Person,
    PersonAlias,
    PersonDepartment,
)
from organizations.tasks import preview_batch, process_batch
from tests.builders import make_department, make_person

pytestmark = pytest.mark.django_db

HEADER = "external_id,email,name,department,job_role,start,end,leave_from,leave_to,aliases,as_of\n"
BO = "bo.chen@acme.test,bo.chen@acme.test,Bo Chen,Operations / Warehouse,,,,,,,\n"
NEW = "7,ana@acme.test,Ana Rivera,Finance,Clerk,2026-11-30,,,,,\n"
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


def upload(client, rows: str, header: str = HEADER) -> int:
    file = SimpleUploadedFile("people.csv", (header + rows).encode())
    answer = client.post(reverse("people_import"), {"file": file})
    assert answer.status_code == 302, answer.content.decode()
    return int(answer["Location"].rstrip("/").rpartition("/")[2])


def shown(client, number: int, **query) -> str:
    return client.get(reverse("people_preview", args=[number]), query).content.decode()


def apply(client, number: int) -> str:
    return client.post(reverse("people_preview_apply", args=[number]), follow=True).content.decode()


def say(client, number: int, row: BatchChange, **said) -> str:
    address = reverse("people_preview_row", args=[number, row.number])
    return client.post(address, said, follow=True).content.decode()


def kinds() -> list[tuple[str, int | None]]:
    return list(BatchChange.objects.order_by("number").values_list("kind", "line"))


def counts(number: int) -> dict[str, int]:
    return ImportBatch.objects.get(number=number).options["counts"]


def row_of(line: int) -> BatchChange:
    return BatchChange.objects.get(line=line)


def test_the_title_is_what_the_file_does_and_both_sums_add_up(house, lead):
    make_person(email="cy@acme.test", name="Cy Roe", department="Finance")
    make_person(email="old@acme.test", name="Old Hand", end=date(2026, 1, 31))

    number = upload(lead, BO + NEW + "cy@acme.test,cy@acme.test,Cy Roe,Operations,,,,,,,\n")

    page = shown(lead, number)
    assert "This file adds 1 person and changes 1" in page
    assert "1 unchanged + 1 changed + 1 new = 3 rows" in page
    assert "1 unchanged + 1 changed + 1 left before or starting later = 3" in page
    assert not Person.objects.filter(email="ana@acme.test").exists()


def test_every_row_of_any_file_is_in_exactly_one_term_of_the_sum(house, lead):
    make_person(email="cy@acme.test", name="Cy Roe", aliases=["login:cy"])
    rows = [
        BO,
        NEW,
        NEW.replace("7,", "8,").replace("ana@", "abe@").replace(",,,,\n", ",,,login:cy,\n"),
        "9,nonsense,Nobody,,,,,,,,\n",
        "cy@acme.test,cy@acme.test,Cy Roe,,,2026-05-01,,,,,\n",
        "5,dee@acme.test,Dee,,,,,2026-03-02,2026-03-06,,\n",
        "5,dee@acme.test,Dee,,,,,2026-06-01,2026-06-05,,\n",
    ]

    told = counts(upload(lead, "".join(rows)))

    terms = ("unchanged", "changed", "new", "conflict", "left_out", "refused", "further")
    assert {name: told[name] for name in terms} == {
        "unchanged": 1,
        "changed": 1,
        "new": 2,
        "conflict": 1,
        "left_out": 0,
        "refused": 1,
        "further": 1,
    }
    assert sum(told[name] for name in terms) == told["rows"] == len(rows)
    people = ("unchanged", "changed", "gone", "doubtful", "elsewhere")
    assert sum(told[name] for name in people) == told["directory"] == Person.objects.count()


@pytest.mark.parametrize(
    ("row", "what", "effect"),
    [
        (NEW, "Clerk, Finance", "Starts 30 Nov, eligible from 14 Dec"),
        (
            BO.replace("Operations / Warehouse", "Finance"),
            "Department: Operations / Warehouse → Finance",
            "From 25 Nov. History stays with Operations / Warehouse",
        ),
        (
            BO.replace(",,,,,,,\n", ",,,,2026-12-01,2027-01-31,,\n"),
            "Leave: none → 1 Dec to 31 Jan",
            "Not eligible meanwhile",
        ),
        (
            BO.replace(",,,,,,,\n", ",,,2026-11-30,,,,\n"),
            "Last day: none → 30 Nov",
            "What they did stays",
        ),
        (
            BO.replace(",,,,,,,\n", ",,,,,,login:bo,\n"),
            "Also known as login:bo",
            "Usage under these names counts",
        ),
    ],
)
def test_a_change_says_what_it_is_and_what_comes_of_it(house, lead, row, what, effect):
    make_department(path="Finance")

    page = shown(lead, upload(lead, row))

    assert what in page
    assert effect in page


def test_a_renamed_address_keeps_one_person(house, lead):
    make_person(email="bo.old@acme.test", name="Bo Larsen", external_id="1002")
    number = upload(lead, "1002,bo.new@acme.test,Bo Larsen,,,,,,,,\n")
    assert "Address: bo.old@acme.test → bo.new@acme.test" in shown(lead, number)

    apply(lead, number)

    person = Person.objects.get(external_id="1002")
    assert person.email == "bo.new@acme.test"
    assert set(PersonAlias.objects.filter(person=person).values_list("value", flat=True)) == {
        "bo.old@acme.test",
        "bo.new@acme.test",
    }


def test_what_was_shown_is_applied_by_the_road_of_every_import(house, lead):
    number = upload(lead, BO + NEW)

    page = apply(lead, number)

    batch = ImportBatch.objects.get(number=number)
    assert (batch.state, batch.accepted, batch.duplicate) == ("done", 1, 1)
    assert "This file added 1 person" in page
    assert Person.objects.get(email="ana@acme.test").external_id == "7"
    made = BatchChange.objects.get(kind="new")
    assert made.person.email == "ana@acme.test"
    assert list(
        AuditEvent.objects.filter(action__startswith="people.").values_list("action", flat=True)
    ) == ["people.preview_applied", "people.imported"]


def test_nothing_of_a_person_is_in_the_trail(house, lead):
    number = upload(lead, NEW)
    say(lead, number, row_of(2), act="leave_out")

    for entry in AuditEvent.objects.all():
        assert "ana" not in str(entry.changes).lower()


def test_a_directory_that_changed_meanwhile_is_looked_at_again_before_anything_is_applied(
    house, lead
):
    number = upload(lead, BO.replace("Operations / Warehouse", "Operations"))
    other = upload(lead, BO.replace("Operations / Warehouse", "Finance"))
    apply(lead, other)

    page = apply(lead, number)

    batch = ImportBatch.objects.get(number=number)
    assert batch.state == "preview"
    assert "The directory has changed since this preview was made" in page
    assert "Department: Finance → Operations" in page
    apply(lead, number)
    assert ImportBatch.objects.get(number=number).state == "done"


def test_an_alias_of_somebody_else_waits_for_a_choice_of_the_person(house, lead):
    cy = make_person(email="cy@acme.test", name="Cy Roe", external_id="4", aliases=["login:x"])
    dee = make_person(email="dee@acme.test", name="Dee Fox", external_id="5")
    number = upload(lead, "5,dee@acme.test,Dee Lee,,,,,,,login:x,\n")
    page = shown(lead, number)
    assert "login:x, dee@acme.test belongs to" in page or "dee@acme.test, login:x belongs" in page
    assert "Apply without 1 conflict" in page

    say(lead, number, row_of(2), act="settle", choice=str(dee.public_id))
    apply(lead, number)

    assert Person.objects.get(pk=dee.pk).name == "Dee Lee"
    assert PersonAlias.objects.get(kind="login").person_id == cy.pk


def test_a_row_may_be_said_to_mean_the_holder_of_the_name(house, lead):
    cy = make_person(email="cy@acme.test", name="Cy Roe", external_id="4", aliases=["login:x"])
    dee = make_person(email="dee@acme.test", name="Dee Fox", external_id="5")
    number = upload(lead, "5,dee@acme.test,Cy Rowe,,,,,,,login:x,\n")

    say(lead, number, row_of(2), act="settle", choice=str(cy.public_id))
    apply(lead, number)

    cy.refresh_from_db()
    dee.refresh_from_db()
    assert (cy.name, cy.external_id, cy.email) == ("Cy Rowe", "4", "cy@acme.test")
    assert (dee.name, dee.external_id) == ("Dee Fox", "5")


def test_a_row_may_be_said_to_mean_somebody_new(house, lead):
    make_person(email="cy@acme.test", name="Cy Roe", external_id="4", aliases=["login:x"])
    number = upload(lead, "6,eve@acme.test,Eve Oak,,,,,,,login:x,\n")

    say(lead, number, row_of(2), act="settle", choice="new")
    apply(lead, number)

    eve = Person.objects.get(external_id="6")
    assert list(PersonAlias.objects.filter(person=eve).values_list("value", flat=True)) == [
        "eve@acme.test"
    ]


def test_one_of_two_contradicting_rows_may_be_said_to_hold(house, lead):
    number = upload(lead, NEW + NEW.replace("Clerk", "Driver"))
    assert kinds()[:2] == [("conflict", 2), ("conflict", 3)]

    say(lead, number, row_of(3), act="settle", choice="use")
    assert kinds()[:2] == [("conflict", 2), ("new", 3)]
    apply(lead, number)

    batch = ImportBatch.objects.get(number=number)
    assert (batch.accepted, batch.rejected) == (1, 1)
    assert list(batch.row_errors.values_list("line", "code")) == [(2, "conflicting_rows")]


def test_leaving_one_of_two_contradicting_rows_out_settles_the_other(house, lead):
    number = upload(lead, NEW + NEW.replace("Clerk", "Driver"))

    say(lead, number, row_of(2), act="leave_out")

    assert counts(number)["conflict"] == 0
    assert (counts(number)["new"], counts(number)["left_out"]) == (1, 1)


def test_a_department_that_looks_like_another_waits_for_a_choice_for_all_its_rows(house, lead):
    known = make_department(path="Dispatch and Operations")
    row = "7,ana@acme.test,Ana Rivera,Dispatch Ops,,,,,,,\n"
    number = upload(lead, row + row.replace("7,", "8,").replace("ana@", "abe@"))
    assert "Department “Dispatch Ops” is unknown" in shown(lead, number)
    assert kinds() == [("conflict", 2), ("conflict", 3), ("gone", None)]

    say(lead, number, row_of(3), act="settle", choice=str(known.public_id))
    apply(lead, number)

    assert PersonDepartment.objects.filter(department=known).count() == 2
    assert not Department.objects.filter(key="Dispatch Ops").exists()


def test_such_a_department_may_be_made_all_the_same(house, lead):
    make_department(path="Dispatch and Operations")
    number = upload(lead, "7,ana@acme.test,Ana Rivera,Dispatch Ops,,,,,,,\n")

    say(lead, number, row_of(2), act="settle", choice="make")
    apply(lead, number)

    assert Department.objects.filter(key="Dispatch Ops").exists()


def test_a_department_like_no_other_is_made_by_the_apply_and_not_by_the_preview(house, lead):
    number = upload(lead, NEW)
    assert not Department.objects.filter(key="Finance").exists()

    apply(lead, number)

    assert Department.objects.filter(key="Finance").exists()


@pytest.mark.parametrize(
    ("path", "existing", "found"),
    [
        ("Operations / Phones", ["Operations / Claims"], []),
        ("Operations / Fones", ["Operations / Phones"], ["Operations / Phones"]),
        ("Warehouse", ["Operations / Warehouse"], ["Operations / Warehouse"]),
        ("Finance", [], []),
    ],
)
def test_departments_look_alike_by_their_names_in_one_place(path, existing, found):
    assert alike(path, existing) == found


def test_a_choice_that_is_not_on_the_list_changes_nothing(house, lead):
    make_person(email="cy@acme.test", name="Cy Roe", external_id="4", aliases=["login:x"])
    stranger = make_person(email="zed@acme.test", name="Zed")
    number = upload(lead, "6,eve@acme.test,Eve Oak,,,,,,,login:x,\n")

    page = say(lead, number, row_of(2), act="settle", choice=str(stranger.public_id))

    assert "Choose one of the list first" in page
    assert counts(number)["conflict"] == 1


def test_a_row_left_out_is_counted_and_can_be_put_back(house, lead):
    number = upload(lead, NEW)

    say(lead, number, row_of(2), act="leave_out")
    assert "This file changes nobody" in shown(lead, number)
    assert "Left out; nothing of it is applied" in shown(lead, number, kind="left_out")
    say(lead, number, row_of(2), act="put_back")

    assert "This file adds 1 person" in shown(lead, number)


def test_who_is_not_in_the_file_is_listed_and_stays(house, lead):
    number = upload(lead, NEW)
    assert "1 person is not in this file" in shown(lead, number)

    apply(lead, number)

    assert Employment.objects.get(person=house.person).span.upper is None


def absent(client, number: int, *, end: bool) -> str:
    address = reverse("people_preview_absent", args=[number])
    return client.post(address, {"end": "1"} if end else {}, follow=True).content.decode()


def test_who_is_not_in_the_file_ends_only_when_that_is_asked_for(house, lead):
    number = upload(lead, NEW)

    page = absent(lead, number, end=True)
    assert "This file adds 1 person and ends 1" in page
    assert "Last day 25 Nov. What they did stays" in page
    apply(lead, number)

    assert Employment.objects.get(person=house.person).span.upper == date(2026, 11, 26)
    assert Person.objects.filter(pk=house.person.pk).exists()


def test_an_absent_person_can_be_left_out_of_the_ending(house, lead):
    make_person(email="cy@acme.test", name="Cy Roe")
    number = upload(lead, NEW)
    absent(lead, number, end=True)

    say(lead, number, BatchChange.objects.get(person=house.person), act="leave_out")
    apply(lead, number)

    assert Employment.objects.get(person=house.person).span.upper is None
    assert Employment.objects.get(person__email="cy@acme.test").span.upper == date(2026, 11, 26)


def test_a_file_with_a_row_nobody_can_read_ends_nobody(house, lead):
    number = upload(lead, NEW + "3,nonsense,Bo Chen,,,,,,,,\n")

    absent(lead, number, end=True)

    assert counts(number)["ended"] == 0
    assert "so this file ends nobody" in shown(lead, number)


def test_whoever_is_in_doubt_is_not_gone(house, lead):
    make_person(email="cy@acme.test", name="Cy Roe", external_id="4", aliases=["login:x"])
    dee = make_person(email="dee@acme.test", name="Dee Fox", external_id="5")
    upload(lead, "5,dee@acme.test,Dee Lee,,,,,,,login:x,\n")

    gone = BatchChange.objects.filter(kind="gone").values_list("person_id", flat=True)
    assert dee.pk not in gone
    assert house.person.pk in gone


@pytest.mark.parametrize(
    ("ended", "here", "held"),
    [(4, 10, False), (5, 100, False), (5, 99, True), (62, 1240, False), (63, 1240, True)],
)
def test_more_than_a_twentieth_and_never_a_handful_wants_two_people(ended, here, held):
    assert wants_second_person(ended=ended, here=here) is held


def test_ending_many_waits_for_a_second_administrator(house, lead):
    for n in range(6):
        make_person(email=f"p{n}@acme.test", name=f"P {n}")
    admin = house.client(Role.ADMINISTRATOR)
    number = upload(admin, NEW)
    absent(admin, number, end=True)

    page = apply(admin, number)

    assert "It waits for a second administrator" in page
    assert ImportBatch.objects.get(number=number).state == "preview"
    assert not Employment.objects.filter(span__endswith=date(2026, 11, 26)).exists()
    assert Approval.objects.get().act == "people.end_many"
    assert "It waits for a second administrator" in absent(admin, number, end=False)


def test_a_second_signature_applies_exactly_what_was_proposed(house, lead):
    from organizations.actions.approvals import approve

    for n in range(6):
        make_person(email=f"p{n}@acme.test", name=f"P {n}")
    number = upload(lead, NEW)
    absent(lead, number, end=True)
    apply(lead, number)

    approve(
        approval=Approval.objects.get(),
        by=house.users[Role.ADMINISTRATOR],
        answer="",
        now=NOON,
    )
    batch = ImportBatch.objects.get(number=number)
    process_batch(house.organization.pk, batch.pk)

    batch.refresh_from_db()
    assert batch.state == "done"
    assert Employment.objects.filter(span__endswith=date(2026, 11, 26)).count() == 7


def test_a_discarded_file_is_never_applied(house, lead):
    number = upload(lead, NEW)

    lead.post(reverse("people_preview_discard", args=[number]))

    assert ImportBatch.objects.get(number=number).state == "discarded"
    assert "This file is no preview any more" in apply(lead, number)
    assert not Person.objects.filter(email="ana@acme.test").exists()
    assert not BatchChange.objects.exists()


def test_a_file_that_cannot_be_read_is_refused_as_a_whole(house, lead):
    number = upload(lead, "x\n", header="name\n")

    page = shown(lead, number)

    assert "This file cannot be read" in page
    assert "missing_column" in page


def test_a_long_file_is_compared_by_the_worker_and_the_page_says_how_far_it_is(
    house, lead, settings
):
    settings.ROWS_BEFORE_ANSWER = 1
    number = upload(lead, BO + NEW)
    batch = ImportBatch.objects.get(number=number)
    assert "is being compared with the directory" in shown(lead, number)
    assert "every 2s" in shown(lead, number)
    assert "Wait for it, then apply" in apply(lead, number)

    preview_batch(house.organization.pk, batch.pk)
    assert "This file adds 1 person" in shown(lead, number)
    apply(lead, number)
    assert ImportBatch.objects.get(number=number).state == "received"
    process_batch(house.organization.pk, batch.pk)

    assert Person.objects.filter(email="ana@acme.test").exists()


def test_the_sweeper_leaves_a_preview_that_waits_and_rings_for_one_that_is_not_made(
    house, lead, settings, time_machine
):
    upload(lead, NEW)
    time_machine.move_to(NOON + timedelta(minutes=5), tick=False)
    before = sweep_all(now=NOON + timedelta(minutes=5))

    settings.ROWS_BEFORE_ANSWER = 1
    upload(lead, BO + NEW)
    JobRun.objects.filter(kind="preview", state="waiting").update(created_at=NOON)

    assert sweep_all(now=NOON + timedelta(minutes=10)) == before + 1


def test_the_list_can_be_narrowed_and_downloaded(house, lead):
    number = upload(lead, NEW)

    assert "Ana Rivera" not in shown(lead, number, kind="gone")
    answer = lead.get(reverse("people_preview_export", args=[number]))
    body = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert '"New","7 · Ana Rivera"' in body
    assert '"Gone"' in body


def test_a_back_dated_row_marks_the_weeks_from_then_on_and_no_earlier_one(house, lead):
    number = upload(
        lead,
        BO.replace("Operations / Warehouse", "Finance").replace(",\n", ",2026-09-16T10:00:00Z\n"),
    )
    DirtySpan.objects.all().delete()

    apply(lead, number)

    assert list(DirtySpan.objects.values_list("person_id", "from_week", "to_week")) == [
        (house.person.pk, date(2026, 9, 14), None)
    ]


def test_a_future_row_marks_no_week_yet(house, lead):
    number = upload(lead, BO.replace(",,,,,,,\n", ",,,,2026-12-01,2026-12-31,,\n"))
    DirtySpan.objects.all().delete()

    apply(lead, number)

    assert Leave.objects.get().span.lower == date(2026, 12, 1)
    assert not DirtySpan.objects.exists()


def test_another_organizations_preview_is_not_found(house, lead, twin):
    theirs = upload(twin.client(Role.PROGRAM_LEAD), NEW)

    assert lead.get(reverse("people_preview", args=[theirs])).status_code == 404


def test_a_batch_that_was_sent_directly_has_no_preview(house, lead):
    house.api().post("/api/v1/people", HEADER + NEW, content_type="text/csv")

    assert lead.get(reverse("people_preview", args=[1])).status_code == 404
