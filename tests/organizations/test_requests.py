"""What people ask about their data, and who may do it (SECURITY 3 and 5)."""

import csv
import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest

from organizations import scope
from organizations.actions.approvals import SecondPersonNeeded, approve, decline
from organizations.actions.tenant import NewLogin, get_or_create_user, grant_role
from organizations.calculations.actor import SYSTEM
from organizations.calculations.roles import Role
from organizations.models import (
    Approval,
    AuditEvent,
    DataRequest,
    Person,
    PersonView,
    QueueItem,
    User,
)
from organizations.registry import person_data
from tests.builders import NOW, make_person
from tests.cast import Company


@pytest.fixture
def kofi(in_acme: Company) -> Person:
    return make_person(
        email="kofi@acme.test",
        name="Kofi",
        department="Operations / Warehouse",
        aliases=["login:kofi"],
        user=in_acme.users[Role.MEMBER],
    )


@pytest.fixture
def second(in_acme: Company) -> User:
    """Another administrator."""
    user = get_or_create_user(NewLogin(email="second@acme.test", name="second"))
    grant_role(
        organization=in_acme.organization,
        user=user,
        role=Role.ADMINISTRATOR,
        departments=[],
        actor=SYSTEM,
        now=NOW,
    )
    return user


def ask(company: Company, kind: str, words: str = "") -> DataRequest:
    answer = company.client(Role.MEMBER).post("/me/requests/", {"kind": kind, "words": words})
    assert answer.status_code == 302
    return DataRequest.objects.get(kind=kind)


def propose(company: Company, asked: DataRequest) -> Approval:
    company.client(Role.ADMINISTRATOR).post(f"/people/requests/{asked.public_id}/propose/")
    return Approval.objects.get(object_id=str(asked.public_id))


def opened(answer: Any) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))


# --- one's own copy ---------------------------------------------------------------------------
def test_a_person_downloads_everything_stored_about_them(in_acme: Company, kofi: Person) -> None:
    PersonView.objects.create(
        person=kofi,
        viewer=in_acme.users[Role.CHAMPION],
        viewer_role="champion",
        what="Your state",
        at=NOW,
    )
    archive = opened(in_acme.client(Role.MEMBER).post("/me/copy/"))
    names = {f"{name}.csv" for name in person_data}
    assert set(archive.namelist()) == names | {"README.txt", "data.json"}
    told = json.loads(archive.read("data.json"))
    assert told["person"] == [
        {
            "external id": "kofi@acme.test",
            "name": "Kofi",
            "address": "kofi@acme.test",
            "login": "member@acme.test",
        }
    ]
    assert told["departments"][0]["department"] == "Operations / Warehouse"
    assert {row["name"] for row in told["aliases"]} == {"kofi@acme.test", "kofi"}
    assert told["memberships"] == [{"role": "member", "last day": None}]
    assert told["who_looked"][0]["what"] == "Your state"
    rows = list(csv.DictReader(io.StringIO(archive.read("aliases.csv").decode("utf-8-sig"))))
    assert {row["name"] for row in rows} == {"kofi@acme.test", "kofi"}


def test_a_copy_is_recorded_by_counts(in_acme: Company, kofi: Person) -> None:
    in_acme.client(Role.MEMBER).post("/me/copy/")
    entry = AuditEvent.objects.get(action="person.copied")
    assert (entry.object_id, entry.changes["aliases"]) == (str(kofi.public_id), 2)


def test_a_copy_holds_nobody_elses_rows(in_acme: Company, kofi: Person) -> None:
    archive = opened(in_acme.client(Role.MEMBER).post("/me/copy/"))
    assert b"bo.chen" not in b"".join(archive.read(name) for name in archive.namelist())


def test_a_login_without_a_person_has_nothing_to_download(in_acme: Company) -> None:
    assert in_acme.client(Role.EXECUTIVE).post("/me/copy/").status_code == 404


# --- asking -----------------------------------------------------------------------------------
def test_a_request_waits_for_the_administrators_and_is_due_in_thirty_days(
    in_acme: Company, kofi: Person
) -> None:
    asked = ask(in_acme, "correct", "I left Warehouse in May.")
    item = QueueItem.objects.get(kind="data_request")
    assert (item.role, item.due_on) == ("administrator", asked.due_on)
    assert asked.due_on == (asked.asked_at + timedelta(days=30)).date()
    assert "May" not in item.title + item.detail


def test_the_same_is_not_asked_twice(in_acme: Company, kofi: Person) -> None:
    ask(in_acme, "erase")
    again = in_acme.client(Role.MEMBER).post("/me/requests/", {"kind": "erase"}, follow=True)
    assert "This was asked already." in again.content.decode()
    assert DataRequest.objects.count() == 1


def test_a_correction_says_what_is_wrong(in_acme: Company, kofi: Person) -> None:
    answer = in_acme.client(Role.MEMBER).post("/me/requests/", {"kind": "correct"}, follow=True)
    assert "Say what is wrong." in answer.content.decode()
    assert not DataRequest.objects.exists()


def test_one_takes_the_own_request_back(in_acme: Company, kofi: Person) -> None:
    asked = ask(in_acme, "erase")
    in_acme.client(Role.MEMBER).post(f"/me/requests/{asked.public_id}/withdraw/")
    asked.refresh_from_db()
    assert (asked.state, asked.answer) == ("declined", "Taken back.")
    assert QueueItem.objects.get(kind="data_request").state == "withdrawn"


def test_nobody_takes_somebody_elses_request_back(in_acme: Company, kofi: Person) -> None:
    asked = ask(in_acme, "erase")
    make_person(email="lead@acme.test", user=in_acme.users[Role.PROGRAM_LEAD])
    client = in_acme.client(Role.PROGRAM_LEAD)
    assert client.post(f"/me/requests/{asked.public_id}/withdraw/").status_code == 404


def test_an_administrator_opens_one_for_somebody_who_wrote_a_letter(
    in_acme: Company, kofi: Person
) -> None:
    client = in_acme.client(Role.ADMINISTRATOR)
    form = {"person": "KOFI@acme.test", "kind": "erase", "words": "By letter"}
    answer = client.post("/people/requests/new/", form, follow=True)
    assert "Erasure: Waits for an administrator</h1>" in answer.content.decode()
    nobody = client.post("/people/requests/new/", form | {"person": "ko"})
    assert "No single person has this address or id." in nobody.content.decode()


# --- answering --------------------------------------------------------------------------------
def test_a_correction_is_answered_and_the_person_reads_it(in_acme: Company, kofi: Person) -> None:
    asked = ask(in_acme, "correct", "I left Warehouse in May.")
    client = in_acme.client(Role.ADMINISTRATOR)
    address = f"/people/requests/{asked.public_id}/"
    assert "I left Warehouse in May." in client.get(address).content.decode()
    client.post(f"{address}answer/", {"answer": "Moved to Phones.", "done": "yes"})
    html = in_acme.client(Role.MEMBER).get("/me/").content.decode()
    assert "Correction: Done" in html
    assert "Moved to Phones." in html
    assert QueueItem.objects.get(kind="data_request").state == "done"


def test_an_erasure_is_not_done_by_saying_so(in_acme: Company, kofi: Person) -> None:
    asked = ask(in_acme, "erase")
    client = in_acme.client(Role.ADMINISTRATOR)
    answer = client.post(
        f"/people/requests/{asked.public_id}/answer/", {"answer": "Done.", "done": "yes"}
    )
    assert "This needs a second administrator." in answer.content.decode()
    asked.refresh_from_db()
    assert asked.state == "asked"


def test_a_declined_request_says_why(in_acme: Company, kofi: Person) -> None:
    asked = ask(in_acme, "erase")
    client = in_acme.client(Role.ADMINISTRATOR)
    address = f"/people/requests/{asked.public_id}/answer/"
    assert "This field is required." in client.post(address, {"answer": ""}).content.decode()
    client.post(address, {"answer": "A law binds us until May."})
    asked.refresh_from_db()
    assert (asked.state, asked.answer) == ("declined", "A law binds us until May.")


# --- two people -------------------------------------------------------------------------------
def test_an_erasure_takes_two_administrators(in_acme: Company, kofi: Person, second: User) -> None:
    asked = ask(in_acme, "erase")
    approval = propose(in_acme, asked)
    with pytest.raises(SecondPersonNeeded):
        approve(approval=approval, by=in_acme.users[Role.ADMINISTRATOR], answer="", now=NOW)
    kofi.refresh_from_db()
    assert kofi.erased_at is None
    approve(approval=approval, by=second, answer="", now=NOW)
    kofi.refresh_from_db()
    asked.refresh_from_db()
    assert kofi.erased_at == NOW
    assert (asked.state, asked.counts["aliases"], asked.words) == ("done", 2, "")


def test_a_declined_signature_leaves_the_request_to_be_answered(
    in_acme: Company, kofi: Person, second: User
) -> None:
    asked = ask(in_acme, "erase")
    approval = propose(in_acme, asked)
    decline(approval=approval, by=second, answer="Not yet", now=NOW)
    html = in_acme.client(Role.ADMINISTRATOR).get(f"/people/requests/{asked.public_id}/")
    assert "Propose it to a second administrator" in html.content.decode()
    assert "Erasure: Waits for an administrator</h1>" in html.content.decode()


def test_an_erasure_closes_what_else_was_asked(
    in_acme: Company, kofi: Person, second: User
) -> None:
    correction = ask(in_acme, "correct", "Wrong role.")
    approve(approval=propose(in_acme, ask(in_acme, "erase")), by=second, answer="", now=NOW)
    correction.refresh_from_db()
    assert (correction.state, correction.words) == ("declined", "")
    assert not QueueItem.objects.filter(state="open", kind="data_request").exists()


def export_of(company: Company, email: str, second: User) -> DataRequest:
    company.client(Role.ADMINISTRATOR).post(
        "/people/requests/new/", {"person": email, "kind": "export"}
    )
    asked = DataRequest.objects.get(kind="export")
    approval = propose(company, asked)
    approve(approval=approval, by=second, answer="", now=asked.asked_at)
    return asked


def test_a_signed_copy_is_for_the_person_alone_and_once(
    in_acme: Company, kofi: Person, second: User
) -> None:
    asked = export_of(in_acme, "kofi@acme.test", second)
    address = f"/people/requests/{asked.public_id}/copy/"
    refused = in_acme.client(Role.ADMINISTRATOR).post(address, follow=True)
    assert "This copy is for somebody else." in refused.content.decode()
    own = f"/me/requests/{asked.public_id}/copy/"
    archive = opened(in_acme.client(Role.MEMBER).post(own))
    assert "Kofi" in archive.read("person.csv").decode()
    again = in_acme.client(Role.MEMBER).post(own, follow=True)
    assert "fetched before" in again.content.decode()
    assert AuditEvent.objects.filter(action="request.fetched").count() == 1


def test_a_signed_copy_of_somebody_without_a_login_is_for_who_signed(
    in_acme: Company, second: User
) -> None:
    asked = export_of(in_acme, "bo.chen@acme.test", second)
    archive = opened(
        in_acme.client(Role.ADMINISTRATOR).post(f"/people/requests/{asked.public_id}/copy/")
    )
    assert "Bo Chen" in archive.read("person.csv").decode()


def test_a_signed_copy_is_gone_after_a_week(in_acme: Company, kofi: Person, second: User) -> None:
    asked = export_of(in_acme, "kofi@acme.test", second)
    late = asked.asked_at - timedelta(days=8)
    DataRequest.objects.filter(pk=asked.pk).update(done_at=late)
    answer = in_acme.client(Role.MEMBER).post(f"/me/requests/{asked.public_id}/copy/", follow=True)
    assert "its week is over" in answer.content.decode()


# --- who sees the log -------------------------------------------------------------------------
@pytest.mark.parametrize("role", sorted(Role))
def test_the_log_is_seen_by_administrators_and_auditors(
    in_acme: Company, kofi: Person, role: Role
) -> None:
    asked = ask(in_acme, "erase")
    client = in_acme.client(role)
    sees = role in {Role.ADMINISTRATOR, Role.AUDITOR}
    for address in ("", "export.csv", f"{asked.public_id}/"):
        answer = client.get(f"/people/requests/{address}")
        assert answer.status_code == (200 if sees else 403)
    does = role is Role.ADMINISTRATOR
    assert client.get("/people/requests/new/").status_code == (200 if does else 403)


def test_the_log_filters_and_its_file_names_nobody(in_acme: Company, kofi: Person) -> None:
    asked = ask(in_acme, "erase", "Please")
    client = in_acme.client(Role.AUDITOR)
    assert "1 request waits, none is late</h1>" in client.get("/people/requests/").content.decode()
    closed = client.get("/people/requests/?only=closed").content.decode()
    assert "Nothing fits this filter" in closed
    answer = client.get("/people/requests/export.csv?only=open")
    text = b"".join(answer.streaming_content).decode()
    assert str(asked.public_id) in text
    assert "Kofi" not in text


def test_a_late_request_says_so(in_acme: Company, kofi: Person) -> None:
    asked = ask(in_acme, "erase")
    DataRequest.objects.filter(pk=asked.pk).update(due_on="2020-01-01")
    html = in_acme.client(Role.AUDITOR).get("/people/requests/").content.decode()
    assert "1 of them past the due day</h1>" in html


def test_a_request_of_the_twin_is_not_there(in_acme: Company, twin: Company) -> None:
    with scope.organization(twin.organization.pk):
        make_person(email="kofi@twin.test", user=twin.users[Role.MEMBER])
        asked = ask(twin, "erase")
    client = in_acme.client(Role.ADMINISTRATOR)
    assert client.get(f"/people/requests/{asked.public_id}/").status_code == 404
    assert client.post(f"/people/requests/{asked.public_id}/propose/").status_code == 404
