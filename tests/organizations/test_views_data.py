"""Data and import: what arrived, what became of it, who is not known."""

import csv
import io
from datetime import date, timedelta

import pytest
from django.urls import reverse

from organizations import scope
from organizations.calculations.jobs import BatchKind, BatchState, JobState
from organizations.calculations.roles import Role
from organizations.models import (
    AuditEvent,
    DirtySpan,
    ImportBatch,
    JobRun,
    Subject,
    SubjectAlias,
    SubjectLink,
)
from organizations.reports import offers
from organizations.reports.batches import batch_report, batches_report
from organizations.reports.data import data_report
from organizations.reports.offers import Upload
from organizations.reports.subjects import SubjectsFilter, subjects_report
from tests.builders import NOW, TODAY, imported, make_batch, make_person

pytestmark = pytest.mark.django_db

HEADER = "external_id,email,name,start\n"
ROWS = HEADER + "1,a@acme.test,Ana,2024-01-01\n2,b@acme.test,=Ben,2026-13-24\n3,c@acme.test,,\n"


@pytest.fixture
def lead(acme):
    return acme.client(Role.PROGRAM_LEAD)


@pytest.fixture
def people_batch(acme):
    with scope.organization(acme.organization.pk):
        return imported(make_batch(ROWS, organization=acme.organization, kind=BatchKind.PEOPLE))


def batch_in(acme, state: BatchState, *, number: int = 0, **more) -> ImportBatch:
    with scope.organization(acme.organization.pk):
        made = make_batch(f"{number}", organization=acme.organization, kind=BatchKind.USAGE)
        ImportBatch.objects.filter(pk=made.pk).update(state=state.value, **more)
        made.refresh_from_db()
        return made


def title(acme) -> str:
    with scope.organization(acme.organization.pk):
        return data_report(organization=acme.organization, site="http://x.test", now=NOW).title


def make_subject(*, name: str = "ghost", kind: str = "login", last_seen: date = TODAY) -> Subject:
    return Subject.objects.create(
        source="copilot",
        kind=kind,
        external_id=name,
        first_seen=last_seen - timedelta(days=9),
        last_seen=last_seen,
    )


def test_the_title_tells_how_far_the_data_reaches_and_what_waits(acme):
    assert title(acme) == "No data has arrived yet"

    batch_in(acme, BatchState.DONE, number=1)
    assert title(acme) == "No usage yet. All batches are complete."

    with scope.organization(acme.organization.pk):
        make_subject(last_seen=date(2026, 10, 18))
    batch_in(acme, BatchState.REFUSED, number=2)
    assert title(acme) == "Data through 18 Oct. One batch needs a look."

    batch_in(acme, BatchState.DONE, number=3, received=3, accepted=1, rejected=2)
    assert title(acme) == "Data through 18 Oct. Two batches need a look."


def test_a_bad_batch_asks_for_a_week_and_a_dead_one_until_it_is_done(acme):
    long_ago = NOW - timedelta(days=8)
    batch_in(acme, BatchState.REFUSED, number=1, received_at=long_ago)
    assert title(acme).endswith("All batches are complete.")

    batch_in(acme, BatchState.DEAD, number=2, received_at=long_ago)
    assert title(acme).endswith("One batch needs a look.")


def test_the_overview_shows_the_line_to_try_and_what_is_unmatched(acme, lead):
    with scope.organization(acme.organization.pk):
        make_subject()

    page = lead.get(reverse("data")).content.decode()

    assert "curl -sS -X POST http://testserver/api/v1/usage" in page
    assert "1 subject is not in the directory" in page
    assert "Nightly export" in page


def test_empty_pages_say_what_to_do(acme, lead):
    assert "No batches yet" in lead.get(reverse("batches")).content.decode()
    assert "Nobody waits" in lead.get(reverse("subjects")).content.decode()
    assert "No batches yet" in lead.get(reverse("data")).content.decode()


def test_the_list_is_filtered_by_kind_and_state(acme, lead, people_batch):
    batch_in(acme, BatchState.REFUSED, number=9)

    def numbers(**query):
        page = lead.get(reverse("batches"), query).context["report"].page
        return [line.number for line in page.object_list]

    assert numbers() == [2, 1]
    assert numbers(kind="people") == [1]
    assert numbers(state="refused") == [2]
    assert numbers(kind="people", state="refused") == []
    assert numbers(kind="nonsense", state="x") == [2, 1]


def test_fifty_batches_cost_as_many_questions_as_one(in_acme, django_assert_num_queries):
    batch_in(in_acme, BatchState.DONE, number=1)
    scope.enter(in_acme.organization.pk)
    with django_assert_num_queries(3):
        batches_report(kind=None, state=None, page=1)
    for number in range(2, 51):
        batch_in(in_acme, BatchState.DONE, number=number)
    with django_assert_num_queries(3):
        report = batches_report(kind=None, state=None, page=1)

    assert len(report.page.object_list) == 50


def test_the_sums_of_a_batch_add_up_on_its_page(lead, people_batch):
    answer = lead.get(reverse("batch", args=[people_batch.number]))

    line = answer.context["report"].line
    assert (line.received, line.accepted, line.rejected) == (3, 1, 2)
    assert line.received == line.accepted + line.revised + line.duplicate + line.rejected
    page = answer.content.decode()
    assert "2 of 3 rows need a look" in page
    assert "2026-13-24" in page
    assert "bad_date" in page


def test_row_errors_come_as_a_file_that_runs_nothing(lead, people_batch):
    answer = lead.get(reverse("batch_errors", args=[people_batch.number]))

    body = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(body, newline="")))
    assert [(row["line"], row["field"], row["code"]) for row in rows] == [
        ("3", "start", "bad_date"),
        ("4", "name", "missing_field"),
    ]
    assert f"batch-{people_batch.number}-errors.csv" in answer["Content-Disposition"]


@pytest.mark.parametrize("state", [BatchState.RECEIVED, BatchState.RUNNING])
def test_an_open_batch_asks_again_until_it_is_done(acme, lead, state):
    batch = batch_in(acme, state)
    url = reverse("batch", args=[batch.number])

    whole = lead.get(url)
    part = lead.get(url, headers={"HX-Request": "true"})

    assert 'hx-trigger="every 2s"' in whole.content.decode()
    assert "<html" in whole.content.decode()
    assert "<html" not in part.content.decode()
    assert 'hx-trigger="every 2s"' in part.content.decode()
    assert "HX-Request" in whole["Vary"]
    with scope.organization(acme.organization.pk):
        ImportBatch.objects.update(state=BatchState.DONE.value)
    assert "hx-trigger" not in lead.get(url, headers={"HX-Request": "true"}).content.decode()


def test_what_is_not_counted_yet_is_not_shown_as_zero(acme, lead):
    batch_in(acme, BatchState.RUNNING)

    assert "Not counted yet" in lead.get(reverse("batches")).content.decode()
    assert 'class="sum"' not in lead.get(reverse("batch", args=[1])).content.decode()


def test_a_refused_batch_says_why(acme, lead):
    with scope.organization(acme.organization.pk):
        batch = imported(make_batch("{", organization=acme.organization, kind=BatchKind.PEOPLE))

    page = lead.get(reverse("batch", args=[batch.number])).content.decode()

    assert f"Batch {batch.number} was refused" in page
    assert "wrong_content_type" in page
    assert "Your earlier data is unchanged" in page


def test_a_dead_batch_gets_its_tries_back(acme, lead, django_capture_on_commit_callbacks):
    batch = batch_in(acme, BatchState.DEAD)
    jobs = JobRun.unscoped.filter(kind="import", period=str(batch.number))
    jobs.update(state=JobState.DEAD, attempt=5)
    url = reverse("batch", args=[batch.number])
    assert "Try again" in lead.get(url).content.decode()

    with django_capture_on_commit_callbacks() as rung:
        lead.post(reverse("batch_retry", args=[batch.number]))

    assert len(rung) == 1
    job = jobs.get()
    assert (job.state, job.attempt) == (JobState.WAITING, 0)
    page = lead.get(url).content.decode()
    assert "is being tried again" in page
    assert 'hx-trigger="every 2s"' in page


def test_a_batch_that_is_not_dead_is_not_tried_again(acme, lead, people_batch):
    answer = lead.post(reverse("batch_retry", args=[people_batch.number]), follow=True)

    assert "nothing to try again" in answer.content.decode()
    with scope.organization(acme.organization.pk):
        assert batch_report(number=people_batch.number, page=1).line.state is BatchState.DONE


def test_unmatched_subjects_are_listed_with_every_name_their_source_stated(in_acme):
    subject = make_subject(name="ghost")
    for kind, value in [("email", "ghost@elsewhere.example"), ("login", "ghost")]:
        SubjectAlias.objects.create(subject=subject, kind=kind, value=value)
    make_subject(name="abc", kind="concealed")
    linked = make_subject(name="known")
    SubjectLink.objects.create(subject=linked, person=in_acme.person, span=(None, None), how="id")

    report = subjects_report(wanted=SubjectsFilter(), page=1)

    [line] = report.page.object_list
    assert (line.name, line.names) == ("login:ghost", ("email:ghost@elsewhere.example",))
    assert (report.waiting, report.no_person) == (1, 1)


def test_unmatched_subjects_are_found_by_any_of_their_names(in_acme):
    subject = make_subject(name="ghost")
    SubjectAlias.objects.create(subject=subject, kind="email", value="g@elsewhere.example")
    make_subject(name="other")

    def found(text):
        report = subjects_report(wanted=SubjectsFilter(text=text), page=1)
        return [line.name for line in report.page.object_list]

    assert found("GHOST") == found("elsewhere") == ["login:ghost"]
    assert found("copilot") == ["login:ghost", "login:other"]
    assert found("nobody") == []


def test_fifty_subjects_cost_as_many_questions_as_one(in_acme, django_assert_num_queries):
    make_subject()
    with django_assert_num_queries(10):
        subjects_report(wanted=SubjectsFilter(), page=1)
    for number in range(49):
        make_subject(name=f"ghost {number}")
    with django_assert_num_queries(10):
        subjects_report(wanted=SubjectsFilter(), page=1)


def link(acme, lead, person: str):
    with scope.organization(acme.organization.pk):
        subject = Subject.objects.get()
    return lead.post(reverse("subject_link", args=[subject.public_id]), {"person": person})


@pytest.mark.parametrize("person", ["BO.CHEN@acme.test", "1002"])
def test_a_lead_says_who_a_subject_is_and_its_weeks_are_computed_again(acme, lead, person):
    with scope.organization(acme.organization.pk):
        make_subject()
        acme.person.external_id = "1002"
        acme.person.save()

    answer = link(acme, lead, person)

    assert answer["Location"] == reverse("subjects")
    with scope.organization(acme.organization.pk):
        made = SubjectLink.objects.get()
        assert made.person == acme.person
        assert made.confirmed_by == acme.users[Role.PROGRAM_LEAD]
        assert DirtySpan.objects.filter(person_id=acme.person.pk).exists()
        assert AuditEvent.objects.filter(action="subject.linked").exists()
    assert "is Bo Chen" in lead.get(reverse("subjects")).content.decode()


@pytest.mark.parametrize("person", ["", "bo", "bo.chen@twin.test", "nobody@acme.test"])
def test_nobody_is_guessed(acme, twin, lead, person):
    with scope.organization(twin.organization.pk):
        make_person(email="bo.chen@twin.test", name="Bo of the twin")
    with scope.organization(acme.organization.pk):
        make_subject()

    answer = link(acme, lead, person)

    assert answer.status_code == 200
    assert 'id="id_person_error"' in answer.content.decode()
    with scope.organization(acme.organization.pk):
        assert not SubjectLink.objects.exists()


def test_a_subject_that_is_hidden_by_its_source_cannot_be_linked(acme, lead):
    with scope.organization(acme.organization.pk):
        make_subject(kind="concealed")

    assert link(acme, lead, "bo.chen@acme.test").status_code == 404

    with scope.organization(acme.organization.pk):
        Subject.objects.update(kind="login")
    assert link(acme, lead, "bo.chen@acme.test").status_code == 302
    again = link(acme, lead, "bo.chen@acme.test")
    assert again.status_code == 302
    assert "Nothing changed" in lead.get(again["Location"]).content.decode()


def test_files_are_offered_to_whom_may_send_them(acme, monkeypatch):
    monkeypatch.setattr(offers, "_uploads", {})
    offers.add_upload(
        Upload(key="usage", order=20, label="usage", url_name="home", action="import_usage")
    )

    def offered(role):
        page = acme.client(role).get(reverse("data"))
        return [upload.key for upload in page.context["uploads"]]

    assert offered(Role.PROGRAM_LEAD) == ["people", "usage"]
    assert offered(Role.ADMINISTRATOR) == ["people"]
