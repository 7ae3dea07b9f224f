"""The list of people: where everybody works now, and nothing about leave or use."""

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from organizations import scope
from organizations.calculations.roles import Role
from organizations.errors import TooLarge
from organizations.models import AuditEvent, ImportBatch, Leave, Person
from organizations.reports import people as reports
from organizations.reports.people import (
    PeopleFilter,
    PersonState,
    find_person,
    people_lines,
    people_report,
)
from organizations.sources.directory import TEMPLATE
from tests.builders import TODAY, make_person

pytestmark = pytest.mark.django_db

CSV = "email,name,department\nana.rivera@acme.test,Ana Rivera,Finance\n"


@pytest.fixture
def lead(acme):
    return acme.client(Role.PROGRAM_LEAD)


def names(**wanted) -> list[str]:
    return [line.name for line in people_lines(wanted=PeopleFilter(**wanted), today=TODAY)]


def test_the_title_is_the_number_of_people(lead):
    assert "1 person in the directory" in lead.get(reverse("people")).content.decode()


def test_an_empty_directory_says_what_to_do(acme, lead):
    with scope.organization(acme.organization.pk):
        Person.objects.all().delete()

    page = lead.get(reverse("people")).content.decode()

    assert "Nobody is in the directory yet" in page
    assert reverse("people_import") in page


def test_a_line_says_where_somebody_works_on_that_day(in_acme):
    make_person(
        email="ana@acme.test",
        name="Ana",
        department="Finance",
        job_role="Clerk",
        start=date(2024, 3, 1),
        end=TODAY + timedelta(days=10),
    )

    [line] = people_lines(wanted=PeopleFilter(text="ana@"), today=TODAY)

    assert (line.department, line.job_role) == ("Finance", "Clerk")
    assert (line.state, line.since) == (PersonState.HERE, date(2024, 3, 1))
    assert line.last_day == TODAY + timedelta(days=10)


def test_who_left_and_who_starts_later_are_told_apart_from_who_is_here(in_acme):
    day = timedelta(days=1)
    make_person(email="gone@acme.test", name="Gone", end=TODAY - day)
    make_person(email="last@acme.test", name="Last day", end=TODAY)
    make_person(email="next@acme.test", name="Next", start=TODAY + day)

    assert names(state=PersonState.LEFT) == ["Gone"]
    assert names(state=PersonState.LATER) == ["Next"]
    assert names(state=PersonState.HERE) == ["Bo Chen", "Last day"]
    [gone] = people_lines(wanted=PeopleFilter(state=PersonState.LEFT), today=TODAY)
    assert (gone.since, gone.last_day) == (None, TODAY - day)


def test_the_search_ignores_case_and_accents_and_takes_signs_as_they_are(in_acme):
    make_person(email="zoe@acme.test", name="Zoë Şahin")

    assert names(text="ZOE SAHIN") == ["Zoë Şahin"]
    assert names(text="şahin") == ["Zoë Şahin"]
    assert names(text="%") == []
    assert names(text="_oe") == []


def test_a_department_counts_those_below_it_and_no_namesake(in_acme):
    make_person(email="a@acme.test", name="Above", department="Operations")
    make_person(email="o@acme.test", name="Other", department="Operations Support")

    assert names(department="Operations") == ["Above", "Bo Chen"]
    assert names(department="Operations / Warehouse") == ["Bo Chen"]


def test_nothing_of_anybodys_leave_is_shown(acme, lead):
    with scope.organization(acme.organization.pk):
        before = lead.get(reverse("people")).content
        Leave.objects.create(
            person=acme.person, span=(TODAY - timedelta(days=900), TODAY + timedelta(days=900))
        )

    assert lead.get(reverse("people")).content.count(b"<tr>") == before.count(b"<tr>")
    assert exported(lead)[1][5] == "Here"


def test_the_list_asks_as_many_questions_for_fifty_people_as_for_one(
    in_acme, django_assert_num_queries
):
    with django_assert_num_queries(3):
        people_report(wanted=PeopleFilter(), page=1, today=TODAY)
    for number in range(49):
        make_person(email=f"p{number}@acme.test", name=f"P {number}", department="Finance")
    with django_assert_num_queries(3):
        report = people_report(wanted=PeopleFilter(), page=1, today=TODAY)

    assert len(report.page.object_list) == report.total == 50


def test_a_page_that_is_not_there_shows_the_last_one(lead):
    for page in ("99", "-1", "x", "0"):
        assert "Bo Chen" in lead.get(reverse("people"), {"page": page}).content.decode()


def test_filters_that_mean_nothing_are_left_out(lead):
    page = lead.get(reverse("people"), {"state": "nonsense", "sort": "password"})
    assert "Bo Chen" in page.content.decode()


def test_a_filter_without_result_offers_all(lead):
    page = lead.get(reverse("people"), {"q": "nobody"}).content.decode()
    assert "Nobody fits this filter" in page


def exported(client, **query) -> list[list[str]]:
    answer = client.get(reverse("people_export"), query)
    assert answer["Content-Type"] == "text/csv"
    body = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(body, newline="")))


def test_the_file_holds_what_the_filter_leaves_and_runs_nothing(acme, lead):
    with scope.organization(acme.organization.pk):
        make_person(email="x@acme.test", name="=HYPERLINK(1)", external_id="@7")

    rows = exported(lead, q="hyperlink")

    assert rows[0][:3] == ["external_id", "name", "email"]
    assert rows[1:] == [["'@7", "'=HYPERLINK(1)", "x@acme.test", "", "", "Here", "not known", ""]]


def test_every_file_leaves_an_entry_in_the_trail(acme, lead):
    exported(lead)

    with scope.organization(acme.organization.pk):
        entry = AuditEvent.objects.get(action="people.exported")
    assert entry.actor_id == acme.users[Role.PROGRAM_LEAD].pk
    assert entry.changes == {"lines": 1}


def test_a_file_that_would_be_too_long_is_refused(in_acme, monkeypatch):
    monkeypatch.setattr(reports, "MOST_LINES", 0)
    with pytest.raises(TooLarge):
        list(people_lines(wanted=PeopleFilter(), today=TODAY))


def test_a_person_is_found_by_exactly_an_address_or_a_directory_id(in_acme):
    other = make_person(email="ana@acme.test", name="Ana", external_id="1002")

    assert find_person(text=" ANA@acme.test ") == other
    assert find_person(text="1002") == other
    assert find_person(text="ana") is None
    assert find_person(text="") is None


def upload(client, body: str, name: str = "people.csv"):
    file = SimpleUploadedFile(name, body.encode(), content_type="application/octet-stream")
    return client.post(reverse("people_import"), {"file": file})


def test_an_uploaded_file_becomes_a_preview_and_nothing_is_applied_yet(acme, lead):
    answer = upload(lead, CSV)

    assert answer["Location"] == reverse("people_preview", args=[1])
    with scope.organization(acme.organization.pk):
        batch = ImportBatch.objects.get()
        assert not Person.objects.filter(email="ana.rivera@acme.test").exists()
    assert (batch.state, batch.filename) == ("preview", "people.csv")
    assert batch.user == acme.users[Role.PROGRAM_LEAD]
    assert "This file adds 1 person" in lead.get(answer["Location"]).content.decode()


def test_the_same_file_again_leads_to_the_preview_that_waits(acme, lead):
    upload(lead, CSV)

    answer = upload(lead, CSV)

    assert answer["Location"] == reverse("people_preview", args=[1])
    assert "waits here already" in lead.get(answer["Location"]).content.decode()


@pytest.mark.parametrize("name", ["people.xls", "people", "people.csv.exe"])
def test_the_ending_decides_what_a_file_is(acme, lead, name):
    answer = upload(lead, CSV, name=name)

    assert answer.status_code == 200
    assert "has to end in" in answer.content.decode()
    with scope.organization(acme.organization.pk):
        assert not ImportBatch.objects.exists()


def test_a_file_over_the_limit_is_refused_before_it_is_kept(acme, lead, settings):
    settings.MAX_BODY_BYTES = 10

    answer = upload(lead, CSV)

    assert "A file may have 64 MB" in answer.content.decode()
    with scope.organization(acme.organization.pk):
        assert not ImportBatch.objects.exists()


def test_the_template_can_be_filled_in_and_sent(acme, lead):
    answer = lead.get(reverse("people_template"))

    assert answer.content.decode() == TEMPLATE
    assert "attachment" in answer["Content-Disposition"]
    assert upload(lead, TEMPLATE)["Location"] == reverse("people_preview", args=[1])


def test_the_day_of_the_list_is_the_organizations_day(acme, lead, time_machine):
    acme.organization.time_zone = "Pacific/Auckland"
    acme.organization.save()
    with scope.organization(acme.organization.pk):
        make_person(email="n@acme.test", name="Nina", start=date(2026, 10, 22))
    time_machine.move_to(datetime(2026, 10, 21, 12, 30, tzinfo=UTC), tick=False)

    lines = {row[1]: row[5] for row in exported(lead)[1:]}

    assert lines["Nina"] == "Here"
