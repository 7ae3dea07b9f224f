"""Notes: on what is there and what one may see, changed by their author alone."""

from datetime import UTC, date, datetime

import pytest

from adoption.reports.notes import marks
from organizations.calculations.roles import Role
from organizations.models import AuditEvent, Department, Note
from organizations.reports.notes import NoteLine
from tests.cast import CANARY, Company

TEXT = {"day": "2026-11-19", "text": "Training in the warehouse"}


def initiative(company: Company) -> str:
    return f"/notes/initiative/{company.initiative.public_id}/new/"


def test_a_note_stands_on_the_page_of_its_object(acme: Company, twin: Company) -> None:
    lead = acme.client(Role.PROGRAM_LEAD)
    answer = lead.post(initiative(acme), TEXT)
    assert answer["Location"] == "/initiatives/copilot/"
    page = lead.get("/initiatives/copilot/").content.decode()
    assert "Training in the warehouse" in page
    assert "19 Nov 2026" in page
    assert "1 note" in page
    theirs = twin.client(Role.PROGRAM_LEAD).get("/initiatives/copilot/")
    assert "Training" not in theirs.content.decode()
    [entry] = AuditEvent.unscoped.filter(action="note.written")
    assert "Training" not in str(entry.changes)


def test_nothing_is_written_on_what_is_not_there_or_not_ones_own_to_see(
    acme: Company, twin: Company
) -> None:
    lead, champion = acme.client(Role.PROGRAM_LEAD), acme.client(Role.CHAMPION)
    above = Department.unscoped.get(organization=acme.organization, key="Operations")
    refused = [
        (lead, initiative(twin)),
        (lead, "/notes/batch/99/new/"),
        (lead, "/notes/batch/x/new/"),
        (lead, "/notes/person/1/new/"),
        (lead, "/notes/department/x/new/"),
        (lead, f"/notes/organization/{twin.organization.public_id}/new/"),
        (champion, initiative(acme)),
        (champion, f"/notes/organization/{acme.organization.public_id}/new/"),
        (champion, f"/notes/department/{above.public_id}/new/"),
    ]
    for client, address in refused:
        assert client.post(address, TEXT).status_code == 404, address
    assert acme.client(Role.MEMBER).post(initiative(acme), TEXT).status_code == 403
    assert not Note.unscoped.exists()


def test_a_champion_notes_what_happened_in_the_own_department(acme: Company) -> None:
    own = Department.unscoped.get(organization=acme.organization, key="Operations / Warehouse")
    champion = acme.client(Role.CHAMPION)
    answer = champion.post(f"/notes/department/{own.public_id}/new/", TEXT)
    assert "Training in the warehouse" in champion.get(answer["Location"]).content.decode()


def test_only_its_author_changes_and_removes_it_and_brings_it_back(
    acme: Company, twin: Company
) -> None:
    lead = acme.client(Role.PROGRAM_LEAD)
    lead.post(initiative(acme), TEXT)
    note = Note.unscoped.get()
    address = f"/notes/{note.public_id}/"
    for client in (acme.client(Role.EXECUTIVE), twin.client(Role.PROGRAM_LEAD)):
        for act in ("", "remove/", "restore/"):
            assert client.post(address + act, TEXT).status_code == 404
    lead.post(address, {**TEXT, "text": "Launch"})
    assert "changed later" in lead.get("/initiatives/copilot/").content.decode()
    assert "Bring it back" in lead.post(f"{address}remove/").content.decode()
    assert "Launch" not in lead.get("/initiatives/copilot/").content.decode()
    assert lead.post(address, TEXT).status_code == 404
    lead.post(f"{address}restore/")
    assert "Launch" in lead.get("/initiatives/copilot/").content.decode()
    done = AuditEvent.unscoped.filter(object_kind="note").order_by("pk")
    assert [event.action for event in done] == [
        "note.written",
        "note.changed",
        "note.removed",
        "note.restored",
    ]


def test_a_note_wants_a_day_and_words(acme: Company) -> None:
    lead = acme.client(Role.PROGRAM_LEAD)
    for form in ({}, {**TEXT, "day": "soon"}, {**TEXT, "text": " "}, {**TEXT, "text": "x" * 1001}):
        assert lead.post(initiative(acme), form).status_code == 200
    assert not Note.unscoped.exists()


def test_words_are_written_as_words(acme: Company) -> None:
    lead = acme.client(Role.PROGRAM_LEAD)
    lead.post(initiative(acme), {**TEXT, "text": "<img src=x> " + CANARY})
    assert "&lt;img src=x&gt;" in lead.get("/initiatives/copilot/").content.decode()


@pytest.mark.parametrize(
    ("day", "place"),
    [
        (date(2026, 11, 2), [0.0]),
        (date(2026, 11, 5), [pytest.approx(3 / 7)]),
        (date(2026, 11, 9), [1.0]),
        # The last week's point is the end of the drawing.
        (date(2026, 11, 15), [1.0]),
        (date(2026, 11, 1), []),
        (date(2026, 11, 16), []),
    ],
)
def test_a_note_marks_its_day_between_the_weeks_of_the_chart(day: date, place: list[float]) -> None:
    note = NoteLine(
        public_id=Note().public_id, day=day, text="Launch", author="", edited=False, own=False
    )
    weeks = [date(2026, 11, 2), date(2026, 11, 9)]
    assert [mark.place for mark in marks(notes=[note], weeks=weeks)] == place


def test_a_removed_author_leaves_the_note(in_acme: Company) -> None:
    Note.objects.create(
        organization=in_acme.organization,
        object_kind="initiative",
        object_id=str(in_acme.initiative.public_id),
        day=datetime(2026, 11, 1, tzinfo=UTC).date(),
        text="Kept",
        author=None,
    )
    page = in_acme.client(Role.PROGRAM_LEAD).get("/initiatives/copilot/").content.decode()
    assert "Somebody who left" in page
