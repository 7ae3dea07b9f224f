"""Subjects: guesses that link nobody, links for some days, many by file, and taking links back."""

import csv
import io
from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from adoption.models import PersonWeek
from organizations import scope
from organizations.calculations.roles import Role
from organizations.calculations.subjects import keys_of, squeezed
from organizations.models import AuditEvent, Subject, SubjectAlias, SubjectLink
from organizations.reports.subjects import (
    SubjectsFilter,
    SubjectState,
    find_subject,
    subjects_report,
)
from portfolio.models import Eligibility
from sprints.tasks import refresh
from tests.builders import make_person
from tests.cast import Company

pytestmark = pytest.mark.django_db

FIRST, LAST = date(2026, 9, 7), date(2026, 10, 18)
HEAD = "source,scope,subject,person,from,to\n"


@pytest.fixture
def lead(acme: Company):
    return acme.client(Role.PROGRAM_LEAD)


def make_subject(name: str, *, kind: str = "login", source: str = "copilot") -> Subject:
    return Subject.objects.create(
        source=source, kind=kind, external_id=name, first_seen=FIRST, last_seen=LAST
    )


def guesses(subject: Subject) -> list[tuple[str, str]]:
    _, line = find_subject(public_id=subject.public_id)
    return [(guess.name, guess.why) for guess in line.guesses]


def send(lead, text: str, name: str = "links.csv"):
    file = SimpleUploadedFile(name, text.encode())
    return lead.post(reverse("subjects_upload"), {"file": file})


def refused(answer) -> list[tuple[int, str, str]]:
    return [(e.line, e.field, e.code.value) for e in answer.context["loaded"].errors]


def links() -> set[tuple[str, str, date | None, date | None, str]]:
    return {
        (
            link.subject.external_id,
            link.person.name,
            link.span.lower,
            link.span.upper,
            link.how,
        )
        for link in SubjectLink.objects.select_related("subject", "person")
    }


# --- guesses ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "name", "keys"),
    [
        ("email", "bo.chen@elsewhere.example", {"bochen"}),
        ("upn", "Bo-Chén@x.example", {"bochen"}),
        ("login", "bo-chen_acme", {"bochen", "bochenacme"}),
        ("login", "bo", set()),
        ("uid", "bochen", set()),
        ("concealed", "bochen", set()),
    ],
)
def test_only_addresses_and_logins_are_compared(kind: str, name: str, keys: set[str]) -> None:
    assert keys_of([(kind, name)]) == keys


def test_marks_and_signs_do_not_matter() -> None:
    assert squeezed("Zoë_O'Şahin-1") == "zoeosahin1"


@pytest.mark.parametrize(
    ("kind", "name", "why"),
    [
        ("email", "bo_chen@contractor.example", "same name before the @"),
        ("login", "bochen", "same name before the @"),
        ("login", "chenbo", "spelled like the name"),
        ("login", "bchen_acme", "spelled like the name"),
        ("login", "dragon", "like one of their logins"),
    ],
)
def test_somebody_spelled_alike_is_a_maybe(
    in_acme: Company, kind: str, name: str, why: str
) -> None:
    make_person(email="dee.ray@acme.test", name="Dee Ray", aliases=["login:dra-gon"])
    who = "Dee Ray" if name == "dragon" else "Bo Chen"
    assert guesses(make_subject(name, kind=kind)) == [(who, why)]
    assert not SubjectLink.objects.exists()


@pytest.mark.parametrize("name", ["bochenko", "nobody", "chen", "1000"])
def test_nobody_else_is(in_acme: Company, name: str) -> None:
    assert guesses(make_subject(name)) == []


def test_other_names_of_the_subject_count_and_at_most_three_are_shown(in_acme: Company) -> None:
    subject = make_subject("4711", kind="uid")
    SubjectAlias.objects.create(subject=subject, kind="email", value="bo.chen@mail.example")
    for n in range(4):
        make_person(email=f"bo.chen@team{n}.acme.test", name=f"Cy Chen {n}")
    assert [name for name, _ in guesses(subject)] == ["Bo Chen", "Cy Chen 0", "Cy Chen 1"]


def test_a_person_of_the_twin_is_no_guess(acme: Company, twin: Company) -> None:
    with scope.organization(twin.organization.pk):
        make_person(email="xenia.fox@twin.test", name="Xenia Fox")
    with scope.organization(acme.organization.pk):
        assert guesses(make_subject("xeniafox")) == []


def test_a_guess_fills_the_form_and_links_nobody(acme: Company, lead) -> None:
    with scope.organization(acme.organization.pk):
        subject = make_subject("bo_chen")
    page = lead.get(reverse("subjects")).content.decode()
    address = f"{reverse('subject_link', args=[subject.public_id])}?person=bo.chen%40acme.test"
    assert address.replace("%40", "@") in page or address in page
    form = lead.get(address).content.decode()
    assert 'value="bo.chen@acme.test"' in form
    with scope.organization(acme.organization.pk):
        assert not SubjectLink.objects.exists()


# --- one ----------------------------------------------------------------------------------------
def test_a_login_that_changed_hands_is_two_people(acme: Company, lead) -> None:
    with scope.organization(acme.organization.pk):
        subject = make_subject("shared")
        make_person(email="dee.ray@acme.test", name="Dee Ray")
    url = reverse("subject_link", args=[subject.public_id])
    lead.post(url, {"person": "bo.chen@acme.test"})
    lead.post(url, {"person": "dee.ray@acme.test", "first": "2026-10-01"})
    with scope.organization(acme.organization.pk):
        assert links() == {
            ("shared", "Bo Chen", None, date(2026, 10, 1), "hand"),
            ("shared", "Dee Ray", date(2026, 10, 1), None, "hand"),
        }
        entry = AuditEvent.objects.filter(action="subject.linked").latest("pk")
    assert entry.changes["from"] == "2026-10-01"
    assert "dee" not in str(entry.changes)


def test_what_the_rule_found_keeps_its_days_and_its_reason(acme: Company, lead) -> None:
    with scope.organization(acme.organization.pk):
        subject = make_subject("shared")
        make_person(email="dee.ray@acme.test", name="Dee Ray")
        SubjectLink.objects.create(
            subject=subject, person=acme.person, span=(None, None), how="login"
        )
    lead.post(
        reverse("subject_link", args=[subject.public_id]),
        {"person": "dee.ray@acme.test", "first": "2026-10-01", "last": "2026-10-04"},
    )
    with scope.organization(acme.organization.pk):
        assert links() == {
            ("shared", "Bo Chen", None, date(2026, 10, 1), "login"),
            ("shared", "Dee Ray", date(2026, 10, 1), date(2026, 10, 5), "hand"),
            ("shared", "Bo Chen", date(2026, 10, 5), None, "login"),
        }


def test_days_the_wrong_way_round_are_told(acme: Company, lead) -> None:
    with scope.organization(acme.organization.pk):
        subject = make_subject("shared")
    answer = lead.post(
        reverse("subject_link", args=[subject.public_id]),
        {"person": "bo.chen@acme.test", "first": "2026-10-02", "last": "2026-10-01"},
    )
    assert 'id="id_last_error"' in answer.content.decode()
    with scope.organization(acme.organization.pk):
        assert not SubjectLink.objects.exists()


def test_a_link_is_taken_back(acme: Company, lead) -> None:
    with scope.organization(acme.organization.pk):
        subject = make_subject("stranger")
    lead.post(reverse("subject_link", args=[subject.public_id]), {"person": "bo.chen@acme.test"})
    with scope.organization(acme.organization.pk):
        pk = SubjectLink.objects.get().pk
    url = reverse("subject_unlink", args=[subject.public_id])
    said = lead.post(url, {"link": pk}, follow=True).content.decode()
    assert "is not Bo Chen any more" in said
    assert "no such link" in lead.post(url, {"link": pk}, follow=True).content.decode()
    with scope.organization(acme.organization.pk):
        assert not SubjectLink.objects.exists()
        assert AuditEvent.objects.filter(action="subject.unlinked").count() == 1


def test_a_link_that_the_next_import_would_make_again_is_not_taken_back(
    acme: Company, lead
) -> None:
    with scope.organization(acme.organization.pk):
        subject = make_subject("bo.chen@acme.test", kind="upn")
        link = SubjectLink.objects.create(
            subject=subject, person=acme.person, span=(None, None), how="address"
        )
    said = lead.post(
        reverse("subject_unlink", args=[subject.public_id]), {"link": link.pk}, follow=True
    )
    assert "would link it again" in said.content.decode()
    with scope.organization(acme.organization.pk):
        assert SubjectLink.objects.filter(pk=link.pk).exists()


@pytest.mark.parametrize("role", [Role.CHAMPION, Role.EXECUTIVE, Role.MEMBER])
def test_others_neither_see_nor_link(acme: Company, role: Role) -> None:
    with scope.organization(acme.organization.pk):
        subject = make_subject("stranger")
    client = acme.client(role)
    assert client.get(reverse("subjects_export")).status_code == 403
    assert send(client, HEAD).status_code == 403
    url = reverse("subject_unlink", args=[subject.public_id])
    assert client.post(url, {"link": 1}).status_code == 403


# --- many ---------------------------------------------------------------------------------------
def test_a_file_links_good_rows_and_names_each_bad_one(acme: Company, lead) -> None:
    with scope.organization(acme.organization.pk):
        for name in ("one", "two", "open"):
            make_subject(name)
        make_subject("hidden", kind="concealed")
        acme.person.external_id = "1002"
        acme.person.save()
    answer = send(
        lead,
        HEAD
        + "copilot,,login:one,BO.CHEN@acme.test,,\n"
        + "copilot,,login:TWO,1002,2026-09-01,2026-09-30\n"
        + "copilot,,login:open,,,\n"
        + "copilot,,login:none,1002,,\n"
        + "copilot,,login:two,nobody@acme.test,,\n"
        + "copilot,,concealed:hidden,1002,,\n"
        + "copilot,,login:two,1002,2026-09-30,\n"
        + "copilot,,login:one,1002,2026-13-01,\n"
        + "copilot,,login:open,1002,2026-10-02,2026-10-01\n"
        + "copilot,,one,1002,,\n",
    )
    assert answer.status_code == 200
    assert refused(answer) == [
        (5, "subject", "bad_subject"),
        (6, "person", "unknown_person"),
        (7, "subject", "bad_subject"),
        (8, "subject", "conflicting_rows"),
        (9, "from", "bad_date"),
        (10, "to", "bad_period"),
        (11, "subject", "bad_subject"),
    ]
    assert "2 subjects are linked, 0 as before, 1 left open, 7 rows were refused" in " ".join(
        answer.content.decode().split()
    )
    with scope.organization(acme.organization.pk):
        assert links() == {
            ("one", "Bo Chen", None, None, "hand"),
            ("two", "Bo Chen", date(2026, 9, 1), date(2026, 10, 1), "hand"),
        }
        entry = AuditEvent.objects.get(action="subjects.linked")
    assert entry.changes == {"subjects": 2, "rows": 9 - 3, "refused": 7}


def test_the_same_file_again_changes_nothing(acme: Company, lead) -> None:
    with scope.organization(acme.organization.pk):
        make_subject("one")
    for words in ("One subject is linked, 0 as before", "0 subjects are linked, 1 as before"):
        answer = send(lead, HEAD + "copilot,,login:one,bo.chen@acme.test,,\n")
        assert answer.status_code == 302
        assert words in lead.get(reverse("subjects")).content.decode()
    with scope.organization(acme.organization.pk):
        assert AuditEvent.objects.filter(action="subjects.linked").count() == 1


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("links.xlsx", HEAD + "a,,b:c,d,,\n", "end in .csv"),
        ("links.csv", "subject,person\nlogin:a,b\n", "lacks source"),
        ("links.csv", HEAD, "no rows"),
    ],
)
def test_a_file_that_is_none_is_refused_as_a_whole(
    acme: Company, lead, name: str, text: str, said: str
) -> None:
    assert said in send(lead, text, name).content.decode()


def test_the_download_is_filled_in_and_sent_back(acme: Company, lead) -> None:
    with scope.organization(acme.organization.pk):
        make_subject("bo-chen_acme")
        make_subject("elsewhere", source="cursor")
    answer = lead.get(reverse("subjects_export"), {"source": "copilot"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    [row] = csv.DictReader(io.StringIO(text, newline=""))
    assert (row["subject"], row["maybe"]) == ("login:bo-chen_acme", "bo.chen@acme.test")

    row["person"] = row["maybe"]
    filled = io.StringIO(newline="")
    writer = csv.DictWriter(filled, row.keys())
    writer.writeheader()
    writer.writerow(row)
    assert send(lead, filled.getvalue()).status_code == 302

    with scope.organization(acme.organization.pk):
        assert links() == {("bo-chen_acme", "Bo Chen", None, None, "hand")}
        assert AuditEvent.objects.filter(action="subjects.exported").exists()


def test_subjects_of_the_twin_are_not_linked(acme: Company, twin: Company, lead) -> None:
    with scope.organization(twin.organization.pk):
        make_subject("theirs")
    answer = send(lead, HEAD + "copilot,,login:theirs,bo.chen@acme.test,,\n")
    assert refused(answer) == [(2, "subject", "bad_subject")]
    assert not SubjectLink.unscoped.exists()


def test_the_list_shows_open_linked_and_partly_linked_ones(in_acme: Company) -> None:
    for name, span in [
        ("open", None),
        ("whole", (None, None)),
        ("partly", (None, FIRST + timedelta(days=3))),
    ]:
        subject = make_subject(name)
        if span:
            SubjectLink.objects.create(
                subject=subject, person=in_acme.person, span=span, how="hand"
            )

    def shown(state: SubjectState, **more: str) -> list[str]:
        report = subjects_report(wanted=SubjectsFilter(state=state, **more), page=1)
        return [line.name for line in report.page.object_list]

    assert shown(SubjectState.OPEN) == ["login:open"]
    assert shown(SubjectState.LINKED) == ["login:whole", "login:partly"]
    assert shown(SubjectState.PARTLY) == ["login:partly"]
    assert shown(SubjectState.LINKED, text="bo chen") == ["login:whole", "login:partly"]
    assert shown(SubjectState.LINKED, source="cursor") == []


def test_links_change_the_figures_without_a_second_import(acme: Company, lead) -> None:
    with scope.organization(acme.organization.pk):
        Eligibility.objects.create(
            initiative=acme.initiative, person=acme.person, span=(None, None)
        )
    rows = "".join(
        f"copilot,login:{name},{FIRST + timedelta(days=7 * n)},3\n"
        for name in ("ghost", "other")
        for n in range(3)
    )
    answer = acme.api().post(
        "/api/v1/usage", "initiative,subject,day,interactions\n" + rows, content_type="text/csv"
    )
    assert answer.json()["unmatched"] == 6

    def weeks() -> list[tuple[date, int]]:
        with scope.organization(acme.organization.pk):
            refresh(acme.organization.pk)
            return list(PersonWeek.objects.order_by("week").values_list("week", "interactions"))

    assert weeks() == []
    with scope.organization(acme.organization.pk):
        ghost = Subject.objects.get(external_id="ghost")
        report = subjects_report(wanted=SubjectsFilter(), page=1)
        assert [line.rows for line in report.page.object_list] == [3, 3]

    lead.post(
        reverse("subject_link", args=[ghost.public_id]),
        {"person": "bo.chen@acme.test", "first": str(FIRST + timedelta(days=7))},
    )
    assert weeks() == [(FIRST + timedelta(days=7), 3), (FIRST + timedelta(days=14), 3)]

    source = ghost.source
    send(lead, HEAD + f"{source},,login:other,bo.chen@acme.test,,{FIRST}\n")
    assert weeks()[0] == (FIRST, 3)

    with scope.organization(acme.organization.pk):
        pk = SubjectLink.objects.get(subject=ghost).pk
    lead.post(reverse("subject_unlink", args=[ghost.public_id]), {"link": pk})
    assert weeks() == [(FIRST, 3)]
